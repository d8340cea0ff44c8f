"""Common subsequences against a slow twin, and how much of a line another holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.corpus.alignment import contained, longest_common

lines = st.lists(st.integers(0, 5), min_size=1, max_size=200)


def slow_common(one: list[int], other: list[int]) -> int:
    best = [0] * (len(one) + 1)
    for symbol in other:
        before = best
        best = [0]
        for at, mine in enumerate(one):
            best.append(before[at] + 1 if mine == symbol else max(before[at + 1], best[at]))
    return best[-1]


@given(lines, st.lists(st.integers(-1, 5), max_size=200))
def test_the_longest_common_subsequence(one: list[int], other: list[int]) -> None:
    ids = np.unique(one, return_inverse=True)[1].astype(np.int64)
    of = dict(zip(one, ids.tolist(), strict=True))
    found = longest_common(ids, np.array([of.get(symbol, -1) for symbol in other], np.int64))
    assert found == slow_common(one, [symbol for symbol in other if symbol in of])


def line(seed: int, size: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(40, 80, size).astype(np.uint8)


@pytest.mark.parametrize("size", [2, 63, 64, 65, 66, 500])
def test_a_line_stands_in_itself_in_every_transposition(size: int) -> None:
    assert contained(line(1, size), line(1, size)) == 1
    assert contained(line(1, size), line(1, size) + np.uint8(30)) == 1


def test_what_stands_in_a_longer_line_stands_close_together() -> None:
    short, other = line(1, 100), line(2, 3000)
    assert contained(short, other) == contained(other, short) < 0.15
    assert contained(short, np.concatenate([other, short, other])) > 0.95
    scattered = np.insert(other, np.arange(0, 3000, 30), short)
    assert contained(short, scattered) < 0.15


def test_one_note_in_nine_costs_two_pairs_in_nine() -> None:
    changed = line(1, 900)
    changed[::9] = 90
    assert contained(line(1, 900), changed) == pytest.approx(7 / 9, abs=0.03)


def test_nothing_stands_in_what_has_no_pair() -> None:
    for size in (0, 1):
        assert contained(line(1, size), line(1, 50)) == 0
