"""Keys found: they move with the music, turn with it, and the search is the best of all paths."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from partimento import found_keys
from partimento.found_keys import find_keys, main_key
from partimento.learned import network
from partimento.piece import KEY, NOTE, Piece, Track
from partimento.theory import mode_of
from tests.made import made_piece

MAJOR = (0, 2, 4, 5, 7, 9, 11)


def cadences(*parts: tuple[int, int]) -> Piece:
    """I IV V I in quarters, each part (tonic, bars), with scales above."""
    rows, at = [], 0
    for tonic, bars in parts:
        for bar in range(bars):
            for beat, root in enumerate((0, 5, 7, 0)):
                rows += [(at, 480, 48 + (tonic + root + tone) % 12, 80, 0) for tone in (0, 4, 7)]
                rows += [(at + half * 240, 240, 60 + (tonic + MAJOR[(bar + beat + half) % 7]) % 12, 80, 0) for half in range(2)]
                at += 480
    return Piece(np.array(rows, NOTE), (Track(),), 480)


@pytest.mark.parametrize(("tonic", "fifths"), [(5, -1), (8, -4), (9, 3), (6, -6)])
def test_keys_move_with_the_music(tonic: int, fifths: int) -> None:
    found = find_keys(cadences((0, 40), (tonic, 40)))
    assert found["fifths"].tolist() == [0, fifths]
    assert found["tick"][0] == 0
    assert abs(int(found["tick"][1]) - 40 * 1920) <= 4 * 1920
    assert main_key(cadences((2, 6), (7, 30))) == (1, False)


def test_a_short_excursion_is_no_signature() -> None:
    assert find_keys(cadences((0, 16), (7, 2), (0, 16)))["fifths"].tolist() == [0]


@pytest.mark.parametrize("semitones", [-5, 1, 4, 7])
def test_what_is_transposed_is_found_transposed(semitones: int) -> None:
    for number in range(4):
        piece = made_piece(number)
        one, other = find_keys(piece), find_keys(piece.transpose(semitones))
        assert one["tick"].tolist() == other["tick"].tolist()
        assert ((other["fifths"].astype(int) - one["fifths"] - 7 * semitones) % 12 == 0).all()
        assert one["minor"].tolist() == other["minor"].tolist()
        assert ((other["fifths"] >= -6) & (other["fifths"] <= 5)).all()


def test_drums_and_silence_say_nothing() -> None:
    piece = cadences((4, 12))
    drums = np.array([(at, 100, 35, 80, 1) for at in range(0, 20000, 100)], NOTE)
    both = replace(piece, notes=np.concatenate([piece.notes, drums]), tracks=(Track(), Track(0, True)))
    assert find_keys(both).tolist() == find_keys(piece).tolist()
    for silent in (replace(piece, notes=piece.notes[:0]), Piece(drums, (Track(), Track(0, True)))):
        assert find_keys(silent).tolist() == np.array([(0, 0, False)], KEY).tolist()


def test_the_path_is_the_best_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_keys, "CHANGE", 1.0)
    chance = np.random.default_rng(0)
    for _ in range(5):
        scores = np.full((5, 12), -20.0)
        scores[:, :3] = chance.normal(size=(5, 3))
        worth = {
            path: sum(scores[at, key] for at, key in enumerate(path)) - sum(one != other for one, other in itertools.pairwise(path))
            for path in itertools.product(range(3), repeat=5)
        }
        assert tuple(found_keys._path(scores)) == max(worth, key=lambda path: worth[path])


def test_how_long_pitch_classes_sound_in_each_stretch() -> None:
    notes = np.array([(0, 480 * 6, 60, 80, 0), (480 * 3, 480 * 2, 67, 80, 0), (480 * 8, 480 * 20, 62, 80, 0)], NOTE)
    sounds, seen = found_keys.views(notes, 480)
    assert sounds.shape == (7, 12)
    assert sounds[:, 0].tolist() == [4, 2, 0, 0, 0, 0, 0]
    assert sounds[:, 7].tolist() == [1, 1, 0, 0, 0, 0, 0]
    assert sounds[:, 2].tolist() == [0, 0, 4, 4, 0, 0, 0]  # a long note counts eight quarters
    total = seen.sum(axis=-1)
    assert (np.isclose(total, 1) | (total == 0)).all()


def test_scores_are_those_of_what_each_signature_sees() -> None:
    _, seen = found_keys.views(made_piece(3).notes, 480)
    raw = network("keys")(found_keys.turned(seen).reshape(-1, seen[0].size)).reshape(-1, 12).astype(float)
    slow = raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found_keys._scores(seen), slow, atol=1e-4)


def test_mode() -> None:
    weights = np.zeros(12)
    weights[[9, 0, 4, 8, 2]] = (5, 3, 4, 1, 1)  # A minor with its leading note
    assert mode_of(weights, 0)
    weights = np.zeros(12)
    weights[[0, 4, 7, 2, 11]] = (5, 3, 4, 1, 1)
    assert not mode_of(weights, 0)
    even = np.ones(12)
    even[[0, 9]] = 2
    assert mode_of(even, 0, 9)
    assert not mode_of(even, 0, 0)
