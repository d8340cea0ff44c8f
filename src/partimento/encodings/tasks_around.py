"""What stands around each place of the second half of a task, and where a growing task is: which of the standing notes is due
there once more, and what may be drawn before it. It knows events of `notes`, no piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt

from partimento.encodings import notes_time
from partimento.encodings.base import Context
from partimento.encodings.notes_cursor import NotesCursor
from partimento.encodings.notes_layout import LONGEST, MAPS, Ints, Profile, bar_ticks
from partimento.task import ROLES

BARS_LEFT, BEGIN = 16, 7
PITCHES = ("lowest given", "highest given", "lowest given next", "highest given next")
COLUMNS = (
    *(Context(name, 129, "pitch") for name in PITCHES),
    Context("until the next given", LONGEST + 1, "since"),
    Context("given that begin", BEGIN + 2, "place"),
    Context("role", len(ROLES) + 1, "place"),
    Context("bars left", BARS_LEFT + 2, "place"),
)


class Around:
    """The notes that stand, from the first half's events [T, F], and what the separator says. `again` are those in the region, as
    they come once more in the second half: the fields of each but kind and time, by `again_tick`, where it lies."""

    def __init__(self, profile: Profile, stands: npt.NDArray[np.integer], separator: Sequence[int]) -> None:
        first_bar, self.role, bars = (int(value) for value in separator[1:4])
        self.first, self.last = first_bar - 1, first_bar - 1 + bars
        kind = stands[:, 0]
        row = np.flatnonzero(kind == profile.kind("note"))
        found = notes_time.walk(stands, profile) if len(stands) else None
        self.onset: Ints = found.tick[row] if found is not None else np.zeros(0, np.int64)
        self.pitch = stands[row, 2].astype(np.int64)
        duration = stands[:, 3].astype(np.int64)
        ties = np.flatnonzero(kind == profile.kind("tie"))
        duration[ties - 1] += LONGEST * duration[ties]
        self.end = self.onset + duration[row]
        self.moments, first = np.unique(self.onset, return_index=True)
        if len(row):
            self.low, self.high = np.minimum.reduceat(self.pitch, first), np.maximum.reduceat(self.pitch, first)
            self.count = np.diff(np.append(first, len(row)))
        inside = np.zeros(len(row), bool)
        if found is not None:
            bar = bar_ticks(found.numerator[-1:], found.denominator[-1:], profile.ticks_per_quarter)[0]
            inside = (self.onset >= self.first * bar) & (self.onset < self.last * bar)
        again = stands[row[inside], 2:]
        again[:, 1] = np.minimum(duration[row[inside]], LONGEST)
        self.again: list[list[int]] = again.tolist()
        self.again_tick: list[int] = self.onset[inside].tolist()

    def columns(self, tick: Ints, bar_ticks: int) -> Ints:
        """Those of `COLUMNS` at each tick, [T, 8]; before the region as at its start."""
        tick = np.maximum(tick, self.first * bar_ticks)
        result = np.zeros((len(tick), len(COLUMNS)), np.int64)
        result[:, 6] = self.role
        result[:, 7] = np.clip(-((tick - self.last * bar_ticks) // bar_ticks), 0, BARS_LEFT) + 1
        if not len(self.moments):
            return result
        sounds = (self.onset <= tick[:, None]) & (self.end > tick[:, None])
        low = np.where(sounds, self.pitch, 255).min(1)
        result[:, 0], result[:, 1] = np.where(low < 255, low, 0), np.where(sounds, self.pitch, 0).max(1)
        following = np.searchsorted(self.moments, tick, side="right")
        has_next, at = following < len(self.moments), np.minimum(following, len(self.moments) - 1)
        result[:, 2], result[:, 3] = np.where(has_next, self.low[at], 0), np.where(has_next, self.high[at], 0)
        result[:, 4] = np.where(has_next, np.minimum(self.moments[at] - tick, LONGEST), 0)
        before = np.maximum(following - 1, 0)
        result[:, 5] = np.where(self.moments[before] == tick, np.minimum(self.count[before], BEGIN), 0) + 1
        return result


def separator(profile: Profile) -> int:
    """The id of the kind of event between the halves."""
    return len(profile.kinds) + 1


def standing(profile: Profile) -> int:
    """The id of the kind of a note that stands and comes once more in the second half."""
    return len(profile.kinds) + 2


class TasksCursor(NotesCursor):
    """Stands in one of the halves; in the second one it knows what is given around, and how much of it has come once more."""

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
        elif event[0] == standing(self.profile):
            self._push([self._note_id, *event[1:]], given=True)
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
        """The tick of the standing note that comes next."""
        return self.around.again_tick[self.came] if self.around is not None and self.came < len(self.around.again) else None

    def context(self) -> npt.NDArray[np.uint8]:
        row = np.zeros(len(COLUMNS), np.uint8)
        if self.around is not None:
            row[:] = self.around.columns(np.array([self.tick]), self.bar_length)[0]
        return np.concatenate([super().context(), row])

    def allowed(self, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        if not drawn:
            return np.append(self._kinds(), [False, self._may_come()])
        if drawn[0] == standing(self.profile):
            assert self.around is not None
            assert self.due is not None
            told = [self.due - self.tick + 1, *self.around.again[self.came]][len(drawn) - 1]
            return np.asarray(np.arange(self.profile.fields[len(drawn)].size) == told)
        legal = super().allowed(drawn)
        if len(drawn) == 1 and self.due is not None and self.profile.kinds[drawn[0] - 1] != "tie":
            legal[self._stop(self.profile.kinds[drawn[0] - 1]) :] = False
        return legal

    def _kinds(self) -> npt.NDArray[np.bool_]:
        """The kinds of `notes` that may follow: no meter, key or tempo, which the first half says; nothing beyond a standing note
        that is due, nor written at its moment; and the end when all of them have come."""
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
        """Only lower ids of the time of such an event leave the standing note that is due where it is."""
        assert self.due is not None
        if kind == "bar":
            return (self.due - self.bar_tick) // self.bar_length + 1
        if kind == "wait":
            return (self.due - self.tick) // LONGEST + 1
        return self.due - self.tick + 1

    def _may_come(self) -> bool:
        """Whether the standing note that is due may come next."""
        if self.due is None or self.tie_due:
            return False
        return self.due < self.bar_tick + self.bar_length and self.due - self.tick < LONGEST

    def copy(self) -> Self:
        twin = super().copy()
        twin.first = list(self.first)
        return twin
