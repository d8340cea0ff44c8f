"""Runs of one to eight symbols, counted exactly.

A symbol is a byte from 1 to 255, so that eight of them are one 64-bit number and a run is its own key: no hash, no
collision. The windows of all places are sorted once; runs of n symbols are then stretches of equal first n bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.melodic_lines import Lines, note_value
from partimento.analysis.piece_set import Floats, Ints, Music

LONGEST = 8
KINDS = ("pitch", "interval", "rhythm")
U64 = npt.NDArray[np.uint64]


def stream(music: Music, kind: str) -> tuple[npt.NDArray[np.uint8], Ints]:
    """The symbols of all lines of a set, uint8 [N], 0 where a line ends, and the piece of each [N].

    - pitch: the MIDI pitch plus 1;
    - interval: semitones to the next note plus 128;
    - rhythm: the index of the note value to the next onset plus 1.
    """
    symbols, pieces, before = [], [], 0
    for block in music.blocks():
        lines = Lines.of(block)
        if kind == "pitch":
            symbol = np.insert((lines.pitch + 1).astype(np.uint8), (ends := np.flatnonzero(~lines.goes_on)) + 1, 0)
            piece = np.insert(lines.piece, ends + 1, lines.piece[ends])
        else:
            following = np.append(lines.pitch[1:], 0)
            value = following - lines.pitch + 128 if kind == "interval" else note_value(lines.wait_quarters) + 1
            symbol, piece = np.where(lines.goes_on, value, 0).astype(np.uint8), lines.piece
        symbols.append(symbol)
        pieces.append((piece + before).astype(np.int32))
        before += len(block)
    return np.concatenate([np.zeros(0, np.uint8), *symbols]), np.concatenate([np.zeros(0, np.int32), *pieces])


@dataclass(frozen=True)
class Gram:
    """A run: its symbols, how often it occurs, in how many pieces, and the numbers of the first of them.

    `expected`: how often it would occur if each symbol depended on the n - 2 before it alone; `score`: how far from that
    it is, in units of a log-likelihood ratio.
    """

    symbols: tuple[int, ...]
    count: int
    pieces: int
    where: tuple[int, ...]
    expected: float = float("nan")
    score: float = float("nan")


class Ngrams:
    """All runs of up to eight symbols of a stream."""

    def __init__(self, symbols: npt.NDArray[np.uint8], piece: npt.NDArray[Any]) -> None:
        """`symbols` [N], 0 between lines; `piece` [N], the piece of each."""
        self.pieces = int(piece.max()) + 1 if len(piece) else 0
        packed = symbols.astype(np.uint64)
        for width in (1, 2, 4):  # each window of `width` symbols, then the one after it
            following = np.append(packed[width:], np.zeros(min(width, len(packed)), np.uint64))
            packed <<= np.uint64(8 * width)
            packed |= following
        order = np.argsort(packed)
        self._windows, self._piece = packed[order], piece[order]
        self._found: dict[int, tuple[U64, Ints, Ints]] = {}

    def counts(self, n: int) -> tuple[U64, Ints]:
        """Every run of `n` symbols as a number of n bytes, ascending, and how often it occurs: uint64 [R] and int64 [R]."""
        runs, starts, stops = self._runs(n)
        return runs, stops - starts

    def commonest(self, n: int, most: int, *, where: int = 3) -> list[Gram]:
        """The runs that occur in the most pieces, then the most often."""
        runs, starts, stops = self._runs(n)
        count = stops - starts
        found: list[tuple[int, int, int]] = []
        least = 0
        for at in np.argsort(-count, kind="stable").tolist():
            if len(found) >= most and count[at] < least:  # it cannot occur in more pieces than it occurs
                break
            found.append((self._spread(starts[at], stops[at]), int(count[at]), at))
            if len(found) > most:
                found = sorted(found, reverse=True)[:most]
                least = found[-1][0]
        return [self._gram(runs[at], starts[at], stops[at], n, where) for _, _, at in sorted(found, reverse=True)]

    def surprising(self, n: int, most: int, *, least_pieces: int = 3, where: int = 3) -> list[Gram]:
        """The runs that occur most above what shorter runs let expect, in at least so many pieces; none for n = 1.

        Expected under the Markov model of order n - 2: N(w1..wn-1) N(w2..wn) / N(w2..wn-1) (Prum, Rodolphe and de
        Turckheim 1995); ranked by the log-likelihood ratio of Poisson counts, 2 (O ln(O / E) - O + E) (Dunning 1993;
        Quasthoff and Wolff 2002), so that a rare accident does not win. Each piece counts at most once a run: the
        ratio is scaled by pieces / O.
        """
        if n < 2:
            return []
        runs, starts, stops = self._runs(n)
        count = stops - starts
        some = np.flatnonzero(count >= least_pieces)
        expected = self._expected(runs[some], n)
        observed = count[some].astype(np.float64)
        score = 2 * (observed * np.log(observed / expected) - observed + expected)
        score[observed <= expected] = 0
        found: list[tuple[float, int, float]] = []
        least = 0.0
        for at in np.argsort(-score, kind="stable").tolist():
            if score[at] <= least:  # the share of pieces only lowers it
                break
            row = int(some[at])
            spread = self._spread(starts[row], stops[row])
            if spread >= least_pieces:
                found.append((float(score[at] * spread / observed[at]), row, float(expected[at])))
                if len(found) > most:
                    found = sorted(found, reverse=True)[:most]
                    least = found[-1][0]
        return [
            self._gram(runs[row], starts[row], stops[row], n, where, expected=share, score=score)
            for score, row, share in sorted(found, reverse=True)
        ]

    def zipf(self, n: int) -> Ints:
        """How often each run occurs, the commonest first: int64 [R]."""
        return -np.sort(-self.counts(n)[1])

    def growth(self, n: int, points: int = 40, seed: int = 0) -> tuple[Ints, Ints]:
        """How many different runs the first so many hold, pieces in a random order: (runs so far, different ones), int64 [K]
        twice, with K at most `points`."""
        _, starts, stops = self._runs(n)
        if not len(starts):
            return np.zeros(1, np.int64), np.zeros(1, np.int64)
        rank = np.random.default_rng(seed).permutation(self.pieces)
        rank_sorted = rank[self._piece]
        # windows that are too short may lie between two stretches; `reduceat` must not see them
        edges = np.stack([starts, stops], axis=1).ravel()
        first = np.minimum.reduceat(np.append(rank_sorted, self.pieces), edges)[::2]
        new = np.cumsum(np.bincount(first, minlength=self.pieces))
        seen = np.cumsum(np.bincount(rank_sorted[self._inside(starts, stops)], minlength=self.pieces))
        at = np.unique(np.geomspace(1, self.pieces, points).astype(np.int64)) - 1
        return seen[at], new[at]

    def rates(self, runs: U64, n: int) -> Floats:
        """The share of each of these runs [R] among the runs of its length, in each of the P pieces that have any:
        float64 [R, P]."""
        known, starts, stops = self._runs(n)
        inside = self._inside(starts, stops)
        total = np.bincount(self._piece[inside], minlength=self.pieces)
        held = np.zeros((len(runs), self.pieces))
        at = np.minimum(np.searchsorted(known, runs), max(len(known) - 1, 0))
        for row, place in enumerate(at.tolist()):
            if len(known) and known[place] == runs[row]:
                held[row] = np.bincount(self._piece[starts[place] : stops[place]], minlength=self.pieces)
        rates: Floats = held[:, total > 0] / total[total > 0]
        return rates

    def _inside(self, starts: Ints, stops: Ints) -> npt.NDArray[np.bool_]:
        """Which windows lie in these stretches."""
        edges = np.zeros(len(self._piece) + 1, np.int64)
        edges[starts] += 1
        np.subtract.at(edges, stops, 1)
        return np.cumsum(edges)[:-1] > 0

    def _runs(self, n: int) -> tuple[U64, Ints, Ints]:
        """Each run of n symbols and its stretch of the sorted windows."""
        if not 1 <= n <= LONGEST:
            raise ValueError(f"runs of {n} symbols; they have 1 to {LONGEST}")
        if n not in self._found:
            self._found = {size: found for size, found in self._found.items() if n - 2 <= size < n}  # what `_expected` needs
            self._found[n] = self._stretches(n)
        return self._found[n]

    def _stretches(self, n: int) -> tuple[U64, Ints, Ints]:
        prefix = self._windows >> np.uint64(64 - 8 * n)
        bounds = np.flatnonzero(np.concatenate([[True], prefix[1:] != prefix[:-1], [True]])) if len(prefix) else np.zeros(1, int)
        runs, starts, stops = prefix[bounds[:-1]], bounds[:-1], bounds[1:]
        whole = np.ones(len(runs), bool)
        for place in range(n):
            whole &= (runs >> np.uint64(8 * place)) & np.uint64(255) != 0
        return runs[whole], starts[whole], stops[whole]

    def _expected(self, runs: U64, n: int) -> Floats:
        shorter, shorter_count = self.counts(n - 1)
        ones = np.uint64(2 ** (8 * (n - 1)) - 1)
        first = shorter_count[np.searchsorted(shorter, runs >> np.uint64(8))].astype(np.float64)
        last = shorter_count[np.searchsorted(shorter, runs & ones)].astype(np.float64)
        between = np.full(len(runs), shorter_count.sum())
        if n > 2:
            middle, middle_count = self.counts(n - 2)
            between = middle_count[np.searchsorted(middle, (runs & ones) >> np.uint64(8))]
        expected: Floats = first * last / between
        return expected

    def _spread(self, start: int, stop: int) -> int:
        """In how many pieces the windows of a stretch lie."""
        return int(np.count_nonzero(np.bincount(self._piece[start:stop], minlength=1)))

    def _gram(self, run: Any, start: int, stop: int, n: int, where: int, **more: float) -> Gram:
        """The pieces that hold a run most often come first."""
        often = np.bincount(self._piece[start:stop], minlength=1)
        first = np.argsort(-often, kind="stable")[:where]
        symbols = tuple(int(run) >> 8 * place & 255 for place in reversed(range(n)))
        places = tuple(int(piece) for piece in first if often[piece])
        return Gram(symbols, int(stop - start), int(np.count_nonzero(often)), places, **more)
