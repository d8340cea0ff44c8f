"""The pedal folded into durations, against a slow twin, and pedals and chords in and out of MIDI."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from partimento.chord_symbols import parse_chord
from partimento.errors import InvalidPiece
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.pedal import pedalled
from partimento.piece import CHORD, PEDAL, QUALITIES, Piece, Track, note_array
from partimento.testing.random_pieces import pieces


def slow_durations(piece: Piece) -> list[int]:
    """Note by note, as a pianist would say it."""
    durations = []
    for onset, duration, pitch, _, track in piece.notes.tolist():
        end = onset + duration
        own = [row for row in piece.pedals.tolist() if row[2] == track]
        if not own and not piece.tracks[track].is_drum:
            others = [row[2] for row in piece.pedals.tolist() if piece.tracks[row[2]] and not piece.tracks[row[2]].is_drum]
            others = [number for number in others if piece.tracks[number].program == piece.tracks[track].program]
            own = [row for row in piece.pedals.tolist() if others and row[2] == min(others)]
        if not piece.tracks[track].is_drum:
            lifted = max([down + length for down, length, _ in own if down < end < down + length], default=end)
            again = [row[0] for row in piece.notes.tolist() if row[4] == track and row[2] == pitch and row[0] >= end]
            end = min([lifted, *again])
        durations.append(end - onset)
    return durations


@settings(max_examples=300, deadline=None)
@given(pieces())
def test_against_the_slow_twin(piece: Piece) -> None:
    result = pedalled(piece)
    assert not len(result.pedals)
    expected = piece.notes.copy()
    expected["duration"] = slow_durations(piece)
    assert np.array_equal(result.notes, Piece(expected, piece.tracks).notes)


def hands(pedal_track: int, program: int = 0) -> Piece:
    notes = note_array([(0, 10, 60, 80, 0), (50, 10, 60, 80, 0), (0, 10, 48, 80, 1)])
    pedals = np.array([(5, 95, pedal_track)], PEDAL)
    return Piece(notes, (Track(0), Track(program)), pedals=pedals)


def test_a_key_struck_again_ends_its_note_and_the_pedal_serves_both_hands() -> None:
    assert pedalled(hands(0)).notes["duration"].tolist() == [50, 50, 100]
    assert pedalled(hands(1)).notes["duration"].tolist() == [50, 50, 100]
    assert pedalled(hands(0, program=40)).notes["duration"].tolist() == [50, 50, 10]


def test_stretches_that_overlap_are_joined_and_those_that_touch_are_not() -> None:
    pedals = np.array([(10, 10, 0), (15, 20, 0), (35, 5, 0), (12, 2, 0), (12, 2, 1)], PEDAL)
    piece = Piece(note_array([]), (Track(), Track()), pedals=pedals)
    assert piece.pedals.tolist() == [(10, 25, 0), (35, 5, 0), (12, 2, 1)]


@pytest.mark.parametrize("row", [(-1, 5, 0), (0, 0, 0), (2**30, 1, 0), (0, 1, 1)])
def test_pedals_out_of_range_are_refused(row: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidPiece, match="pedal"):
        Piece(note_array([]), (Track(),), pedals=np.array([row], PEDAL))


@pytest.mark.parametrize(
    "row", [(0, 12, 0, 12), (0, -2, 0, -2), (0, -1, 0, 3), (0, 3, 0, -1), (0, 3, len(QUALITIES), 3), (-1, 0, 0, 0)]
)
def test_chords_out_of_range_are_refused(row: tuple[int, ...]) -> None:
    with pytest.raises(InvalidPiece, match="chord"):
        Piece(note_array([]), (), chords=np.array([row], CHORD))


def test_what_a_piece_does_to_its_chords_and_pedals() -> None:
    chords = np.array([(0, *parse_chord("C")), (480, *parse_chord("G7/B")), (960, *parse_chord("N.C."))], CHORD)
    piece = Piece(note_array([(0, 960, 60, 80, 0)]), (Track(),), 480, chords=chords, pedals=np.array([(100, 500, 0)], PEDAL))
    up = piece.transpose(2)
    assert up.chords.tolist() == [(0, *parse_chord("D")), (480, *parse_chord("A7/C#")), (960, *parse_chord("N.C."))]
    cut = piece.cut(240, 560)
    assert cut.chords.tolist() == [(0, *parse_chord("C")), (240, *parse_chord("G7/B"))]
    assert cut.pedals.tolist() == [(0, 320, 0)]
    assert piece.merge(piece).pedals.tolist() == [(100, 500, 0), (100, 500, 1)]
    coarse = piece.quantise(4)
    assert coarse.pedals.tolist() == [(1, 4, 0)]
    assert coarse.chords["tick"].tolist() == [0, 4, 8]


EVENTS = [
    (0, b"\x90\x3c\x40"),
    (0, b"\xb0\x40\x7f"),
    (10, b"\xb0\x40\x50"),
    (10, b"\xb0\x40\x30"),
    (0, b"\xb0\x40\x7f"),
    (10, b"\x80\x3c\x40"),
]


def midi_of(events: list[tuple[int, bytes]], end: bytes = b"\x00\xff\x2f\x00") -> bytes:
    body = b"".join(bytes([delta]) + event for delta, event in events) + end
    return b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk" + len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize("end", [b"\x00\xff\x2f\x00", b""], ids=["sound", "walked"])
def test_a_pedal_pressed_again_and_one_never_lifted(end: bytes) -> None:
    """The second stretch touches the first; it ends with the last note. Both readers say the same."""
    piece, _ = piece_from_midi(midi_of(EVENTS, end))
    assert piece.pedals.tolist() == [(0, 20, 0), (20, 10, 0)]


@pytest.mark.parametrize("end", [b"\x00\xff\x2f\x00", b""], ids=["sound", "walked"])
def test_markers_are_chords_only_where_they_say_so(end: bytes) -> None:
    marks = [(0, b"\xff\x06\x07chord G"), (0, b"\xff\x06\x08chord Am"), (5, b"\xff\x06\x01B"), (5, b"\xff\x06\x07chord H")]
    piece, repairs = piece_from_midi(midi_of([*marks, *EVENTS], end))
    assert piece.chords.tolist() == [(0, *parse_chord("Am"))]
    assert repairs["bad chord"] == 1


def test_chords_and_pedals_come_back_from_midi() -> None:
    chords = np.array([(0, *parse_chord("F#m7b5/E")), (480, *parse_chord("N.C."))], CHORD)
    notes = note_array([(0, 500, 60, 80, 0), (100, 100, 60, 80, 0), (200, 50, 60, 80, 1)])
    pedals = np.array([(0, 480, 0), (480, 2, 0), (7, 7, 1)], PEDAL)
    piece = Piece(notes, (Track(), Track(24)), chords=chords, pedals=pedals)
    assert piece_from_midi(midi_from_piece(piece))[0] == piece


def test_a_thousand_changes_of_pedal_at_once_lifted_and_pressed() -> None:
    pedals = np.array([(10 * number, 10, 1) for number in range(1000)], PEDAL)
    piece = Piece(note_array([(0, 12000, 60, 80, 0), (0, 12000, 60, 80, 1)]), (Track(), Track(24)), pedals=pedals)
    assert piece_from_midi(midi_from_piece(piece))[0] == piece
