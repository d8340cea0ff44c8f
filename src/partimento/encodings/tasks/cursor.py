"""The cursor of `tasks`: in which half it is, which fixed note is due, what may be drawn before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt

from partimento.encodings.notes.cursor import NotesCursor
from partimento.encodings.notes.layout import LONGEST, MAPS, Profile
from partimento.encodings.tasks.around import COLUMNS, Around, fixed_note, separator


class TasksCursor(NotesCursor):
    """The end of one of the halves; in the second one it knows the fixed notes around, and how many of them have come once more."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile)
        kind, *others = profile.fields
        self.fields = (replace(kind, size=kind.size + 2), *others)
        self.first: list[list[int]] = []  # the events of the first half
        self.around: Around | None = None
        self.came = 0

    def push(self, event: Sequence[int]) -> None:
        if event[0] == separator(self.profile):
            self._turn_over(event)
        elif event[0] == fixed_note(self.profile):
            self._push([self.note_id, *event[1:]], given=True)
            self.came += 1
        else:
            if self.around is None:
                self.first.append(list(event))
            self._push(event)

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
        return np.concatenate([super().context(), row])

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
        return legal

    def _kinds(self) -> npt.NDArray[np.bool_]:
        """The kinds of `notes` that may follow: no meter, key or tempo, which the first half states; nothing beyond a fixed note
        that is due, nor anything at its onset; and the end when all of them have come."""
        legal = super().allowed(())
        if self.around is None:
            return legal
        kind = self.profile.kind
        legal[[kind(name) for name in MAPS]] = False
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
