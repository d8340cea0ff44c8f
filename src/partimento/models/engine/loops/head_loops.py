"""From vectors to log-probabilities, and the sum of rows of a table."""

from __future__ import annotations

import numpy as np

from partimento.models.engine.loops.products import ONE, TWO, at, exponential, floats_at, gelu, loop, product
from partimento.models.engine.matrix import WIDE

_NEAR = np.float32(1e-5)  # torch's, in LayerNorm
_NEVER, _WIDEST = np.float32(-np.inf), 48


@loop
def sum_rows(ids, count, columns, table, width, out):  # type: ignore[no-untyped-def]
    """out [count, width] is the sum of the rows ids [count, columns] of a table [., width]."""
    for m in range(count):
        to = at(out, m * width)
        for i in range(width):
            to[i] = np.float32(0)
        for c in range(columns):
            row = at(table, ids[m * columns + c] * width)
            for i in range(width):
                to[i] += row[i]


@loop
def _logarithm(x):  # type: ignore[no-untyped-def]
    """Of a number from 1 to some thousands, by Halley's method."""
    y = np.float32(0)
    for _ in range(9):
        power = exponential(y)
        y += TWO * (x - power) / (x + power)
    return y


@loop
def log_softmax(scores, rows, stride, choices, first, out):  # type: ignore[no-untyped-def]
    """out [rows, first + choices]: log-probabilities of the first `choices` scores [rows, stride]; none for ids below `first`."""
    for m in range(rows):
        own, to = at(scores, m * stride), at(out, m * (first + choices))
        top, total = _NEVER, np.float32(0)
        for i in range(choices):
            top = max(top, own[i])
        for i in range(choices):
            total += exponential(own[i] - top) if own[i] > _NEVER else np.float32(0)
        top += _logarithm(total)
        for i in range(first):
            to[i] = _NEVER
        for i in range(choices):
            to[first + i] = own[i] - top


@loop
def field(h, rows, width, head, references, work, out):  # type: ignore[no-untyped-def]
    """Log-probabilities out [rows, size] of one field of chained heads, from h [rows, width].

    head: the places of four matrices (in, out, scores, intervals), the addresses of the norm's weight and bias; choices, first id,
    ids that are no pitch, lowest pitch, how many references, whether its pitches ascend. references [rows, n]: MIDI pitch
    + 1, 0 for none.
    """
    choices, first, before, lowest, counted, ascends = head[26], head[27], head[28], head[29], head[30], head[31]
    weight, bias = floats_at(head[24]), floats_at(head[25])
    inner, inner_stride = at(work, rows * width), head[2] * WIDE
    mixed, stride = at(inner, rows * inner_stride), head[6 + 2] * WIDE
    scores, scores_stride = at(mixed, rows * stride), head[12 + 2] * WIDE
    intervals, intervals_stride = at(scores, rows * scores_stride), head[18 + 2] * WIDE
    for m in range(rows):
        _layer_norm(at(h, m * width), width, weight, bias, at(work, m * width))
    product(work, width, rows, head, inner)
    for i in range(rows * inner_stride):
        inner[i] = gelu(inner[i])
    product(inner, inner_stride, rows, at(head, 6), mixed)
    for m in range(rows):
        for i in range(width):
            work[m * width + i] = h[m * width + i] + mixed[m * stride + i]
    product(work, width, rows, at(head, 12), scores)
    if head[18]:
        product(work, width, rows, at(head, 18), intervals)
        for m in range(rows):
            for r in range(counted):
                own, sounding = at(intervals, m * intervals_stride + r * (2 * _WIDEST + 1)), references[m * counted + r]
                if sounding > 0:
                    for p in range(choices - before):
                        interval = min(max(p + lowest + 1 - sounding, -_WIDEST), _WIDEST)
                        scores[m * scores_stride + before + p] += own[interval + _WIDEST]
    if ascends:
        for m in range(rows):
            for p in range(max(0, min(choices - before, references[m * counted] - lowest))):
                scores[m * scores_stride + before + p] = _NEVER
    log_softmax(scores, rows, scores_stride, choices, first, out)


@loop
def _layer_norm(x, width, weight, bias, out):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for i in range(width):
        total += x[i]
    mean, squares = total / np.float32(width), np.float32(0)
    for i in range(width):
        squares += (x[i] - mean) * (x[i] - mean)
    scale = ONE / np.sqrt(squares / np.float32(width) + _NEAR)
    for i in range(width):
        out[i] = (x[i] - mean) * scale * weight[i] + bias[i]


@loop
def gelu_all(x, count):  # type: ignore[no-untyped-def]
    for i in range(count):
        x[i] = gelu(x[i])
