"""Trees find what tells classes apart, and shrink what they say of few rows."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.models.chorale.trees import SHRINKAGE, add_laws, grow, joined, sound

RNG = np.random.default_rng(0)
COLUMNS = RNG.integers(0, 5, (3, 400)).astype(np.int16)
CLASSES = (COLUMNS[1] == 3).astype(np.int64)
ALL, EVEN = np.arange(400), np.array([0.5, 0.5])


def test_a_tree_finds_what_tells_classes_apart_and_shrinks_to_the_law_above() -> None:
    tree = grow(COLUMNS, CLASSES, ALL, EVEN, 0)
    assert (tree.column[0], tree.value[0], tree.ordered[0]) == (1, 3, False)
    assert np.allclose(tree.law.sum(1), 1, atol=1e-3)
    total = np.zeros((400, 2))
    add_laws(tree, tree.root, COLUMNS, ALL, total)
    count = CLASSES.sum()
    root = (count + SHRINKAGE * 0.5) / (400 + SHRINKAGE)
    assert total[CLASSES == 1, 1] == pytest.approx((count + SHRINKAGE * root) / (count + SHRINKAGE), abs=1e-3)


def test_joined_trees_say_what_each_says() -> None:
    noise = RNG.integers(0, 2, 400)
    trees = [grow(COLUMNS, noise, ALL[half::2], EVEN, seed) for seed, half in enumerate((0, 1, 0))]
    table, apart, together, last = joined(trees), *np.zeros((3, 400, 2))
    for tree in trees:
        assert len(tree.law) > 10
        assert sound(tree, 3, 2)
        add_laws(tree, tree.root, COLUMNS, ALL, apart)
    add_laws(table, table.root, COLUMNS, ALL, together)
    add_laws(table, table.root[2:], COLUMNS, ALL[:100], last)
    assert sound(table, 3, 2)
    assert np.array_equal(apart, together)
    assert last[:100].sum() == pytest.approx(100, abs=0.1)
    assert not last[100:].any()


def test_without_rows_the_prior_is_left() -> None:
    tree = grow(COLUMNS, CLASSES, ALL[:0], np.array([0.25, 0.75]), 0)
    assert tree.law.tolist() == [[0.25, 0.75]]
    assert tree.column.tolist() == [-1]
