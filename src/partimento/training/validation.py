"""A fixed sample of the valid split, and a model's bits per note on it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from partimento.corpus.encoded import Split
from partimento.encodings import Events
from partimento.models.predictor import Predictor

LONGEST = 4096  # events read of one piece, so that many pieces are in the sample


class Sample:
    """The beginnings of pieces of a split, chosen by `seed`, together about `limit` events."""

    def __init__(self, split: Split, limit: int, seed: int) -> None:
        self.split = split
        self.pieces: list[Events] = []
        self.masks: list[npt.NDArray[np.bool_]] = []
        total = 0
        for number in np.random.default_rng([seed, 0xA11]).permutation(split.pieces):
            events = split.encoded.piece(int(number))[: min(LONGEST, limit - total)]
            self.pieces.append(events)
            self.masks.append(split.targets(int(number))[: len(events)])
            total += len(events)
            if total >= limit:
                break

    def bits(self, predictor: Predictor) -> float:
        """Bits per note over the sample's scored events."""
        nats, notes = 0.0, 0
        for events, mask, scores in zip(self.pieces, self.masks, predictor.score(self.pieces, hits=False), strict=True):
            nats += float(scores.nats[mask].sum(dtype=np.float64))
            notes += self.split.encoded.encoding.notes_in(events[mask])
        return nats / math.log(2) / max(1, notes)
