"""A piece keeps its notes in one order, refuses what cannot be, and moves them as slow twins do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import InvalidPiece
from partimento.piece import KEY, MAX_TICK, METER, NOTE, TEMPO, About, Piece, Track, nearest_line, note_array
from partimento.testing.random_pieces import pieces
from partimento.testing.random_pieces import tracks as any_track

MAPS = {"tempos": TEMPO, "meters": METER, "keys": KEY}
few = settings(max_examples=30, deadline=None)
ticks = st.one_of(st.integers(0, 3), st.integers(MAX_TICK - 2, MAX_TICK), st.integers(0, MAX_TICK))
crowded_notes = st.lists(
    st.tuples(
        ticks,
        st.integers(1, 3) | st.just(MAX_TICK),
        st.integers(59, 61) | st.sampled_from([0, 127]),
        st.integers(1, 3),
        st.integers(0, 2),
    ),
    max_size=60,
)


def piece_of(rows: list[tuple[int, int, int, int, int]], tracks: int = 3, **more: Any) -> Piece:
    return Piece(note_array(rows), (Track(),) * tracks, **more)


def in_slow_order(rows: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """By track, onset, pitch, duration, velocity."""
    return sorted(rows, key=lambda row: (row[4], row[0], row[2], row[1], row[3]))


# -- order --------------------------------------------------------------------------------------------------------------


@few
@given(crowded_notes)
def test_canonical_order(rows: list[tuple[int, int, int, int, int]]) -> None:
    assert [tuple(row) for row in piece_of(rows).notes.tolist()] == in_slow_order(list(rows))


@pytest.mark.parametrize("seed", range(4))
def test_canonical_order_of_many_notes(seed: int) -> None:
    """Enough rows and large enough keys for each way of sorting, with whole doubles among them."""
    random = np.random.default_rng(seed)
    notes = np.zeros(5000, NOTE)
    notes["onset"] = random.integers(0, [20, 5000, MAX_TICK + 1, 300][seed], 5000)
    notes["duration"] = random.integers(1, 4, 5000)
    notes["pitch"] = random.integers(0, 128, 5000)
    notes["velocity"] = random.integers(0, 128, 5000)
    notes["track"] = random.integers(0, [1, 3, 65536, 40000][seed], 5000)
    notes[100:200] = notes[:100]
    before = notes.copy()
    piece = Piece(notes, (Track(),) * 65536)
    order = np.lexsort([notes[name] for name in ("velocity", "duration", "pitch", "onset", "track")])
    assert np.array_equal(piece.notes, before[order])
    assert np.array_equal(notes, before), "the caller's array stays as it was"


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_ordered_by_tick_and_rows_of_one_tick_stay(name: str) -> None:
    rows = {
        "tempos": np.array([(9, 60.0), (0, 90.0), (9, 50.0)], TEMPO),
        "meters": np.array([(9, 3, 4), (0, 2, 2), (9, 6, 8)], METER),
        "keys": np.array([(9, 1, 0), (0, 2, 1), (9, 3, 0)], KEY),
    }[name]
    more: dict[str, Any] = {name: rows}
    assert getattr(piece_of([], **more), name).tolist() == rows[[1, 0, 2]].tolist()


# -- what is refused ----------------------------------------------------------------------------------------------------

GOOD = (0, 1, 60, 80, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: piece_of([(-1, 1, 60, 80, 0)]), "starts before tick 0"),
        (lambda: piece_of([(0, 0, 60, 80, 0)]), "less than one tick"),
        (lambda: piece_of([(0, -5, 60, 80, 0)]), "less than one tick"),
        (lambda: piece_of([(MAX_TICK + 1, 1, 60, 80, 0)]), "beyond tick"),
        (lambda: piece_of([(0, MAX_TICK + 1, 60, 80, 0)]), "beyond tick"),
        (lambda: piece_of([GOOD, (0, 1, 128, 80, 0)]), "above 127"),
        (lambda: piece_of([GOOD, (0, 1, 60, 128, 0)]), "above 127"),
        (lambda: piece_of([GOOD, (0, 1, 60, 80, 3)]), "on track 3; there are 3"),
        (lambda: piece_of([GOOD], tracks=0), "on track 0; there are 0"),
        (lambda: piece_of([], tracks=65537), "65537 tracks"),
        (lambda: piece_of([], ticks_per_quarter=0), "ticks_per_quarter is 0"),
        (lambda: piece_of([], ticks_per_quarter=32768), "ticks_per_quarter is 32768"),
        (lambda: Piece(np.zeros((2, 2), NOTE), (Track(),)), "2 dimensions"),
        (lambda: Piece(np.zeros((), NOTE), (Track(),)), "starts before|less than|0 dimensions"),
        *((lambda name=name: piece_of([], **{name: _at(name, -1)}), f"{name}: a tick") for name in MAPS),
        *((lambda name=name: piece_of([], **{name: _at(name, MAX_TICK + 1)}), f"{name}: a tick") for name in MAPS),
        *((lambda qpm=qpm: piece_of([], tempos=np.array([(0, qpm)], TEMPO)), "tempo") for qpm in (0.0, -1.0, np.nan, np.inf)),
        *(
            (lambda row=row: piece_of([], meters=np.array([row], METER)), "meter")
            for row in ((0, 0, 4), (0, 4, 0), (0, 4, 3), (0, 4, 255))
        ),
        *((lambda fifths=fifths: piece_of([], keys=np.array([(0, fifths, 0)], KEY)), "seven") for fifths in (-8, 8, -128, 127)),
    ],
)
def test_out_of_range(make: Callable[[], Piece], message: str) -> None:
    with pytest.raises(InvalidPiece, match=message):
        make()


def _at(name: str, tick: int) -> Any:
    row = {"tempos": (tick, 60.0), "meters": (tick, 4, 4), "keys": (tick, 0, 0)}[name]
    return np.array([row], MAPS[name])


def test_the_edges_are_in_range() -> None:
    rows = [(0, 1, 0, 0, 0), (MAX_TICK, MAX_TICK, 127, 127, 65535)]
    meters = np.array([(0, 1, 1), (MAX_TICK, 255, 128)], METER)
    keys = np.array([(0, -7, 0), (1, 7, 1)], KEY)
    piece = Piece(note_array(rows), (Track(),) * 65536, 32767, _at("tempos", MAX_TICK), meters, keys)
    assert (len(piece), piece.end_tick) == (2, 2 * MAX_TICK)


# -- a value that does not change ---------------------------------------------------------------------------------------


@few
@given(pieces())
def test_arrays_are_read_only(piece: Piece) -> None:
    for name in ("notes", *MAPS):
        array = getattr(piece, name)
        assert not array.flags.writeable
        if len(array):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = array[0]


def test_a_view_of_the_callers_array_is_copied() -> None:
    rows = note_array([(at, 1, 60, 80, 0) for at in range(4)])
    piece = Piece(rows[1:3], (Track(),))
    rows["pitch"] = 0
    assert piece.notes["pitch"].tolist() == [60, 60]


@few
@given(pieces())
def test_equality(piece: Piece) -> None:
    twin = replace(piece, notes=piece.notes[::-1].copy())
    assert twin == piece
    assert piece != replace(piece, ticks_per_quarter=piece.ticks_per_quarter % 32767 + 1)
    assert piece != replace(piece, tracks=(*piece.tracks, Track()))
    assert piece != replace(piece, about=replace(piece.about, title=piece.about.title + "!"))
    assert piece != replace(piece, keys=np.append(piece.keys, np.array([(6000, 0, 0)], KEY)))
    assert piece != replace(piece, meters=np.append(piece.meters, np.array([(6000, 4, 4)], METER)))
    assert piece != replace(piece, tempos=np.append(piece.tempos, np.array([(6000, 60)], TEMPO)))
    assert piece != "a piece"
    if len(piece):
        assert piece != replace(piece, notes=piece.notes[1:])
        for name in ("onset", "duration", "pitch", "velocity"):
            notes = piece.notes.copy()
            notes[name][0] ^= 1 if notes[name][0] > 1 else 2
            assert piece != replace(piece, notes=notes)
    with pytest.raises(TypeError):
        hash(piece)


def test_repr_names_the_piece() -> None:
    piece = piece_of([(0, 960, 60, 80, 0)], about=About(source="a.mid"))
    assert repr(piece) == "<Piece 'a.mid': 1 notes, 3 tracks, 1.0 s>"
    assert "'Air'" in repr(replace(piece, about=About(title="Air", source="a.mid")))
    assert "untitled" in repr(replace(piece, about=About()))


# -- time ---------------------------------------------------------------------------------------------------------------


@few
@given(crowded_notes)
def test_end_tick(rows: list[tuple[int, int, int, int, int]]) -> None:
    assert piece_of(rows).end_tick == max((row[0] + row[1] for row in rows), default=0)


def slow_seconds(piece: Piece, tick: int) -> float:
    """The time of one tick: tempo after tempo."""
    seconds, at, qpm = 0.0, 0, 120.0
    for row_tick, row_qpm in piece.tempos.tolist():
        if row_tick > tick:
            break
        seconds += (row_tick - at) * 60 / qpm / piece.ticks_per_quarter
        at, qpm = row_tick, row_qpm
    return seconds + (tick - at) * 60 / qpm / piece.ticks_per_quarter


@few
@given(pieces(), st.lists(st.integers(0, 6000) | st.integers(0, 2**31), max_size=9))
def test_seconds(piece: Piece, ticks: list[int]) -> None:
    expected = [slow_seconds(piece, tick) for tick in ticks]
    assert piece.second_at(np.array(ticks, np.int64)) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert piece.seconds == pytest.approx(slow_seconds(piece, piece.end_tick), rel=1e-9, abs=1e-9)


def test_of_two_tempos_at_one_tick_the_later_holds() -> None:
    tempos = np.array([(0, 60), (0, 120), (480, 30), (480, 60)], TEMPO)
    assert piece_of([], tempos=tempos).second_at(np.array([480, 960])).tolist() == [0.5, 1.5]


# -- transposition ------------------------------------------------------------------------------------------------------


@few
@given(pieces(), st.integers(-130, 130))
def test_transpose(piece: Piece, semitones: int) -> None:
    moved = [
        (onset, duration, pitch if piece.tracks[track].is_drum else pitch + semitones, velocity, track)
        for onset, duration, pitch, velocity, track in piece.notes.tolist()
    ]
    if any(not 0 <= row[2] <= 127 for row in moved):
        with pytest.raises(InvalidPiece, match=f"by {semitones} semitones"):
            piece.transpose(semitones)
        return
    result = piece.transpose(semitones)
    assert [tuple(row) for row in result.notes.tolist()] == in_slow_order(moved)
    same = ("tracks", "ticks_per_quarter", "about")
    assert [getattr(result, name) for name in same] == [getattr(piece, name) for name in same]
    assert np.array_equal(result.keys["minor"], piece.keys["minor"])
    assert np.array_equal(result.tempos, piece.tempos)
    assert np.array_equal(result.meters, piece.meters)


MAJOR_TONIC = {fifths: fifths * 7 % 12 for fifths in range(-7, 8)}


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize("semitones", [*range(-12, 13), 24, -25])
@pytest.mark.parametrize("fifths", range(-7, 8))
def test_keys_move_on_the_circle_of_fifths(fifths: int, semitones: int, minor: bool) -> None:
    """The tonic moves by as many semitones, and no other spelling of the new key has fewer signs."""
    piece = piece_of([], keys=np.array([(5, fifths, minor)], KEY))
    tick, moved, still_minor = piece.transpose(semitones).keys.tolist()[0]
    assert (tick, still_minor) == (5, minor)
    assert MAJOR_TONIC[moved] == (MAJOR_TONIC[fifths] + semitones) % 12
    if semitones % 12 == 0:
        assert moved == fifths, "an octave changes no spelling"
    else:
        assert abs(moved) == min(abs(other) for other, tonic in MAJOR_TONIC.items() if tonic == MAJOR_TONIC[moved])


# -- cut, merge, quantise -----------------------------------------------------------------------------------------------


@few
@given(pieces(), st.integers(0, 60), st.integers(1, 60))
def test_cut(piece: Piece, start: int, length: int) -> None:
    end = start + length
    kept = [
        (onset - start, min(duration, end - onset), pitch, velocity, track)
        for onset, duration, pitch, velocity, track in piece.notes.tolist()
        if start <= onset < end
    ]
    part = piece.cut(start, end)
    assert [tuple(row) for row in part.notes.tolist()] == in_slow_order(kept)
    assert part.tracks == piece.tracks
    for name in MAPS:
        rows = getattr(piece, name).tolist()
        in_force = [row for row in rows if row[0] <= start][-1:]
        inside = [row for row in rows if start < row[0] < end]
        assert getattr(part, name).tolist() == [(max(0, row[0] - start), *row[1:]) for row in in_force + inside]


@few
@given(pieces())
def test_cut_of_the_whole_is_the_whole(piece: Piece) -> None:
    assert piece.cut(0, max(piece.end_tick, 8000)) == piece  # a pedal may be down beyond the last note


@few
@given(pieces(), pieces())
def test_merge(one: Piece, other: Piece) -> None:
    if one.ticks_per_quarter != other.ticks_per_quarter:
        with pytest.raises(InvalidPiece, match="quantise one first"):
            one.merge(other)
        other = replace(other, ticks_per_quarter=one.ticks_per_quarter)
    both = one.merge(other)
    rows = one.notes.tolist() + [(*row[:4], row[4] + len(one.tracks)) for row in other.notes.tolist()]
    assert [tuple(row) for row in both.notes.tolist()] == in_slow_order(rows)
    assert both.tracks == one.tracks + other.tracks
    assert both.about == one.about
    assert all(np.array_equal(getattr(both, name), getattr(one, name)) for name in MAPS)


def test_merge_of_too_many_tracks() -> None:
    many = piece_of([], tracks=65536)
    with pytest.raises(InvalidPiece, match="65537 tracks"):
        many.merge(piece_of([], tracks=1))


def nearest(tick: int, old: int, new: int) -> int:
    """The nearest line of the new grid, the later one when two are equally near."""
    below = tick * new // old
    return below if 2 * (tick * new - below * old) < old else below + 1


@few
@given(st.lists(ticks, max_size=20), st.integers(1, 32767), st.integers(1, 1000) | st.sampled_from([480, 960]))
def test_the_nearest_line_of_one_tick_or_many(places: list[int], old: int, new: int) -> None:
    expected = [nearest(tick, old, new) for tick in places]
    assert nearest_line(np.array(places, np.int32), old, new).tolist() == expected
    assert [nearest_line(tick, old, new) for tick in places] == expected


@few
@given(pieces(), st.integers(1, 1000))
def test_quantise(piece: Piece, new: int) -> None:
    old = piece.ticks_per_quarter
    rows = []
    for onset, duration, pitch, velocity, track in piece.notes.tolist():
        start, end = nearest(onset, old, new), nearest(onset + duration, old, new)
        rows.append((start, max(1, end - start), pitch, velocity, track))
    if any(max(row[:2]) > MAX_TICK for row in rows):
        with pytest.raises(InvalidPiece, match=r"beyond tick|outside"):
            piece.quantise(new)
        return
    if any(nearest(row[0], old, new) > MAX_TICK for name in MAPS for row in getattr(piece, name).tolist()):
        with pytest.raises(InvalidPiece, match=r"beyond tick|outside"):
            piece.quantise(new)
        return
    result = piece.quantise(new)
    assert result.ticks_per_quarter == new
    assert [tuple(row) for row in result.notes.tolist()] == in_slow_order(rows)
    for name in MAPS:
        assert getattr(result, name).tolist() == [(nearest(row[0], old, new), *row[1:]) for row in getattr(piece, name).tolist()]


@few
@given(pieces())
def test_quantise_to_its_own_grid_changes_nothing(piece: Piece) -> None:
    assert piece.quantise(piece.ticks_per_quarter) == piece


@few
@given(any_track)
def test_tracks_are_values(track: Track) -> None:
    assert track == Track(track.program, track.is_drum, track.name)
    assert len({track, replace(track)}) == 1
