"""The formulas, on examples worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.benchmarks.notation import formulas
from partimento.piece import CHORD, KEY


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_steps_count_only_what_is_written() -> None:
    assert formulas.steps(ints(0, 1, 2, 3), ints(0, 1, 3, -1)) == (2, 3)


def test_a_piece_that_is_a_step_off_as_a_whole_is_forgiven_but_not_in_part() -> None:
    written = ints(0, 1, 2, 6)
    assert formulas.steps_forgiven(ints(6, 0, 1, 5), written) == (4, 4)
    assert formulas.steps_forgiven(ints(1, 2, 3, 0), written) == (4, 4)
    assert formulas.steps_forgiven(ints(6, 0, 2, 6), written) == (2, 4)


def test_signatures_count_time_and_forgive_enharmonics() -> None:
    written = np.array([(0, -6, False), (400, 0, False)], KEY)
    found = np.array([(0, 6, True), (300, 0, False)], KEY)
    # of four quarters of 100 ticks the third to last bit is wrong: 300 .. 400
    assert formulas.signatures(found, written, 800, 100) == (7, 8)
    # the first key holds from the start, wherever it stands
    assert formulas.signatures(np.array([(200, 0, False)], KEY), np.array([(0, 0, True)], KEY), 400, 100) == (4, 4)
    # what stands beyond the end says nothing
    assert formulas.signatures(np.array([(0, 1, False), (900, 2, False)], KEY), np.array([(0, 1, False)], KEY), 800, 100) == (8, 8)


def test_pairs_join_each_note_with_the_next_ones_of_its_voice() -> None:
    onset, voice = ints(0, 0, 1, 2, 2), ints(0, 1, 0, 0, 1)
    assert formulas.successive_pairs(onset, voice).tolist() == [0 * 5 + 2, 1 * 5 + 4, 2 * 5 + 3]
    # a chord of two, then one note: two pairs; other orders of the rows change nothing but their numbers
    assert formulas.successive_pairs(ints(1, 0, 0), ints(7, 7, 7)).tolist() == [1 * 3 + 0, 2 * 3 + 0]
    assert formulas.successive_pairs(ints(), ints()).tolist() == []
    assert formulas.successive_pairs(ints(4), ints(0)).tolist() == []


def test_f1_of_pairs() -> None:
    onset = ints(0, 0, 1, 1)
    written = formulas.successive_pairs(onset, ints(0, 1, 0, 1))  # 0-2, 1-3
    one_voice = formulas.successive_pairs(onset, ints(0, 0, 0, 0))  # 0-2, 0-3, 1-2, 1-3
    assert formulas.Pairs(one_voice, written).f1 == (4, 6)  # precision 1/2, recall 1: F1 = 2/3
    crossed = formulas.successive_pairs(onset, ints(0, 1, 1, 0))
    assert formulas.Pairs(crossed, written).f1 == (0, 4)


def test_bar_lines() -> None:
    assert formulas.lines(ints(0, 300, 600), ints(0, 400, 800), 10) == (2, 6)
    assert formulas.lines(ints(0, 405, 799), ints(0, 400, 800), 10) == (6, 6)
    assert formulas.lines(ints(), ints(0), 1) == (0, 1)


def test_chords_by_time() -> None:
    written = np.array([(0, 0, 0, 0), (200, 7, 9, 11), (400, -1, 0, -1)], CHORD)
    found = np.array([(0, 0, 1, 0), (100, 0, 0, 4), (300, 7, 9, 11)], CHORD)
    figures = formulas.chords(found, written, 800, 100)
    assert figures["root"] == (3, 4)  # C for two quarters, G7 for one of its two
    assert figures["root and quality"] == (2, 4)
    assert figures["root and bass"] == (2, 4)


@pytest.mark.parametrize("shift", [0, 5])
def test_staves(shift: int) -> None:
    assert formulas.same_staff(ints(0, 1, 1), ints(0, 1, 0)) == (2, 3)
    assert formulas.successive_pairs(ints(0, 1) + shift, ints(0, 0)).tolist() == [1]
