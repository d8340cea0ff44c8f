"""The blocks of `backbones/convolution.py`. Each keeps its last inputs in a ring: that of time t lies at t modulo its length."""

from __future__ import annotations

from partimento.models.engine.loops.products import at, loop, product, rms_norm, sigmoid, tanh
from partimento.models.engine.matrix import WIDE


@loop
def block(h, rows, steps, start, width, dilation, norm, matrices, ring, work):  # type: ignore[no-untyped-def]
    """Goes on over steps from time `start`: h [rows, steps, width] in place, of two `matrices`, ring [rows, 2 * dilation, width].

    `work` has room for 4 vectors of the width for each step, and for the longer rows of the products.
    """
    reach, count, stride, mixed = 2 * dilation, rows * steps, matrices[2] * WIDE, matrices[6 + 2] * WIDE
    normed = work
    taken = at(normed, count * width)
    product_out = at(taken, count * 3 * width)
    for m in range(count):
        rms_norm(at(h, m * width), width, norm, at(normed, m * width))
    for m in range(count):
        row, t = m // steps, m % steps
        for k in range(3):
            back = (2 - k) * dilation
            there = at(taken, (3 * m + k) * width)
            if t >= back:
                _copy(at(normed, (m - back) * width), there, width)
            else:
                _copy(at(ring, (row * reach + (start + t - back + reach) % reach) * width), there, width)
    for m in range(count):
        row, t = m // steps, m % steps
        if t >= steps - reach:
            _copy(at(normed, m * width), at(ring, (row * reach + (start + t) % reach) * width), width)
    product(taken, 3 * width, count, matrices, product_out)
    for m in range(count):
        value, gate, to = at(product_out, m * stride), at(product_out, m * stride + width), at(normed, m * width)
        for i in range(width):
            to[i] = tanh(value[i]) * sigmoid(gate[i])
    product(normed, width, count, at(matrices, 6), product_out)
    for m in range(count):
        for i in range(width):
            h[m * width + i] += product_out[m * mixed + i]


@loop
def norm_all(h, count, width, norm):  # type: ignore[no-untyped-def]
    for m in range(count):
        rms_norm(at(h, m * width), width, norm, at(h, m * width))


@loop
def _copy(numbers, to, count):  # type: ignore[no-untyped-def]
    for i in range(count):
        to[i] = numbers[i]
