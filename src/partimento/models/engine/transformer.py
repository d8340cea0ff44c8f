"""The transformer of `backbones/attention.py` without torch; its loops are in `loops/transformer_loops.py`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.models.backbone_sizes import BASE, grouped, hidden_size
from partimento.models.config import ModelConfig
from partimento.models.engine.base import Backbone
from partimento.models.engine.matrix import PRODUCTS, WIDE, Floats, address, places
from partimento.models.engine.tensors import Tensors
from partimento.native import Native

ROOM = 256  # steps for which there is room when it runs out
_LOOPS = "partimento.models.engine.loops.transformer_loops:forward"
_FORWARD = Native(_LOOPS, "fnnnnnnnnnnnlffffff", [PRODUCTS, "partimento.models.engine.matrix"])


class Transformer(Backbone):
    """The state: keys [layers, B, groups, blocks, size, 64] and values [layers, B, groups, blocks of a head, steps, 64] of steps
    that later ones may see and some before them, how many they are, and how many before them are gone."""

    def __init__(self, config: ModelConfig, tensors: Tensors) -> None:
        width, self.queries, self.hidden = config.width, config.queries, hidden_size(config.width)
        self.layers, self.span, (self.size, self.groups) = config.layers, config.span, grouped(config)
        attended = (self.queries + 2 * self.groups) * self.size
        self._matrices, norms = [], []
        for layer in range(config.layers):
            name = f"backbone.blocks.{layer}"
            norms += [tensors.floats(f"{name}.norms.{n}.weight", width) for n in range(2)]
            self._matrices += [
                tensors.matrix(f"{name}.attend", attended, width),
                tensors.matrix(f"{name}.gather", width, width),
                tensors.matrix(f"{name}.widen", 2 * self.hidden, width),
                tensors.matrix(f"{name}.narrow", width, self.hidden),
            ]
        self._norms = np.stack([*norms, tensors.floats("backbone.norm.weight", width)])
        self._places = places(self._matrices)
        self._turns = _turns(2 * ROOM, self.size)
        self._worked_in = np.empty(0, np.float32)

    @classmethod
    def entry(cls, config: ModelConfig, tensors: Tensors, inputs: int) -> tuple[Floats, Floats | None]:
        return tensors.floats("backbone.project.weight", config.width, inputs), None

    def begin(self, count: int) -> None:
        self._past = self._gone = 0
        blocks = -(-self.size // WIDE)
        shape = (self.layers, count, self.groups)
        self._keys = np.zeros((*shape, 0, self.size, WIDE), np.float32)
        self._values = np.zeros((*shape, blocks, 0, WIDE), np.float32)

    def forward(self, h_BTI: Floats) -> Floats:
        rows, steps, width = h_BTI.shape
        self._make_room(steps)
        work, state = self._work(rows * steps), (self._keys, self._values)
        _FORWARD.call(
            *(address(h_BTI), rows, steps, self._past, self._gone, self.layers, width, self.queries, self.groups, self.hidden),
            *(self.span, self._values.shape[4], address(self._places), address(self._norms)),
            *map(address, (*self._turns, *state, work)),
        )
        self._past += steps
        return h_BTI

    def _work(self, count: int) -> Floats:
        """Room for what is computed on the way over `count` events: factors, scores, what is seen, and three vectors of each."""
        widest, wide = max(matrix.blocks for matrix in self._matrices) * WIDE, -(-self.size // WIDE) * WIDE
        shared = self.queries // self.groups
        needed = 3 * WIDE + shared * (self._values.shape[4] + wide) + count * (self.queries * self.size + widest + self.hidden)
        if needed > len(self._worked_in):
            self._worked_in = np.empty(needed, np.float32)
        return self._worked_in

    def select(self, rows: npt.NDArray[np.int64]) -> None:
        self._keys, self._values = (np.ascontiguousarray(one[:, rows]) for one in (self._keys, self._values))

    def _make_room(self, steps: int) -> None:
        """Room for new steps, and angles; with a span, whole blocks that no later step may see go."""
        if self._past + steps > self._values.shape[4]:
            unseen = max(0, self._past + 1 - self.span) // WIDE if self.span else 0
            used = -(-self._past // WIDE)
            room = max(steps, ROOM, 0 if self.span else self._past // 2)
            room = -(-(self._past - unseen * WIDE + room) // WIDE) - (used - unseen)
            none = [(0, 0)] * 3
            self._keys = np.pad(self._keys[:, :, :, unseen:used], [*none, (0, room), (0, 0), (0, 0)])
            self._values = np.pad(self._values[..., unseen * WIDE : used * WIDE, :], [*none, (0, 0), (0, room * WIDE), (0, 0)])
            self._past, self._gone = self._past - unseen * WIDE, self._gone + unseen * WIDE
        if (last := self._gone + self._past + steps) > len(self._turns[0]):
            self._turns = _turns(2 * last, self.size)


def _turns(steps: int, size: int) -> tuple[Floats, Floats]:
    """Cosine and sine [T, size / 2] of the angles at the first positions."""
    speed = BASE ** (-np.arange(0, size, 2, dtype=np.float64) / size)
    angle = np.arange(steps, dtype=np.float64)[:, None] * speed
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
