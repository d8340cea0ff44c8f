"""Trees find what makes a candidate right, and say as arrays what LightGBM says."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest

from partimento.benchmarks.chorale import trees as made
from partimento.benchmarks.chorale.trees import Trees, grow, joined, scores, sound

RNG = np.random.default_rng(0)
N, K = 300, 4
ASKED = RNG.normal(size=(N, K, 3)).astype(np.float32)
ASKED[:, :, 2] = RNG.integers(0, 3, (N, K))
RIGHT = np.arange(K) == ASKED[:, :, 1].argmax(1)[:, None]
FIRST, REST = np.full((N, K), np.log(0.2)), np.full(N, 0.2)


def nats(found: Trees) -> float:
    weight = np.exp(FIRST + scores(found, ASKED))
    return float(-np.log(weight[RIGHT] / (weight.sum(1) + REST)).mean())


def test_trees_learn_what_makes_a_candidate_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "TREES", 60)
    found = grow(ASKED, RIGHT, FIRST, REST, 0)
    assert 40 < len(found.root) <= 60
    assert sound(found, 3)
    assert nats(joined([])) == pytest.approx(np.log(5))
    assert nats(found) < 0.7
    assert np.bincount(found.column[found.column >= 0], minlength=3).argmax() == 1
    again = grow(ASKED, RIGHT, FIRST, REST, 0)
    assert np.array_equal(found.column, again.column)
    assert np.array_equal(found.value, again.value)
    assert not np.array_equal(found.value, grow(ASKED, RIGHT, FIRST, REST, 1).value)


def test_arrays_say_what_lightgbm_says() -> None:
    """On answers that lie on thresholds, too."""
    table, target = ASKED.reshape(-1, 3), RNG.normal(size=N * K)
    options = {"objective": "regression", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, "boost_from_average": False}
    booster = lightgbm.train(options, lightgbm.Dataset(table, target), 10)
    dumped = booster.dump_model()["tree_info"]
    found = joined([made._flat(tree["tree_structure"]) for tree in dumped])
    thresholds = [node["threshold"] for tree in dumped for node in _inner(tree["tree_structure"])]
    on_them = np.repeat(np.array(thresholds, np.float32)[: len(thresholds) // 3 * 3].reshape(-1, 3), 2, 0)
    for rows in (table, on_them):
        assert np.allclose(scores(found, rows[:, None])[:, 0], booster.predict(rows), atol=1e-6)


def _inner(node: dict[str, Any]) -> list[dict[str, Any]]:
    if "split_feature" not in node:
        return []
    return [node, *_inner(node["left_child"]), *_inner(node["right_child"])]


def test_joined_trees_say_what_all_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "TREES", 5)
    parts = [grow(ASKED[half::2], RIGHT[half::2], FIRST[half::2], REST[half::2], seed) for seed, half in enumerate((0, 1, 0))]
    assert np.allclose(scores(joined(parts), ASKED), sum(scores(part, ASKED) for part in parts))
    assert np.array_equal(joined([joined([]), *parts]).value, joined(parts).value)


def test_without_choices_nothing_grows() -> None:
    nothing = grow(ASKED[:0], RIGHT[:0], FIRST[:0], REST[:0], 0)
    assert sound(nothing, 3)
    assert not scores(nothing, ASKED).any()
