"""Edits are pure functions: each does what it says to the notes that are named, and nothing to the others."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from partimento.bars import BarGrid
from partimento.errors import PartimentoError
from partimento.piece import METER, Piece, Track
from partimento.studio.workshop.edits import EDITS, edited
from partimento.testing.random_pieces import pieces
from tests.made import made_piece

PIECE = made_piece(3, 40)


def one(piece: Piece, edit: str, **options: Any) -> Piece:
    return edited(piece, [{"edit": edit, **options}])


def rows(piece: Piece) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = piece.notes.tolist()
    return found


@given(pieces(), some.data())
def test_what_is_not_named_stays(piece: Piece, data: Any) -> None:
    numbers = data.draw(some.lists(some.integers(0, max(0, len(piece) - 1)), unique=True, max_size=5)) if len(piece) else []
    others = [row for number, row in enumerate(rows(piece)) if number not in numbers]
    for options in (
        {"edit": "move", "ticks": 7, "semitones": 0},
        {"edit": "stretch", "ticks": 9},
        {"edit": "velocity", "to": 3},
        {"edit": "delete"},
        {"edit": "quantise", "lines_per_quarter": 4},
        {"edit": "transpose", "semitones": 0},
    ):
        after = rows(edited(piece, [options | {"notes": numbers}]))
        for row in others:
            assert row in after
        assert len(after) == len(piece) - (len(numbers) if options["edit"] == "delete" else 0)


@given(pieces(), some.integers(1, 2000), some.integers(-3, 3))
def test_there_and_back(piece: Piece, ticks: int, semitones: int) -> None:
    pitch = piece.notes["pitch"]
    if len(piece) and not (pitch.min() >= 3 and pitch.max() <= 124):
        return
    every = list(range(len(piece)))
    moved = one(piece, "move", notes=every, ticks=ticks, semitones=semitones)
    assert one(moved, "move", notes=every, ticks=-ticks, semitones=-semitones) == piece
    longer = one(piece, "stretch", notes=every, ticks=ticks)
    assert sorted(rows(one(longer, "stretch", notes=every, ticks=-ticks))) == sorted(rows(piece))


@given(pieces(), some.sampled_from([1, 2, 3, 4, 6, 8, 12]))
def test_quantised_notes_lie_on_the_lines_that_are_nearest(piece: Piece, lines: int) -> None:
    """By a slow twin in fractions."""
    after = one(piece, "quantise", lines_per_quarter=lines)
    step = Fraction(piece.ticks_per_quarter, lines)

    def line(tick: int) -> int:
        return math.floor(tick / step + Fraction(1, 2))

    def tick(line: int) -> int:
        return math.floor(line * step + Fraction(1, 2))

    wanted = []
    for onset, duration, *rest in rows(piece):
        first, last = line(onset), max(line(onset) + 1, line(onset + duration))
        wanted.append((tick(first), max(1, tick(last) - tick(first)), *rest))
    assert sorted(rows(after)) == sorted(wanted)


def test_copied_bars_take_the_place_of_what_began_there() -> None:
    piece = replace(PIECE, meters=np.array([(0, 4, 4)], METER))
    grid = BarGrid.of(piece)
    first, second = (grid.span(bar, bar) for bar in (2, 3))
    after = one(piece, "copy_bars", bars=(2, 2), to=3)
    copied = [(onset - second[0], *row) for onset, _, *row in rows(after) if second[0] <= onset < second[1]]
    source = [(onset - first[0], *row) for onset, _, *row in rows(piece) if first[0] <= onset < first[1]]
    assert copied == source
    assert [row for row in rows(after) if not second[0] <= row[0] < second[1]] == [
        row for row in rows(piece) if not second[0] <= row[0] < second[1]
    ]
    of_track = one(piece, "copy_bars", bars=(2, 2), to=3, tracks=[1])
    assert [row for row in rows(of_track) if row[4] == 0] == [row for row in rows(piece) if row[4] == 0]


def test_transposing_all_takes_keys_along_and_spares_drums() -> None:
    assert one(PIECE, "transpose", semitones=2) == PIECE.transpose(2)
    drums = replace(PIECE, tracks=(PIECE.tracks[0], Track(0, True)))
    after = one(drums, "transpose", semitones=2, tracks=[0, 1])
    assert (after.notes["pitch"].astype(int) - drums.notes["pitch"])[drums.notes["track"] == 0].tolist() == [2] * int(
        (drums.notes["track"] == 0).sum()
    )
    assert (after.notes["pitch"] == drums.notes["pitch"])[drums.notes["track"] == 1].all()


def test_the_lane_of_some_bars_is_written_and_what_follows_sounds_on() -> None:
    piece = replace(PIECE, meters=np.array([(0, 4, 4)], METER))
    bar = int(BarGrid.of(piece).bar[0])
    whole = one(piece, "chords", chords=[(0, "C"), (4 * bar, "F")])
    after = one(whole, "chords", bars=(2, 3), chords=[(bar, "G7"), (2 * bar, "Am/C")])
    found = [(tick, root) for tick, root, _, _ in after.chords.tolist()]
    assert found == [(0, 0), (bar, 7), (2 * bar, 9), (3 * bar, 0), (4 * bar, 5)]
    assert one(after, "chords", chords=[]).chords.size == 0


def test_added_notes_and_tracks() -> None:
    after = edited(
        PIECE,
        [{"edit": "add_track", "program": 40, "name": "violin"}, {"edit": "add", "notes": [(0, 480, 90, 80, 2)]}],
    )
    assert after.tracks[2] == Track(40, False, "violin")
    assert rows(after)[-1] == (0, 480, 90, 80, 2)
    assert one(after, "delete", notes=[len(after) - 1]).notes.tolist() == PIECE.notes.tolist()
    assert one(after, "track", track=2, program=41).tracks[2] == Track(41, False, "violin")


def test_maps_of_the_whole() -> None:
    after = edited(
        PIECE,
        [
            {"edit": "tempo", "qpm": 90},
            {"edit": "meter", "meter": "6/8"},
            {"edit": "key", "key": "D minor"},
            {"edit": "about", "title": "New"},
        ],
    )
    assert after.tempos.tolist() == [(0, 90.0)]
    assert after.meters.tolist() == [(0, 6, 8)]
    assert after.keys.tolist() == [(0, -1, True)]
    assert after.about.title == "New"
    assert after.about.composer == PIECE.about.composer
    assert np.array_equal(after.notes, PIECE.notes)


WRONG: list[dict[str, Any]] = [
    {"edit": "wobble"},
    {},
    {"edit": "move"},
    {"edit": "move", "notes": [0], "ticks": -10_000},
    {"edit": "move", "notes": [0], "semitones": 99},
    {"edit": "move", "notes": [0], "track": 7},
    {"edit": "move", "notes": [1000], "ticks": 1},
    {"edit": "move", "notes": [-1], "ticks": 1},
    {"edit": "move", "notes": [0], "ticks": 10**30},
    {"edit": "move", "notes": "all", "ticks": 1},
    {"edit": "stretch", "notes": [0], "ticks": -10_000},
    {"edit": "stretch", "notes": [0], "ticks": 1, "from": "middle"},
    {"edit": "add", "notes": [(0, 0, 60, 80, 0)]},
    {"edit": "add", "notes": [(0, 1, 60, 0, 0)]},
    {"edit": "add", "notes": [(0, 1, 60)]},
    {"edit": "add", "notes": [(0, 1, 60, 80, 9)]},
    {"edit": "velocity", "notes": [0], "to": 200},
    {"edit": "copy_bars", "bars": [4, 1], "to": 2},
    {"edit": "copy_bars", "bars": [1, 2, 3], "to": 2},
    {"edit": "copy_bars", "bars": [1, 2], "to": 10**9},
    {"edit": "quantise", "lines_per_quarter": 0},
    {"edit": "chords", "chords": [(0, "H")]},
    {"edit": "chords", "bars": [2, 2], "chords": [(0, "C")]},
    {"edit": "track", "track": 0, "program": 128},
    {"edit": "tempo", "qpm": float("nan")},
    {"edit": "meter", "meter": "4/5"},
    {"edit": "key", "key": "D dorian"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: str(one)[:60])
def test_what_cannot_be_is_refused_and_nothing_is_changed(wrong: dict[str, Any]) -> None:
    before = PIECE.notes.tobytes()
    with pytest.raises(PartimentoError):
        edited(PIECE, [{"edit": "velocity", "notes": [0], "to": 5}, wrong])
    assert PIECE.notes.tobytes() == before


def test_every_edit_is_tried_here() -> None:
    tried = {str(one.get("edit")) for one in WRONG} | {"transpose", "delete", "add_track", "about"}
    assert tried >= set(EDITS)
