"""Scores that are written and read again: the same notes, whatever the rhythm, the meter and the overlaps."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.formats import WRITERS, parse
from partimento.piece import KEY, METER, Piece, Track, note_array

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
