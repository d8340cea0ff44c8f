"""Trees of random tests over tables of small integers, compiled. It knows nothing of music.

Extremely randomised trees (Geurts, Ernst and Wehenkel 2006): a node takes the best of a few tests drawn at random, by entropy. A
leaf's law is shrunk to that of the node above it, and so on to the root. Shapes: F columns, N rows, K classes, L leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from partimento.compiled import compiled

TESTS = 100  # drawn at a node
SMALLEST = 6  # rows in a node that is still split
SHRINKAGE = 10.0  # rows that the law of the node above counts as

Columns = npt.NDArray[np.int16]  # [F, N]
Rows = npt.NDArray[np.int64]


class Trees(NamedTuple):
    """Nodes of trees, each from its root on. A row goes left where its `column` equals the `value` (or is at most the `value`, if
    `ordered`)."""

    column: npt.NDArray[np.int16]  # -1 in a leaf
    value: npt.NDArray[np.int16]
    ordered: npt.NDArray[np.bool_]
    left: npt.NDArray[np.int32]  # the node on the left, the right one comes next; in a leaf the row of `law`
    root: Rows  # the first node of each tree
    law: npt.NDArray[np.float32]  # [L, K], numbers of 16 bits, as they are kept in files


def grow(columns: Columns, classes: Rows, rows: Rows, prior: npt.NDArray[np.float64], seed: int) -> Trees:
    """A tree over some rows of a table."""
    counts = np.arange(1, len(rows) + 1)
    x_ln_x = np.r_[0.0, counts * np.log(counts)]
    size = 2 * len(rows) + 2
    column, value, ordered = np.full(size, -1, np.int16), np.zeros(size, np.int16), np.zeros(size, bool)
    left, law = np.zeros(size, np.int32), np.zeros((size, len(prior)), np.float32)
    nodes = _grow(columns, classes, rows.copy(), prior, x_ln_x, seed, column, value, ordered, left, law)
    is_leaf = column[:nodes] < 0
    left[:nodes][is_leaf] = np.arange(is_leaf.sum())
    laws = law[:nodes][is_leaf].astype(np.float16).astype(np.float32)
    return Trees(
        column[:nodes].copy(), value[:nodes].copy(), ordered[:nodes].copy(), left[:nodes].copy(), np.zeros(1, np.int64), laws
    )


def joined(trees: Sequence[Trees]) -> Trees:
    """Several as one table."""
    nodes, leaves = (np.cumsum([0, *sizes])[:-1] for sizes in ([len(one.column) for one in trees], [len(one.law) for one in trees]))
    left = [one.left + np.where(one.column < 0, leaf, node) for one, node, leaf in zip(trees, nodes, leaves, strict=True)]
    root = [one.root + node for one, node in zip(trees, nodes, strict=True)]
    column, value, ordered, *_, law = (np.concatenate(arrays) for arrays in zip(*trees, strict=True))
    return Trees(column, value, ordered, np.concatenate(left).astype(np.int32), np.concatenate(root), law)


def sound(trees: Trees, columns: int, classes: int) -> bool:
    """Whether trees from elsewhere, of the right types, end for every row of a table of so many columns in a law."""
    column, value, ordered, left, root, law = trees
    N, L = len(column), len(law)
    if not (column.ndim == root.ndim == 1 and value.shape == ordered.shape == left.shape == (N,) and law.shape == (L, classes)):
        return False
    is_leaf = column < 0
    ends = np.where(is_leaf, (left >= 0) & (left < L), (left > np.arange(N)) & (left < N - 1) & (column < columns))
    right_laws = np.isfinite(law).all() and (law >= 0).all() and (law.sum(1) > 0.5).all() and (law <= 1).all()
    return bool(ends.all() and right_laws and (root >= 0).all() and (root < N).all())


def add_laws(trees: Trees, roots: Rows, columns: Columns, rows: Rows, total: npt.NDArray[np.float64]) -> None:
    """Adds the laws of the leaves where each of the rows ends, from each of some roots, to `total` [N, K]."""
    _add_laws(columns, rows, roots, trees.column, trees.value, trees.ordered, trees.left, trees.law, total)


_int, _ints, _floats = numba.int64, numba.int64[::1], numba.float64[::1]
_table = numba.int16[:, ::1]
_nodes = (numba.int16[::1], numba.int16[::1], numba.boolean[::1], numba.int32[::1], numba.float32[:, ::1])


@compiled(_table, _ints, _ints, _floats, _floats, _int, *_nodes)
def _grow(
    columns: Any,
    classes: Any,
    rows: Any,
    prior: Any,
    x_ln_x: Any,
    seed: Any,
    column: Any,
    value: Any,
    ordered: Any,
    left: Any,
    law: Any,
) -> int:
    np.random.seed(seed)
    F, K = len(columns), len(prior)
    begin, end = np.zeros(len(column), np.int64), np.zeros(len(column), np.int64)  # the rows of each node
    count, inside = np.zeros(K, np.int64), np.zeros(K, np.int64)
    end[0], nodes = len(rows), 1
    law[0] = prior
    node = 0
    while node < nodes:
        start, stop = begin[node], end[node]
        N = stop - start
        count[:] = 0
        for i in range(start, stop):
            count[classes[rows[i]]] += 1
        for k in range(K):
            law[node, k] = (count[k] + SHRINKAGE * law[node, k]) / (N + SHRINKAGE)  # it held the law above
        if N >= SMALLEST and count.max() < N:
            best = -x_ln_x[N]
            for k in range(K):
                best += x_ln_x[count[k]]
            best += 1e-9
            for _ in range(TESTS):
                f = np.random.randint(F)
                by_order = np.random.random() < 0.5
                values = columns[f]
                v = values[rows[start + np.random.randint(N)]]
                inside[:] = 0
                n = 0
                for i in range(start, stop):
                    x = values[rows[i]]
                    if x == v or (by_order and x < v):
                        inside[classes[rows[i]]] += 1
                        n += 1
                gain = -x_ln_x[n] - x_ln_x[N - n]
                for k in range(K):
                    gain += x_ln_x[inside[k]] + x_ln_x[count[k] - inside[k]]
                if 0 < n < N and gain > best:
                    best = gain
                    column[node], value[node], ordered[node] = f, v, by_order
        if column[node] >= 0:
            i, j = start, stop - 1
            while i <= j:
                x = columns[column[node], rows[i]]
                if x == value[node] or (ordered[node] and x < value[node]):
                    i += 1
                else:
                    rows[i], rows[j] = rows[j], rows[i]
                    j -= 1
            left[node] = nodes
            begin[nodes], end[nodes], begin[nodes + 1], end[nodes + 1] = start, i, i, stop
            law[nodes], law[nodes + 1] = law[node], law[node]
            nodes += 2
        node += 1
    return nodes


@compiled(_table, _ints, _ints, *_nodes, numba.float64[:, ::1])
def _add_laws(columns: Any, rows: Any, roots: Any, column: Any, value: Any, ordered: Any, left: Any, law: Any, total: Any) -> None:
    for root in roots:
        for row in rows:
            node = root
            while column[node] >= 0:
                x = columns[column[node], row]
                goes_left = x == value[node] or (ordered[node] and x < value[node])
                node = left[node] if goes_left else left[node] + 1
            total[row] += law[left[node]]
