"""Tuplets whose places a sequencer rounded to its ticks: they stand where the tuplet has them, and playing stays playing."""

from __future__ import annotations

import itertools

import pytest

from partimento.notate.grid import places_of
from partimento.notate.meter import divisions_of
from partimento.piece import Piece, Track, note_array


def rounded(parts: int, quarters: int, per_quarter: int) -> Piece:
    """So many equal notes in so many quarters, then a whole note, in ticks."""
    ticks = [round(number * quarters * per_quarter / parts) for number in range(parts + 1)]
    rows = [(start, stop - start, 60 + at, 80, 0) for at, (start, stop) in enumerate(itertools.pairwise(ticks))]
    return Piece(note_array([*rows, (ticks[-1], 4 * per_quarter, 60, 80, 0)]), (Track(),), per_quarter)


@pytest.mark.parametrize(("parts", "quarters", "per_quarter"), [(7, 2, 480), (9, 1, 480), (7, 1, 240), (11, 1, 480), (5, 1, 192)])
def test_places_are_exact(parts: int, quarters: int, per_quarter: int) -> None:
    piece = rounded(parts, quarters, per_quarter)
    divisions = divisions_of(piece)
    start, stop = places_of(piece, divisions)
    exact = [number * quarters * divisions // parts for number in range(parts + 1)]
    assert start.tolist() == exact
    assert stop.tolist() == [*exact[1:], exact[-1] + 4 * divisions]
