"""Boosted trees that choose among candidates: grown by LightGBM, kept as arrays, evaluated by a compiled loop.

A choice is a softmax over the scores of K candidates, with what all others weigh beside them; trees are added one after another,
each fitted to the gradient of its nats (Friedman 2001, section 4). Shapes: N choices, K candidates, Q questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import torch

from partimento.compiled import compiled
from partimento.plugins import extra

TREES = 400
_GROWTH = {
    "learning_rate": 0.07,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "min_sum_hessian_in_leaf": 2.0,
    "lambda_l2": 5.0,
    "feature_fraction_bynode": 0.4,
    "bagging_fraction": 0.6,
    "bagging_freq": 1,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "boost_from_average": False,
    "metric": "None",
    "verbose": -1,
}

Asked = npt.NDArray[np.float32]  # [N, K, Q]
Floats = npt.NDArray[np.float64]


class Trees(NamedTuple):
    """Nodes of trees, each from its root on. A candidate goes left where its answer in `column` is at most `value`."""

    column: npt.NDArray[np.int16]  # -1 in a leaf
    value: npt.NDArray[np.float32]  # in a leaf the score
    left: npt.NDArray[np.int32]  # the node on the left, the right one comes next; 0 in a leaf
    root: npt.NDArray[np.int64]  # the first node of each tree


def grow(asked: Asked, right: npt.NDArray[np.bool_], first: Floats, rest: Floats, seed: int) -> Trees:
    """Trees whose scores, added to the `first` [N, K], make the `right` candidates likely (none of a row may be). `rest` [N] is
    what all others weigh, where a candidate weighs exp of its score."""
    # here: it takes a second, and finds the OpenMP that torch, imported above, brings where the system has none
    lightgbm = extra("lightgbm", "chorale", "growing a chorale model's trees")

    N, K, Q = asked.shape
    if N == 0:
        return joined([])

    def gradient(scores: Floats, _: Any) -> tuple[Floats, Floats]:
        weight = np.exp(scores.reshape(N, K))
        p = weight / (weight.sum(1) + rest)[:, None]
        return (p - right).reshape(-1), np.maximum(p * (1 - p), 1e-4).reshape(-1)

    growth = {**_GROWTH, "objective": gradient, "seed": seed, "num_threads": torch.get_num_threads()}
    table = lightgbm.Dataset(asked.reshape(-1, Q), label=right.reshape(-1), init_score=first.reshape(-1), params=growth)
    return joined([_flat(tree["tree_structure"]) for tree in lightgbm.train(growth, table, TREES).dump_model()["tree_info"]])


def joined(trees: Sequence[Trees]) -> Trees:
    """Several as one table."""
    first = np.cumsum([0, *(len(one.column) for one in trees)])[:-1]
    left = [np.where(one.column < 0, 0, one.left + node).astype(np.int32) for one, node in zip(trees, first, strict=True)]
    empty = Trees(np.zeros(0, np.int16), np.zeros(0, np.float32), np.zeros(0, np.int32), np.zeros(0, np.int64))
    column, value, _, _ = (np.concatenate(arrays) for arrays in zip(empty, *trees, strict=True))
    root = np.concatenate([empty.root, *(one.root + node for one, node in zip(trees, first, strict=True))])
    return Trees(column, value, np.concatenate([empty.left, *left]), root)


def sound(trees: Trees, questions: int) -> bool:
    """Whether trees from elsewhere, of the right types, end for every candidate in a leaf."""
    column, value, left, root = trees
    N = len(column)
    if not (column.ndim == root.ndim == 1 and value.shape == left.shape == (N,)):
        return False
    leads_on = (left > np.arange(N)) & (left < N - 1) & (column < questions)
    return bool((leads_on | (column < 0)).all() and np.isfinite(value).all() and (root >= 0).all() and (root < N).all())


def scores(trees: Trees, asked: Asked) -> Floats:
    """The sum of the scores that the trees give to candidates, [N, K]."""
    total = np.zeros(asked.shape[:2])
    _add_scores(asked.reshape(-1, asked.shape[2]), trees.root, trees.column, trees.value, trees.left, total.reshape(-1))
    return total


def _flat(root: dict[str, Any]) -> Trees:
    """A tree of LightGBM's as arrays."""
    nodes, column, value, left = [root], [], [], []
    for node in nodes:  # which grows
        is_leaf = "split_feature" not in node
        column.append(-1 if is_leaf else node["split_feature"])
        value.append(np.float32(node["leaf_value"]) if is_leaf else _at_most(node["threshold"]))
        left.append(0 if is_leaf else len(nodes))
        nodes += [] if is_leaf else [node["left_child"], node["right_child"]]
    return Trees(np.array(column, np.int16), np.array(value, np.float32), np.array(left, np.int32), np.zeros(1, np.int64))


def _at_most(threshold: float) -> np.float32:
    """The largest number of 32 bits up to a threshold: it parts such numbers as the threshold does."""
    rounded = np.float32(threshold)
    return rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf))


@compiled(numba.float32[:, ::1], numba.int64[::1], numba.int16[::1], numba.float32[::1], numba.int32[::1], numba.float64[::1])
def _add_scores(asked: Any, roots: Any, column: Any, value: Any, left: Any, total: Any) -> None:
    for row in range(len(asked)):
        for root in roots:
            node = root
            while column[node] >= 0:
                node = left[node] + (0 if asked[row, column[node]] <= value[node] else 1)
            total[row] += value[node]
