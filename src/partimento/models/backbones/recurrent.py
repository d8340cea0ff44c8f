"""Recurrent backbones: LSTM and GRU, torch's own cells. They know no field and no music."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from partimento.models.backbones.base import Backbone, State
from partimento.models.config import ModelConfig


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

    def stacked(self) -> Mapping[str, list[int]]:
        return _gates(self, 4)


class GRU(Backbone):
    """Cho et al. 2014, in the form whose reset gate follows the matrix product (torch's, cuDNN's)."""

    def __init__(self, inputs: int, config: ModelConfig) -> None:
        super().__init__()
        between = config.dropout if config.layers > 1 else 0.0
        self.cells = nn.GRU(inputs, config.width, config.layers, batch_first=True, dropout=between)

    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        h_BTD, state = self.cells(h_BTI, state)
        return h_BTD, state

    def select(self, state: State, rows: Tensor) -> State:
        return state[:, rows].contiguous()  # [layers, B, D]

    def stacked(self) -> Mapping[str, list[int]]:
        return _gates(self, 3)


def _gates(module: nn.Module, count: int) -> dict[str, list[int]]:
    """A matrix for each gate."""
    weights = ((name, weight) for name, weight in module.named_parameters() if weight.ndim == 2)
    return {name: [len(weight) // count] * count for name, weight in weights}
