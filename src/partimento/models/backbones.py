"""Backbones: from a sequence of vectors to a sequence of vectors, causally. They know no field, no head and no music.

The contract: built from (inputs, config); `forward(h_BTI, state) -> (h_BTD, state)` with D = `config.width`, where step t sees
steps up to t only. The state is opaque: None at the start of a sequence, afterwards what the last call gave back.
A long sequence in pieces with the state carried over gives what the whole gives.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from partimento.errors import UnknownName
from partimento.models.config import ModelConfig

State = Any


class Backbone(nn.Module, ABC):
    """A causal map of sequences. `inputs` is the width I of what comes in."""

    @abstractmethod
    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]: ...

    @abstractmethod
    def select(self, state: State, rows: Tensor) -> State:
        """The state of some of the sequences: `rows` are int64 indices into the batch."""


class LSTM(Backbone):
    """Hochreiter and Schmidhuber 1997, with the forget gate biased open at first (Jozefowicz et al. 2015, section 3.2)."""

    def __init__(self, inputs: int, config: ModelConfig) -> None:
        super().__init__()
        between = config.dropout if config.layers > 1 else 0.0
        self.cells = nn.LSTM(inputs, config.width, config.layers, batch_first=True, dropout=between)
        with torch.no_grad():
            for layer in range(config.layers):
                getattr(self.cells, f"bias_ih_l{layer}")[config.width : 2 * config.width] = 1.0

    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        h_BTD, state = self.cells(h_BTI, state)
        return h_BTD, state

    def select(self, state: State, rows: Tensor) -> State:
        return tuple(part[:, rows].contiguous() for part in state)  # parts are [layers, B, D]


BACKBONES: dict[str, type[Backbone]] = {"lstm": LSTM}


def backbone(inputs: int, config: ModelConfig) -> Backbone:
    """The backbone that `config` names. Raises `UnknownName`."""
    if config.backbone not in BACKBONES:
        raise UnknownName("backbone", config.backbone, BACKBONES)
    return BACKBONES[config.backbone](inputs, config)
