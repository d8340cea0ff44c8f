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
from partimento.testing.random_pieces import pieces
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
        (midi(b"\x80\x80\x80\x80" + TUNE + END), "long number"),
        (midi(TUNE + END + TUNE + END), "early end of track"),
        (midi(TUNE + END, kind=0x6D01), "bad format"),
        (VALID[:4] + b"\xff\0\0\6" + VALID[8:], "bad header"),
        (b"MThd\0\0\0\6\0\1\0\2\1\xe0" + chunk(TUNE + END, length=99) + chunk(TUNE + END), "bad length"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0" + b"XFIH\0\0\0\4abcd" + chunk(TUNE + END), "foreign chunk"),
    ],
)
def test_each_repair_is_counted(data: bytes, repair: str) -> None:
    piece, repairs = piece_from_midi(data)
    assert len(piece)
    assert repairs[repair] >= 1


ON, OFF = b"\x90\x3c\x50", b"\x80\x3c\x00"  # of middle C on channel 1
NOTE = b"\x00" + ON + b"\x60" + OFF


def test_what_follows_an_early_end_is_read_as_long_as_it_is_events() -> None:
    piece, repairs = piece_from_midi(midi(NOTE + END + NOTE + NOTE + END))
    assert [row[:2] for row in rows(piece)] == [(0, 96), (96, 96), (192, 96)]
    assert repairs == {"early end of track": 1}
    assert piece_from_midi(midi(END + NOTE))[1] == {"early end of track": 1}
    for padding in (bytes(40), b"\x00\x3c\x50", b"junk"):
        piece, repairs = piece_from_midi(midi(NOTE + END + padding))
        assert len(piece) == 1
        assert not repairs


def test_numbers_that_begin_with_bytes_of_nothing() -> None:
    piece, repairs = piece_from_midi(midi(b"\x80\x80\x80\x80\x10" + ON + b"\x80\x80\x80\x81\x00" + OFF + END))
    assert rows(piece) == [(16, 128, 60, 80, 0)]
    assert repairs == {"long number": 2}
    with pytest.raises(UnreadableFile, match="truncated"):  # more than the format can say
        piece_from_midi(midi(b"\xff\xff\xff\xff\x7f" + ON + END))


def test_a_channel_is_one_for_all_chunks() -> None:
    """Programs and pedals in a chunk of their own; of a chunk without its own; but each keeps its own where it states one."""
    controls = b"\x00\xc0\x28\x00\xb0\x40\x7f\x60\xc0\x29\x00\xb0\x40\x00" + END
    for chunks in ((controls, NOTE + NOTE + END), (NOTE + NOTE + END, controls)):
        piece, _ = piece_from_midi(midi(*chunks))
        assert [
            (track.program, piece.notes["onset"][piece.notes["track"] == number].tolist())
            for number, track in enumerate(piece.tracks)
        ] == [
            (40, [0]),
            (41, [96]),
        ]
        assert piece.pedals.tolist() == [(0, 96, 0)]
    piece, _ = piece_from_midi(midi(b"\x00\xc0\x28" + NOTE + END, b"\x00\xb0\x40\x7f" + NOTE + b"\x00\xb0\x40\x00" + END))
    assert [track.program for track in piece.tracks] == [40, 40]
    assert piece.pedals.tolist() == [(0, 96, 0), (0, 96, 1)]
    piece, _ = piece_from_midi(midi(b"\x00\xc0\x28" + NOTE + END, b"\x00\xc0\x29" + NOTE + END))
    assert [track.program for track in piece.tracks] == [40, 41]


def test_ports_are_apart() -> None:
    second = b"\x00\xff\x21\x01\x01"
    piece, _ = piece_from_midi(midi(b"\x00\xc0\x28" + END, second + NOTE + END, NOTE + END))
    assert [track.program for track in piece.tracks] == [0, 40]
    both = b"\x00" + ON + second + b"\x10" + ON + b"\x10" + OFF + b"\x00\xff\x21\x01\x00" + b"\x10" + OFF
    piece, _ = piece_from_midi(midi(both + END, kind=0))
    assert sorted(row[:2] for row in rows(piece)) == [(0, 48), (16, 16)]


@pytest.mark.parametrize("number", [120, 123, 124, 127])
def test_all_notes_off_ends_what_sounds(number: int) -> None:
    off = bytes([0xB0, number, 0])
    piece, repairs = piece_from_midi(midi(b"\x00" + ON + b"\x60" + off + NOTE + END))
    assert [row[:2] for row in rows(piece)] == [(0, 96), (96, 96)]
    assert not repairs
    piece, _ = piece_from_midi(midi(b"\x60" + off + END, b"\x00" + ON + b"\x81\x40" + OFF + END))
    assert [row[:2] for row in rows(piece)] == [(0, 96)]
    other_channel, _ = piece_from_midi(midi(b"\x60" + bytes([0xB1, number, 0]) + END, b"\x00" + ON + b"\x81\x40" + OFF + END))
    assert [row[:2] for row in rows(other_channel)] == [(0, 192)]


def test_a_pedal_belongs_to_the_program_that_is_heard_under_it() -> None:
    early = b"\x00\xb0\x40\x7f\x00\xc0\x28" + NOTE + b"\x00\xb0\x79\x00" + END  # lifted by "reset all controllers"
    piece, _ = piece_from_midi(midi(early))
    assert piece.tracks[0].program == 40
    assert piece.pedals.tolist() == [(0, 96, 0)]


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
