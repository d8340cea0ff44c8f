"""Batches for models that hear more than the encoding says: what their memory tells of each slot. It knows no step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
from torch import Tensor

from partimento.corpus.encoded import Split
from partimento.errors import InvalidOption
from partimento.models.chorale.boosted import GRAIN
from partimento.models.chorale.library import Tell, silent
from partimento.models.chorale.listener import WIDTH
from partimento.models.chorale.model import Chorale
from partimento.models.config import TrainingConfig
from partimento.models.families import Neural
from partimento.training.batches import Batches


def batches_of(model: Neural, split: Split, config: TrainingConfig, tell: Tell = silent) -> Batches:
    """The batches that a model learns from. One with a memory takes the pieces of the split into it; this may take minutes, of
    which it tells."""
    return Listening(split, config, model, tell) if isinstance(model, Chorale) else Batches(split, config, model.uses_context)


def prepare(model: Neural, tell: Tell = silent) -> None:
    """Makes what a model needs beside its weights before it can be judged. This may take minutes, of which it tells."""
    if isinstance(model, Chorale):
        model.grow(tell)


def kept(model: Neural) -> Mapping[str, Tensor]:
    """What a model's checkpoint keeps beside its `state_dict()`."""
    return model.kept() if isinstance(model, Chorale) else {}


class Listening(Batches):
    """Segments of whole eighths, with what the model's memory of all other pieces of the split says of each slot as context."""

    def __init__(self, split: Split, config: TrainingConfig, model: Chorale, tell: Tell = silent) -> None:
        super().__init__(split, config, with_context=True, grain=GRAIN)
        if split.method != "works":
            raise InvalidOption("a model that remembers its pieces would know the rest of each; train it on the split by works")
        self.columns, self.context_type = WIDTH, "float32"
        numbers = split.pieces.tolist()
        self._place = {number: place for place, number in enumerate(numbers)}
        self._told_of = model.told([split.encoded.piece(number) for number in numbers], config.seed, tell)

    def _context(self, number: int, semitones: int, events: npt.NDArray[Any], first: int, last: int) -> npt.NDArray[Any]:
        return self._told_of(self._place[number], semitones, slice(first, last))
