"""The picture of a form: what returns lies on a diagonal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from partimento.analysis.figures.measures import measure
from partimento.analysis.piece_set import Music
from partimento.analysis.self_similarity import self_similarity, typical
from partimento.piece import NOTE, Piece, Track
from tests.made import made_piece

A = [(0, 60), (1, 64), (2, 67), (3, 72)]
B = [(0, 62), (1, 65), (2, 69), (3, 74)]


def song(*bars: list[tuple[int, int]]) -> Piece:
    """Bars of four quarters of one tick."""
    rows = [(4 * at + beat, 1, pitch, 64, 0) for at, bar in enumerate(bars) for beat, pitch in bar]
    return Piece(np.array(rows, NOTE), (Track(), Track(0, True)), 1)


def test_form_by_hand() -> None:
    found = self_similarity(song(A, B, A, [], B))
    expected = np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 0, 1]])
    np.testing.assert_allclose(found, expected, atol=1e-9)
    half = self_similarity(song(A, [A[0], A[1], B[2], B[3]]))
    assert half[0, 1] == 0.5


def test_order_in_the_bar_counts_and_drums_do_not() -> None:
    turned = [(3 - beat, pitch) for beat, pitch in A]
    assert self_similarity(song(A, turned))[0, 1] == 0.5  # C at either end
    drummed = song(A, B)
    drums = np.array([(beat, 1, 38, 64, 1) for beat in range(8)], NOTE)
    both = replace(drummed, notes=np.concatenate([drummed.notes, drums]))
    assert np.array_equal(self_similarity(both), self_similarity(drummed))


def test_bounds() -> None:
    assert self_similarity(song()).shape == (0, 0)
    assert self_similarity(song(*[A] * 9), most_bars=5).shape == (5, 5)


def test_the_typical_piece_is_not_the_odd_one() -> None:
    pieces = [*[made_piece(number, 200) for number in range(6)], song(*[A] * 20)]
    music = Music.of("made", pieces)
    assert typical(music, measure(music)) != 6
