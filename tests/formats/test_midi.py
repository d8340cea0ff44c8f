"""MIDI bytes to pieces and back: the laws of the round trip, the repairs, and limits."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings

from partimento.errors import UnreadableFile, WriteFailed
from partimento.formats.limits import Limits
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.formats.serialise import piece_from_bytes, piece_to_bytes
from partimento.piece import About, Piece, Track, note_array
from partimento.testing.pieces import pieces
from tests.hostile import END, TUNE, VALID, chunk, midi

ENDLESS = Limits(max_seconds=float("inf"))


def rows(piece: Piece) -> list[tuple[Any, ...]]:
    return sorted(tuple(note) for note in piece.notes.tolist())


def read(*bodies: bytes, **options: Any) -> tuple[Piece, Counter[str]]:
    return piece_from_midi(midi(*bodies, **options))


@settings(max_examples=150, deadline=None)
@given(pieces(min_notes=1))
def test_what_was_written_is_read_exactly(piece: Piece) -> None:
    data = midi_from_piece(piece)
    again, repairs = piece_from_midi(data, source="elsewhere.mid", limits=ENDLESS)
    assert again == piece
    assert not repairs
    assert midi_from_piece(again) == data


@settings(max_examples=50, deadline=None)
@given(pieces())
def test_the_wire_keeps_everything(piece: Piece) -> None:
    assert piece_from_bytes(piece_to_bytes(piece)) == piece


def test_unfinished_notes_end_at_the_next_onset_or_with_the_track() -> None:
    piece, repairs = read(b"\x00\x90\x3c\x50" + b"\x10\x90\x3c\x51" + b"\x10\xff\x2f\x00")
    assert rows(piece) == [(0, 16, 60, 80, 0), (16, 16, 60, 81, 0)]
    assert repairs == {"closed": 2}


def test_a_missing_note_off_does_not_shift_those_after_it() -> None:
    body = b"\x00\x90\x3c\x50" + b"".join(b"\x10\x90\x3c\x51\x10\x80\x3c\x00" for _ in range(3)) + END
    piece, repairs = read(body)
    assert rows(piece) == [(0, 16, 60, 80, 0), (16, 16, 60, 81, 0), (48, 16, 60, 81, 0), (80, 16, 60, 81, 0)]
    assert repairs == {"closed": 1}


def test_an_unfinished_note_changes_no_other_chunk() -> None:
    unfinished = TUNE.replace(b"\x90", b"\x92")  # ended in another channel
    piece, repairs = read(
        b"\x00\xc0\x05" + TUNE + END, b"\x00\xc1\x06\x00\x91\x3c\x50\x20" + END[1:], b"\x00\xc2\x07" + unfinished + END
    )
    assert [track.program for track in piece.tracks] == [5, 6, 7]
    assert [int((piece.notes["track"] == n).sum()) for n in range(3)] == [5, 1, 5]
    assert repairs == {"closed": 6}


def test_notes_without_length_last_one_tick() -> None:
    piece, repairs = read(b"\x00\x90\x3c\x50\x00\x80\x3c\x00" + TUNE + END)
    assert (0, 1, 60, 80, 0) in rows(piece)
    assert repairs == {"lengthened": 1}


def test_overlapping_notes_pair_first_in_first_out() -> None:
    piece, _ = read(b"\x00\x90\x3c\x50\x10\x90\x3c\x51\x10\x80\x3c\x00\x10\x80\x3c\x00" + END)
    assert rows(piece) == [(0, 32, 60, 80, 0), (16, 32, 60, 81, 0)]


@pytest.mark.parametrize(
    ("data", "repair"),
    [
        (midi(b"\x00\x90\x3c\xd0\x60\x80\x3c\x40" + END), "clamped"),
        (midi(b"\x00\x90\xbc\x50\x60\x80\xbc\x40" + END), "clamped"),
        (b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + VALID, "unwrapped"),
        (bytes(128) + VALID + bytes(64), "unwrapped"),
        (VALID[:-10], "truncated"),
        (midi(TUNE + END, tracks=3), "missing track"),
        (midi(TUNE), "no end of track"),
        (midi(TUNE + END, division=b"\xe7\x28"), "SMPTE"),
        (midi(b"\x00\xff\x51\x03\0\0\0" + TUNE + END), "bad tempo"),
        (midi(b"\x00\xff\x58\x04\x04\xff\x18\x08" + TUNE + END), "bad meter"),
        (midi(b"\x00\xff\x59\x02\x63\x00" + TUNE + END), "bad key"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0" + b"XFIH\0\0\0\4abcd" + chunk(TUNE + END), "foreign chunk"),
    ],
)
def test_each_repair_is_counted(data: bytes, repair: str) -> None:
    piece, repairs = piece_from_midi(data)
    assert len(piece)
    assert repairs[repair] >= 1


def test_smpte_time_becomes_the_same_seconds() -> None:
    piece, _ = read(b"\x00\x90\x3c\x50\x87\x68\x80\x3c\x40" + END, division=b"\xe7\x28")  # 25 frames of 40 ticks; 1,000 ticks
    assert piece.seconds == pytest.approx(1.0)
    piece, _ = read(b"\x00\x90\x3c\x50\x92\x60\x80\x3c\x40" + END, division=b"\xe3\x50")  # 30000/1001 of 80; 2,400 ticks
    assert piece.seconds == pytest.approx(1.001)


def test_names_and_titles() -> None:
    piece, _ = read(b"\x00\xff\x03\x04\xe9t\xe9 " + END, b"\x00\xff\x03\x02\xc3\xa9" + TUNE + END)
    assert (piece.about.title, piece.tracks[0].name) == ("été", "é")
    single, _ = read(b"\x00\xff\x03\x01t" + TUNE + END, kind=0)
    assert (single.about.title, single.tracks[0].name) == ("t", "")
    first, _ = read(b"\x00\xff\x03\x01t" + TUNE + END)
    assert (first.about.title, first.tracks[0].name) == ("", "t")


def test_a_title_page_that_no_longer_fits_is_not_believed() -> None:
    piece = Piece(note_array([(0, 5, 60, 70, 1)]), (Track(name="a"), Track(3, name="b")), about=About("t", "c", source="s"))
    data = midi_from_piece(piece)
    changed = data.replace(b"\x00\x05", b"\x00\x05", 1).replace(b'"parts":[0,1]', b'"parts":[0,7]')
    again, _ = piece_from_midi(changed)
    assert again.about == piece.about
    assert again.tracks == (Track(3, name="b"),)


@pytest.mark.parametrize(("reason", "limits"), [("too many notes", Limits(max_notes=4)), ("too large", Limits(max_bytes=9))])
def test_limits(reason: str, limits: Limits) -> None:
    with pytest.raises(UnreadableFile) as error:
        piece_from_midi(VALID, limits=limits)
    assert error.value.reason == reason


def test_the_time_limit_is_in_seconds() -> None:
    body = b"\x00\x90\x3c\x50\x83\x84\x00\x80\x3c\x40" + END  # 49,664 ticks of 480 at 120: 51.7 s
    assert piece_from_midi(midi(body), limits=Limits(max_seconds=52))
    with pytest.raises(UnreadableFile, match="too long"):
        piece_from_midi(midi(body), limits=Limits(max_seconds=51))


def test_what_midi_cannot_hold_is_refused() -> None:
    with pytest.raises(WriteFailed, match="quantise"):
        midi_from_piece(Piece(note_array([(2**30, 5, 60, 70, 0)]), (Track(),)))
