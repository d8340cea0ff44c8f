"""Distances against examples worked by hand, and against the slow way of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gaussian_kde, ttest_ind

from partimento.analysis.distances import (
    RESAMPLES,
    SPREAD,
    Comparison,
    Distance,
    bootstrap_weights,
    half_weights,
    kl_bits,
    overlap,
)
from partimento.analysis.exploration import welch_t
from partimento.analysis.piece_set import Floats
from partimento.bootstrap import Interval


def test_overlap_by_hand() -> None:
    assert overlap(np.array([0.5, 0.5, 0]), np.array([0.25, 0.25, 0.5])) == pytest.approx(0.5)
    assert overlap(np.array([1.0, 0]), np.array([0, 1.0])) == 0
    assert overlap(np.array([[0.3, 0.7]]), np.array([[0.3, 0.7]])).tolist() == [1]


def test_divergence_by_hand() -> None:
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    exact = 0.5 * np.log2(2) + 0.5 * np.log2(0.5 / 0.75)  # 0.2075 bits
    assert exact == pytest.approx(0.2075, abs=1e-4)
    assert kl_bits(p, q) == pytest.approx(exact, abs=2 * SPREAD)
    assert kl_bits(p, p) == 0
    never = kl_bits(np.array([1.0, 0]), np.array([0, 1.0]))
    assert never == pytest.approx((1 - SPREAD) * np.log2((1 - SPREAD / 2) / (SPREAD / 2)), rel=1e-6)  # finite


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=40), st.integers(1, 30))
def test_no_work_is_on_both_sides(works: list[str], size: int) -> None:
    left, right = half_weights(works, size, 5, np.random.default_rng(1))
    largest = max(works.count(work) for work in works)
    for one, other in zip(left, right, strict=True):
        sides = [{work for work, taken in zip(works, side, strict=True) if taken} for side in (one, other)]
        assert not sides[0] & sides[1]
        assert sides[0]
        assert max(one.sum(), other.sum()) < min(size, len(works) // 2) + largest
    assert set(np.unique([left, right])) <= {0, 1}


def test_a_bootstrap_draws_as_many_as_there_are() -> None:
    weights = bootstrap_weights(17, 30, np.random.default_rng(0))
    assert weights.shape == (30, 17)
    assert (weights.sum(axis=1) == 17).all()


def names(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_halves_of_one_set_lie_on_the_floor_and_others_do_not() -> None:
    chance = np.random.default_rng(5)
    human = chance.multinomial(50, [0.2, 0.3, 0.5], size=120)
    alike = chance.multinomial(50, [0.2, 0.3, 0.5], size=60)
    apart = chance.multinomial(50, [0.6, 0.3, 0.1], size=60)
    compare = Comparison(names(120), names(60), names(120))
    near, far = (compare.distributions(overlap, human, other, human) for other in (alike, apart))
    assert near is not None
    assert far is not None
    assert near.touches_floor()
    assert not far.touches_floor()
    assert far.value.mean == pytest.approx(0.6, abs=0.03)  # 0.2 + 0.3 + 0.1
    assert far.value.low <= far.value.mean <= far.value.high
    assert compare.distributions(overlap, human, np.zeros_like(apart), human) is None


def test_every_piece_counts_alike() -> None:
    long, short = [1000, 0], [0, 1]
    compare = Comparison(names(2), names(1), names(2))
    found = compare.distributions(overlap, np.array([long, short]), np.array([[1, 1]]), np.array([long, short]))
    assert found is not None
    assert found.value.mean == 1  # half and half


def test_means_and_their_difference() -> None:
    compare = Comparison(names(4), names(3), names(4))
    human, other = np.array([1.0, 2, 3, np.nan]), np.array([4.0, 4, 4])
    found = compare.means(human, other, human)
    assert found is not None
    assert [found[0].mean, found[1].mean, found[2].value.mean] == [2, 4, 2]
    assert found[2].floor.low == -found[2].floor.high
    assert compare.means(human, np.full(3, np.nan), human) is None


def slow_mgeval(human: Floats, other: Floats) -> tuple[float, float]:
    """Overlapping area and divergence as the paper computes them, with a fine grid for the integrals."""
    within = [np.linalg.norm(one - two) for i, one in enumerate(human) for j, two in enumerate(human) if i != j]
    across = [np.linalg.norm(one - two) for one in human for two in other]
    grid = np.linspace(-5, 15, 5000)
    densities = [gaussian_kde(each)(grid) for each in (within, across)]
    step = grid[1] - grid[0]
    p, q = (np.maximum(density, 1e-12) for density in densities)
    return float(np.minimum(p, q).sum() * step), float((p * np.log(p / q)).sum() * step)


@pytest.mark.parametrize("width", [1, 3])
def test_mgeval_is_that_of_the_paper(width: int) -> None:
    chance = np.random.default_rng(3)
    human, other = chance.normal(0, 1, (70, width)), chance.normal(0.6, 1.3, (50, width))
    both = Comparison(names(70), names(50), names(70)).mgeval(human, other, human)
    assert both is not None
    area, nats = slow_mgeval(human, other)
    assert both[0].value.mean == pytest.approx(area, abs=0.005)
    assert both[1].value.mean == pytest.approx(nats, abs=0.02)
    assert both[0].value.low < both[0].value.mean < both[0].value.high
    assert both[0].floor.mean > both[0].value.mean
    missing = np.where(np.arange(70)[:, None] < 67, np.nan, human)
    assert Comparison(names(70), names(50), names(70)).mgeval(missing, other, missing) is None


def test_the_floor_of_a_large_set_is_that_of_halves_as_large_as_the_other() -> None:
    chance = np.random.default_rng(4)
    human, other = chance.normal(0, 1, (900, 2)), chance.normal(0, 1, (80, 2))
    compare = Comparison(names(900), names(80), names(900))
    assert compare.some_left.sum(axis=1).tolist() == [80] * len(compare.some_left)
    both = compare.mgeval(human, other, human)
    assert both is not None
    assert both[0].touches_floor()
    assert both[0].floor.mean > 0.93


def test_identical_pieces_are_no_error() -> None:
    same = np.ones((12, 4))
    both = Comparison(names(12), names(12), names(12)).mgeval(same, same, same)
    assert both is not None
    assert both[0].value.mean == pytest.approx(1)


def test_welch_is_that_of_scipy() -> None:
    chance = np.random.default_rng(2)
    one, other = chance.normal(0, 1, (5, 30)), chance.normal(0.5, 2, (5, 12))
    np.testing.assert_allclose(welch_t(one, other), ttest_ind(one, other, axis=1, equal_var=False).statistic)
    assert welch_t(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [0]


def test_what_says_nothing() -> None:
    one = Interval(1, 1, 1)
    assert Distance(one, one).says_nothing()
    assert not Distance(one, Interval(0.9, 0.8, 1)).says_nothing()
    assert RESAMPLES >= 200
