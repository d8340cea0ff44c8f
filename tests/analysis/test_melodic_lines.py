"""The line of a track is what one would sing of it."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.analysis.melodic_lines import NOTE_VALUES, VALUE_NAMES, Lines, note_value
from partimento.analysis.piece_set import Music
from partimento.piece import NOTE, Piece, Track


def lines_of(*rows: tuple[int, int, int, int]) -> Lines:
    """Notes (onset, duration, pitch, track) with four ticks a quarter; track 2 plays drums."""
    notes = np.array([(onset, duration, pitch, 64, track) for onset, duration, pitch, track in rows], NOTE)
    return Lines.of(Music.of("made", [Piece(notes, (Track(), Track(), Track(0, True)), 4)]))


def test_the_highest_note_of_each_onset_in_each_track() -> None:
    lines = lines_of((0, 4, 60, 0), (0, 4, 64, 0), (4, 4, 62, 0), (0, 8, 40, 1), (8, 4, 43, 1), (0, 4, 38, 2))
    assert lines.pitch.tolist() == [64, 62, 40, 43]
    assert lines.goes_on.tolist() == [True, False, True, False]
    assert lines.wait_quarters[lines.goes_on].tolist() == [1, 2]


def test_an_accompaniment_beneath_a_held_note_is_left_out() -> None:
    held = (0, 16, 76, 0), (16, 4, 74, 0)
    alberti = [(2 * at, 2, (48, 55, 52, 55)[at % 4], 0) for at in range(8)]
    lines = lines_of(*held, *alberti)
    assert lines.pitch.tolist() == [76, 74]
    legato = lines_of((0, 5, 76, 0), (4, 5, 74, 0), (8, 4, 72, 0))  # a little overlap is no accompaniment
    assert legato.pitch.tolist() == [76, 74, 72]


def test_a_long_rest_ends_a_line() -> None:
    lines = lines_of((0, 4, 60, 0), (4, 4, 62, 0), (4 + 48, 4, 64, 0), (4 + 48 + 49, 4, 65, 0))
    assert lines.goes_on.tolist() == [True, True, False, False]


def test_no_notes_no_lines() -> None:
    assert len(lines_of()) == 0
    assert len(lines_of((0, 4, 38, 2))) == 0


@pytest.mark.parametrize(("quarters", "name"), NOTE_VALUES)
def test_note_values_are_read_through_small_errors(quarters: float, name: str) -> None:
    assert {VALUE_NAMES[at] for at in note_value(np.array([quarters, quarters * 1.04, quarters * 0.96]))} == {name}


def test_all_times_have_a_value() -> None:
    assert note_value(np.array([1e-9, 1e9])).tolist() == [0, len(NOTE_VALUES) - 1]
