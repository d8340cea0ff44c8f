"""`melody` against a slow twin in plain loops, and against music21's note values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music21 import duration

from partimento.encodings import make
from partimento.encodings.melody import Melody
from partimento.encodings.melody.note_values import values
from partimento.errors import InvalidOption
from partimento.piece import Piece, Track, note_array
from partimento.testing.random_pieces import pieces
from partimento.theory import chord_root_table

SIXTEENTH, TRIPLET = Fraction(1, 4), Fraction(1, 3)
# benchmarks: zero to eighth, what one note cannot write to quarter, breve and longer to whole, 32nd and shorter to 16th
REDUCED = {"eighth": 2, "zero": 2, "quarter": 3, "complex": 3, "inexpressible": 3, "half": 4, "whole": 5, "breve": 5, "longa": 5}
REDUCED |= {"maxima": 5, "duplex-maxima": 5}
OPTIONS = [(pitch, chord) for pitch in ("class", "piano", "midi") for chord in ("root", "top", "bass")]


# -- the slow twin ------------------------------------------------------------------------------------------------------


def nearest_line(quarters: Fraction, unit: Fraction) -> Fraction:
    below = quarters // unit * unit
    return below if quarters - below < unit / 2 else below + unit


def nearer(quarters: Fraction, sixteenth: Fraction, triplet: Fraction) -> Fraction:
    return sixteenth if abs(quarters - sixteenth) <= abs(quarters - triplet) else triplet


def moment_of(onset: int, ticks: int) -> Fraction:
    """The onset in quarters on the grid of sixteenths and triplets."""
    quarters = Fraction(onset, ticks)
    return nearer(quarters, nearest_line(quarters, SIXTEENTH), nearest_line(quarters, TRIPLET))


def value_of(length: int, ticks: int, gap: Fraction | None) -> int:
    """The note value of a length, given the time to the next moment of the part."""
    quarters = Fraction(min(length, 33 * ticks), ticks)
    sixteenth = max(SIXTEENTH, nearest_line(quarters, SIXTEENTH))
    triplet = max(TRIPLET, nearest_line(quarters, TRIPLET))
    chosen = nearer(quarters, sixteenth, triplet)
    if gap is not None:
        if gap % SIXTEENTH == 0 and gap % TRIPLET != 0:
            chosen = sixteenth
        if gap % TRIPLET == 0 and gap % SIXTEENTH != 0:
            chosen = triplet
    return written_value(chosen)


def written_value(quarters: Fraction) -> int:
    """How one note writes a length: with up to four dots, or in a triplet; 3 when it cannot."""
    for value, plain in ((1, Fraction(1, 4)), (2, Fraction(1, 2)), *((2 + n, Fraction(2) ** (n - 1)) for n in range(1, 8))):
        if any(quarters == plain * (2 - Fraction(1, 2**dots)) for dots in range(5)):
            return min(value, 5)
        if quarters.denominator == 3 and plain / 2 < quarters < plain:
            return min(value, 5)
    return 3


def slow_melody(piece: Piece, pitch: str, chord: str) -> list[tuple[int, int]]:
    events = []
    for number, track in enumerate(piece.tracks):
        if track.is_drum:
            continue
        ticks = piece.ticks_per_quarter
        notes = [(moment_of(row[0], ticks), row[1], row[2]) for row in piece.notes.tolist() if row[4] == number]
        moments = sorted({row[0] for row in notes})
        for at, moment in enumerate(moments):
            gap = moments[at + 1] - moment if at + 1 < len(moments) else None
            chords: dict[int, list[int]] = {}
            for place, length, key in notes:
                if place == moment:
                    chords.setdefault(value_of(length, ticks, gap), []).append(key)
            for value in sorted(chords):
                events.append((pitch_id(one_of(chords[value], chord), pitch), value))
    return events


def one_of(keys: list[int], chord: str) -> int:
    """The key that stands for a chord; of several octaves of the root the lowest."""
    if chord == "bass":
        return min(keys)
    if chord == "top":
        return max(keys)
    root = int(chord_root_table()[min(keys) % 12, sum({1 << key % 12 for key in keys})])
    return min(key for key in keys if key % 12 == root)


def pitch_id(key: int, pitch: str) -> int:
    if pitch == "class":
        return key % 12 + 1
    if pitch == "midi":
        return key + 1
    while key < 21:
        key += 12
    while key > 108:
        key -= 12
    return key - 21 + 1


def rows(events: Any) -> list[tuple[int, int]]:
    return [(int(pitch), int(value)) for pitch, value in events]


# -- equal to it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pitch", "chord"), OPTIONS)
@settings(max_examples=25, deadline=None)
@given(piece=pieces())
def test_any_piece(pitch: str, chord: str, piece: Piece) -> None:
    assert rows(Melody(pitch, chord).encode(piece)) == slow_melody(piece, pitch, chord)


@st.composite
def playable(draw: st.DrawFn) -> Piece:
    """Chords and lines near the grid, as played or as written."""
    ticks = draw(st.sampled_from([1, 5, 24, 96, 120, 192, 480, 1024]))
    tracks = draw(st.lists(st.builds(Track, st.just(0), st.booleans()), min_size=1, max_size=3))
    place = st.builds(lambda line, loose: max(0, line * ticks // 12 + loose), st.integers(0, 48), st.integers(-3, 3))
    note = st.tuples(
        place, place.map(lambda length: max(1, length)), st.integers(0, 127), st.just(80), st.integers(0, len(tracks) - 1)
    )
    return Piece(note_array(draw(st.lists(note, max_size=25))), tuple(tracks), ticks)


@pytest.mark.parametrize(("pitch", "chord"), OPTIONS)
@settings(max_examples=30, deadline=None)
@given(piece=playable())
def test_playable_pieces(pitch: str, chord: str, piece: Piece) -> None:
    assert rows(Melody(pitch, chord).encode(piece)) == slow_melody(piece, pitch, chord)


@pytest.mark.parametrize("seed", range(2))
def test_many_notes(seed: int) -> None:
    random = np.random.default_rng(seed)
    notes = [
        (int(onset), int(length), int(key), 80, int(track))
        for onset, length, key, track in zip(
            random.integers(0, 9600, 300),
            random.integers(1, 2000, 300),
            random.integers(0, 128, 300),
            random.integers(0, 3, 300),
            strict=True,
        )
    ]
    piece = Piece(note_array(notes), (Track(), Track(0, True), Track()), 480)
    for pitch, chord in OPTIONS:
        assert rows(Melody(pitch, chord).encode(piece)) == slow_melody(piece, pitch, chord)


# -- made pieces, by hand -----------------------------------------------------------------------------------------------


def encode(*notes: tuple[int, int, int], key: str = "melody", ticks: int = 480) -> list[tuple[int, int]]:
    """Events of notes (onset, duration, pitch) on one track."""
    return rows(make(key).encode(Piece(note_array((on, long, pitch, 80, 0) for on, long, pitch in notes), (Track(),), ticks)))


def test_a_scale() -> None:
    assert encode(*((at * 480, 480, 60 + step) for at, step in enumerate((0, 2, 4, 5, 7)))) == [
        (1, 3),
        (3, 3),
        (5, 3),
        (6, 3),
        (8, 3),
    ]


def test_rests_are_left_out() -> None:
    assert encode((4800, 240, 60), (9600, 120, 61)) == [(1, 2), (2, 1)]


def test_a_chord_is_its_root() -> None:
    inverted = [(0, 480, 64), (0, 480, 67), (0, 480, 72)]
    assert encode(*inverted) == [(1, 3)]
    assert encode(*inverted, key="melody:chord=bass") == [(5, 3)]
    assert encode(*inverted, key="melody:chord=top,pitch=midi") == [(73, 3)]
    assert encode(*inverted, (0, 480, 84), key="melody:pitch=midi") == [(73, 3)], "the lowest C"


def test_notes_of_one_moment_with_two_values_are_two_events_the_shorter_first() -> None:
    assert encode((0, 960, 48), (0, 480, 72), (0, 480, 76)) == [(1, 3), (1, 4)]


def test_a_chord_struck_loosely() -> None:
    assert encode((0, 470, 60), (9, 470, 64), (20, 450, 67), (480, 480, 62)) == [(1, 3), (3, 3)]


def test_dots_and_tuplets_are_ignored() -> None:
    assert encode((0, 720, 60), (720, 240, 62)) == [(1, 3), (3, 2)]
    assert encode((0, 160, 60), (160, 160, 62), (320, 160, 64)) == [(1, 2), (3, 2), (5, 2)]


def test_the_gap_says_which_grid() -> None:
    """An eighth played short: a sixteenth before a sixteenth's gap, an eighth of a triplet before a triplet's."""
    assert encode((0, 140, 60), (120, 480, 62))[0] == (1, 1)
    assert encode((0, 140, 60), (160, 480, 62))[0] == (1, 2)


def test_parts_one_after_another_without_drums() -> None:
    tracks = (Track(), Track(0, True), Track(40))
    notes = note_array([(0, 480, 71, 80, 2), (960, 480, 60, 80, 0), (0, 480, 36, 80, 1), (0, 480, 62, 80, 0)])
    assert rows(Melody().encode(Piece(notes, tracks, 480))) == [(3, 3), (1, 3), (12, 3)]


def test_only_drums_is_nothing() -> None:
    assert Melody().encode(Piece(note_array([(0, 1, 36, 80, 0)]), (Track(0, True),))).shape == (0, 2)


@pytest.mark.parametrize(("pitch", "expected"), [(0, 4), (20, 12), (21, 1), (108, 88), (109, 77), (127, 83)])
def test_keys_off_the_piano_move_by_octaves(pitch: int, expected: int) -> None:
    assert encode((0, 480, pitch), key="melody:pitch=piano") == [(expected, 3)]


@pytest.mark.parametrize("ticks", [24, 480, 1024])
@pytest.mark.parametrize("unit", [4, 3])
def test_note_values_up_to_33_quarters_are_those_of_music21(unit: int, ticks: int) -> None:
    """Every length of k/4 and k/3 quarters; where the ticks cannot hold it exactly, the nearest tick."""
    for lines in range(1, 33 * unit + 1):
        length = round(Fraction(lines, unit) * ticks)
        quarters = Fraction(lines, unit)
        expected = REDUCED.get(duration.Duration(quarters).type, 1)
        assert encode((0, length, 60), ticks=ticks) == [(1, expected)], quarters
        assert written_value(quarters) == expected, quarters


@pytest.mark.parametrize("quarters", [33, 34, 48, 1000])
def test_what_no_note_can_write_is_a_quarter(quarters: int) -> None:
    assert encode((0, quarters * 480, 60)) == [(1, 3)]


def test_decoding() -> None:
    piece = Melody().decode(np.array([(1, 1), (12, 5), (5, 3)]))
    assert piece.tracks == (Track(),)
    assert piece.notes.tolist() == [(0, 120, 60, 80, 0), (120, 1920, 71, 80, 0), (2040, 480, 64, 80, 0)]
    assert values("five").names == ("16th", "eighth", "quarter", "half", "whole")
    assert [make(f"melody:pitch={pitch}").fields[0].size for pitch in ("class", "piano", "midi")] == [13, 89, 129]
    assert Melody("piano").decode(np.array([(1, 3), (88, 3)])).notes["pitch"].tolist() == [21, 108]
    assert Melody("midi").decode(np.array([(1, 3), (128, 3)])).notes["pitch"].tolist() == [0, 127]


def test_options_are_checked() -> None:
    with pytest.raises(InvalidOption, match="pitch is 'octave'; it must be one of class, piano, midi"):
        Melody("octave")
    with pytest.raises(InvalidOption, match="chord is 'all'"):
        Melody(chord="all")
