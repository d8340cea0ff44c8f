"""The fixed notes around each place of the second half of a task, and which of them come there once more.

It knows events of `notes`, no piece.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from partimento.bars import bar_ticks
from partimento.encodings.base import Context
from partimento.encodings.notes.layout import LONGEST, Ints, Profile
from partimento.encodings.notes.ticks import walk
from partimento.task import ROLES

BARS_LEFT, BEGIN = 16, 7
PITCHES = ("lowest given", "highest given", "lowest given next", "highest given next")
WRITTEN = 1  # the id of the time of an event that declares a part to be written
COLUMNS = (
    *(Context(name, 129, "pitch") for name in PITCHES),
    Context("until the next given", LONGEST + 1, "since"),
    Context("given that begin", BEGIN + 2, "place"),
    Context("role", len(ROLES) + 1, "place"),
    Context("bars left", BARS_LEFT + 2, "place"),
)


class Around:
    """The fixed notes, from the first half's events [T, F], and the fields of the separator. `again` are those in the region, as
    they come once more in the second half: the fields of each but kind and time, by `again_tick`, where it lies."""

    def __init__(self, profile: Profile, fixed: npt.NDArray[np.integer], separator: Sequence[int]) -> None:
        first_bar, self.role, bars = (int(value) for value in separator[1:4])
        self.first, self.last = first_bar - 1, first_bar - 1 + bars
        kind = fixed[:, 0]
        row = np.flatnonzero(kind == profile.kind("note"))
        found = walk(fixed, profile) if len(fixed) else None
        self.onset: Ints = found.tick[row] if found is not None else np.zeros(0, np.int64)
        self.pitch = fixed[row, 2].astype(np.int64)
        duration = fixed[:, 3].astype(np.int64)
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
        again = fixed[row[inside], 2:]
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


def fixed_note(profile: Profile) -> int:
    """The id of the kind of a fixed note that comes once more in the second half."""
    return len(profile.kinds) + 2
