"""The families of neural models: which config makes which model, and which predictor plays it. It knows no training."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from partimento.encodings import Encoding
from partimento.encodings.conditions import Conditions
from partimento.models.chorale.model import Chorale
from partimento.models.chorale.predictor import ChoralePredictor
from partimento.models.config import ChoraleConfig, ModelConfig
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor

Neural = Model | Chorale


def untrained(config: ModelConfig | ChoraleConfig, encoding: Encoding, vocabulary: Conditions | None = None) -> Neural:
    """The model of a config, for an encoding's events and the conditions in a vocabulary. Raises `InvalidOption`."""
    return Chorale(config, encoding) if isinstance(config, ChoraleConfig) else Model.of(config, encoding, vocabulary)


def predictor_of(
    model: Neural, encoding: Encoding, conditions: npt.NDArray[Any] | None = None
) -> NeuralPredictor | ChoralePredictor:
    """The model as a predictor, under `conditions` [C], or [P, C] one row for each piece to be scored. Raises `InvalidOption`."""
    return ChoralePredictor(model, conditions) if isinstance(model, Chorale) else NeuralPredictor(model, encoding, conditions)
