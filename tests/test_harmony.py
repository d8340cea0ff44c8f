"""Chords found from notes: made pieces whose chords are known, beats, and whatever a piece may be."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings

from partimento.chord_symbols import CHORD_NOTES, NO_CHORD, chord_name, parse_chord
from partimento.harmony import Floats, Ints, Weights, beats, best_path, find_chords, with_chords_played
from partimento.piece import CHORD, METER, NOTE, Piece, Track, note_array
from partimento.testing.random_pieces import pieces


def accompaniment(symbols: list[str], *, quarters: int = 4, bass: bool = True) -> Piece:
    """Each chord for some quarters: its notes above middle C, its bass two octaves below."""
    notes = []
    for number, symbol in enumerate(symbols):
        root, quality, lowest = parse_chord(symbol)
        above = [60 + (root + tone) % 12 for tone in CHORD_NOTES[quality]]
        notes += [(quarters * 24 * number, quarters * 24, pitch, 80, 0) for pitch in above + [36 + lowest] * bass]
    return Piece(note_array(notes), (Track(),), 24)


def found(piece: Piece) -> list[str]:
    return [chord_name(root, quality, bass) for _, root, quality, bass in find_chords(piece).tolist()]


@pytest.mark.parametrize(
    "symbols",
    [
        ["C", "F", "G7", "C"],
        ["Am", "Dm", "E7", "Am"],
        ["Cmaj7", "Am7", "Dm7", "G7sus4", "G7"],
        ["C/E", "F", "F#dim7", "G"],
        ["Bm7b5", "E7", "Am6"],
    ],
)
def test_chords_that_are_there(symbols: list[str]) -> None:
    assert found(accompaniment(symbols)) == symbols


def test_chords_change_on_their_ticks() -> None:
    piece = accompaniment(["C", "F", "G", "C"], quarters=2)
    assert find_chords(piece)["tick"].tolist() == [0, 48, 96, 144]


def test_an_arpeggio_is_its_chord() -> None:
    notes = [(12 * at, 12, (48, 55, 64, 60)[at % 4] + (5 if at >= 16 else 0), 80, 0) for at in range(32)]
    assert found(Piece(note_array(notes), (Track(),), 24)) == ["C", "F"]


def test_a_passing_note_changes_nothing() -> None:
    piece = accompaniment(["C", "G"])
    melody = note_array([(0, 24, 76, 80, 0), (24, 24, 74, 80, 0), (48, 48, 72, 80, 0)])
    assert found(replace(piece, notes=np.concatenate([piece.notes, melody]))) == ["C", "G"]


def test_transposed_pieces_have_transposed_chords() -> None:
    piece = accompaniment(["C", "Am", "Dm7", "G7", "C"])
    for semitones in range(1, 12):
        rows, moved = find_chords(piece), find_chords(piece.transpose(semitones))
        assert moved["root"].tolist() == [(root + semitones) % 12 for root in rows["root"].tolist()]
        assert moved["quality"].tolist() == rows["quality"].tolist()


def test_drums_and_silence_have_no_chords() -> None:
    drums = Piece(note_array([(0, 24, 36, 80, 0)]), (Track(0, True),), 24)
    assert len(find_chords(drums)) == 0
    late = accompaniment(["C", "F"])
    notes = late.notes.copy()
    notes["onset"] += 192
    assert find_chords(replace(late, notes=notes))[["tick", "root"]].tolist() == [(192, 0), (288, 5)]


def test_chords_that_are_played() -> None:
    chords = np.array([(24, *parse_chord("Am/C")), (48, *NO_CHORD), (72, *parse_chord("G7")), (200, *parse_chord("C"))], CHORD)
    piece = Piece(note_array([(0, 96, 76, 80, 0)]), (Track(),), 24, chords=chords)
    played = with_chords_played(piece)
    assert played.tracks[1].name == "Chords"
    rows = [row[:3] for row in played.notes.tolist() if row[4] == 1]
    assert rows == [(24, 24, pitch) for pitch in (36, 48, 52, 57)] + [(72, 24, pitch) for pitch in (43, 50, 53, 55, 59)]
    silent = replace(piece, chords=chords[:0])
    assert with_chords_played(silent).notes.tolist() == piece.notes.tolist()


def test_beats() -> None:
    meters = np.array([(0, 3, 4), (144, 6, 8), (216, 2, 2)], METER)
    piece = Piece(note_array([(0, 300, 60, 80, 0)]), (Track(),), 24, meters=meters)
    tick, place = beats(piece)
    assert tick.tolist() == [0, 24, 48, 72, 96, 120, 144, 180, 216, 264, 300]
    assert place.tolist() == [0, 2, 2, 0, 2, 2, 0, 1, 0, 1]


@settings(max_examples=100, deadline=None)
@given(piece=pieces())
def test_any_piece(piece: Piece) -> None:
    rows = find_chords(piece)
    assert (len(rows) > 0) == bool(sum(not piece.tracks[track].is_drum for track in piece.notes["track"].tolist()))
    assert (np.diff(rows["tick"]) > 0).all()
    assert replace(piece, chords=rows).chords.tolist() == rows.tolist()
    with_chords_played(replace(piece, chords=rows))
    with_chords_played(piece)
    tones = [
        (root + tone) % 12 for root, quality in rows[["root", "quality"]].tolist() for tone in CHORD_NOTES[quality] if root >= 0
    ]
    assert set(rows["bass"].tolist()) <= {*tones, -1}


def test_nothing() -> None:
    assert len(find_chords(Piece(np.zeros(0, NOTE), ()))) == 0


def worth(path: tuple[int, ...], fits: Floats, place: Ints, prior: Floats, weights: Weights) -> float:
    """The logarithm of the probability of a path of chords."""
    total = float(prior[path[0]] + fits[0, path[0]])
    for beat in range(1, len(path)):
        change = weights.changes[place[beat]]
        fresh = float(np.log(change) + prior[path[beat]])
        total += float(fits[beat, path[beat]])
        total += max(fresh, float(np.log(1 - change))) if path[beat] == path[beat - 1] else fresh
    return total


def test_the_best_path_is_the_best_of_all_paths() -> None:
    chance = np.random.default_rng(5)
    weights = Weights(changes=(0.7, 0.4, 0.1))
    for _ in range(20):
        fits, place, prior = chance.normal(size=(5, 4)), chance.integers(0, 3, 5), np.log(chance.dirichlet(np.ones(4)))
        best = tuple(best_path(fits, place, prior, weights).tolist())
        paths = product(range(4), repeat=5)
        assert worth(best, fits, place, prior, weights) == pytest.approx(
            max(worth(path, fits, place, prior, weights) for path in paths)
        )
