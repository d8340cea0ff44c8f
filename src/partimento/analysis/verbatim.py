"""A piece as lines, onset by onset, and what lines have in common, in any transposition: intervals and rhythm.

A line is the whole texture, or one track. Notes of a line that begin at once share an onset; a step leads from one onset to
the next: the shapes of both chords, the interval between their lowest notes, and the time between them. Equal steps are equal
notes in some transposition, however long the notes are held. A seed is the steps from an onset on that hold eight notes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.piece import Array, Piece, nearest_line

GRID = 24  # lines a quarter on which times are equal: 32nds and triplet sixteenths
SEED_NOTES, SEED_ONSETS = 8, 3  # what is shorter is found everywhere
TOO_COMMON = 500  # a seed that is found more often starts no search: it is a commonplace, and no sign of copying

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0xD1342543DE82EF95  # of the rolling hash; odd, so that it can be divided by
_INVERSE = np.uint64(pow(_BASE, -1, 1 << 64))
HALF = 12  # bits of an onset's number


@dataclass(frozen=True)
class Lines:
    """The onsets of lines, one line after another: `steps` [M] uint32 (the step to the onset; 0 at a line's first), `sizes` [M]
    (its notes) and `starts` [L + 1] (the first onset of each line)."""

    steps: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.uint8]
    starts: Ints

    def line(self, onsets: Ints) -> Ints:
        """The line of each of some onsets [K]."""
        return np.searchsorted(self.starts, onsets, side="right") - 1

    @cached_property
    def notes(self) -> Ints:
        """How many notes come before each onset [M + 1]."""
        return np.concatenate([[0], np.cumsum(self.sizes, dtype=np.int64)])

    @cached_property
    def sums(self) -> Hashes:
        """Hashes of all steps before each onset [M + 1]: those of any stretch follow from two of them."""
        powers = np.cumprod(np.full(len(self.steps), _BASE, np.uint64))
        return np.concatenate([np.zeros(1, np.uint64), np.cumsum(_mixed(self.steps.astype(np.uint64)) * powers, dtype=np.uint64)])

    def hashes(self, first: Ints, last: Ints) -> Hashes:
        """A hash of the steps that lead from each first onset [K] to its last one [K]: uint64 [K]."""
        found: Hashes = (self.sums[last + 1] - self.sums[first + 1]) * _shifts(first)
        return found

    def seeds(self) -> tuple[Ints, Hashes]:
        """The onsets with which a seed begins, int64 [K], and its hash, uint64 [K]."""
        first = np.arange(len(self.steps))
        last = np.searchsorted(self.notes, self.notes[:-1] + SEED_NOTES) - 1  # the onset that brings the eighth note
        last = np.maximum(last, first + SEED_ONSETS - 1)
        first = first[last < self.starts[1:][self.line(first)]]
        return first, self.hashes(first, last[first])


def lines_of(piece: Piece) -> tuple[Lines, list[tuple[Array, Ints]]]:
    """The lines of a piece: the texture, and each track where there are several; drums are left out. Beside each line, the rows
    of its notes [N] and the onset [N] of each, as a row of `Lines`."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    rows = np.flatnonzero(~drums[piece.notes["track"]]) if len(piece) else np.zeros(0, np.int64)
    track = piece.notes["track"][rows]
    tracks = np.unique(track)
    parts = [rows] + ([rows[track == number] for number in tracks] if len(tracks) > 1 else [])
    time = nearest_line(piece.notes["onset"], piece.ticks_per_quarter, GRID)
    pitch = piece.notes["pitch"].astype(np.int64)
    steps, sizes, starts, places = [], [], [0], []
    for part in parts:
        key = np.unique(time[part] << 7 | pitch[part])
        onset, first, size = np.unique(key >> 7, return_index=True, return_counts=True)
        steps.append(_steps(key, onset, first))
        sizes.append(np.minimum(size, 255).astype(np.uint8))
        places.append((part, starts[-1] + np.searchsorted(onset, time[part])))
        starts.append(starts[-1] + len(onset))
    return Lines(np.concatenate(steps), np.concatenate(sizes), np.array(starts)), places


def _steps(key: Ints, onset: Ints, first: Ints) -> npt.NDArray[np.uint32]:
    if not len(key):
        return np.zeros(0, np.uint32)
    low = key[first] & 127
    above = (key & 127) - np.repeat(low, np.diff(np.append(first, len(key))))
    shape = np.add.reduceat(_mixed(above.astype(np.uint64) + np.uint64(1)), first)
    leap, wait = (np.diff(low) + 128).astype(np.uint64), np.diff(onset).astype(np.uint64)
    step = _mixed(_mixed(shape[:-1] * _ODD ^ shape[1:]) ^ (leap << np.uint64(32) | wait))
    return np.concatenate([np.zeros(1, np.uint32), (step >> np.uint64(32)).astype(np.uint32)])


@dataclass(frozen=True)
class Runs:
    """Stretches that two sets of lines have in common [R]: onsets first..last of the one, from `there` on of the other."""

    first: Ints
    last: Ints
    there: Ints


class Known:
    """Lines in which to look things up; `seeds` are the hashes of theirs in order, uint64 [K], and `places` their onsets [K]."""

    def __init__(self, lines: Lines, seeds: Hashes, places: npt.NDArray[np.uint32]) -> None:
        self.lines, self.seeds, self.places = lines, seeds, places

    @classmethod
    def of(cls, lines: Lines) -> Known:
        place, seed = lines.seeds()
        order = np.argsort(seed, kind="stable")
        return cls(lines, seed[order], place[order].astype(np.uint32))

    @property
    def arrays(self) -> dict[str, Array]:
        """What takes long to find, for a file: `sums` [M + 1], `seeds` [K] and `places` [K]."""
        return {"sums": self.lines.sums, "seeds": self.seeds, "places": self.places}

    @classmethod
    def of_arrays(cls, lines: Lines, arrays: Mapping[str, Array]) -> Known:
        """That of the `arrays` of another [M + 1] and [K], over the same lines; further ones among them are ignored."""
        lines.__dict__["sums"] = arrays["sums"]  # in place of what would be worked out
        return cls(lines, arrays["seeds"], arrays["places"])

    def common(self, lines: Lines) -> Runs:
        """The longest stretches of the lines that are known, each pair of places once."""
        first, seed = lines.seeds()
        low, high = np.searchsorted(self.seeds, seed), np.searchsorted(self.seeds, seed, side="right")
        count = np.where(high - low <= TOO_COMMON, high - low, 0)
        here = np.repeat(first, count)
        at = np.repeat(low, count) + np.arange(len(here)) - np.repeat(np.cumsum(count) - count, count)
        there = self.places[at].astype(np.int64)
        order = np.lexsort((here, there - here))
        here, there = here[order], there[order]
        new = np.append(True, (np.diff(there - here) != 0) | (np.diff(here) != 1))[: len(here)]
        here, there = here[new], there[new]
        last = here + self._extent(lines, here, there)
        before = self._extent(lines, here, there, backwards=True)
        whole = np.unique(np.stack([here - before, last, there - before]), axis=1)
        return Runs(*whole)

    def _extent(self, lines: Lines, here: Ints, there: Ints, backwards: bool = False) -> Ints:
        """How many steps from each place on (or back) are the same, by bisection over hashes."""
        if backwards:
            most = np.minimum(here - lines.starts[lines.line(here)], there - self.lines.starts[self.lines.line(there)])
        else:
            ends, known_ends = lines.starts[1:], self.lines.starts[1:]
            most = np.minimum(ends[lines.line(here)] - here, known_ends[self.lines.line(there)] - there) - 1
        least: Ints = np.zeros_like(most)
        while (least < most).any():
            middle = (least + most + 1) // 2
            if backwards:
                same = lines.hashes(here - middle, here) == self.lines.hashes(there - middle, there)
            else:
                same = lines.hashes(here, here + middle) == self.lines.hashes(there, there + middle)
            least, most = np.where(same, middle, least), np.where(same, most, middle - 1)
        return least


def _shifts(onsets: Ints) -> Hashes:
    """The factors that take what lies before some onsets [K] out of a hash, uint64 [K]: powers, from tables of their low and high
    halves."""
    low, high = onsets & (1 << HALF) - 1, onsets >> HALF
    small = np.cumprod(np.full(1 << HALF, _INVERSE, np.uint64))
    step = np.full(int(high.max(initial=0)) + 1, small[-1], np.uint64)
    step[0] = 1
    found: Hashes = np.cumprod(step)[high] * np.where(low > 0, small[low - 1], np.uint64(1))
    return found


def _mixed(values: npt.NDArray[Any]) -> Hashes:
    """Each number as a hash (splitmix64: Steele, Lea and Flood 2014)."""
    x: Hashes = values.astype(np.uint64) + _ODD
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
