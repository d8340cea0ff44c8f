"""`notes` against slow twins in plain loops, and its events by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import make
from partimento.encodings.notes import Notes
from partimento.encodings.notes.layout import PROFILES
from partimento.errors import InvalidOption
from partimento.pedal import pedalled
from partimento.piece import KEY, METER, PEDAL, TEMPO, Piece, Track, note_array
from partimento.testing.encodings import random_events
from partimento.testing.random_pieces import pieces

KINDS = ["bar", "wait", "meter", "key", "tempo", "note", "tie", "end"]
every_profile = pytest.mark.parametrize("profile", PROFILES)
Rows = list[tuple[int, ...]]


# -- the slow twins -----------------------------------------------------------------------------------------------------


def line(tick: int, ticks: int, grid: int) -> int:
    return math.floor(Fraction(tick * grid, ticks) + Fraction(1, 2))


def bar_length(numerator: int, denominator: int) -> int:
    return max(1, numerator * 192 // denominator)


def slow_encode(piece: Piece, profile: str) -> Rows:
    layout = PROFILES[profile]
    piece = piece if layout.beats else pedalled(piece)
    events: list[tuple[int, int, tuple[int, ...], int]] = []  # tick, rank, pitch, duration, velocity, instrument; tie
    for onset, duration, pitch, velocity, number in piece.notes.tolist():
        track = piece.tracks[number]
        if track.is_drum and not layout.instrument:
            continue
        if layout.beats:
            start, end = (line(tick, piece.ticks_per_quarter, 48) for tick in (onset, onset + duration))
        else:
            start, end = (math.floor(min(2e6, seconds(piece, tick)) * 100 + 0.5) for tick in (onset, onset + duration))
        if start >= 2**24:
            continue
        tie, rest = divmod(min(max(1, end - start), 192 * 193) - 1, 192)
        values = [pitch + 1, rest + 1]
        values += [min(range(33), key=lambda level: (abs(4 * level - velocity), -level)) + 1] * layout.velocity
        values += [(129 if track.is_drum else track.program + 1)] * layout.instrument
        events.append((start, 3, tuple(values), tie))
    if not events:
        return []
    events.sort()
    if layout.beats:
        events = sorted(slow_maps(piece, events[-1][0], len(layout.fields) - 2) + events)
    rows: Rows = []
    blank = (0,) * (len(layout.fields) - 2)
    kind = {name: layout.kinds.index(name) + 1 for name in layout.kinds}
    now, bar_start, length = 0, 0, 192
    for tick, rank, fields, tie in events:
        bars = 0
        while layout.beats and bar_start + length <= tick:
            bar_start += length
            bars += 1
            now = bar_start
        while bars:
            rows.append((kind["bar"], min(bars, 192), *blank))
            bars -= min(bars, 192)
        waits = (tick - now) // 192
        now += 192 * waits
        while waits:
            rows.append((kind["wait"], min(waits, 192), *blank))
            waits -= min(waits, 192)
        rows.append((kind[("meter", "key", "tempo", "note")[rank]], tick - now + 1, *fields))
        now = tick
        if rank == 0:
            bar_start, length = tick, bar_length(fields[0], 2 ** (fields[1] - 1))
        if tie:
            rows.append((kind["tie"], 0, 0, tie, *blank[2:]))
    return [*rows, (kind["end"], 0, *blank)]


def seconds(piece: Piece, tick: int) -> float:
    return float(piece.second_at(np.array([tick]))[0])


def slow_maps(piece: Piece, last: int, width: int) -> list[tuple[int, int, tuple[int, ...], int]]:
    """Changes of meter, key and tempo up to the last onset."""

    def by_line(rows: Any) -> dict[int, tuple[Any, ...]]:
        found = {line(tick, piece.ticks_per_quarter, 48): tuple(values) for tick, *values in rows}
        return {tick: values for tick, values in found.items() if tick <= last}

    events = []
    now, start = (4, 4), 0
    for tick, meter in by_line(row for row in piece.meters.tolist() if row[1] <= 128).items():
        if meter != now or (tick - start) % bar_length(*now):
            events.append((tick, 0, (meter[0], meter[1].bit_length())))
            now, start = meter, tick
    key = 0
    for tick, (fifths, minor) in by_line(piece.keys.tolist()).items():
        if key != (key := 2 * (fifths + 7) + minor + 1):
            events.append((tick, 1, (key, 0)))
    tempo = 70
    for tick, (qpm,) in by_line(piece.tempos.tolist()).items():
        if tempo != (tempo := min(128, max(1, math.floor(math.log2(qpm / 120) * 24 + 0.5) + 70))):
            events.append((tick, 2, (tempo, 0)))
    return [(tick, rank, fields + (0,) * (width - 2), 0) for tick, rank, fields in events]


def slow_decode(events: Any, profile: str) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], list[tuple[int, int, int]]]:
    """Notes (onset, duration, pitch, velocity, instrument), meters (tick, numerator, denominator), the place of each event."""
    layout = PROFILES[profile]
    notes: list[tuple[int, ...]] = []
    meters: list[tuple[int, ...]] = []
    places: list[tuple[int, int, int]] = []
    now, bar, bar_start, length, denominator = 0, 0, 0, 192, 4
    for row in events.tolist():
        kind, time = layout.kinds[row[0] - 1], row[1]
        if kind == "bar":
            bar, bar_start = bar + time, bar_start + time * length
            now = bar_start
        elif kind == "wait":
            now += 192 * time
        elif kind == "tie":
            onset, duration, *rest = notes[-1]
            notes[-1] = (onset, duration + 192 * row[3], *rest)
        elif kind != "end":
            now += time - 1
        if kind == "meter":
            bar += now > bar_start
            denominator = 2 ** (row[3] - 1)
            bar_start, length = now, bar_length(row[2], denominator)
            meters.append((now, row[2], denominator))
        if kind == "note":
            velocity = min(127, max(1, row[4] * 4 - 4)) if layout.velocity else 80
            notes.append((now, row[3], row[2] - 1, velocity, row[-1] - 1 if layout.instrument else 0))
        if layout.beats:
            places.append((bar, *divmod(now - bar_start, max(1, 192 // denominator))))
        else:
            places.append((now // 100, now % 100 // 10, now % 10))
    return notes, meters, places


# -- equal to them ------------------------------------------------------------------------------------------------------


@st.composite
def musical(draw: st.DrawFn) -> Piece:
    """Chords, unisons, ties, changes of meter in and at bars, on and off the grid, within some bars."""
    ticks = draw(st.sampled_from([1, 10, 48, 96, 480]))
    tracks = draw(st.lists(st.builds(Track, st.integers(0, 2), st.booleans()), min_size=1, max_size=3))
    twelfth = st.integers(0, 300).map(lambda at: at * ticks // 12)
    length = st.one_of(st.integers(1, 12), st.integers(1, 5000)).map(lambda long: max(1, long * ticks // 12))
    note = st.tuples(twelfth, length, st.integers(60, 62), st.sampled_from([1, 80, 81, 127]), st.integers(0, len(tracks) - 1))
    meter = st.tuples(twelfth, st.sampled_from([1, 2, 4, 5, 129]), st.sampled_from([2, 4, 8, 128]))
    key = st.tuples(twelfth, st.integers(-7, -6), st.booleans())
    tempo = st.tuples(twelfth, st.sampled_from([119.0, 120.0, 60.0, 1e-3, 1e5]))
    maps = [np.array(draw(st.lists(row, max_size=4)), kind) for row, kind in ((meter, METER), (key, KEY), (tempo, TEMPO))]
    return Piece(note_array(draw(st.lists(note, max_size=30))), tuple(tracks), ticks, maps[2], maps[0], maps[1])


@every_profile
@settings(max_examples=150, deadline=None)
@given(piece=st.one_of(musical(), pieces()))
def test_encode_is_its_slow_twin(profile: str, piece: Piece) -> None:
    assert [tuple(row) for row in Notes(profile).encode(piece).tolist()] == slow_encode(piece, profile)


@every_profile
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(0, 60))
def test_decode_and_place_are_their_slow_twins(profile: str, seed: int, length: int) -> None:
    encoding = Notes(profile)
    events = random_events(encoding, length, np.random.default_rng(seed))
    notes, meters, places = slow_decode(events, profile)
    assert encoding.place(events).tolist() == [list(place) for place in places]
    piece = encoding.decode(events)
    instruments = [128 if track.is_drum else track.program for track in piece.tracks]
    assert instruments == sorted({note[4] for note in notes})
    assert sorted((*row[:4], instruments[row[4]]) for row in piece.notes.tolist()) == sorted(notes)
    assert piece.meters.tolist() == meters


@every_profile
@settings(max_examples=60, deadline=None)
@given(piece=musical())
def test_what_encode_makes_is_legal_to_its_end(profile: str, piece: Piece) -> None:
    encoding = Notes(profile)
    events = encoding.encode(piece)
    assert encoding.ended(events) == (len(events) > 0)
    for row in range(len(events)):
        for at in range(len(encoding.fields)):
            legal = encoding.allowed(events[:row], tuple(events[row, :at].tolist()))
            assert legal[events[row, at]], (row, at)


@pytest.mark.parametrize("profile", ["score", "ensemble"])
@settings(max_examples=200, deadline=None)
@given(piece=musical(), ticks=st.sampled_from([12, 16, 24, 48]))
def test_all_notes_of_a_piece_on_the_grid_come_back(profile: str, piece: Piece, ticks: int) -> None:
    piece = Piece(piece.notes, piece.tracks, ticks, piece.tempos, piece.meters, piece.keys)
    back = make(f"notes:profile={profile}").decode(make(f"notes:profile={profile}").encode(piece))
    scale = 48 // ticks

    def sounding(of: Piece, scale: int) -> list[tuple[int, ...]]:
        instruments = [128 if track.is_drum else track.program for track in of.tracks]
        rows = of.notes.tolist()
        return sorted((on * scale, min(192 * 193, long * scale), pitch, instruments[track]) for on, long, pitch, _, track in rows)

    assert sounding(back, 1) == sounding(piece, scale)


# -- by hand ------------------------------------------------------------------------------------------------------------


def encoded(piece: Piece, profile: str = "score") -> list[tuple[Any, ...]]:
    events = Notes(profile).encode(piece)
    return [(PROFILES[profile].kinds[row[0] - 1], *row[1:]) for row in events.tolist()]


def test_a_chord_in_the_third_bar() -> None:
    piece = Piece(note_array([(960, 240, 67, 80, 0), (960, 120, 64, 80, 0), (1080, 120, 60, 80, 0)]), (Track(40),), 120)
    assert encoded(piece) == [
        ("bar", 2, 0, 0, 0),
        ("note", 1, 65, 48, 41),
        ("note", 1, 68, 96, 41),
        ("note", 49, 61, 48, 41),
        ("end", 0, 0, 0, 0),
    ]


def test_a_pickup_a_waltz_and_a_key() -> None:
    meters = np.array([(0, 1, 4), (48, 3, 4)], METER)
    keys = np.array([(0, 1, False)], KEY)
    piece = Piece(
        note_array([(0, 48, 62, 80, 0), (48, 144, 67, 80, 0), (192, 48, 66, 80, 0)]), (Track(),), 48, meters=meters, keys=keys
    )
    assert encoded(piece) == [
        ("meter", 1, 1, 3, 0),
        ("key", 1, 17, 0, 0),
        ("note", 1, 63, 48, 1),
        ("bar", 1, 0, 0, 0),
        ("meter", 1, 3, 3, 0),
        ("note", 1, 68, 144, 1),
        ("bar", 1, 0, 0, 0),
        ("note", 1, 67, 48, 1),
        ("end", 0, 0, 0, 0),
    ]
    assert Notes("score").place(Notes("score").encode(piece))[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_long_notes_are_tied_and_unisons_kept() -> None:
    piece = Piece(note_array([(0, 193, 60, 80, 0), (0, 193, 60, 80, 1), (0, 1, 60, 80, 1)]), (Track(), Track()), 48)
    assert encoded(piece) == [
        ("note", 1, 61, 1, 1),
        ("note", 1, 61, 1, 1),
        ("tie", 0, 0, 1, 0),
        ("note", 1, 61, 1, 1),
        ("tie", 0, 0, 1, 0),
        ("end", 0, 0, 0, 0),
    ]


def test_performances_sound_as_long_as_the_pedal_holds_them() -> None:
    """Two keys of 60 ms under a pedal of 500 ms, one of them struck again; a third after it. Written profiles know no pedal."""
    rows = [(0, 60, 60, 100, 0), (100, 60, 64, 100, 0), (300, 60, 60, 100, 0), (600, 60, 60, 100, 0)]
    pedal = np.array([(20, 480, 0)], PEDAL)
    piece = Piece(note_array(rows), (Track(),), 500, pedals=pedal)  # 120 quarters a minute: a tick is 1 ms
    back = Notes("performance").decode(Notes("performance").encode(piece))
    assert back.notes["duration"].tolist() == [30, 40, 20, 6]
    assert not len(back.pedals)
    for profile in ("score", "piano", "ensemble"):
        assert np.array_equal(Notes(profile).encode(piece), Notes(profile).encode(replace(piece, pedals=pedal[:0])))


def test_performances_are_in_playing_time() -> None:
    piece = Piece(note_array([(480, 480, 60, 100, 0)]), (Track(12),), 480, np.array([(0, 60.0), (480, 30.0)], TEMPO))
    assert encoded(piece, "performance") == [("note", 101, 61, 8, 26), ("tie", 0, 0, 1, 0), ("end", 0, 0, 0, 0)]
    again = Notes("performance").decode(Notes("performance").encode(piece))
    assert again.notes.tolist() == [(50 * 2, 200, 60, 100, 0)]
    assert again.seconds == pytest.approx(3.0)


def test_a_long_rest_is_one_event() -> None:
    piece = Piece(note_array([(0, 1, 60, 80, 0), (4 * 150, 1, 60, 80, 0)]), (Track(),), 1)
    assert [row[:2] for row in encoded(piece)] == [("note", 1), ("bar", 150), ("note", 1), ("end", 0)]


def test_what_is_kept_and_dropped_is_said_for_each_profile() -> None:
    assert len({Notes(profile).keeps for profile in PROFILES} | {Notes(profile).drops for profile in PROFILES}) == 8
    assert [len(Notes(profile).fields) for profile in PROFILES] == [5, 5, 6, 5]
    assert all(Notes(profile).dtype == np.uint8 for profile in PROFILES)
    with pytest.raises(InvalidOption, match="profile is 'band'; it must be one of score, piano, ensemble, performance"):
        Notes("band")
