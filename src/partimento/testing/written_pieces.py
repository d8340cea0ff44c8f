"""Hypothesis strategies for pieces that notation can say, and for pieces that were played."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from partimento.piece import CHORD, KEY, METER, PEDAL, QUALITIES, TEMPO, About, Piece, Track, note_array

QUARTER = 480  # ticks
STEPS = (480, 240, 120, 60, 160, 80, 40, 96)  # quarters to thirty-seconds, triplets, a quintuplet
FINER_STEPS = (*STEPS, 30, 20)
METERS = ((4, 4), (3, 4), (6, 8), (2, 2), (5, 4), (7, 8), (12, 8), (3, 8), (1, 4), (9, 16))
_PROGRAMS = (0, 24, 32, 40, 41, 73)
_TEXT = st.text(st.sampled_from("abc xyz <&>\"'%!é-"), max_size=12).map(lambda text: " ".join(text.split()))

Row = tuple[int, int, int, int, int]  # of `note_array`


@st.composite
def written_pieces(draw: st.DrawFn, *, plain: bool = False) -> Piece:
    """A piece whose times notation can say, in several tracks and meters; unless `plain`, drums and overlapping unisons too."""
    step = draw(st.sampled_from(STEPS if plain else FINER_STEPS))
    a_track = st.builds(Track, st.sampled_from(_PROGRAMS), st.just(False) if plain else st.booleans())
    tracks = draw(st.lists(a_track, min_size=1, max_size=3))
    place = st.integers(0, 6 * QUARTER // step)
    notes: list[Row] = []
    for _ in range(draw(st.integers(1, 14))):
        grid = draw(st.sampled_from((step, step, 240)))  # another grid begins at beats, so that no beat holds two
        onset = draw(place) * step if grid == step else draw(st.integers(0, 40)) * 240
        length = draw(st.integers(1, 3 * QUARTER // grid)) * grid
        notes.append((onset, length, draw(st.integers(55, 64)), draw(st.integers(1, 127)), draw(st.integers(0, len(tracks) - 1))))
    if plain:
        notes = [one for number, one in enumerate(notes) if not any(_overlap(one, other) for other in notes[:number])]
    meters, at = [], 0
    for _ in range(draw(st.integers(0, 3))):
        meter = draw(st.sampled_from(METERS))
        meters.append((at, *meter))
        at += draw(st.integers(1, 3)) * 4 * QUARTER * meter[0] // meter[1]
    keys = [(0, draw(st.integers(-7, 7)), draw(st.booleans()))]
    return Piece(note_array(notes), tuple(tracks), QUARTER, meters=np.array(meters, METER), keys=np.array(keys, KEY))


def _overlap(one: Row, other: Row) -> bool:
    return one[2] == other[2] and one[4] == other[4] and one[0] < other[0] + other[1] and other[0] < one[0] + one[1]


@st.composite
def titled_pieces(draw: st.DrawFn) -> Piece:
    """Two bars or more of quarters in three named tracks, with tempos, meters, keys and chords at onsets, pedals, a title page."""
    bars = draw(st.integers(2, 5))
    meter = draw(st.sampled_from(((4, 4), (3, 4), (2, 4))))
    ticks = [quarter * QUARTER for quarter in range(bars * meter[0])]
    pitches = draw(st.lists(st.integers(40, 80), min_size=len(ticks), max_size=len(ticks)))
    programs = draw(st.lists(st.sampled_from(_PROGRAMS), min_size=3, max_size=3))
    names = draw(st.lists(_TEXT.filter(bool), min_size=3, max_size=3))
    notes = [
        (tick, QUARTER, pitch - 12 * track, 80, track) for tick, pitch in zip(ticks, pitches, strict=True) for track in range(3)
    ]
    at = st.sampled_from(ticks[1:])
    tempos = [(0, float(draw(st.integers(40, 200)))), (draw(at), float(draw(st.integers(201, 240))))]
    second = (draw(st.integers(1, bars - 1)) * meter[0] * QUARTER, *draw(st.sampled_from(((5, 4), (2, 2)))))
    keys = [(0, draw(st.integers(1, 4)) * draw(st.sampled_from((1, -1))), draw(st.booleans()))]  # a lone C major is not believed
    chord = st.integers(0, 11).flatmap(lambda root: st.tuples(st.just(root), st.integers(0, len(QUALITIES) - 1), st.just(root)))
    chords = {tick: draw(chord) for tick in draw(st.lists(st.sampled_from(ticks), max_size=3))}
    pedals = [(0, QUARTER, draw(st.integers(0, 2)))] if draw(st.booleans()) else []
    return Piece(
        note_array(notes),
        tuple(Track(program, False, name) for program, name in zip(programs, names, strict=True)),
        QUARTER,
        np.array(tempos, TEMPO),
        np.array([(0, *meter), second], METER),
        np.array(keys, KEY),
        About(draw(_TEXT), draw(_TEXT), draw(_TEXT), "", draw(_TEXT), draw(st.sampled_from(("", '{"model": "x"}')))),
        np.array([(tick, *chords[tick]) for tick in sorted(chords)], CHORD),
        np.array(pedals, PEDAL),
    )


@st.composite
def played_pieces(draw: st.DrawFn) -> Piece:
    """Notes on no grid, of every loudness, notes of one pitch inside each other among them, over four bars or so."""
    quarter = draw(st.sampled_from((96, 384, 480, 960)))
    tracks = draw(st.lists(st.builds(Track, st.sampled_from(_PROGRAMS), st.booleans()), min_size=1, max_size=3))
    note = st.tuples(
        *(st.integers(0, 16 * quarter), st.integers(1, 3 * quarter), st.integers(30, 90), st.integers(1, 127)),
        st.integers(0, len(tracks) - 1),
    )
    return Piece(note_array(draw(st.lists(note, min_size=1, max_size=20))), tuple(tracks), quarter)
