"""Pieces written to the two tables come back as they were, and a damaged page is noticed."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.corpus import parquet
from partimento.corpus.parquet import Row, read_notes, read_pieces, write_notes, write_pieces
from partimento.piece import NOTE, About, Piece, Track, note_array
from partimento.testing.random_pieces import pieces

# what Parquet's UTF-8 strings can hold: every code point but lone surrogates
unicode = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
odd_names = st.one_of(unicode, st.sampled_from(["", "\0", "a\nb", "é", "e\u0301", "😀/🎵.mid", "\u202eevil", "\ufeff", "x" * 5000]))


@st.composite
def storable(draw: st.DrawFn) -> tuple[Row, Piece]:
    piece = draw(pieces())
    tracks = tuple(Track(track.program, track.is_drum, draw(odd_names)) for track in piece.tracks)
    about = draw(st.builds(About, *[odd_names] * 6))
    piece = replace(piece, tracks=tracks, about=about)
    repairs = draw(st.dictionaries(odd_names, st.integers(0, 2**40), max_size=3))
    row = Row(draw(odd_names), about, draw(odd_names), draw(st.integers(0, 2)), len(piece), piece.seconds, draw(odd_names), repairs)
    return row, piece


@settings(max_examples=40, deadline=None)
@given(st.lists(storable(), max_size=4))
def test_round_trip(corpus: list[tuple[Row, Piece]]) -> None:
    rows, whole = [row for row, _ in corpus], [piece for _, piece in corpus]
    with tempfile.TemporaryDirectory() as folder:
        write_notes(Path(folder) / "notes", whole)
        write_pieces(Path(folder) / "pieces", rows, whole)
        notes = read_notes(Path(folder) / "notes")
        read_rows, heads = read_pieces(Path(folder) / "pieces")
    assert read_rows == rows
    assert notes.dtype == NOTE
    assert len(notes) == sum(row.notes for row in rows)
    start = 0
    for row, head, piece in zip(read_rows, heads, whole, strict=True):
        mine = notes[start : start + row.notes]
        assert head.about == row.about
        assert replace(head, notes=mine) == piece
        start += row.notes


def test_notes_in_several_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_PER_GROUP", 7)
    many = [Piece(note_array([(at, 1, at % 128, 80, 0) for at in range(length)]), (Track(),)) for length in (0, 3, 20, 0, 7, 6, 1)]
    write_notes(tmp_path / "notes", many)
    assert np.array_equal(read_notes(tmp_path / "notes"), np.concatenate([piece.notes for piece in many]))


def test_a_damaged_page_is_noticed(tmp_path: Path) -> None:
    source = np.random.default_rng(0)
    rows = [(int(at), 1, int(pitch), 80, 0) for at, pitch in enumerate(source.integers(0, 128, 5000))]
    path = tmp_path / "notes"
    write_notes(path, [Piece(note_array(rows), (Track(),))])
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises((OSError, pa.ArrowInvalid)):
        read_notes(path)
