"""A fixed sample of the valid split, and a model's bits per note on it."""

from __future__ import annotations

import math
from collections import defaultdict

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
        self.sets: list[str] = []
        total = 0
        for number in np.random.default_rng([seed, 0xA11]).permutation(split.pieces):
            events = split.encoded.piece(int(number))[: min(LONGEST, limit - total)]
            self.pieces.append(events)
            self.sets.append(split.encoded.sets[int(number)] if split.encoded.sets else "")
            self.masks.append(split.targets(int(number))[: len(events)])
            total += len(events)
            if total >= limit:
                break

    def score(self, predictor: Predictor) -> tuple[float, dict[str, float]]:
        """Bits per note over the sample's scored events, and over those of each set, where there are several."""
        nats, notes = defaultdict[str, float](float), defaultdict[str, int](int)
        scored = zip(self.pieces, self.masks, self.sets, predictor.score(self.pieces, hits=False), strict=True)
        for events, mask, name, scores in scored:
            nats[name] += float(scores.nats[mask].sum(dtype=np.float64))
            notes[name] += self.split.encoded.encoding.notes_in(events[mask])
        each = {name: nats[name] / math.log(2) / notes[name] for name in sorted(nats) if notes[name]}
        return sum(nats.values()) / math.log(2) / max(1, sum(notes.values())), each if len(each) > 1 else {}

    def bits(self, predictor: Predictor) -> float:
        """Bits per note over the sample's scored events."""
        return self.score(predictor)[0]
