"""The cursor of `tasks`: in which half it is, which fixed note is due, what may be drawn before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt

from partimento.encodings.notes.cursor import NotesCursor
from partimento.encodings.notes.layout import LONGEST, MAPS, MOST_PARTS, Profile
from partimento.encodings.tasks.around import COLUMNS, WRITTEN, Around, fixed_note, separator


class TasksCursor(NotesCursor):
    """The end of one of the halves; in the second one it knows the fixed notes around, and how many of them have come once more."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile)
        kind, *others = profile.fields
        self.fields = (replace(kind, size=kind.size + 2), *others)
        self.first: list[list[int]] = []  # the events of the first half
        self.around: Around | None = None
        self.came = 0
        self.written: tuple[int, ...] = ()  # parts that alone are written, from 1; none: all of them
        self.struck: tuple[tuple[int, int], ...] = ()  # ids of pitch and part of the fixed notes of this tick

    def push(self, event: Sequence[int]) -> None:
        if event[0] == separator(self.profile):
            self._turn_over(event)
        elif event[0] == fixed_note(self.profile):
            self._push([self.note_id, *event[1:]], given=True)
            self.struck = (*(self.struck if event[1] == 1 else ()), (event[2], event[-1]))
            self.came += 1
        else:
            if self.around is None:
                self.first.append(list(event))
            if event[0] == self.profile.kind("part") and event[1] == WRITTEN:
                self.written = (*self.written, event[-1])
            before = self.tick
            self._push(event)
            self.struck = self.struck if self.tick == before else ()

    def _turn_over(self, event: Sequence[int]) -> None:
        first, given, fields = np.array(self.first, np.int64).reshape(-1, len(self.fields)), tuple(self.notes), self.fields
        NotesCursor.__init__(self, self.profile)
        self.fields, self.given = fields, given
        self.around = Around(self.profile, first, event)

    @property
    def due(self) -> int | None:
        """The tick of the fixed note that comes next."""
        return self.around.again_tick[self.came] if self.around is not None and self.came < len(self.around.again) else None

    def context(self) -> npt.NDArray[np.uint8]:
        row = np.zeros(len(COLUMNS), np.uint8)
        if self.around is not None:
            row[:] = self.around.columns(np.array([self.tick]), self.bar_length)[0]
        written = np.zeros(MOST_PARTS if self.profile.parts else 0, np.uint8)
        written[np.array(self.written, np.int64) - 1] = 1
        return np.concatenate([super().context(), row, written])

    def allowed(self, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        if not drawn:
            return np.append(self._kinds(), [False, self._may_come()])
        if drawn[0] == fixed_note(self.profile):
            assert self.around is not None
            assert self.due is not None
            given = [self.due - self.tick + 1, *self.around.again[self.came]][len(drawn) - 1]
            return np.asarray(np.arange(self.profile.fields[len(drawn)].size) == given)
        legal = super().allowed(drawn)
        if len(drawn) == 1 and self.due is not None and self.profile.kinds[drawn[0] - 1] != "tie":
            legal[self._stop(self.profile.kinds[drawn[0] - 1]) :] = False
        return self._of_parts(legal, drawn) if self.profile.parts and drawn[0] == self.note_id else legal

    def _of_parts(self, legal: npt.NDArray[np.bool_], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Pitches or parts (bool [S]) of a note to be written: in the parts it is written for, and no key that a fixed note of its
        part has struck at this time."""
        struck = self.struck if len(drawn) > 1 and drawn[1] == 1 else ()
        of = set(self.written or range(1, 1 + len(self.parts)))
        if len(drawn) == 2:
            for pitch in {pitch for pitch, _ in struck}:
                legal[pitch] &= bool(of - {part for one, part in struck if one == pitch})
        elif len(drawn) == len(self.fields) - 1:
            legal &= np.isin(np.arange(len(legal)), list(of))
            legal[[part for pitch, part in struck if pitch == drawn[2]]] = False
        return legal

    def _kinds(self) -> npt.NDArray[np.bool_]:
        """The kinds of `notes` that may follow: no meter, key or tempo, which the first half states; nothing beyond a fixed note
        that is due, nor anything at its onset; and the end when all of them have come."""
        legal = super().allowed(())
        if self.around is None:
            return legal
        kind = self.profile.kind
        legal[[kind(name) for name in (*MAPS, *("part",) * self.profile.parts)]] = False
        if self.due is None:
            legal[kind("end")] |= self.last == "given"
            return legal
        legal[kind("end")] = False
        for name in ("note", "bar", "wait"):
            legal[kind(name)] &= self._stop(name) > 1
        return legal

    def _stop(self, kind: str) -> int:
        """Only lower ids of the time of such an event leave the fixed note that is due where it is."""
        assert self.due is not None
        if kind == "bar":
            return (self.due - self.bar_tick) // self.bar_length + 1
        if kind == "wait":
            return (self.due - self.tick) // LONGEST + 1
        return self.due - self.tick + 1

    def _may_come(self) -> bool:
        """Whether the fixed note that is due may come next."""
        if self.due is None or self.tie_due:
            return False
        return self.due < self.bar_tick + self.bar_length and self.due - self.tick < LONGEST

    def copy(self) -> Self:
        twin = super().copy()
        twin.first = list(self.first)
        return twin
