"""Runs are counted exactly: as a Counter does it, in less time."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.analysis.melodic_lines import VALUE_NAMES
from partimento.analysis.ngrams import KINDS, Ngrams, stream
from partimento.analysis.piece_set import Music
from partimento.analysis.report.numbers import values
from partimento.piece import NOTE, Piece, Track
from tests.made import made_piece

Runs = tuple[int, ...]
Places = dict[Runs, list[int]]


def by_hand(symbols: list[int], piece: list[int], n: int) -> Places:
    """The piece of every occurrence of every run."""
    found: Places = defaultdict(list)
    for at in range(len(symbols) - n + 1):
        if all(symbols[at : at + n]):
            found[tuple(symbols[at : at + n])].append(piece[at])
    return found


def grams_of(symbols: list[int], piece: list[int]) -> Ngrams:
    return Ngrams(np.array(symbols, np.uint8), np.array(piece, np.int32))


def numbered(runs: npt.NDArray[np.uint64], n: int) -> list[Runs]:
    return [tuple(int(run).to_bytes(n, "big")) for run in runs]


LINES = st.lists(st.lists(st.sampled_from([1, 2, 3, 255]), max_size=14), min_size=1, max_size=6)


def joined(lines: list[list[int]]) -> tuple[list[int], list[int]]:
    """Lines with a 0 after each; two lines are a piece."""
    symbols = [symbol for line in lines for symbol in [*line, 0]]
    piece = [number // 2 for number, line in enumerate(lines) for _ in [*line, 0]]
    return symbols, piece


@given(LINES, st.integers(1, 8))
def test_counts_are_those_of_a_counter(lines: list[list[int]], n: int) -> None:
    symbols, piece = joined(lines)
    grams, found = grams_of(symbols, piece), by_hand(symbols, piece, n)
    runs, counts = grams.counts(n)
    assert dict(zip(numbered(runs, n), counts.tolist(), strict=True)) == {run: len(where) for run, where in found.items()}
    assert grams.zipf(n).tolist() == sorted(map(len, found.values()), reverse=True)
    commonest = grams.commonest(n, 3)
    order = sorted(((len(set(where)), len(where)) for where in found.values()), reverse=True)
    assert [(gram.pieces, gram.count) for gram in commonest] == order[:3]
    for gram in commonest:
        where = Counter(found[gram.symbols])
        assert [where[one] for one in gram.where] == [count for _, count in where.most_common(3)]


@given(LINES, st.integers(1, 4))
def test_growth_and_rates(lines: list[list[int]], n: int) -> None:
    symbols, piece = joined(lines)
    grams, found = grams_of(symbols, piece), by_hand(symbols, piece, n)
    heard, different = grams.growth(n)
    assert (heard[-1], different[-1]) == (sum(map(len, found.values())), len(found))
    assert (np.diff(heard) >= 0).all()
    assert (np.diff(different) >= 0).all()
    runs = np.array([int.from_bytes(bytes(run), "big") for run in [*found, (7,) * n]], np.uint64)
    total = Counter(one for where in found.values() for one in where)
    pieces = sorted(total)
    expected = [[where.count(one) / total[one] for one in pieces] for where in [*found.values(), []]]
    np.testing.assert_allclose(grams.rates(runs, n), np.array(expected).reshape(len(expected), len(pieces)))


def test_growth_is_that_of_the_pieces_in_their_order() -> None:
    grams = grams_of([1, 2, 0, 1, 3, 0, 1, 2, 0], [0, 0, 0, 1, 1, 1, 2, 2, 2])
    order = np.argsort(np.random.default_rng(0).permutation(3))
    known: set[int] = set()
    expected = []
    for one in order.tolist():
        known |= [{1, 2}, {1, 3}, {1, 2}][one]
        expected.append(len(known))
    heard, different = grams.growth(1)
    assert (heard.tolist(), different.tolist()) == ([2, 4, 6], expected)


def test_what_is_surprising_by_hand() -> None:
    # a a b, three pieces of it, and plenty of a and b elsewhere
    symbols = [1, 1, 2, 0] * 3 + [1, 3, 0, 2, 3, 0, 3, 1, 0, 3, 2, 0]
    piece = [at // 4 for at in range(12)] + [3] * 12
    grams = grams_of(symbols, piece)
    first = grams.surprising(2, 5)
    best = next(gram for gram in first if gram.symbols == (1, 2))
    ones = Counter(symbol for symbol in symbols if symbol)
    expected = ones[1] * ones[2] / sum(ones.values())
    assert best.expected == pytest.approx(expected)
    ratio = 2 * (3 * math.log(3 / expected) - 3 + expected)
    assert best.score == pytest.approx(ratio * best.pieces / best.count)
    three = grams.surprising(3, 5)[0]
    assert three.symbols == (1, 1, 2)
    assert three.expected == pytest.approx(3 * 3 / 8)  # N(aa) N(ab) / N(a)
    assert grams.surprising(1, 5) == []
    assert grams.surprising(3, 5, least_pieces=4) == []


def test_symbols_of_a_piece() -> None:
    notes = np.array([(0, 4, 60, 64, 0), (4, 2, 64, 64, 0), (6, 2, 62, 64, 0), (0, 8, 48, 64, 1)], NOTE)
    music = Music.of("made", [made_piece(1), Piece(notes, (Track(), Track()), 4)])
    found = {}
    for kind in KINDS:
        symbols, piece = stream(music, kind)
        assert len(symbols) == len(piece)
        last = symbols[piece == 1].tolist()
        found[kind] = [symbol for symbol in last if symbol]
    assert values("pitch", found["pitch"]) == [60, 64, 62, 48]
    assert values("interval", found["interval"]) == [4, -2]
    assert values("rhythm", found["rhythm"]) == [1, 0.5]
    assert [VALUE_NAMES[symbol - 1] for symbol in found["rhythm"]] == ["quarter", "8th"]


def test_a_run_never_crosses_two_lines() -> None:
    music = Music.of("made", [made_piece(number) for number in range(6)])
    for kind, least in (("pitch", 0), ("interval", 1), ("rhythm", 1)):
        grams = Ngrams(*stream(music, kind))
        for n in (1, 2, 5):
            lines = [40, 20] * 6  # the notes of melody and bass of each piece
            assert grams.counts(n)[1].sum() == sum(max(0, line - least - n + 1) for line in lines)


def test_nothing_at_all() -> None:
    grams = grams_of([], [])
    for n in (1, 8):
        assert len(grams.counts(n)[0]) == 0
        assert grams.commonest(n, 3) == grams.surprising(n, 3) == []
        assert grams.growth(n)[1].tolist() == [0]
    with pytest.raises(ValueError, match="1 to 8"):
        grams.counts(9)
