"""Works fall into splits by their name alone: in any order, in fair shares, and for good."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.corpus.encoded import SHARES, SPLITS
from partimento.corpus.splits import FEWEST_WORKS, assign_splits
from partimento.errors import CorpusError


def names(count: int, salt: str = "") -> list[str]:
    """Content hashes, as works are named."""
    return [hashlib.sha256(f"{salt}{number}".encode()).hexdigest()[:32] for number in range(count)]


GOLDEN_COUNTS = {0: 158, 1: 19, 2: 23}
GOLDEN_FIRST = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=30, max_size=90), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_a_work_is_in_one_split(numbers: list[int], random: object) -> None:
    pool = names(41)
    works = [pool[number] for number in [*numbers, *range(5)]]
    splits = dict(zip(works, assign_splits(works).tolist(), strict=True))
    assert [splits[work] for work in works] == assign_splits(works).tolist()
    shuffled = list(works)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert assign_splits(shuffled).tolist() == [splits[work] for work in shuffled]
    assert assign_splits(sorted(set(works))).tolist() == [splits[work] for work in sorted(set(works))], "nor how often it comes"


@pytest.mark.parametrize("count", range(FEWEST_WORKS, 61))
@pytest.mark.parametrize("salt", ["a", "b", "c"])
def test_small_corpora_have_every_split(count: int, salt: str) -> None:
    held = np.bincount(assign_splits(names(count, salt)), minlength=3)
    assert held.sum() == count
    assert held[1] >= 1
    assert held[2] >= 1
    assert held[0] >= held[1:].sum()
    assert (held[1:] <= max(1, round(0.2 * count))).all()


@pytest.mark.parametrize("count", range(FEWEST_WORKS))
def test_too_few_works(count: int) -> None:
    works = names(count) * 3
    with pytest.raises(CorpusError, match=rf"too few works .*\({count}\)"):
        assign_splits(works)


@pytest.mark.parametrize("shares", [SHARES, (0.6, 0.2, 0.2), (8, 1, 1), (0.9, 0.05, 0.05)])
def test_shares(shares: tuple[float, float, float]) -> None:
    held = np.bincount(assign_splits(names(5000), shares), minlength=3) / 5000
    wanted = np.array(shares) / sum(shares)
    assert np.abs(held - wanted).max() < 4 * np.sqrt(0.25 / 5000), "four standard errors"


@pytest.mark.parametrize("seed", range(4))
def test_no_work_moves_when_others_join(seed: int) -> None:
    works = names(550, f"{seed} ")
    before = assign_splits(works[:500])
    assert assign_splits(works)[:500].tolist() == before.tolist()
    assert set(before) == set(range(len(SPLITS)))


def test_splits_of_works_are_recorded() -> None:
    """Golden: a change of the hash would move works from train to test in every corpus there is."""
    assert Counter(assign_splits(names(200)).tolist()) == GOLDEN_COUNTS
    assert assign_splits(names(200))[:20].tolist() == GOLDEN_FIRST
