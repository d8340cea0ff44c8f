"""The recurrent backbones of `backbones/recurrent.py` without torch; their loops are in `loops/recurrent_loops.py`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from partimento.models.config import ModelConfig
from partimento.models.engine.base import Backbone
from partimento.models.engine.matrix import PRODUCTS, WIDE, Floats, Matrix, address
from partimento.models.engine.tensors import Tensors
from partimento.native import Native

_LOOPS, _USES = "partimento.models.engine.loops.recurrent_loops", [PRODUCTS, "partimento.models.engine.matrix"]


class _Recurrent(Backbone):
    """The state: so many vectors [layers, B, D] as the cell has."""

    gates: ClassVar[int]
    states: ClassVar[int]
    loop: ClassVar[Native]
    adds_up: ClassVar[bool]  # both biases are added in one place

    def __init__(self, config: ModelConfig, tensors: Tensors) -> None:
        self.width, rows = config.width, self.gates * config.width
        self._own, self._between = [], []
        for layer in range(config.layers):
            name = f"backbone.cells.{{}}_hh_l{layer}"
            weight, scale = tensors.quantised(name.format("weight"), rows, config.width)
            bias = None if self.adds_up else tensors.floats(name.format("bias"), rows)
            self._own.append(Matrix(weight, scale, bias))
            if layer:
                weight, scale = tensors.quantised(f"backbone.cells.weight_ih_l{layer}", rows, config.width)
                self._between.append(Matrix(weight, scale, self._bias(tensors, layer, rows)))
        self.begin(0)

    @classmethod
    def entry(cls, config: ModelConfig, tensors: Tensors, inputs: int) -> tuple[Floats, Floats | None]:
        rows = cls.gates * config.width
        return tensors.floats("backbone.cells.weight_ih_l0", rows, inputs), cls._bias(tensors, 0, rows)

    @classmethod
    def _bias(cls, tensors: Tensors, layer: int, rows: int) -> Floats:
        bias = tensors.floats(f"backbone.cells.bias_ih_l{layer}", rows)
        return bias + tensors.floats(f"backbone.cells.bias_hh_l{layer}", rows) if cls.adds_up else bias

    def begin(self, count: int) -> None:
        self._state = [np.zeros((len(self._own), count, self.width), np.float32) for _ in range(self.states)]

    def forward(self, h_BTI: Floats) -> Floats:
        rows, steps, stride = h_BTI.shape
        gates = np.empty((rows, self._own[0].blocks * WIDE), np.float32)
        for layer, matrix in enumerate(self._own):
            if layer:
                h_BTI, stride = self._between[layer - 1].padded(h_BTI)
            h_BTD = np.empty((rows, steps, self.width), np.float32)
            state = [address(one[layer]) for one in self._state]
            self.loop.call(
                *(address(h_BTI), stride, rows, steps, self.width, address(matrix.place), *state, address(gates), address(h_BTD))
            )
            h_BTI = h_BTD
        return h_BTI

    def select(self, rows: npt.NDArray[np.int64]) -> None:
        self._state = [np.ascontiguousarray(one[:, rows]) for one in self._state]


class LSTM(_Recurrent):
    gates, states, adds_up = 4, 2, True
    loop = Native(f"{_LOOPS}:lstm", "fnnnnlffff", _USES)


class GRU(_Recurrent):
    gates, states, adds_up = 3, 1, False
    loop = Native(f"{_LOOPS}:gru", "fnnnnlfff", _USES)
