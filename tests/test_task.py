"""Tasks: regions as people write them, which notes stand, and random splits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from partimento.bars import BarGrid
from partimento.errors import InvalidOption
from partimento.piece import METER, Piece, Track, note_array
from partimento.task import PARTS, ROLES, Region, Task, random_split, ranks
from partimento.testing.random_pieces import pieces
from tests.made import made_piece


@pytest.mark.parametrize(
    ("text", "region", "role"),
    [
        ("bars=9-16", Region(bars=(9, 16)), "all"),
        ("bars=3", Region(bars=(3, 3)), "all"),
        ("tracks=2,3 bars=1-4", Region(bars=(1, 4), tracks=(2, 3)), "voice"),
        ("bass", Region(part="bass"), "bass"),
        ("  accompaniment   bars=5-6 ", Region(bars=(5, 6), part="accompaniment"), "accompaniment"),
        ("vary=.25", Region(keep=0.25), "variation"),
    ],
)
def test_what_people_write(text: str, region: Region, role: str) -> None:
    assert Region.parse(text) == region
    assert region.role == role
    assert Region.from_json(region.to_json()) == region


@pytest.mark.parametrize(
    "text", ["", "bars", "bars=5-4", "bars=x", "tracks=0", "tenor", "vary=1.5", "vary=0", "bass tracks=1", "bass=2"]
)
def test_what_cannot_be_written_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption):
        Region.parse(text)


def piece() -> Piece:
    """Two bars of 3/4, then 4/4; a melody over a bass."""
    rows = [(480 * n, 480, 72 + n, 80, 0) for n in range(14)] + [(960 * n, 960, 48 + n, 80, 1) for n in range(7)]
    return Piece(note_array(rows), (Track(), Track(32)), 480, meters=np.array([(0, 3, 4), (2880, 4, 4)], METER))


def test_bars_follow_the_meters() -> None:
    assert BarGrid.of(piece()).lines.tolist() == [0, 1440, 2880, 4800, 6720]
    assert Task(piece(), "bars=2-3").span() == (1440, 4800)
    assert Task(piece(), "bars=4-6").span() == (4800, 6720 + 2 * 1920)  # beyond the end bars go on as the last one


def test_regions_are_counted_as_pages_number_bars() -> None:
    """After an upbeat of a quarter, bars 2 and 3 of 4/4; the upbeat is bar 0, and nothing at all is before it."""
    upbeat = replace(piece(), meters=np.array([(0, 1, 4), (480, 4, 4)], METER))
    assert Task(upbeat, "bars=2-3").span() == (480 + 1920, 480 + 3 * 1920)
    assert Task(upbeat, "bars=0").span() == (0, 480)
    assert Task(upbeat, "bars=0-1").span() == (0, 480 + 1920)
    assert Task(upbeat, "bass").span() == (0, 480 + 4 * 1920)
    with pytest.raises(InvalidOption, match="no bar 0"):
        Task(piece(), "bars=0-2")
    with pytest.raises(InvalidOption, match="bar 1 is the first full bar"):
        Region(bars=(-1, 3))


def test_a_meter_after_the_last_note_makes_no_bars() -> None:
    short = Piece(note_array([(0, 1920, 60, 80, 0)]), (Track(),), 480, meters=np.array([(0, 4, 4), (9600, 3, 4)], METER))
    assert Task(short, "tracks=1").span() == (0, 1920)


def test_which_notes_stand() -> None:
    notes = piece().notes
    hole = Task(piece(), "bars=2-3").stands()
    assert np.array_equal(hole, (notes["onset"] < 1440) | (notes["onset"] >= 4800))
    assert np.array_equal(Task(piece(), "tracks=2").stands(), notes["track"] == 0)
    assert np.array_equal(Task(piece(), "tracks=2 bars=2-3").stands(), hole | (notes["track"] == 0))
    for part in PARTS:
        assert Task(piece(), part).stands().all()
    kept = [Task(piece(), "vary=0.5").stands(seed) for seed in (1, 1, 2)]
    assert np.array_equal(kept[0], kept[1])
    assert not np.array_equal(kept[0], kept[2])
    assert 0 < kept[0].sum() < len(notes)
    with pytest.raises(InvalidOption, match="no track 3"):
        Task(piece(), "tracks=3")


@settings(max_examples=50, deadline=None)
@given(piece=pieces(min_notes=1))
def test_ranks_are_counted_among_what_sounds(piece: Piece) -> None:
    above, below = ranks(piece.notes)
    rows = piece.notes.tolist()
    for at, (onset, _, pitch, _, _) in enumerate(rows):
        sounds = [other[2] for other in rows if other[0] <= onset < other[0] + other[1]]
        assert above[at] == sum(one > pitch for one in sounds)
        assert below[at] == sum(one < pitch for one in sounds)


def test_random_splits_are_of_every_role_and_what_they_say() -> None:
    seen: set[str] = set()
    for seed in range(300):
        made = made_piece(seed % 7)
        cut = made.cut(1440, 1440 + 8 * 1920)
        bars = BarGrid.of(cut).count
        split, again = (random_split(cut, bars, np.random.default_rng(seed)) for _ in range(2))
        if split is None:
            assert again is None
            continue
        written, region = split
        assert again is not None
        assert np.array_equal(written, again[0])
        assert region == again[1]
        assert written.any()
        seen.add(region.role)
        start, end = Task(cut, Region(bars=region.bars)).span()
        assert ((cut.notes["onset"][written] >= start) & (cut.notes["onset"][written] < end)).all()
        if region.role == "all":
            assert region.bars is not None
            assert region.bars[1] - region.bars[0] < 8
            assert np.array_equal(~written, Task(cut, region).stands())
        else:
            assert not written.all()
    assert seen == set(ROLES)


def test_locked_notes_stand_whatever_else_is_replaced() -> None:
    notes = note_array([(0, 10, 60, 80, 0), (0, 10, 64, 80, 1), (10, 10, 60, 80, 0), (10, 10, 60, 80, 1)])
    piece = Piece(notes, (Track(), Track()), 10)
    region = Region(bars=(1, 1), locked=((10, 60, 2), (0, 64, 2)))
    assert piece.notes[Task(piece, region).stands()].tolist() == [(0, 10, 64, 80, 1), (10, 10, 60, 80, 1)]
    assert region.role == "variation"
    assert Region.from_json(json.loads(json.dumps(region.to_json()))) == region
    of_track = Region(bars=(1, 1), tracks=(1,), locked=((10, 60, 1),))
    assert Task(piece, of_track).stands().tolist() == [False, True, True, True]
    assert of_track.role == "voice"
    assert Task(piece, Region(bars=(1, 1), locked=((3, 60, 1),))).stands().sum() == 0
