"""Seeded segments of a split, batch by batch, for training.

Nothing is materialised but the places of an epoch's segments: batch `i` of epoch `e` is a function of (split, sizes, seed, e, i).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from partimento.corpus.encoded import Split
from partimento.errors import InvalidOption

Int = npt.NDArray[np.int64]


class Segments:
    """Every event of the split's pieces once an epoch, in segments of at most `segment` events.

    With `shares` of sets (`TrainingConfig.weights`) pieces come more or less often. Each piece is cut at a random phase, at
    multiples of `grain` events. A batch holds segments of similar length, `batch` of full ones, more of short ones, but never more
    than batch * segment events with padding.
    """

    def __init__(
        self, split: Split, batch: int, segment: int, seed: int, grain: int = 1, shares: Mapping[str, float] | None = None
    ) -> None:
        self.split, self.batch_size, self.seed, self.grain = split, batch, seed, grain
        self.segment = -(-segment // grain) * grain
        self.times_P = times(split, shares) if shares else None
        self._epoch = -1
        self._plan: tuple[Int, Int, Int, Int] | None = None

    def count(self, epoch: int) -> int:
        """How many batches the epoch has."""
        return len(self._of(epoch)[3]) - 1

    def batch(self, epoch: int, index: int) -> tuple[Int, Int, npt.NDArray[np.bool_]]:
        """The batch as (inputs int64 [B, T, F], targets int64 [B, T, F], mask bool [B, T]).

        The input at t is the event before the target at t: the real one where a segment begins inside its piece, zeros
        at a piece's start. The mask is off in padding and at events of other splits.
        """
        encoded, places = self.split.encoded, self.places(epoch, index)
        size = max(last - first for _, first, last in places)
        both_BTF = np.zeros((len(places), size + 1, encoded.events.shape[1]), np.int64)
        mask_BT = np.zeros((len(places), size), bool)
        for row, (number, first, last) in enumerate(places):
            piece = encoded.piece(number)
            before = 0 if first == 0 else 1
            both_BTF[row, 1 - before : 1 + last - first] = piece[first - before : last]
            mask_BT[row, : last - first] = self.scored(number, first, last)
        return both_BTF[:, :-1], both_BTF[:, 1:], mask_BT

    def places(self, epoch: int, index: int) -> list[tuple[int, int, int]]:
        """Number of the piece, first event and the one after the last of each segment in a batch."""
        piece, start, stop, bounds = self._of(epoch)
        rows = slice(bounds[index], bounds[index + 1])
        begin = self.split.encoded.offsets[piece[rows]]
        return list(zip(piece[rows].tolist(), (start[rows] - begin).tolist(), (stop[rows] - begin).tolist(), strict=True))

    def scored(self, number: int, first: int, last: int) -> npt.NDArray[np.bool_] | bool:
        """Which events of a segment belong to the split, bool [T]; one scalar where all of them do or none."""
        return True if self.split.method == "works" else self.split.targets(number)[first:last]

    def _of(self, epoch: int) -> tuple[Int, Int, Int, Int]:
        """Piece, start and stop (rows of `encoded.events`) of each segment, and the bounds of each batch among them."""
        if self._plan is None or self._epoch != epoch:
            self._plan, self._epoch = self._make(epoch), epoch
        return self._plan

    def _make(self, epoch: int) -> tuple[Int, Int, Int, Int]:
        chance = np.random.default_rng([self.seed, epoch])
        offsets = self.split.encoded.offsets
        pieces = self.split.pieces
        if self.times_P is not None:
            pieces = np.repeat(pieces, np.floor(self.times_P + chance.random(len(pieces))).astype(np.int64))
            pieces = pieces if len(pieces) else self.split.pieces
        begin, end = offsets[pieces], offsets[pieces + 1]
        phase = self.grain * chance.integers(1, self.segment // self.grain + 1, len(begin))  # length of a piece's first segment
        counts = 1 + np.maximum(0, -((begin + phase - end) // self.segment))
        piece = np.repeat(np.arange(len(begin)), counts)
        nth = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
        stop = np.minimum(begin[piece] + phase[piece] + nth * self.segment, end[piece])
        start = np.maximum(begin[piece], begin[piece] + phase[piece] + (nth - 1) * self.segment)
        # longest first, in random order among equals
        order = chance.permutation(len(piece))
        order = order[np.argsort(-(stop - start)[order], kind="stable")]
        length = (stop - start)[order]
        bounds = [0]
        while bounds[-1] < len(order):
            rows = max(1, self.batch_size * self.segment // int(length[bounds[-1]]))
            bounds.append(min(bounds[-1] + rows, len(order)))
        # batches in random order
        shuffled = chance.permutation(len(bounds) - 1)
        rows_of = np.diff(bounds)
        order = order[_ranges(np.array(bounds)[shuffled], rows_of[shuffled])]
        edges = np.concatenate([[0], np.cumsum(rows_of[shuffled])]).astype(np.int64)
        return pieces[piece[order]], start[order], stop[order], edges


def times(split: Split, shares: Mapping[str, float]) -> npt.NDArray[np.float64]:
    """How often each piece of a split [P] comes in an epoch, on average, so that the sets have their shares of its events. Sets
    that are not named divide what is left as their sizes are.

    Raises `InvalidOption` where a named set has no piece in the split.
    """
    events_P = np.diff(split.encoded.offsets)[split.pieces].astype(np.float64)
    set_P = np.array(split.encoded.sets)[split.pieces]
    rest_P = ~np.isin(set_P, list(shares))
    groups = [(set_P == name, share) for name, share in shares.items()] + [(rest_P, 1 - sum(shares.values()))]
    times_P = np.zeros(len(events_P))
    for (chosen_P, share), name in zip(groups, [*shares, ""], strict=True):
        if chosen_P.any():
            times_P[chosen_P] = share * events_P.sum() / events_P[chosen_P].sum()
        elif name:
            raise InvalidOption(f"the set {name!r} has no piece in {split.name}; leave its weight out", option="weight")
    if not rest_P.any():  # all are named: the shares are of one another
        times_P /= sum(shares.values())
    return times_P


def _ranges(start: Int, size: Int) -> Int:
    """The integers start[i] .. start[i] + size[i], one range after another."""
    first = np.repeat(np.cumsum(size) - size, size)
    result: Int = np.repeat(start, size) + np.arange(int(size.sum())) - first
    return result
