"""What stands around each place of the second half of a task, and where a growing task is. It knows events of `notes`, no piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from partimento.encodings import notes_time
from partimento.encodings.base import Context
from partimento.encodings.cursor import Cursor
from partimento.encodings.notes_cursor import NotesCursor
from partimento.encodings.notes_layout import LONGEST, Ints, Profile
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
    """The notes that stand, from the first half's events [T, F], and what the separator says."""

    def __init__(self, profile: Profile, stands: npt.NDArray[np.integer], separator: Sequence[int]) -> None:
        first_bar, self.role, bars = (int(value) for value in separator[1:4])
        self.first, self.last = first_bar - 1, first_bar - 1 + bars
        kind = stands[:, 0]
        row = np.flatnonzero(kind == profile.kind("note"))
        self.onset: Ints = notes_time.walk(stands, profile).tick[row] if len(stands) else np.zeros(0, np.int64)
        self.pitch = stands[row, 2].astype(np.int64)
        duration = stands[:, 3].astype(np.int64)
        ties = np.flatnonzero(kind == profile.kind("tie"))
        duration[ties - 1] += LONGEST * duration[ties]
        self.end = self.onset + duration[row]
        self.moments, first = np.unique(self.onset, return_index=True)
        if len(row):
            self.low, self.high = np.minimum.reduceat(self.pitch, first), np.maximum.reduceat(self.pitch, first)
            self.count = np.diff(np.append(first, len(row)))

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


class TasksCursor(Cursor):
    """Holds a cursor of the half it is in, and in the second one what stands around."""

    def __init__(self, profile: Profile) -> None:
        self.profile, self.half = profile, NotesCursor(profile)
        self.stands: list[list[int]] = []
        self.around: Around | None = None

    def push(self, event: Sequence[int]) -> None:
        if event[0] == len(self.profile.kinds) + 1:
            stands = np.array(self.stands, np.int64).reshape(-1, len(self.profile.fields))
            self.around, self.half = Around(self.profile, stands, event), NotesCursor(self.profile)
            return
        if self.around is None:
            self.stands.append(list(event))
        self.half.push(event)

    def context(self) -> npt.NDArray[np.uint8]:
        row = np.zeros(len(COLUMNS), np.uint8)
        if self.around is not None:
            row[:] = self.around.columns(np.array([self.half.tick]), self.half.bar_length)[0]
        return np.concatenate([self.half.context(), row])

    def allowed(self, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        legal = self.half.allowed(drawn)
        if drawn:
            return legal
        if self.around is not None:  # meters, keys and tempos are said in the first half
            legal[[self.profile.kind(name) for name in ("meter", "key", "tempo")]] = False
        return np.append(legal, False)

    @property
    def ended(self) -> bool:
        return self.half.ended

    def copy(self) -> Self:
        twin = super().copy()
        twin.half, twin.stands = self.half.copy(), list(self.stands)
        return twin
