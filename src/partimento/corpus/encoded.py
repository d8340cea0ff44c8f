"""The pieces of a corpus as one array of events, and the parts (train, valid, test) that a split makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings import Encoding, Events
from partimento.encodings.conditions import Conditions
from partimento.errors import CorpusError, UnknownName

PARTS = ("train", "valid", "test")
SHARES = (0.8, 0.1, 0.1)
SPLITS = ("works", "windows")
LEFT_OUT = len(PARTS)  # the part of a piece that is in none


@dataclass(frozen=True)
class Encoded:
    """`events` [N, F] holds piece `i` in rows offsets[i]:offsets[i + 1]; `parts` [P] says in which part its work is.

    `conditions` [P, C] are the ids of each piece's head in a `vocabulary`, where they are asked for.
    """

    encoding: Encoding
    events: Events
    offsets: npt.NDArray[np.int64]
    parts: npt.NDArray[np.uint8]
    conditions: npt.NDArray[np.uint16] | None = None
    vocabulary: Conditions | None = None

    @classmethod
    def of(cls, encoding: Encoding, pieces: Sequence[Events], parts: Sequence[int]) -> Encoded:
        """From encoded pieces in memory, with the part (an index into `PARTS`) of each."""
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
        events = np.concatenate(list(pieces)).astype(encoding.dtype)
        return cls(encoding, events, offsets, np.asarray(parts, np.uint8))

    def piece(self, number: int) -> Events:
        return self.events[self.offsets[number] : self.offsets[number + 1]]

    def only(self, chosen: npt.NDArray[np.bool_]) -> Encoded:
        """The same pieces, those not chosen [P] in no part."""
        return replace(self, parts=np.where(chosen, self.parts, LEFT_OUT).astype(np.uint8))

    def part(self, name: str, split: str = "works") -> Part:
        """One part of a split. Raises `UnknownName` for a name that is not a part or a split, `CorpusError` when empty."""
        if name not in PARTS:
            raise UnknownName("part", name, PARTS)
        if split not in SPLITS:
            raise UnknownName("split", split, SPLITS)
        filled = np.diff(self.offsets) > 0
        chosen = filled & (self.parts != LEFT_OUT if split == "windows" else self.parts == PARTS.index(name))
        if not chosen.any():
            raise CorpusError(
                f"the part {name!r} of this corpus holds no notes in {self.encoding.key!r}; build it from more pieces"
            )
        return Part(self, name, split, np.flatnonzero(chosen))


@dataclass(frozen=True)
class Part:
    """The pieces of a part, and which of their events are scored.

    Split `works`: whole works, every event is scored. Split `windows`: every piece, and each event falls into a part by
    a hash of its place; it is what windows drawn at random from all pieces make, and it LEAKS: the neighbours of a
    test event, and the test event as context of its neighbours, are in train.
    """

    encoded: Encoded
    name: str
    split: str
    pieces: npt.NDArray[np.int64]

    def targets(self, number: int) -> npt.NDArray[np.bool_]:
        """bool[T]: which events of piece `number` belong to this part."""
        start, stop = self.encoded.offsets[number], self.encoded.offsets[number + 1]
        if self.split == "works":
            return np.ones(stop - start, bool)
        share = np.concatenate([[0.0], np.cumsum(SHARES)])
        at = PARTS.index(self.name)
        place = uniform_hash(np.arange(start, stop, dtype=np.uint64))
        chosen: npt.NDArray[np.bool_] = (place >= share[at]) & (place < (share[at + 1] if at < 2 else 2.0))
        return chosen

    @property
    def events_scored(self) -> int:
        return sum(int(self.targets(number).sum()) for number in self.pieces)


def uniform_hash(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """A fixed pseudo-random number in [0, 1) for each integer (splitmix64: Steele, Lea and Flood 2014)."""
    x: npt.NDArray[Any] = values + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    result: npt.NDArray[np.float64] = (x >> np.uint64(11)).astype(np.float64) / 2.0**53
    return result
