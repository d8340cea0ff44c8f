"""`leadsheet` against a slow twin that goes line by line, by hand, and the choice of the melody."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.chord_symbols import chord_name, parse_chord
from partimento.encodings import make
from partimento.encodings.leadsheet.encoding import HOLD, REST, Leadsheet
from partimento.encodings.leadsheet.tune import melody_track, top_line
from partimento.piece import CHORD, METER, NOTE, QUALITIES, Piece, Track, note_array

LEADSHEET = make("leadsheet")


def sheet(
    *notes: tuple[int, int, int], chords: str = "0 N.C.", meters: tuple[tuple[int, int, int], ...] = (), ticks: int = 24
) -> Piece:
    """Notes (onset, duration, pitch) in lines, chords as `line symbol, line symbol`."""
    rows = [(int(line), *parse_chord(symbol)) for line, symbol in (one.split() for one in chords.split(","))]
    track = (Track(),)
    piece = Piece(
        note_array((*note, 80, 0) for note in notes), track, 24, meters=np.array(list(meters), METER), chords=np.array(rows, CHORD)
    )
    return piece.quantise(ticks)


def readable(piece: Piece) -> list[tuple[int, str, str, int]]:
    """Events as (lines since the bar line, chord symbol, what, lines)."""
    rows = []
    for place, root, quality, pitch, duration in LEADSHEET.encode(piece).tolist():
        assert (quality == 0) == (root == 1)
        what = {REST: "rest", HOLD: "hold"}.get(pitch, str(pitch - 3))
        rows.append((place - 1, chord_name(root - 2, max(0, quality - 1), root - 2), what, duration))
    return rows


# -- the slow twin ------------------------------------------------------------------------------------------------------


def slow(piece: Piece) -> list[tuple[int, str, str, int]]:
    """The events of one line of notes of 24 ticks a quarter, in meters whose bars are whole 32nds."""
    notes = piece.notes.tolist()
    end = piece.end_tick
    sounds, begins = [-1] * end, [False] * end
    for onset, duration, pitch, *_ in notes:
        sounds[onset : onset + duration] = [pitch] * duration
        begins[onset] = True
    chord = ["N.C."] * end
    for tick, root, quality, _ in piece.chords.tolist():
        chord[tick:] = [chord_name(root, quality, root)] * max(0, end - tick)
    place, meters = [], {tick: upper * 96 // lower for tick, upper, lower in piece.meters.tolist()}
    length, since = 96, 0
    for line in range(end):
        if line in meters:
            length, since = meters[line], line
        place.append((line - since) % length)
    cut = [place[line] == 0 or begins[line] or chord[line] != chord[line - 1] for line in range(end)] + [True]
    line = 1
    while line < end:
        if sounds[line] < 0 <= sounds[line - 1]:
            before = max(at for at in range(line) if cut[at])
            after = line if cut[line] and begins[line] else min(at for at in range(line + 1, end + 1) if cut[at])
            if 4 * (after - line) < line - before:
                sounds[line:after] = [sounds[line - 1]] * (after - line)
                line = after - 1
        line += 1
    rows: list[tuple[int, str, str, int]] = []
    for line in range(end):
        new = line == 0 or cut[line] or (sounds[line] < 0) != (sounds[line - 1] < 0)
        what = "rest" if sounds[line] < 0 else str(sounds[line]) if begins[line] else "hold"
        rows.append((place[line], chord[line], what, 1) if new else (*rows.pop()[:3], 0))
        if not new:
            rows[-1] = (*rows[-1][:3], line + 1 - sum(row[3] for row in rows[:-1]))
    return rows


symbols = st.sampled_from(["N.C.", "C", "Am", "G7", "F#m7b5", "Bbmaj7", "Ddim7"])
meter = st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 2), (5, 32), (1, 8), (7, 16)])


@st.composite
def sheets(draw: st.DrawFn) -> Piece:
    notes, at = [], draw(st.integers(0, 200))
    for pitch, length, silence in draw(
        st.lists(
            st.tuples(st.integers(0, 127), st.integers(1, 150), st.sampled_from([0, 0, 0, 1, 5, 30, 120])), min_size=1, max_size=12
        )
    ):
        notes.append((at, length, pitch))
        at += length + silence
    chords = ",".join(f"{line} {symbol}" for line, symbol in draw(st.lists(st.tuples(st.integers(0, 400), symbols), max_size=6)))
    meters, start = [], 0
    for kind, bars, rest in draw(st.lists(st.tuples(meter, st.integers(0, 3), st.sampled_from([0, 0, 3, 12])), max_size=3)):
        meters.append((start, *kind))
        start += bars * kind[0] * 96 // kind[1] + rest + 3
    return sheet(*notes, chords=chords or "0 N.C.", meters=tuple(meters))


@settings(max_examples=150, deadline=None)
@given(piece=sheets())
def test_any_sheet(piece: Piece) -> None:
    assert readable(piece) == slow(piece)
    assert LEADSHEET.notes_in(LEADSHEET.encode(piece)) == len(piece)


@settings(max_examples=50, deadline=None)
@given(piece=sheets(), semitones=st.integers(-24, 24))
def test_transposed_sheets(piece: Piece, semitones: int) -> None:
    moved = Leadsheet().transpose(LEADSHEET.encode(piece), semitones)
    pitch = piece.notes["pitch"].astype(int) + semitones
    if pitch.min() < 0 or pitch.max() > 127:
        assert moved is None
    else:
        assert moved is not None
        assert np.array_equal(moved, LEADSHEET.encode(piece.transpose(semitones)))


# -- by hand ------------------------------------------------------------------------------------------------------------


def test_a_waltz_with_an_upbeat() -> None:
    piece = sheet((0, 24, 67), (24, 48, 64), (84, 12, 62), (96, 72, 60), chords="24 C, 96 Am7", meters=((0, 1, 4), (24, 3, 4)))
    expected = [(0, "N.C.", "67", 24), (0, "C", "64", 48), (48, "C", "rest", 12), (60, "C", "62", 12), (0, "Am7", "60", 72)]
    assert readable(piece) == expected
    again = LEADSHEET.decode(LEADSHEET.encode(piece))
    assert np.array_equal(again.notes["onset"], piece.notes["onset"])
    assert again.meters.tolist() == [(0, 1, 4), (24, 3, 4)]
    assert again.chords.tolist() == [(0, -1, 0, -1), (24, 0, 0, 0), (96, 9, QUALITIES.index("minor seventh"), 9)]
    assert again.tracks == (Track(0, False, "Melody"),)


def test_notes_go_on_over_bar_lines_and_chords() -> None:
    piece = sheet((0, 168, 60), chords="0 C, 48 F, 72 F/A")
    assert readable(piece) == [(0, "C", "60", 48), (48, "F", "hold", 48), (0, "F", "hold", 72)]


def test_silences_of_a_gate_time_are_no_rests() -> None:
    assert [row[2:] for row in readable(sheet((0, 20, 60), (24, 22, 62), (48, 24, 64)))] == [("60", 24), ("62", 24), ("64", 24)]
    assert [row[2:] for row in readable(sheet((0, 18, 60), (24, 24, 62)))] == [("60", 18), ("rest", 6), ("62", 24)]


def test_onsets_and_ends_go_to_the_nearest_line() -> None:
    piece = Piece(note_array([(7, 233, 60, 80, 0), (250, 200, 62, 80, 0)]), (Track(),), 480, chords=sheet((0, 1, 1)).chords)
    assert [row[2:] for row in readable(piece)] == [("60", 13), ("62", 10)]


def test_long_bars_are_several() -> None:
    piece = sheet((0, 96, 60), (288, 24, 60), meters=((0, 3, 1),))
    assert [row[0] for row in readable(piece)] == [0, 96, 0, 0]


def test_chords_are_found_where_none_are_written() -> None:
    melody, low = (
        [(0, 48, 76), (48, 48, 79), (96, 96, 71)],
        [(0, 96, 48), (0, 96, 52), (0, 96, 55), (96, 96, 43), (96, 96, 59), (96, 96, 62)],
    )
    notes = note_array([*((*note, 80, 0) for note in melody), *((*note, 80, 1) for note in low)])
    piece = Piece(notes, (Track(0, False, "Melody"), Track()), 24)
    assert [row[1:3] for row in readable(piece)] == [("C", "76"), ("C", "79"), ("G", "71")]
    written = replace(piece, chords=sheet((0, 1, 1), chords="0 Am").chords)
    assert {row[1] for row in readable(written)} == {"Am"}
    alone = replace(piece, notes=piece.notes[piece.notes["track"] == 0])
    assert {row[1] for row in readable(alone)} == {"N.C."}


def test_fields_of_what_no_one_wrote() -> None:
    assert LEADSHEET.encode(Piece(np.zeros(0, NOTE), ())).shape == (0, 5)
    assert LEADSHEET.decode(np.zeros((0, 5))).notes.tolist() == []


# -- which notes are the melody -----------------------------------------------------------------------------------------


def parts(*parts: tuple[str, list[tuple[int, int, int]]], drums: bool = False) -> Piece:
    notes = [(*note, 80, number) for number, (_, part) in enumerate(parts) for note in part]
    return Piece(note_array(notes), tuple(Track(0, drums and not number, name) for number, (name, _) in enumerate(parts)), 24)


LOW = [(at, 24, 48) for at in range(0, 96, 24)]
HIGH = [(at, 24, 72) for at in range(0, 96, 24)]
CHORDS = [(at, 24, pitch) for at in range(0, 96, 24) for pitch in (55, 59, 62)]


@pytest.mark.parametrize(
    ("piece", "track"),
    [
        (parts(("", HIGH)), 0),
        (parts(("Flute", HIGH), ("MELODY", LOW)), 1),
        (parts(("", CHORDS), ("", HIGH), ("", LOW)), 1),
        (parts(("", CHORDS), ("", CHORDS)), None),
        (parts(("", []), ("", LOW)), 1),
        (parts(("Melody", HIGH), ("", LOW), drums=True), 1),
        (parts(("", [])), None),
        (parts(("", CHORDS), ("", LOW)), None),
        (parts(*[("", LOW)] * 11), None),
        (parts(("", [(at, 24, 48) for at in range(0, 960, 24)]), ("", HIGH[:1])), 0),
    ],
)
def test_the_track_of_the_melody(piece: Piece, track: int | None) -> None:
    assert melody_track(piece) == track


def test_the_top_line() -> None:
    onset, end, pitch = np.array([0, 0, 12, 24, 30, 40]), np.array([24, 24, 36, 60, 34, 44]), np.array([60, 64, 55, 67, 60, 71])
    line = top_line(onset, end, pitch)
    assert [column.tolist() for column in line] == [[0, 24, 40], [24, 40, 44], [64, 67, 71]]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20), st.integers(60, 66)), max_size=20))
def test_the_top_line_against_its_definition(notes: list[tuple[int, int, int]]) -> None:
    kept: list[list[int]] = []
    for onset in sorted({note[0] for note in notes}):
        _, length, pitch = max((note for note in notes if note[0] == onset), key=lambda note: (note[2], note[1]))
        if not kept or kept[-1][1] <= onset or kept[-1][2] <= pitch:
            kept.append([onset, onset + length, pitch])
    for one, following in pairwise(kept):
        one[1] = min(one[1], following[0])
    columns = np.array(notes, np.int64).reshape(-1, 3).T
    assert [
        list(row)
        for row in zip(*(column.tolist() for column in top_line(columns[0], columns[0] + columns[1], columns[2])), strict=True)
    ] == kept
