"""Tuplets that a sequencer rounded to ticks are tuplets again, and nothing else becomes one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from partimento.formats import WRITERS, parse
from partimento.notate.tuplets import kinds_in
from partimento.piece import Piece, Track, note_array


def tuplet(kind: int, quarters: int, *, per_quarter: int = 480, missing: int = -1, at: int = 0) -> Piece:
    """Notes of equal length, their ticks rounded, and a note after them."""
    ticks = [round(number * quarters * per_quarter / kind) for number in range(kind + 1)]
    rows = [(at + a, b - a, 60 + n, 80, 0) for n, (a, b) in enumerate(pairwise(ticks)) if n != missing]
    return Piece(note_array([*rows, (at + ticks[-1], per_quarter, 72, 80, 0)]), (Track(),), per_quarter)


@pytest.mark.parametrize(("kind", "quarters"), [(7, 1), (7, 2), (7, 4), (9, 1), (9, 2), (11, 2), (13, 4), (11, 1)])
@pytest.mark.parametrize("missing", [-1, 2])
@pytest.mark.parametrize("suffix", [".krn", ".abc"])
def test_a_rounded_tuplet_is_written_as_one(kind: int, quarters: int, missing: int, suffix: str) -> None:
    piece = tuplet(kind, quarters, missing=missing, at=960)
    assert kinds_in(piece) == {kind}
    again, _ = parse(WRITERS[suffix](piece), suffix)
    right = [2 + number * quarters / kind for number in range(kind + 1) if number != missing]
    assert again.notes["onset"] / again.ticks_per_quarter == pytest.approx(right)
    assert again.notes["duration"][0] / again.ticks_per_quarter == pytest.approx(quarters / kind)


def test_what_ticks_can_say_is_left_alone() -> None:
    assert kinds_in(tuplet(5, 1)) == kinds_in(tuplet(3, 1)) == kinds_in(tuplet(8, 1)) == set()
    assert kinds_in(tuplet(7, 1, per_quarter=840)) == set()
    assert kinds_in(tuplet(7, 1, per_quarter=24)) == set()  # a tick is a third of a note: it could be anything


def test_playing_is_no_tuplet() -> None:
    chance = np.random.RandomState(3)
    rows = [(int(at), 100, 60, 80, 0) for at in np.sort(chance.randint(0, 480 * 64, 320))]
    assert kinds_in(Piece(note_array(rows), (Track(),), 480)) == set()
