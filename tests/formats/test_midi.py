"""MIDI bytes to pieces and back: the laws of the round trip, the repairs, and the walker as the slow twin of symusic."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from partimento.errors import UnreadableFile, WriteFailed
from partimento.formats import midi as formats_midi
from partimento.formats import smf
from partimento.formats.limits import Limits
from partimento.formats.midi import pickles_are_rows, piece_from_midi
from partimento.formats.midiwrite import midi_from_piece
from partimento.formats.wire import piece_from_bytes, piece_to_bytes
from partimento.piece import About, Piece, Track, note_array
from tests.hostile import END, TUNE, VALID, chunk, midi
from tests.strategies import pieces

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


@pytest.mark.parametrize("kind", [0, 1])
def test_the_slow_reader_is_the_twin_of_the_fast_one(kind: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    for _ in range(30):
        bodies = [_random_body(rng) for _ in range(1 if kind == 0 else int(rng.integers(1, 5)))]
        data = midi(*bodies, kind=kind)
        fast, fast_repairs = piece_from_midi(data)
        with monkeypatch.context() as patch:
            patch.setattr(smf, "probed", _refuse)
            slow, slow_repairs = piece_from_midi(data)
        assert fast == slow
        assert fast_repairs == slow_repairs


def _refuse(container: smf.Container) -> bytes:
    raise smf.NeedsWalk("a test")


def _random_body(rng: np.random.Generator) -> bytes:
    """Notes of few pitches in a few channels and programs, overlapping and without length, some of them never ended."""
    out: list[bytes] = [b"\x00\xff\x03\x01" + bytes([rng.integers(65, 91)])]
    for _ in range(60):
        status = int(rng.choice([0x90, 0x90, 0x80, 0xC0, 0xB0])) | int(rng.choice([0, 1, 9]))
        delta = bytes([rng.choice([0, 0, 5, 100])])
        second = b"" if status >> 4 == 0xC else bytes([rng.integers(0, 128)])
        out.append(delta + bytes([status, rng.integers(60, 63)]) + second)
    out.append(b"\x05\x90\x3c\x40\x05\x80\x3c\x40")
    out += [
        bytes([5, 0x80 | channel, pitch, 0]) for channel in (0, 1, 9) for pitch in (60, 61, 62) for _ in range(rng.integers(0, 9))
    ]
    return bytes(b"".join(out)) + END


def test_notes_come_the_same_from_pickles_and_from_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    files = [midi(*(_random_body(rng) for _ in range(count))) for count in (1, 2, 5)]
    assert pickles_are_rows()
    fast = [piece_from_midi(data) for data in files]
    monkeypatch.setattr(formats_midi, "pickles_are_rows", lambda: False)
    assert [piece_from_midi(data) for data in files] == fast


@pytest.mark.parametrize("state", [b"", b"\2\0\0\0" + bytes(24), b"\2\0\0\0" + bytes(32), None])
def test_pickles_of_another_layout_are_not_read(state: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        def __init__(self, notes: Any) -> None:
            pass

        def __getstate__(self) -> bytes | None:
            return state

    monkeypatch.setattr(formats_midi, "NoteTickList", Other)
    assert not pickles_are_rows.__wrapped__()


@pytest.mark.parametrize("other", [b"\x91\x3c", b"\x9f\x05"])
def test_a_time_that_looks_like_a_note_on_hides_no_unfinished_note(other: bytes) -> None:
    """Bytes of times, and note-ons of several channels behind more of them than the probe looks at."""
    times = (other + b"\xb0\x07\x01") * 9  # controllers after long waits
    body = times + b"\x00\x90\x3c\x50" + b"\x10\x91\x3d\x51" + times + b"\x00\x9f\x3e\x52" + b"\x10\xff\x2f\x00"
    piece, repairs = read(body)
    assert sorted(piece.notes["pitch"].tolist()) == [60, 61, 62]
    assert repairs == {"closed": 3}


def test_unfinished_notes_end_at_the_next_onset_or_with_the_track() -> None:
    piece, repairs = read(b"\x00\x90\x3c\x50" + b"\x10\x90\x3c\x51" + b"\x10\xff\x2f\x00")
    assert rows(piece) == [(0, 16, 60, 80, 0), (16, 16, 60, 81, 0)]
    assert repairs == {"closed": 2}


def test_a_missing_note_off_does_not_shift_those_after_it() -> None:
    body = b"\x00\x90\x3c\x50" + b"".join(b"\x10\x90\x3c\x51\x10\x80\x3c\x00" for _ in range(3)) + END
    piece, repairs = read(body)
    assert rows(piece) == [(0, 16, 60, 80, 0), (16, 16, 60, 81, 0), (48, 16, 60, 81, 0), (80, 16, 60, 81, 0)]
    assert repairs == {"closed": 1}


def test_only_the_chunk_with_the_unfinished_note_is_walked() -> None:
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
