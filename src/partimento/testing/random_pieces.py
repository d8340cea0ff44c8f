"""Hypothesis strategies for pieces: what MIDI can hold exactly, and a little of everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from partimento.chord_symbols import NO_CHORD
from partimento.piece import CHORD, KEY, METER, PEDAL, QUALITIES, TEMPO, About, Piece, Track, note_array

texts = st.text(st.characters(), max_size=12)  # any code point, lone surrogates too
tracks = st.builds(Track, st.integers(0, 127), st.booleans(), texts)
abouts = st.builds(About, texts, texts, texts, texts, texts, texts)


def _map(dtype: Any, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Rows at distinct ticks."""
    row = st.tuples(st.integers(0, 5000), *values)
    return st.lists(row, max_size=4, unique_by=lambda row: row[0]).map(lambda rows: np.array(sorted(rows), dtype))


@st.composite
def pieces(draw: st.DrawFn, *, min_notes: int = 0) -> Piece:
    """Any piece that ends before tick 2**30: tracks without notes, doubles, notes of one pitch inside each other."""
    parts = draw(st.lists(tracks, min_size=1 if min_notes else 0, max_size=20))
    onset = st.one_of(st.integers(0, 40), st.integers(0, 2**29))
    duration = st.one_of(st.integers(1, 40), st.integers(1, 2**29))
    pitch = st.one_of(st.integers(60, 62), st.integers(0, 127))
    note = st.tuples(onset, duration, pitch, st.integers(1, 127), st.integers(0, max(0, len(parts) - 1)))
    notes = draw(st.lists(note, min_size=min_notes, max_size=40)) if parts else []
    return Piece(
        note_array(notes),
        tuple(parts),
        draw(st.integers(1, 32767)),
        draw(_map(TEMPO, st.integers(1, 2**24 - 1).map(lambda mspq: 6e7 / mspq))),
        draw(_map(METER, st.integers(1, 255), st.sampled_from([1, 2, 4, 8, 16, 32, 64, 128]))),
        draw(_map(KEY, st.integers(-7, 7), st.booleans())),
        draw(abouts),
        draw(st.lists(st.tuples(st.integers(0, 5000), chords), max_size=4).map(_chord_map)),
        np.array(draw(st.lists(_pedal(sorted({note[4] for note in notes})), max_size=8)) if notes else [], PEDAL),
    )


chords = st.one_of(st.just(NO_CHORD), st.tuples(st.integers(0, 11), st.integers(0, len(QUALITIES) - 1), st.integers(0, 11)))


def _chord_map(rows: list[tuple[int, tuple[int, int, int]]]) -> Any:
    return np.array([(tick, *chord) for tick, chord in sorted(dict(rows).items())], CHORD)


def _pedal(sounding: list[int]) -> st.SearchStrategy[Any]:
    """A stretch in one of the tracks that have notes."""
    return st.tuples(st.integers(0, 5000), st.integers(1, 2000), st.sampled_from(sounding))
