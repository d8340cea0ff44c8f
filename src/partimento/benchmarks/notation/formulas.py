"""The formulas: what is found beside what is written, as (hits, of how many) of one piece. They know arrays and no tool.

A share of several pieces is the sum of hits over the sum of units; an F1 is 2 hits / (found + written) (van Rijsbergen,
"Information Retrieval", 1979, chapter 7), so that its two sums add up over pieces as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.piece import Array

Ints = npt.NDArray[np.int64]
Hits = tuple[float, float]

STEPS = 7
WHOLE_SHIFTS = (0, -1, 1)  # steps by which a spelling may be off as a whole


def steps(found: Ints, written: Ints) -> Hits:
    """Notes whose step [N] is right, of those whose step is written (not -1). Pitch and step say the accidental."""
    known = written >= 0
    return float((found == written)[known].sum()), float(known.sum())


def steps_forgiven(found: Ints, written: Ints) -> Hits:
    """The same of steps [N] where the piece as a whole may be a step off: F sharp major for G flat major."""
    known = written >= 0
    best = max(int((((found + shift) % STEPS) == written)[known].sum()) for shift in WHOLE_SHIFTS)
    return float(best), float(known.sum())


def signatures(found: Array, written: Array, end_tick: int, ticks_per_quarter: int) -> Hits:
    """Quarters under the right key signature, of `KEY` rows [K] that each hold until the next, the first from tick 0.

    Signatures that sound alike (six flats and six sharps, seven flats and five sharps) are one.
    """
    edges = np.unique(np.concatenate([[0], found["tick"], written["tick"], [end_tick]]))
    edges = edges[edges <= end_tick]
    one, other = (_in_force(keys, edges[:-1]) for keys in (found, written))
    same = (one - other) % 12 == 0
    quarters = np.diff(edges) / ticks_per_quarter
    return float(quarters[same].sum()), float(quarters.sum())


def _in_force(keys: Array, tick: Ints) -> Ints:
    """The fifths in force at each tick [N]; 0 without any key."""
    if not len(keys):
        return np.zeros(len(tick), np.int64)
    row = np.searchsorted(keys["tick"], tick, side="right") - 1
    fifths: Ints = keys["fifths"][np.maximum(row, 0)].astype(np.int64)
    return fifths


def same_staff(found: Ints, written: Ints) -> Hits:
    """Notes on the right one of two staves [N]."""
    return float((found == written).sum()), float(len(written))


@dataclass(frozen=True)
class Pairs:
    """Pairs of successive notes as numbers: those found and those written, each a set."""

    found: Ints
    written: Ints

    @property
    def f1(self) -> Hits:
        """Twice the pairs in both, of all pairs found and all written."""
        common = np.intersect1d(self.found, self.written, assume_unique=True)
        return float(2 * len(common)), float(len(self.found) + len(self.written))


def successive_pairs(onset: Ints, voice: Ints) -> Ints:
    """Each note of a voice with each of those that begin next in it, as row * N + row, sorted, by onset in ticks and voice [N].

    Rests part nothing. With one note at a time these are the pairs of Duane and Pardo, "Streaming from MIDI using constraint
    satisfaction optimization and sequence alignment", ICMC 2009; a chord is joined to the next one note by note.
    """
    count = len(onset)
    order = np.lexsort([onset, voice])
    group = np.concatenate([[0], np.cumsum((np.diff(voice[order]) != 0) | (np.diff(onset[order]) != 0))]) if count else order
    bounds = np.searchsorted(group, np.arange((group[-1] if count else -1) + 2))
    pairs: list[Any] = []
    for one, middle, stop in zip(bounds[:-2], bounds[1:-1], bounds[2:], strict=True):
        before, after = order[one:middle], order[middle:stop]
        if voice[before[0]] == voice[after[0]]:
            pairs.append((before[:, None] * count + after[None]).ravel())
    return np.sort(np.concatenate(pairs)) if pairs else np.zeros(0, np.int64)


def lines(found: Ints, written: Ints, close: float) -> Hits:
    """Bar lines as an F1: those of both [A], [B], in ticks, that lie within `close` of each other, each used once."""
    row = np.searchsorted(written, found)
    gap = np.full(len(found), np.inf)
    for at in (row - 1, row):
        inside = (at >= 0) & (at < len(written))
        gap[inside] = np.minimum(gap[inside], np.abs(found[inside] - written[at[inside]]))
    return float(2 * (gap <= close).sum()), float(len(found) + len(written))


def chords(found: Array, written: Array, end_tick: int, ticks_per_quarter: int) -> dict[str, Hits]:
    """Quarters in which root, root and quality, root and bass of `CHORD` rows [C] agree, of those with a chord written."""
    edges = np.unique(np.concatenate([[0], found["tick"], written["tick"], [end_tick]]))
    edges = edges[edges <= end_tick]
    quarters = np.diff(edges) / ticks_per_quarter
    one, other = (_chord_at(rows, edges[:-1]) for rows in (found, written))
    told = other[0] >= 0
    root = told & (one[0] == other[0])
    shares = {"root": root, "root and quality": root & (one[1] == other[1]), "root and bass": root & (one[2] == other[2])}
    return {name: (float(quarters[same].sum()), float(quarters[told].sum())) for name, same in shares.items()}


def _chord_at(rows: Array, tick: Ints) -> tuple[Ints, Ints, Ints]:
    """Root, quality and bass at each tick [N]; -1 before the first chord."""
    row = np.searchsorted(rows["tick"], tick, side="right") - 1
    none = row < 0
    columns = []
    for name in ("root", "quality", "bass"):
        column = rows[name].astype(np.int64)[np.maximum(row, 0)] if len(rows) else np.full(len(tick), -1)
        columns.append(np.where(none, -1, column))
    return columns[0], columns[1], columns[2]
