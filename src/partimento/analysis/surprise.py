"""How surprising a run is: bits by which steps follow which in all the pieces. A repeated note is no sign of copying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.analysis.verbatim import Ints, Lines
from partimento.piece import Array

SMOOTHING = 2.0  # so many sightings of a step count for what follows it anywhere

Floats = npt.NDArray[np.float64]
Steps = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class StepCounts:
    """How often each step comes in lines, and each after the one before: hashes in order, uint32 [S] and [P], and their counts."""

    steps: Steps
    step_counts: Steps
    pairs: Steps
    pair_counts: Steps

    @classmethod
    def of(cls, lines: Lines) -> StepCounts:
        steps, step_counts = np.unique(lines.steps, return_counts=True)
        pairs, pair_counts = np.unique(_pairs(lines.steps), return_counts=True)
        return cls(steps, step_counts.astype(np.uint32), pairs, pair_counts.astype(np.uint32))

    @property
    def arrays(self) -> dict[str, Array]:
        """All of it, for a file: arrays [S] and [P]."""
        return {f"count_{name}": array for name, array in vars(self).items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> StepCounts:
        """Those of the `arrays` of another, [S] and [P]; further ones among them are ignored."""
        return cls(*(arrays[f"count_{name}"] for name in cls.__dataclass_fields__))

    def bits_before(self, lines: Lines) -> Floats:
        """The bits of all steps before each onset, float64 [M + 1]: minus log2 of how likely a step is after the one before.

        An interpolated bigram. One sighting of each is not counted, which is that of the copied piece itself.
        """
        singles = _count(lines.steps, self.steps, self.step_counts)
        in_all = int(self.step_counts.sum())
        anywhere = (np.maximum(singles - 1, 0) + 0.5) / (in_all + 1)
        pairs = np.maximum(_count(_pairs(lines.steps), self.pairs, self.pair_counts) - 1, 0)
        before = np.concatenate([[0], np.maximum(singles[:-1] - 1, 0)])[: len(pairs)]
        after = (np.minimum(pairs, before) + SMOOTHING * anywhere) / (before + SMOOTHING)
        return np.concatenate([[0.0], np.cumsum(-np.log2(after))])


def run_bits(before: Floats, first: Ints, last: Ints) -> Floats:
    """The bits [R] of the steps from each first onset to its last one, of the `before` [M + 1] of their lines."""
    bits: Floats = before[last + 1] - before[first + 1]
    return bits


def _pairs(steps: Steps) -> Steps:
    """A hash of each step with the one before; of a line's first step, 0, with that of another line."""
    before = np.concatenate([np.zeros(1, np.uint32), steps[:-1]])[: len(steps)]
    mixed = (before.astype(np.uint64) << np.uint64(32) | steps) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def _count(wanted: Steps, known: Steps, counts: Steps) -> Ints:
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, counts[at], 0).astype(np.int64)
