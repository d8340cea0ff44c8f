"""`voices` against a slow twin in plain loops, the split by pitch, and the form of the JSB benchmark."""

from __future__ import annotations

import json
import os
import zipfile
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import make
from partimento.encodings.voices.encoding import MAX_STEPS, Voices
from partimento.errors import InvalidOption
from partimento.piece import Piece, Track, note_array

REST, HOLD = 1, 2


def slow_encode(piece: Piece, grid: int, voices: int) -> list[list[int]]:
    """The rows of a piece that has as many tracks as voices."""
    rows: list[list[int]] = []
    starts: list[dict[int, tuple[int, int]]] = [{} for _ in range(voices)]  # step to (pitch, end)
    for onset, duration, pitch, _, track in piece.notes.tolist():
        first, end = (floor(Fraction(tick * grid, piece.ticks_per_quarter) + Fraction(1, 2)) for tick in (onset, onset + duration))
        note = (pitch, max(end, first + 1))
        if first < MAX_STEPS:
            starts[track][first] = max(starts[track].get(first, note), note, key=lambda one: (one[0], -one[1]))
    for step in range(MAX_STEPS):
        row = [REST] * voices
        for voice in range(voices):
            begun = max((at for at in starts[voice] if at <= step), default=None)
            if begun is not None and starts[voice][begun][1] > step:
                row[voice] = starts[voice][begun][0] + 3 if begun == step else HOLD
        rows.append(row)
        if all(at <= step and end <= step + 1 for voice in starts for at, (_, end) in voice.items()):
            break
    while rows and set(rows[-1]) == {REST}:
        rows.pop()
    return rows


@settings(max_examples=150, deadline=None)
@given(data=st.data(), grid=st.sampled_from([1, 4, 12]), voices=st.integers(1, 4), ticks=st.sampled_from([1, 4, 12, 480]))
def test_tracks_are_voices(data: st.DataObject, grid: int, voices: int, ticks: int) -> None:
    at = st.integers(0, 60).map(lambda twelfths: twelfths * ticks // 12)
    note = st.tuples(at, at.map(lambda long: max(1, long)), st.integers(60, 64), st.just(80), st.integers(0, voices - 1))
    piece = Piece(note_array(data.draw(st.lists(note, max_size=25))), (Track(),) * voices, ticks)
    assert Voices(grid, voices).encode(piece).tolist() == slow_encode(piece, grid, voices)


def rows_of(*notes: tuple[int, int, int, int], tracks: int = 1, key: str = "voices") -> list[list[int]]:
    """Events of notes (step, steps, pitch, track), MIDI pitches instead of their ids."""
    piece = Piece(note_array((at, long, pitch, 80, track) for at, long, pitch, track in notes), (Track(),) * tracks, 4)
    return [[one if one < 3 else one - 3 for one in row] for row in make(key).encode(piece).tolist()]


def test_hold_and_rest_and_the_same_note_again() -> None:
    notes = [(0, 2, 72, 0), (2, 1, 72, 0), (1, 3, 48, 3)]
    assert rows_of(*notes, tracks=4) == [[72, 1, 1, 1], [2, 1, 1, 48], [72, 1, 1, 2], [1, 1, 1, 2]]


def test_one_track_is_split_by_pitch() -> None:
    chord = [(0, 4, pitch, 0) for pitch in (72, 67, 64, 48)]
    assert rows_of(*chord)[0] == [72, 67, 64, 48]
    moved = [(0, 2, 72, 0), (0, 4, 67, 0), (0, 2, 64, 0), (0, 4, 48, 0), (2, 2, 71, 0), (2, 2, 65, 0)]
    assert rows_of(*moved)[2] == [71, 2, 65, 2], "inner and outer voices keep what they hold"
    assert rows_of((0, 1, 50, 0)) == [[1, 1, 1, 50]], "a lone low note is the bass's"
    assert rows_of((0, 1, 76, 0), (0, 1, 47, 0)) == [[76, 1, 1, 47]]
    assert rows_of(*((0, 1, 60 + at, 0) for at in range(6))) == [[65, 64, 63, 60]], "highest and lowest of too many"
    assert rows_of((0, 4, 72, 0), (0, 4, 48, 1), tracks=2)[0] == [72, 1, 1, 48], "two hands are taken together"


def test_of_more_tracks_the_first_with_notes() -> None:
    notes = [(0, 1, 70 - at, at) for at in (1, 2, 3, 4, 5)]
    assert rows_of(*notes, tracks=6) == [[69, 68, 67, 66]]


def test_options() -> None:
    assert make("voices:voices=3,grid=12") == Voices(12, 3)
    assert make("voices:voices=4") == Voices()
    assert [field.name for field in Voices().fields] == ["soprano", "alto", "tenor", "bass"]
    assert [field.name for field in Voices(voices=6).fields][-1] == "voice6"
    with pytest.raises(InvalidOption, match="grid is 5; it must be one of 1, 2, 3, 4"):
        Voices(5)


def test_sounding() -> None:
    events = np.array([[1, 63], [75, 2], [2, 1], [2, 64]])
    assert Voices(voices=2).sounding(events).tolist() == [[-1, 60], [72, 60], [72, -1], [72, 61]]
    assert Voices().sounding(np.zeros((0, 4), np.uint8)).shape == (0, 4)


@pytest.mark.data
def test_the_jsb_chorales_come_back_slot_for_slot() -> None:
    """Each slot of each voice of all 382 chorales; a pitch that goes on is taken as held."""
    place = Path(os.environ.get("PARTIMENTO_DATA", "")) / "jsb-chorales.zip"
    if not place.is_file():
        pytest.skip(f"{place} is not there; set PARTIMENTO_DATA to a folder that holds it")
    with zipfile.ZipFile(place) as archive:
        name = next(name for name in archive.namelist() if name.endswith("Jsb16thSeparated.json"))
        parts = json.loads(archive.read(name))
    slots = 0
    for chorale in (np.array(chorale).astype(int) for part in parts.values() for chorale in part):
        rows = []
        for voice, column in enumerate(chorale.T):
            begins = np.flatnonzero(np.diff(column, prepend=-2))
            for at, until in zip(begins, [*begins[1:], len(column)], strict=True):
                if column[at] >= 0:
                    rows.append((int(at), int(until - at), int(column[at]), 80, voice))
        back = Voices().sounding(Voices().encode(Piece(note_array(rows), (Track(),) * 4, 4)))
        assert np.array_equal(back, chorale[: len(back)])
        assert (chorale[len(back) :] < 0).all()
        slots += chorale.size
    assert slots == 220_912 + 73_632 + 75_600
