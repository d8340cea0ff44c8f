"""The cells of `backbones/recurrent.py`, step after step. Products of the inputs with their weights are there already."""

from __future__ import annotations

from partimento.models.engine.loops.products import ONE, at, loop, product, sigmoid, tanh
from partimento.models.engine.matrix import WIDE


@loop
def lstm(mapped, stride, rows, steps, width, matrix, h, c, gates, out):  # type: ignore[no-untyped-def]
    """From mapped [rows, steps, stride] and a state h, c [rows, width], both in place, to out [rows, steps, width]."""
    for t in range(steps):
        product(h, width, rows, matrix, gates)
        for row in range(rows):
            given, own = at(mapped, (row * steps + t) * stride), at(gates, row * matrix[2] * WIDE)
            to = at(out, (row * steps + t) * width)
            hidden, cell = at(h, row * width), at(c, row * width)
            for i in range(width):
                enter, stay = sigmoid(given[i] + own[i]), sigmoid(given[width + i] + own[width + i])
                new, leave = tanh(given[2 * width + i] + own[2 * width + i]), sigmoid(given[3 * width + i] + own[3 * width + i])
                cell[i] = stay * cell[i] + enter * new
                hidden[i] = leave * tanh(cell[i])
                to[i] = hidden[i]


@loop
def gru(mapped, stride, rows, steps, width, matrix, h, gates, out):  # type: ignore[no-untyped-def]
    """As `lstm`, of one state h."""
    for t in range(steps):
        product(h, width, rows, matrix, gates)
        for row in range(rows):
            given, own = at(mapped, (row * steps + t) * stride), at(gates, row * matrix[2] * WIDE)
            to = at(out, (row * steps + t) * width)
            hidden = at(h, row * width)
            for i in range(width):
                reset, stay = sigmoid(given[i] + own[i]), sigmoid(given[width + i] + own[width + i])
                new = tanh(given[2 * width + i] + reset * own[2 * width + i])
                hidden[i] = (ONE - stay) * new + stay * hidden[i]
                to[i] = hidden[i]
