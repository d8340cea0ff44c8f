"""The blocks of a transformer. Keys lie as the weights of a matrix do, so that scores are tiles of a product; values likewise."""

from __future__ import annotations

import numpy as np

from partimento.models.engine.loops.products import ONE, at, exponential, loop, product, rms_norm, sigmoid, tiles
from partimento.models.engine.matrix import WIDE


@loop
def _turn(head, half, cosine, sine):  # type: ignore[no-untyped-def]
    """Turns each pair of numbers (i, i + half) of a head by its angle, in place."""
    for i in range(half):
        left, right = head[i], head[half + i]
        head[i] = left * cosine[i] - right * sine[i]
        head[half + i] = left * sine[i] + right * cosine[i]


@loop
def _softmax(scores, count):  # type: ignore[no-untyped-def]
    """Powers of scores in place, and one over their sum."""
    top = scores[0]
    for i in range(count):
        top = max(top, scores[i])
    total = np.float32(0)
    for i in range(count):
        scores[i] = exponential(scores[i] - top)
        total += scores[i]
    return ONE / total


@loop
def _attend(query, shared, size, key, value, first, last, room, factors, scores, seen, out):  # type: ignore[no-untyped-def]
    """What the `shared` query heads [shared * size] of one key see of the steps first..last: out [shared * size].

    key [blocks, size, 64], value [blocks of a head, room, 64]; scores [shared, room], seen [shared, blocks of a head * 64].
    `factors` [3, 64]: one over the root of the size, zeros, ones.
    """
    wide = (size + WIDE - 1) // WIDE * WIDE
    zeros, ones = at(factors, WIDE), at(factors, 2 * WIDE)
    for block in range(first // WIDE, (last + WIDE - 1) // WIDE):
        tiles(query, size, shared, at(key, block * size * WIDE), size, factors, zeros, at(scores, block * WIDE), room)
    for head in range(shared):
        own = at(scores, head * room + first)
        scale = _softmax(own, last - first)
        for s in range(last - first):
            own[s] *= scale
    for block in range(wide // WIDE):
        there = at(value, (block * room + first) * WIDE)
        tiles(at(scores, first), room, shared, there, last - first, ones, zeros, at(seen, block * WIDE), wide)
    for head in range(shared):
        for i in range(size):
            out[head * size + i] = seen[head * wide + i]


@loop
def _keep(new, size, key, value, t, room):  # type: ignore[no-untyped-def]
    """Puts the key [size] and the value beside it, `new` and new[groups * size], in their places."""
    for i in range(size):
        key[(t // WIDE * size + i) * WIDE + t % WIDE] = new[0][i]
        value[(i // WIDE * room + t) * WIDE + i % WIDE] = new[1][i]


@loop
def _add(h, numbers, rows, width, stride):  # type: ignore[no-untyped-def]
    for m in range(rows):
        for i in range(width):
            h[m * width + i] += numbers[m * stride + i]


@loop
def forward(  # type: ignore[no-untyped-def]
    h,
    rows,
    steps,
    past,
    gone,
    layers,
    width,
    queries,
    groups,
    hidden,
    span,
    room,
    matrices,
    norms,
    cosine,
    sine,
    keys,
    values,
    work,
):
    """Goes on over steps: h [rows * steps, width] in place, of `matrices` [layers * 4, 6] and `norms` [2 * layers + 1, width].

    `past` steps are kept in keys [layers, rows, groups, room / 64, size, 64] and values [layers, rows, groups, blocks of a head,
    room, 64]; `gone` ones before them are not. `work` is as long as `Transformer._work` says.
    """
    count, size, shared = rows * steps, width // queries, queries // groups
    wide = (size + WIDE - 1) // WIDE * WIDE
    stride, gathered_stride, wide_stride = matrices[2] * WIDE, matrices[6 + 2] * WIDE, matrices[12 + 2] * WIDE
    factors, scores = work, at(work, 3 * WIDE)
    seen = at(scores, shared * room)
    normed = at(seen, shared * wide)
    mixed = at(normed, count * width)  # queries, keys and values; what is gathered; then what is widened
    active = at(mixed, count * max(stride, gathered_stride, wide_stride))
    for i in range(WIDE):
        factors[i], factors[WIDE + i], factors[2 * WIDE + i] = ONE / np.sqrt(np.float32(size)), np.float32(0), ONE
    for layer in range(layers):
        own = at(matrices, 24 * layer)
        for m in range(count):
            rms_norm(at(h, m * width), width, at(norms, 2 * layer * width), at(normed, m * width))
        product(normed, width, count, own, mixed)
        for m in range(count):
            row, t, part = m // steps, past + m % steps, at(mixed, m * stride)
            for head in range(queries + groups):
                turn = (gone + t) * (size // 2)
                _turn(at(part, head * size), size // 2, at(cosine, turn), at(sine, turn))
            first = max(0, t + 1 - span) if span else 0
            for group in range(groups):
                place = (layer * rows + row) * groups + group
                key, value = at(keys, place * room * size), at(values, place * room * wide)
                new = (at(part, (queries + group) * size), at(part, (queries + groups + group) * size))
                _keep(new, size, key, value, t, room)
                query, out = at(part, group * shared * size), at(normed, m * width + group * shared * size)
                _attend(query, shared, size, key, value, first, t + 1, room, factors, scores, seen, out)
        product(normed, width, count, at(own, 6), mixed)
        _add(h, mixed, count, width, gathered_stride)
        for m in range(count):
            rms_norm(at(h, m * width), width, at(norms, (2 * layer + 1) * width), at(normed, m * width))
        product(normed, width, count, at(own, 12), mixed)
        for m in range(count):
            gate, up, to = at(mixed, m * wide_stride), at(mixed, m * wide_stride + hidden), at(active, m * hidden)
            for i in range(hidden):
                to[i] = gate[i] * sigmoid(gate[i]) * up[i]
        product(active, hidden, count, at(own, 18), mixed)
        _add(h, mixed, count, width, gathered_stride)
    for m in range(count):
        rms_norm(at(h, m * width), width, at(norms, 2 * layers * width), at(h, m * width))
