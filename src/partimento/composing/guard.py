"""The repetition guard: which pitch would say once more what was said too often, and how much a piece lacks of what people repeat.
It knows notes and the habits of people (`analysis/repetition.py`), no encoding and no model.

Two human pieces are the measure of each sequence. As long as it repeats no more of itself than the upper one, everything may be
drawn; above that, pitches that would end a run of eight notes heard before are banned; and at any time those that would keep a
figure of up to four bars going round for longer than 99 of 100 human pieces do. Where it repeats less than the lower one, what
followed when it was as it is now (`repetition_bias.py`) is made likelier, the more it lacks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.analysis.repetition import GRID, LENGTHS, PERIODS, RUN, Habits

MOST_LAG = 512  # notes of a figure; a longer one is no loop
STRENGTH = 30.0  # nats by which each field of an echo is likelier, for the share that is lacking; twice that in a long echo
STRONGEST = 6.0


class Guard:
    """The notes of one sequence so far. `place` and `least` (0..1) are where the human pieces stand among all that it should repeat
    no more and no less than."""

    def __init__(self, habits: Habits, place: float, least: float = 0.0) -> None:
        lengths = np.arange(LENGTHS[-1] + 1)
        self._limits = np.interp(lengths, LENGTHS, habits.share(place)).tolist()
        floor = np.interp(lengths, LENGTHS, habits.share(least)) if least else np.zeros(len(lengths))
        self._floor = (floor * np.minimum(1, lengths / LENGTHS[0])).tolist()  # at first there is little to repeat
        self._loops = [(GRID * period, GRID * limit) for period, limit in zip(PERIODS, habits.loops, strict=True)]
        self._shortest = min(limit for _, limit in self._loops)
        self.notes = self.repeated = 0
        self._pitch = 0
        self._recent: tuple[int, ...] = ()  # the last steps, with which one more makes a run
        self._heard: dict[tuple[int, ...], set[int]] = {}
        self._steps = np.zeros(256, np.int64)
        self._onsets = np.zeros(256, np.int64)
        self._same = np.zeros(MOST_LAG, np.int64)  # how many of the last steps are those 1, 2, .. steps before

    def push(self, pitch: int, onset: int) -> None:
        """Takes in a note: its MIDI pitch, and its onset in twelfths of a quarter, not before that of the last one."""
        if self.notes == len(self._onsets):
            self._steps, self._onsets = (np.concatenate([one, np.zeros_like(one)]) for one in (self._steps, self._onsets))
        if self.notes:
            self._step(self._wait(onset) << 8 | (pitch - self._pitch + 128))
        self._onsets[self.notes] = onset
        self._pitch = pitch
        self.notes += 1

    def banned(self, onset: int) -> set[int]:
        """The pitches that a note at `onset` should not have; perhaps none."""
        if not self.notes:
            return set()
        steps = self._loop_steps(onset)
        if self._share(1) > self._limits[min(self.notes + 1, LENGTHS[-1])]:
            steps |= self._heard.get(self._recent, set())
        wait = self._wait(onset)
        return {self._pitch + (step & 255) - 128 for step in steps if step >> 8 == wait}

    @property
    def pull(self) -> float:
        """Nats by which an echo should be likelier, in each field of an event."""
        lacks = self._floor[min(self.notes, LENGTHS[-1])] - self.share
        return float(np.clip(STRENGTH * lacks, 0, STRONGEST))

    @property
    def share(self) -> float:
        """The share of the notes that ended a run heard before."""
        return self._share(0)

    def _share(self, more: int) -> float:
        return (self.repeated + more) / max(1, self.notes + more - RUN + 1)

    def _wait(self, onset: int) -> int:
        return onset - int(self._onsets[self.notes - 1])

    def _step(self, step: int) -> None:
        at = self.notes - 1  # steps so far
        before = self._before(at)
        same = self._same[: len(before)]
        same += 1
        same *= before == step
        self._steps[at] = step
        if len(self._recent) == RUN - 2:
            heard = self._heard.setdefault(self._recent, set())
            self.repeated += step in heard
            heard.add(step)
        self._recent = (*self._recent, step)[2 - RUN :]

    def _before(self, at: int) -> npt.NDArray[np.int64]:
        """The steps 1, 2, .. before step `at`."""
        return self._steps[max(0, at - MOST_LAG) : at][::-1]

    def _loop_steps(self, onset: int) -> set[int]:
        at = self.notes - 1
        before = self._before(at)
        lasts = onset - self._onsets[at - self._same[: len(before)]]
        if lasts.max(initial=0) <= self._shortest:
            return set()
        period = onset - self._onsets[self.notes - len(before) : self.notes][::-1]
        too_long = [(period <= most) & (lasts > limit) for most, limit in self._loops]
        return set(before[np.logical_or.reduce(too_long)].tolist())
