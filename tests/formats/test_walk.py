"""The compiled reader of MIDI events against its slow twin, and against symusic; on made bytes, hostile ones and real files."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from symusic.core import ScoreTick

from partimento.errors import UnreadableFile
from partimento.formats.limits import Limits
from partimento.formats.midi import container as smf
from partimento.formats.midi.playing import play
from partimento.formats.midi.read import DRUM_CHANNEL, piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.piece import MAX_TICK, Piece
from partimento.testing.random_pieces import pieces
from tests.formats.slow_walk import slow_walk
from tests.hostile import END, TUNE, VALID, hostile_files, midi
from tests.real import SETS, midi_files

ENDLESS = Limits(max_seconds=float("inf"))
READ_WRONGLY_BY_SYMUSIC: set[str] = set()


def assert_read_as_by_the_twin(data: bytes, *, apart: bool = False) -> None:
    """All that both find, for files that are MIDI at all."""
    try:
        container = smf.open_container(data)
    except UnreadableFile:
        return
    fast, slow = play(container.data, container.chunks, max_notes=10**6, apart=apart), slow_walk(container, apart=apart)
    late = any(max(row[:2]) > MAX_TICK for rows in slow.notes.values() for row in rows)
    late |= any(max(row) > MAX_TICK for rows in slow.pedals.values() for row in rows)
    for rows in (slow.tempos, slow.meters, slow.keys, slow.markers):
        late |= any(row[0] > MAX_TICK for row in rows)
    if late:  # a piece refuses it, so it need only be told
        ticks = [rows[name] for rows in (fast.notes, fast.pedals) for name in ("onset", "duration")]
        ticks += [rows["tick"] for rows in (fast.tempos, fast.meters, fast.keys, fast.markers)]
        assert np.concatenate(ticks).max() == MAX_TICK + 1
        return
    assert of_sounds(fast.notes, fast.sounds) == {place: sorted(rows) for place, rows in slow.notes.items()}
    assert of_sounds(fast.pedals, fast.sounds) == {place: sorted(rows) for place, rows in slow.pedals.items()}
    assert fast.tempos.tolist() == [(tick, 6e7 / mspq) for tick, mspq in slow.tempos]
    for name in ("meters", "keys", "markers"):
        assert getattr(fast, name).tolist() == getattr(slow, name)
    assert fast.repairs == dict(+slow.repairs)


def of_sounds(rows: Any, sounds: Any) -> dict[tuple[int, int, int], list[Any]]:
    """The rows of each chunk, channel and program."""
    found: dict[tuple[int, int, int], list[Any]] = {}
    for *values, sound in rows.tolist():
        found.setdefault(tuple(sounds[sound].tolist()[:3]), []).append(tuple(values))
    return {place: sorted(values) for place, values in found.items()}


@pytest.mark.parametrize("name", [name for name in hostile_files(1) if name.endswith(".mid") and "million" not in name])
def test_hostile_files(name: str) -> None:
    assert_read_as_by_the_twin(hostile_files(1)[name])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=120), min_size=1, max_size=3))
def test_any_bytes(bodies: list[bytes]) -> None:
    assert_read_as_by_the_twin(midi(*bodies))


@st.composite
def tracks(draw: st.DrawFn) -> bytes:
    """Notes of few pitches in a few channels and programs, overlapping and without length, some never ended; pedals and maps."""
    delta = st.sampled_from([b"\x00", b"\x00", b"\x05", b"\x64", b"\x81\x00", b"\x80\x80\x80\x80\x05"])
    channel, pitch, velocity = st.sampled_from([0, 1, 9]), st.integers(60, 62), st.sampled_from([0, 1, 80, 127])
    sounding = st.builds(
        lambda kind, on, key, loud: bytes([kind | on, key, loud]), st.sampled_from([0x90, 0x80]), channel, pitch, velocity
    )
    pedal = st.builds(lambda on, value: bytes([0xB0 | on, 64, value]), channel, st.sampled_from([0, 63, 64, 127]))
    program = st.builds(lambda on, number: bytes([0xC0 | on, number]), channel, st.integers(0, 2))
    off = st.builds(lambda on, kind: bytes([0xB0 | on, kind, 0]), channel, st.sampled_from([120, 121, 122, 123, 127]))
    port = st.sampled_from([b"\xff\x21\x01\x00", b"\xff\x21\x01\x01", b"\xff\x2f\x00"])
    running = st.builds(lambda key, loud: bytes([key, loud]), pitch, velocity)
    meta = st.sampled_from(
        [b"\xff\x51\x03\x07\xa1\x20", b"\xff\x51\x03\0\0\0", b"\xff\x58\x04\x03\x02\x18\x08", b"\xff\x59\x02\xfd\x01"]
    )
    other = st.sampled_from(
        [b"\xff\x06\x01a", b"\xf0\x02\x01\xf7", b"\xf7\x01\x05", b"\xf8", b"\xd0\x05", b"\xe1\x05\x05", b"\xf2\x05\x05"]
    )
    event = st.one_of(sounding, sounding, sounding, running, pedal, program, off, port, meta, other)
    return b"".join(draw(st.lists(st.tuples(delta, event).map(b"".join), max_size=80))) + draw(st.sampled_from([END, END, b""]))


@settings(max_examples=300, deadline=None)
@given(st.lists(tracks(), min_size=1, max_size=4))
def test_any_events(bodies: list[bytes]) -> None:
    assert_read_as_by_the_twin(midi(*bodies))
    assert_read_as_by_the_twin(midi(*bodies), apart=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(tracks(), min_size=1, max_size=4), st.sampled_from([0, 1]))
def test_notes_that_are_vouched_for_are_canonical(bodies: list[bytes], kind: int) -> None:
    try:
        piece, _ = piece_from_midi(midi(*bodies[: 1 if kind == 0 else 4], kind=kind))
    except UnreadableFile:
        return
    assert replace(piece) == piece
    assert not piece.notes.flags.writeable


@pytest.mark.parametrize("notes", [10, 3000])
def test_chords_in_the_worst_order_come_into_order(notes: int) -> None:
    """More moves than the reader is ready for."""
    down = b"".join(bytes([0, 0x90, 127 - number % 128, 80]) for number in range(notes))
    up = b"".join(bytes([1, 0x80, 127 - number % 128, 0]) for number in range(notes))
    piece, _ = piece_from_midi(midi(down + up + END))
    assert len(piece) == notes
    assert replace(piece) == piece


def notes_by_symusic(data: bytes) -> Counter[tuple[Any, ...]]:
    """Every note with the program and the drums of its track."""
    score = ScoreTick.from_midi(data)
    return Counter(
        (note.time, max(note.duration, 1), note.pitch, note.velocity, 0 if track.is_drum else track.program, track.is_drum)
        for track in score.tracks
        for note in track.notes
    )


def notes_by_walk(data: bytes) -> Counter[tuple[Any, ...]]:
    container = smf.open_container(data)
    walked = play(data, container.chunks, max_notes=10**6)
    return Counter(
        (*row, 0 if channel % 16 == DRUM_CHANNEL else program, channel % 16 == DRUM_CHANNEL)
        for (_, channel, program), rows in of_sounds(walked.notes, walked.sounds).items()
        for row in rows
    )


@settings(max_examples=60, deadline=None)
@given(pieces(min_notes=1))
def test_symusic_reads_the_same_from_sound_files(piece: Piece) -> None:
    data = midi_from_piece(piece)
    assert notes_by_walk(data) == notes_by_symusic(data)


def test_limits() -> None:
    container = smf.open_container(VALID)
    assert len(play(VALID, container.chunks, max_notes=5).notes) == 5
    with pytest.raises(UnreadableFile, match="too many notes"):
        play(VALID, container.chunks, max_notes=4)
    sounds = b"".join(
        bytes([0, 0xC0 | channel, program, 0, 0x90 | channel, 60, 80]) for channel in range(16) for program in range(128)
    )
    data = midi(*[sounds + END] * 33)
    with pytest.raises(UnreadableFile, match="too many tracks"):
        play(data, smf.open_container(data).chunks, max_notes=10**6)
    pedals = b"\x00\xb0\x40\x7f\x00\x40\x00" * 60_000
    data = midi(TUNE + pedals + END, pedals + END)
    with pytest.raises(UnreadableFile, match="more events"):
        play(data, smf.open_container(data).chunks, max_notes=5)


@pytest.mark.data
@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_real_files(path: Path) -> None:
    """As the twin reads them, and as symusic does where nothing is unfinished."""
    for name, data in midi_files(path):
        assert_read_as_by_the_twin(data)
        if not piece_from_midi(data, limits=ENDLESS)[1] and name not in READ_WRONGLY_BY_SYMUSIC:
            assert notes_by_walk(data) == notes_by_symusic(data), name
