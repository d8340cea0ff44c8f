"""What a backbone is to the engine: as in `backbones/base.py`, but for a state of its own, which `forward` changes.

The first linear map of each backbone is folded into the tables of the inputs (`inputs.py`): `entry` says which it is, and `forward`
begins behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

from partimento.models.config import ModelConfig
from partimento.models.engine.matrix import Floats
from partimento.models.engine.tensors import Tensors


class Backbone(ABC):
    """A causal map of sequences, B of them side by side, from `begin` on."""

    @abstractmethod
    def __init__(self, config: ModelConfig, tensors: Tensors) -> None:
        """Takes its tensors, but for those of `entry`. Raises `CheckpointError` where they do not fit."""

    @classmethod
    @abstractmethod
    def entry(cls, config: ModelConfig, tensors: Tensors, inputs: int) -> tuple[Floats, Floats | None]:
        """Weight [E, inputs] and bias [E] of the linear map at its beginning."""

    @abstractmethod
    def begin(self, count: int) -> None:
        """Stands before `count` sequences."""

    @abstractmethod
    def forward(self, h_BTI: Floats) -> Floats:
        """Vectors [B, T, D] from mapped inputs [B, T, E], which may be written over; step t sees steps up to t only."""

    @abstractmethod
    def select(self, rows: npt.NDArray[np.int64]) -> None:
        """Goes on with some of the sequences: `rows` [K] are indices into the batch, and may name one more than once."""
