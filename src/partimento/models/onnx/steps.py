"""The backbones of `models/backbones/` as nodes of a graph: one step of B sequences. Each takes what its first linear map gives,
and says which states it keeps from step to step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from partimento.models.backbone_sizes import BASE, KERNEL, dilation, grouped, hidden_size
from partimento.models.config import ModelConfig
from partimento.models.engine.tensors import Tensors
from partimento.models.onnx.graph import Graph

NEAR = float(np.finfo(np.float32).eps)  # torch's, in RMSNorm
FAR = 256  # positions in each of two tables of angles: one of single steps, one of so many steps; their sums are all up to 65,535
Shape = list[int | str]


@dataclass
class Steps:
    """A graph that is being built, and the states in it: name and shape of each, which begins as zeros."""

    graph: Graph
    config: ModelConfig
    tensors: Tensors
    states: list[tuple[str, Shape]] = field(default_factory=list)

    def state(self, name: str, *shape: int | str) -> str:
        """An input that the last step put out; a size in words is 0 at first."""
        whole: Shape = ["B", *shape]
        self.states.append((name, whole))
        none = np.zeros([1, *(0 if isinstance(size, str) else size for size in shape)], np.float32)
        return self.graph.input(name, "float32", whole, none)

    def keep(self, name: str, value: str) -> None:
        shape = [f"{size}'" if isinstance(size, str) and size != "B" else size for size in dict(self.states)[name]]
        self.graph.output(value, f"{name}'", "float32", shape)

    def linear(self, x: str, name: str, rows: int, depth: int, bias: str = "") -> str:
        weight, scale = self.tensors.quantised(name, rows, depth)
        return self.graph.linear(x, weight, scale, self.tensors.floats(bias, rows) if bias else None)

    def convolution(self, x: str, name: str, rows: int, channels: int, reach: int) -> str:
        weight, scale = self.tensors.quantised(f"{name}.weight", rows, channels, reach)
        flat = np.ascontiguousarray(weight.transpose(0, 2, 1)).reshape(rows, -1)
        return self.graph.linear(x, flat, scale, self.tensors.floats(f"{name}.bias", rows))

    def rms_norm(self, x: str, weight: npt.NDArray[np.float32]) -> str:
        """x [B, D] over the root of the mean of its squares, times the weight [D]."""
        op, constant = self.graph.op, self.graph.constant
        mean = op("ReduceMean", op("Mul", x, x), axes=[-1], keepdims=1)
        scale = op("Sqrt", op("Add", mean, constant(NEAR)))
        scaled: str = op("Mul", op("Div", x, scale), constant(weight))
        return scaled


def transformer(steps: Steps, h: str) -> str:
    """Its states are keys and values [B, groups, S, size] of S steps, and the position, which the driver counts."""
    graph, config, op = steps.graph, steps.config, steps.graph.op
    width, (size, groups), hidden = config.width, grouped(config), hidden_size(config.width)
    turn = _angles(graph, size)
    for layer in range(config.layers):
        name = f"backbone.blocks.{layer}"
        normed = steps.rms_norm(h, steps.tensors.floats(f"{name}.norms.0.weight", width))
        mixed = steps.linear(normed, f"{name}.attend.weight", width + 2 * groups * size, width)
        query = _turned(graph, graph.reshape(graph.slice(mixed, 0, width), 0, groups, -1, size), size, turn)
        new_key = _turned(graph, graph.reshape(graph.slice(mixed, width, width + groups * size), 0, groups, 1, size), size, turn)
        new_value = graph.reshape(graph.slice(mixed, width + groups * size, width + 2 * groups * size), 0, groups, 1, size)
        seen = []
        for kind, new in (("key", new_key), ("value", new_value)):
            state = f"{kind}_{layer}"
            both = op("Concat", steps.state(state, groups, "S", size), new, axis=2)
            if config.span:
                both = graph.slice(both, -config.span, np.iinfo(np.int64).max, 2)
            steps.keep(state, both)
            seen.append(both)
        scores = op("MatMul", query, op("Transpose", seen[0], perm=[0, 1, 3, 2]))
        weights = op("Softmax", op("Mul", scores, graph.constant(1 / math.sqrt(size))), axis=-1)
        attended = graph.reshape(op("MatMul", weights, seen[1]), 0, width)
        h = op("Add", h, steps.linear(attended, f"{name}.gather.weight", width, width))
        normed = steps.rms_norm(h, steps.tensors.floats(f"{name}.norms.1.weight", width))
        wide = steps.linear(normed, f"{name}.widen.weight", 2 * hidden, width)
        gate, up = graph.slice(wide, 0, hidden), graph.slice(wide, hidden, 2 * hidden)
        active = op("Mul", op("Mul", gate, op("Sigmoid", gate)), up)
        h = op("Add", h, steps.linear(active, f"{name}.narrow.weight", width, hidden))
    return steps.rms_norm(h, steps.tensors.floats("backbone.norm.weight", width))


def _angles(graph: Graph, size: int) -> tuple[str, str]:
    """Cosine and sine [1, size / 2] of the angles at the input `position` [1]: of the sum of two angles, each from a table."""
    op, constant = graph.op, graph.constant
    position = graph.input("position", "int64", [1], np.zeros(1, np.int64))
    speed = BASE ** (-np.arange(0, size, 2, dtype=np.float64) / size)
    parts = []
    for places, number in ((np.arange(FAR) * FAR, "Div"), (np.arange(FAR), "Mod")):
        at, angle = op(number, position, constant([FAR], "int64")), places[:, None] * speed
        parts += [op("Gather", constant(function(angle)), at, axis=0) for function in (np.cos, np.sin)]
    far_cos, far_sin, near_cos, near_sin = parts
    cosine = op("Sub", op("Mul", far_cos, near_cos), op("Mul", far_sin, near_sin))
    return cosine, op("Add", op("Mul", far_sin, near_cos), op("Mul", far_cos, near_sin))


def _turned(graph: Graph, heads: str, size: int, turn: tuple[str, str]) -> str:
    op, (cosine, sine) = graph.op, turn
    left, right = graph.slice(heads, 0, size // 2), graph.slice(heads, size // 2, size)
    first = op("Sub", op("Mul", left, cosine), op("Mul", right, sine))
    turned: str = op("Concat", first, op("Add", op("Mul", left, sine), op("Mul", right, cosine)), axis=-1)
    return turned


def lstm(steps: Steps, h: str) -> str:
    """Its states are hidden and cell [B, D] of each layer."""
    width, op, graph = steps.config.width, steps.graph.op, steps.graph
    for layer in range(steps.config.layers):
        hidden, cell = f"hidden_{layer}", f"cell_{layer}"
        own = steps.linear(steps.state(hidden, width), f"backbone.cells.weight_hh_l{layer}", 4 * width, width)
        both = op("Add", _between(steps, h, layer, 4, True), own)
        enter, stay, leave = (op("Sigmoid", graph.slice(both, n * width, (n + 1) * width)) for n in (0, 1, 3))
        new = op("Tanh", graph.slice(both, 2 * width, 3 * width))
        kept = op("Add", op("Mul", stay, steps.state(cell, width)), op("Mul", enter, new))
        h = op("Mul", leave, op("Tanh", kept))
        steps.keep(hidden, h)
        steps.keep(cell, kept)
    return h


def gru(steps: Steps, h: str) -> str:
    """Its states are hidden [B, D] of each layer."""
    width, op, graph = steps.config.width, steps.graph.op, steps.graph
    for layer in range(steps.config.layers):
        name = f"hidden_{layer}"
        hidden = steps.state(name, width)
        own = steps.linear(hidden, f"backbone.cells.weight_hh_l{layer}", 3 * width, width, f"backbone.cells.bias_hh_l{layer}")
        given = _between(steps, h, layer, 3, False)
        parts = [(graph.slice(given, n * width, (n + 1) * width), graph.slice(own, n * width, (n + 1) * width)) for n in range(3)]
        reset, stay = (op("Sigmoid", op("Add", *pair)) for pair in parts[:2])
        new = op("Tanh", op("Add", parts[2][0], op("Mul", reset, parts[2][1])))
        h = op("Add", new, op("Mul", stay, op("Sub", hidden, new)))
        steps.keep(name, h)
    return h


def _between(steps: Steps, h: str, layer: int, gates: int, adds_up: bool) -> str:
    """What goes into the gates of a layer: of the first, h itself is that."""
    if not layer:
        return h
    width, rows, name = steps.config.width, gates * steps.config.width, f"backbone.cells.{{}}_ih_l{layer}"
    mapped = steps.linear(h, name.format("weight"), rows, width, name.format("bias"))
    if adds_up:
        bias = steps.graph.constant(steps.tensors.floats(f"backbone.cells.bias_hh_l{layer}", rows))
        mapped = steps.graph.op("Add", mapped, bias)
    return mapped


def convolution(steps: Steps, h: str) -> str:
    """Its states are the inputs that the next steps of each layer reach back to, [B, reach, D]."""
    width, op, graph = steps.config.width, steps.graph.op, steps.graph
    for layer in range(steps.config.layers):
        name, past, apart = f"backbone.blocks.{layer}", f"past_{layer}", dilation(layer)
        reach = (KERNEL - 1) * apart
        normed = steps.rms_norm(h, steps.tensors.floats(f"{name}.norm.weight", width))
        both = op("Concat", steps.state(past, reach, width), graph.reshape(normed, 0, 1, width), axis=1)
        steps.keep(past, graph.slice(both, 1, reach + 1, 1))
        taken = op("Gather", both, graph.constant([apart * k for k in range(KERNEL)], "int64"), axis=1)
        gates = steps.convolution(graph.reshape(taken, 0, KERNEL * width), f"{name}.gates", 2 * width, width, KERNEL)
        active = op("Mul", op("Tanh", graph.slice(gates, 0, width)), op("Sigmoid", graph.slice(gates, width, 2 * width)))
        h = op("Add", h, steps.linear(active, f"{name}.mix.weight", width, width, f"{name}.mix.bias"))
    return steps.rms_norm(h, steps.tensors.floats("backbone.norm.weight", width))


STEPS: dict[str, Callable[[Steps, str], str]] = {"lstm": lstm, "gru": gru, "convolution": convolution, "transformer": transformer}
