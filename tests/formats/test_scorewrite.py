"""Scores that are written and read again: the same notes, whatever the rhythm, the meter and the overlaps."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import WriteFailed
from partimento.formats import WRITERS, parse
from partimento.formats.mei.write import mei_from_piece
from partimento.piece import CHORD, KEY, METER, TEMPO, About, Piece, Track, note_array
from partimento.testing.random_pieces import pieces
from tests.made import made_piece

QUARTER = 480
STEPS = (480, 240, 120, 60, 160, 80, 40, 96, 30, 20)  # quarters to thirty-seconds, triplets, a quintuplet, and finer
METERS = ((4, 4), (3, 4), (6, 8), (2, 2), (5, 4), (7, 8), (12, 8), (3, 8), (1, 4), (9, 16))
EXACT = (".musicxml", ".xml", ".mxl")


def sounding(piece: Piece) -> Counter[tuple[Any, ...]]:
    """Each note as onset and duration in quarters, pitch and track."""
    notes, grid = piece.notes, piece.ticks_per_quarter
    onset, duration = (notes[name].astype(float) / grid for name in ("onset", "duration"))
    return Counter(
        zip(onset.round(6).tolist(), duration.round(6).tolist(), notes["pitch"].tolist(), notes["track"].tolist(), strict=True)
    )


@st.composite
def on_grid(draw: st.DrawFn, *, plain: bool = False) -> Piece:
    """A piece whose places notation can say: several tracks, changing meters; unless `plain`, drums and overlapping unisons."""
    step = draw(st.sampled_from(STEPS[:8] if plain else STEPS))
    tracks = draw(
        st.lists(
            st.builds(Track, st.sampled_from((0, 24, 32, 40, 41, 73)), st.just(False) if plain else st.booleans()),
            min_size=1,
            max_size=3,
        )
    )
    place = st.integers(0, 6 * QUARTER // step)
    # other grids begin at beats, so that no beat holds two
    notes = []
    for _ in range(draw(st.integers(1, 14))):
        grid = draw(st.sampled_from((step, step, 240)))
        onset = draw(place) * step if grid == step else draw(st.integers(0, 40)) * 240
        length = draw(st.integers(1, 3 * QUARTER // grid)) * grid
        notes.append((onset, length, draw(st.integers(55, 64)), draw(st.integers(1, 127)), draw(st.integers(0, len(tracks) - 1))))
    if plain:
        notes = [
            a
            for number, a in enumerate(notes)
            if not any(a[2] == b[2] and a[4] == b[4] and a[0] < b[0] + b[1] and b[0] < a[0] + a[1] for b in notes[:number])
        ]
    meters, at = [], 0
    for _ in range(draw(st.integers(0, 3))):
        meter = draw(st.sampled_from(METERS))
        meters.append((at, *meter))
        at += draw(st.integers(1, 3)) * 4 * QUARTER * meter[0] // meter[1]
    keys = [(0, draw(st.integers(-7, 7)), draw(st.booleans()))]
    return Piece(note_array(notes), tuple(tracks), QUARTER, meters=np.array(meters, METER), keys=np.array(keys, KEY))


@settings(max_examples=100, deadline=None)
@given(on_grid())
def test_musicxml_gives_the_same_notes_again(piece: Piece) -> None:
    written = WRITERS[".musicxml"](piece)
    assert WRITERS[".musicxml"](piece) == written
    again, repairs = parse(written, ".musicxml")
    assert sounding(again) == sounding(piece)
    assert [(track.program, track.is_drum) for track in again.tracks] == [(track.program, track.is_drum) for track in piece.tracks]
    assert again.notes["velocity"].sum() == piece.notes["velocity"].sum()
    assert not repairs


@pytest.mark.parametrize("suffix", [".krn", ".abc"])
@settings(max_examples=60, deadline=None)
@given(on_grid(plain=True))
def test_text_formats_give_the_same_notes_again(suffix: str, piece: Piece) -> None:
    written = WRITERS[suffix](piece)
    assert WRITERS[suffix](piece) == written
    again, _ = parse(written, suffix)
    assert sounding(again) == sounding(piece)


def test_mei_gives_the_same_notes_and_bytes_again() -> None:
    piece = made_piece(3)
    written = WRITERS[".mei"](piece)
    assert WRITERS[".mei"](piece) == written
    assert sounding(parse(written, ".mei")[0]) == sounding(piece)


def test_unisons_that_overlap_come_back_from_mei() -> None:
    chance = random.Random(1)
    rows = [(chance.randrange(32) * 120, chance.randrange(1, 9) * 120, chance.randrange(55, 65), 80, 0) for _ in range(100)]
    piece = Piece(note_array(rows), (Track(),), 480)
    assert sounding(parse(WRITERS[".mei"](piece), ".mei")[0]) == sounding(piece)


def test_unisons_tied_in_two_voices_at_one_place_keep_their_ends() -> None:
    rows = [(360, 505, 71, 1, 0), (419, 311, 71, 1, 0), (423, 1, 72, 1, 0), (808, 1, 30, 1, 0), (899, 1, 30, 1, 0)]
    piece = Piece(note_array(rows), (Track(),), 384)
    assert sounding(parse(WRITERS[".musicxml"](piece), ".musicxml")[0]) == sounding(piece)


def test_the_lowest_keys_have_octaves_that_musicxml_knows() -> None:
    rows = [(480 * pitch, 480, pitch, 80, 0) for pitch in range(24)] + [(0, 480, 60, 80, 1)]
    piece = Piece(note_array(rows), (Track(), Track(40)), 480)
    written = WRITERS[".musicxml"](piece)
    assert {int(octave) for octave in re.findall(rb"<octave>([^<]*)", written)} == {0, 1, 4}
    assert sounding(parse(written, ".musicxml")[0]) == sounding(piece)


def test_genre_licence_and_how_it_was_made_come_back_from_mei() -> None:
    about = About("Air <&>", "Anna", "dance", "", "CC0 & more", '{"model": "a--b"}')
    piece = replace(made_piece(1), about=about)
    assert parse(WRITERS[".mei"](piece), ".mei")[0].about == about


def test_engraving_that_takes_too_long_is_an_error_with_a_name() -> None:
    with pytest.raises(WriteFailed, match="took over"):
        mei_from_piece(made_piece(1), seconds=0.01)


@pytest.mark.parametrize("suffix", [".musicxml", ".krn", ".abc"])
def test_title_page_maps_and_chord_symbols_survive(suffix: str) -> None:
    about = About("Air <&> variations", "Anna & Bela", "dance", "", "CC0", '{"model": "x"}')
    piece = replace(
        made_piece(3),
        about=about,
        tempos=np.array([(0, 96.0), (1440, 120.0)], TEMPO),
        chords=np.array([(0, 0, 0, 0), (1440, 9, 11, 7), (3360, 6, 12, 6)], CHORD),
    )
    again, _ = parse(WRITERS[suffix](piece), suffix)
    assert replace(again.about, source="") == about
    for name in ("tempos", "meters", "keys"):
        assert getattr(again, name).tolist() == getattr(piece, name).tolist()
    assert again.chords["root"].tolist() == [0, 9, 6]
    assert again.chords[["quality", "bass"]].tolist() == piece.chords[["quality", "bass"]].tolist()
    assert [track.name for track in again.tracks] == ["melody", "bass"]


def test_playing_comes_back_exactly_from_musicxml() -> None:
    chance = np.random.RandomState(5)
    rows = [(int(at), int(length), int(pitch), 70, 0) for at, length, pitch in chance.randint((0, 1, 40), (9000, 900, 80), (80, 3))]
    piece = Piece(note_array(rows), (Track(0),), 480)
    assert sounding(parse(WRITERS[".musicxml"](piece), ".musicxml")[0]) == sounding(piece)


@settings(max_examples=30, deadline=None)
@given(pieces(min_notes=1))
def test_any_piece_is_written(piece: Piece) -> None:
    beginning = piece.cut(int(piece.notes["onset"][0]), int(piece.notes["onset"][0]) + 16 * piece.ticks_per_quarter)
    for suffix in (".musicxml", ".krn", ".abc"):
        assert len(parse(WRITERS[suffix](beginning), suffix)[0]) == len(beginning)


@pytest.mark.parametrize("meters", [[], [(0, 1, 128)]])
def test_a_score_without_end_is_refused(meters: list[tuple[int, int, int]]) -> None:
    piece = Piece(note_array([(0, 2**20, 60, 80, 0)]), (Track(),), 1 if not meters else 480, meters=np.array(meters, METER))
    with pytest.raises(WriteFailed, match="cut the piece first"):
        WRITERS[".musicxml"](piece)


@pytest.mark.parametrize("text", ["", "\0\x01", "a\ud800b", "]]>", "\n\t x", "%%", "!!!", "**kern"])
@pytest.mark.parametrize("suffix", [".musicxml", ".mxl", ".krn", ".abc"])
def test_any_text_can_stand_on_the_title_page(suffix: str, text: str) -> None:
    piece = replace(made_piece(1), about=About(*[text] * 6), tracks=(Track(0, False, text), Track(1, False, text)))
    assert sounding(parse(WRITERS[suffix](piece), suffix)[0]) == sounding(piece)
