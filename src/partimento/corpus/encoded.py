"""The pieces of a corpus as one array of events, and the splits (train, valid, test) that a split method makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings import Encoding, Events
from partimento.encodings.conditions import Conditions
from partimento.errors import CorpusError, UnknownName

SPLITS = ("train", "valid", "test")
SHARES = (0.8, 0.1, 0.1)
SPLIT_METHODS = ("works", "windows")
LEFT_OUT = len(SPLITS)  # the split of a piece that is in none


@dataclass(frozen=True)
class Encoded:
    """`events` [N, F] holds piece `i` in rows offsets[i]:offsets[i + 1]; `splits` [P] says in which split its work is.

    `conditions` [P, C] are the ids of each piece's head in a `vocabulary`, where they are asked for; `sets` names the set that each
    piece is of, where that is known.
    """

    encoding: Encoding
    events: Events
    offsets: npt.NDArray[np.int64]
    splits: npt.NDArray[np.uint8]
    conditions: npt.NDArray[np.uint16] | None = None
    vocabulary: Conditions | None = None
    sets: tuple[str, ...] = ()

    @classmethod
    def of(cls, encoding: Encoding, pieces: Sequence[Events], splits: Sequence[int]) -> Encoded:
        """From encoded pieces in memory, [T, F] each, with the split (an index into `SPLITS`) of each."""
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
        events = np.concatenate(list(pieces)).astype(encoding.dtype)
        return cls(encoding, events, offsets, np.asarray(splits, np.uint8))

    def piece(self, number: int) -> Events:
        """The events [T, F] of a piece."""
        return self.events[self.offsets[number] : self.offsets[number + 1]]

    def only(self, chosen: npt.NDArray[np.bool_]) -> Encoded:
        """The same pieces, those not chosen [P] in no split."""
        return replace(self, splits=np.where(chosen, self.splits, LEFT_OUT).astype(np.uint8))

    def split(self, name: str, method: str = "works") -> Split:
        """One split by a split method. Raises `UnknownName` for an unknown name of either, `CorpusError` when it is empty."""
        if name not in SPLITS:
            raise UnknownName("split", name, SPLITS)
        if method not in SPLIT_METHODS:
            raise UnknownName("split method", method, SPLIT_METHODS)
        filled = np.diff(self.offsets) > 0
        chosen = filled & (self.splits != LEFT_OUT if method == "windows" else self.splits == SPLITS.index(name))
        if not chosen.any():
            raise CorpusError(
                f"the split {name!r} of this corpus holds no notes in {self.encoding.key!r}; build it from more pieces"
            )
        return Split(self, name, method, np.flatnonzero(chosen))


@dataclass(frozen=True)
class Split:
    """The pieces of a split, and which of their events are scored.

    Split method `works`: whole works, every event is scored. `windows`: every piece, and each event falls into a split by
    a hash of its place; it is what windows drawn at random from all pieces make, and it LEAKS: the neighbours of a
    test event, and the test event as context of its neighbours, are in train.
    """

    encoded: Encoded
    name: str
    method: str
    pieces: npt.NDArray[np.int64]

    def targets(self, number: int) -> npt.NDArray[np.bool_]:
        """bool[T]: which events of piece `number` belong to this split."""
        start, stop = self.encoded.offsets[number], self.encoded.offsets[number + 1]
        if self.method == "works":
            return np.ones(stop - start, bool)
        share = np.concatenate([[0.0], np.cumsum(SHARES)])
        at = SPLITS.index(self.name)
        place = uniform_hash(np.arange(start, stop, dtype=np.uint64))
        chosen: npt.NDArray[np.bool_] = (place >= share[at]) & (place < (share[at + 1] if at < 2 else 2.0))
        return chosen

    @property
    def events_scored(self) -> int:
        return sum(int(self.targets(number).sum()) for number in self.pieces)


def uniform_hash(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """A fixed pseudo-random number in [0, 1) for each integer [N] (splitmix64: Steele, Lea and Flood 2014)."""
    x: npt.NDArray[Any] = values + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    result: npt.NDArray[np.float64] = (x >> np.uint64(11)).astype(np.float64) / 2.0**53
    return result
