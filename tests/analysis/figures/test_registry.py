"""The figures of a piece, against sums done by hand, slow twins, and what is published of the JSB chorales."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from partimento.analysis.figures.measures import figures_of, table
from partimento.analysis.figures.registry import FIGURES
from partimento.piece import METER, Piece, Track, note_array
from partimento.testing.random_pieces import pieces
from tests.made import chorale, made_piece


def tune(pitches: list[int], each: int = 4, meters: Any = ()) -> Piece:
    """One note after another, `each` ticks long, four ticks a quarter."""
    rows = [(at * each, each, pitch, 80, 0) for at, pitch in enumerate(pitches)]
    return Piece(note_array(rows), (Track(),), 4, meters=np.array(list(meters), METER))


def test_pitch_class_entropy_by_hand() -> None:
    assert figures_of(tune([60, 72, 48]))["pitch_class_entropy"] == 0  # one pitch class
    assert figures_of(tune([60, 62, 64, 65]))["pitch_class_entropy"] == pytest.approx(2)
    assert figures_of(tune([60, 60, 64, 67]))["pitch_class_entropy"] == pytest.approx(1.5)  # 1/2, 1/4, 1/4


def test_scale_consistency_by_hand() -> None:
    assert figures_of(tune([57, 59, 60, 62, 64, 65, 67]))["scale_consistency"] == 1  # A minor
    assert figures_of(tune([60, 62, 64, 66]))["scale_consistency"] == 1  # G major holds F sharp
    assert figures_of(tune([60, 61, 62, 63]))["scale_consistency"] == pytest.approx(3 / 4)  # C D Eb, or C Db Eb: three at most


def test_groove_consistency_by_hand() -> None:
    same = tune([60] * 8)
    assert figures_of(same)["groove_consistency"] == 1
    # quarters against eighths: four of the sixteen steps differ, then none does
    rows = [(at, 1, 60, 80, 0) for at in (0, 4, 8, 12, *range(16, 32, 2), *range(32, 48, 2))]
    piece = Piece(note_array(rows), (Track(),), 4)
    assert figures_of(piece)["groove_consistency"] == pytest.approx(1 - (4 / 16 + 0) / 2)
    # a change to 3/4: only bars of one length are compared
    changed = tune([60] * 11, meters=[(0, 4, 4), (32, 3, 4)])
    assert figures_of(changed)["groove_consistency"] == 1
    assert np.isnan(figures_of(tune([60] * 4))["groove_consistency"])  # one bar
    # a note a hair before the bar belongs to it
    early = Piece(note_array([(0, 10, 60, 80, 0), (1919, 10, 60, 80, 0)]), (Track(),), 480)
    assert figures_of(early)["groove_consistency"] == 1


def test_notes_and_bars_by_hand() -> None:
    found = figures_of(tune([60] * 10, meters=[(0, 4, 4)]))
    assert (found["bars"], found["notes_per_bar"]) == (2.5, 4)


def test_polyphony_by_hand() -> None:
    # C for 8 ticks, E over its second half, a rest, then a unison of two tracks: (8 + 4 + 4) / (8 + 4)
    rows = [(0, 8, 60, 80, 0), (4, 4, 64, 80, 0), (12, 4, 60, 80, 0), (12, 4, 60, 80, 1)]
    assert figures_of(Piece(note_array(rows), (Track(), Track()), 4))["polyphony"] == pytest.approx(16 / 12)


def test_texture_by_hand() -> None:
    # bar 1: C and E for a half, then G as they end, over a drum; bars 2 and 3 are silent; a C held from bar 4 to the end of bar 5
    rows = [(0, 8, 60, 80, 0), (4, 4, 64, 80, 0), (8, 4, 67, 80, 0), (8, 4, 36, 80, 1), (48, 32, 60, 80, 0)]
    found = figures_of(Piece(note_array(rows), (Track(), Track(0, True), Track()), 4))
    texture = {name: found[name] for name in ("most_at_once", "parts", "empty_bars", "onsets_per_bar")}
    assert texture == {"most_at_once": 2, "parts": 2, "empty_bars": pytest.approx(2 / 5), "onsets_per_bar": 4 / 2}


def test_repetition_by_hand() -> None:
    once = [60, 62, 64, 65, 67, 69, 71, 72]
    assert figures_of(tune(once))["repeated_runs"] == 0
    # 17 runs of eight in 24 notes; the ninth to sixteenth note are the first eight, a fourth higher; the last eight are new
    again = [*once, *(pitch + 5 for pitch in once), 50, 70, 41, 80, 45, 66, 47, 90]
    assert figures_of(tune(again))["repeated_runs"] == pytest.approx(1 / 17)
    assert figures_of(tune([60] * 20))["repeated_runs"] == pytest.approx(12 / 13)
    assert np.isnan(figures_of(tune(once[:7]))["repeated_runs"])


def test_loops_and_endings_by_hand() -> None:
    assert figures_of(tune([60, 62, 64, 65] * 3 + [60, 62, 64, 67]))["repeated_bars"] == pytest.approx(2 / 4)
    rows = [(at * 4, 4, 60, 80, 0) for at in range(3)] + [(12, 12, 60, 80, 0)]
    assert figures_of(Piece(note_array(rows), (Track(),), 4))["ending"] == pytest.approx(2)


def test_drums_have_rhythm_but_no_pitch() -> None:
    rows = [(0, 4, 60, 80, 0), (0, 4, 36, 80, 1), (4, 4, 38, 80, 1)]
    found = figures_of(Piece(note_array(rows), (Track(), Track(is_drum=True)), 4))
    assert (found["pitch_class_entropy"], found["polyphony"]) == (0, 1)
    assert found["notes_per_bar"] == pytest.approx(3 / 0.5)


def test_no_notes() -> None:
    found = figures_of(Piece(note_array([]), (), 4))
    assert {name for name, value in found.items() if value == value} == {"notes", "seconds", "pitches"}
    assert found["notes"] == found["seconds"] == found["pitches"] == 0
    assert table([]).shape == (0, len(FIGURES))


@settings(deadline=None)
@given(pieces())
def test_any_piece(piece: Piece) -> None:
    """In range or not a number; the same in another key, and whatever the order of equal tracks' notes."""
    found = figures_of(piece)
    for name in ("scale_consistency", "groove_consistency", "repeated_runs", "repeated_bars"):
        assert not found[name] > 1, name
        assert not found[name] < 0, name
    assert not found["pitch_class_entropy"] > np.log2(12) + 1e-9
    assert not found["polyphony"] < 1


@pytest.mark.parametrize("number", range(6))
def test_slow_twins(number: int) -> None:
    """Loops over notes and ticks give the same."""
    piece = made_piece(number)
    found = figures_of(piece)
    sounding = [set() for _ in range(piece.end_tick // 120)]  # type: list[set[int]]
    seen, again, runs = set(), 0, 0
    for note in piece.notes.tolist():
        for tick in range(note[0] // 120, (note[0] + note[1]) // 120):
            sounding[tick].add(note[2])
    for track in range(2):
        line = [note for note in piece.notes.tolist() if note[4] == track]
        for at in range(len(line) - 7):
            run = tuple((b[2] - a[2], b[0] - a[0]) for a, b in zip(line[at : at + 7], line[at + 1 : at + 8], strict=True))
            again, runs = again + (run in seen), runs + 1
            seen.add(run)
    full = [len(tick) for tick in sounding if tick]
    assert found["polyphony"] == pytest.approx(sum(full) / len(full))
    assert found["repeated_runs"] == pytest.approx(again / runs)


@pytest.mark.data
def test_the_jsb_test_pieces() -> None:
    """Figures measured before this code was written: 77 pieces, with their 95% intervals."""
    place = Path(os.environ.get("PARTIMENTO_DATA", "")) / "jsb-chorales.zip"
    if not place.is_file():
        pytest.skip(f"{place} is not there; set PARTIMENTO_DATA to a folder that holds it")
    with zipfile.ZipFile(place) as archive:
        slots = json.loads(archive.read("jsb-chorales/Jsb16thSeparated.json"))["test"]
    rows = table(chorale(np.array(piece)) for piece in slots)
    assert len(rows) == 77
    mean, half = rows.mean(axis=0), 1.96 * rows.std(axis=0) / len(rows) ** 0.5
    stated = {"pitch_class_entropy": (3.026, 0.023), "scale_consistency": (0.930, 0.008)}
    stated |= {"groove_consistency": (0.802, 0.011), "notes_per_bar": (14.9, 0.5)}
    for name, (value, interval) in stated.items():
        at = list(FIGURES).index(name)
        assert mean[at] == pytest.approx(value, abs=0.002 if value < 10 else 0.06), name
        assert half[at] == pytest.approx(interval, abs=0.001 if value < 10 else 0.03), name
