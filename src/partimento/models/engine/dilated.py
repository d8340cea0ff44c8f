"""The convolution network of `backbones/convolution.py` without torch; its loops are in `loops/convolution_loops.py`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.models.backbone_sizes import KERNEL, dilation
from partimento.models.config import ModelConfig
from partimento.models.engine.base import Backbone
from partimento.models.engine.matrix import PRODUCTS, WIDE, Floats, address, places
from partimento.models.engine.tensors import Tensors
from partimento.native import Native

_LOOPS, _USES = "partimento.models.engine.loops.convolution_loops", [PRODUCTS, "partimento.models.engine.matrix"]
_BLOCK, _NORM = Native(f"{_LOOPS}:block", "fnnnnnflff", _USES), Native(f"{_LOOPS}:norm_all", "fnnf", _USES)


class Convolution(Backbone):
    """The state: of each layer the inputs that its next steps reach back to [B, 2 * dilation, D], and the time."""

    def __init__(self, config: ModelConfig, tensors: Tensors) -> None:
        self.width, self.dilations = config.width, [dilation(layer) for layer in range(config.layers)]
        self._norms, self._matrices = [], []
        for layer in range(config.layers):
            name = f"backbone.blocks.{layer}"
            self._norms.append(tensors.floats(f"{name}.norm.weight", config.width))
            gates = tensors.convolution(f"{name}.gates", 2 * config.width, config.width, KERNEL)
            self._matrices.append((gates, tensors.matrix(f"{name}.mix", config.width, config.width, bias=True)))
        self._norms.append(tensors.floats("backbone.norm.weight", config.width))
        self._places = [places(pair) for pair in self._matrices]
        self.begin(0)

    @classmethod
    def entry(cls, config: ModelConfig, tensors: Tensors, inputs: int) -> tuple[Floats, Floats | None]:
        return tensors.floats("backbone.project.weight", config.width, inputs), tensors.floats(
            "backbone.project.bias", config.width
        )

    def begin(self, count: int) -> None:
        self._at = 0
        self._rings = [np.zeros((count, (KERNEL - 1) * one, self.width), np.float32) for one in self.dilations]

    def forward(self, h_BTI: Floats) -> Floats:
        rows, steps, width = h_BTI.shape
        longest = max(matrix.blocks for pair in self._matrices for matrix in pair) * WIDE
        work = address(room := np.empty(rows * steps * ((KERNEL + 1) * width + longest), np.float32))
        for number, ring in enumerate(self._rings):
            place, norm = address(self._places[number]), address(self._norms[number])
            _BLOCK.call(*(address(h_BTI), rows, steps, self._at, width, self.dilations[number], norm, place, address(ring), work))
        _NORM.call(address(h_BTI), rows * steps, width, address(self._norms[-1]))
        del room
        self._at += steps
        return h_BTI

    def select(self, rows: npt.NDArray[np.int64]) -> None:
        self._rings = [ring[rows] for ring in self._rings]
