"""The trees are asked about nothing that is not yet drawn, and say of pieces in another key the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from partimento.benchmarks.chorale import library as libraries
from partimento.benchmarks.chorale.boosted import GRAIN, QUESTIONS, Boosted
from partimento.benchmarks.chorale.candidates import CANDIDATES, SYMBOLS, Asked, answers, candidates
from partimento.benchmarks.chorale.features import FeatureExtractor, moved, rows_of
from partimento.benchmarks.chorale.library import Library
from partimento.benchmarks.chorale.memory import Memory
from partimento.benchmarks.chorale.past import REST, Symbols
from tests.benchmarks.chorale.made import TRAIN, VALID, grown

MEMORY = Memory(TRAIN)
UNIGRAM = np.full(SYMBOLS, 1 / SYMBOLS)


def asked(piece: Symbols, voice: int) -> Asked:
    rows = rows_of(piece, FeatureExtractor(MEMORY))
    return answers(voice, rows, piece.astype(np.int64), candidates(voice, rows, UNIGRAM))


@pytest.mark.parametrize("voice", range(4))
def test_no_question_knows_what_is_not_yet_drawn(voice: int) -> None:
    piece, t = VALID[0], 10
    changed = piece.copy()
    changed[t, voice] = (piece[t, voice] + 1) % REST
    for other in range(4):
        before, after = asked(piece, other), asked(changed, other)
        assert np.array_equal(before[:t], after[:t])
        assert np.array_equal(before[t], after[t]) != (other > voice)
        assert not np.array_equal(before[t + 1 :], after[t + 1 :])


def test_candidates_are_a_law_of_all_symbols() -> None:
    rows = rows_of(VALID[0], FeatureExtractor(MEMORY))
    for voice in range(4):
        found = candidates(voice, rows, UNIGRAM)
        assert np.allclose(np.exp(found.law).sum(1), 1)
        assert found.symbols.shape == (len(rows), CANDIDATES)
        assert np.allclose(np.exp(found.first).sum(1) + found.rest, 1)
        assert (np.diff(found.first, axis=1) <= 0).all()
        assert np.array_equal(found.first, np.take_along_axis(found.law, found.symbols, 1))


def test_laws_of_a_whole_piece_and_of_each_slot_alone() -> None:
    trees, rows = grown(), rows_of(VALID[0], FeatureExtractor(MEMORY))
    laws = trees.laws(rows, VALID[0])
    assert np.allclose(np.exp(laws[::GRAIN].astype(float)).sum(-1), 1, atol=1e-5)
    assert not laws[1::GRAIN].any()
    for t, voice in ((0, 0), (6, 1), (8, 3)):
        now = VALID[0][t : t + 1].astype(np.int64)
        now[:, voice:] = 0  # is not looked at
        assert np.allclose(trees.law(voice, rows[t : t + 1], now), laws[t, voice], atol=1e-5)


def test_trees_learn_from_features(made_of: Callable[[int], list[Symbols]]) -> None:
    """Pieces in which the bass follows the soprano a tenth below: the trees know it of new pieces, the contexts hardly."""
    shelf = Library(made_of(12))
    trees = shelf.trees(0)
    new = made_of(14)[-2:]
    nats, first = [], []
    for piece in new:
        rows = shelf.rows(piece)
        at = np.arange(GRAIN, len(piece), GRAIN)
        nats.append(-trees.laws(rows, piece)[at, 1, piece[at, 1]].mean())
        first.append(-candidates(1, rows[at], trees.unigram[1]).law[np.arange(len(at)), piece[at, 1]].mean())
    assert np.mean(nats) < 0.6 * np.mean(first)


@pytest.fixture
def made_of() -> Callable[[int], list[Symbols]]:
    def pieces(count: int) -> list[Symbols]:
        made = []
        for seed in range(count):
            rng = np.random.default_rng(seed)
            soprano = np.repeat(20 + rng.integers(0, 12, 32), 2)
            made.append(np.stack([soprano, soprano - 15, soprano * 0 + 14, soprano * 0 + 8], 1).astype(np.int16))
        return made

    return pieces


def test_the_same_is_grown_again_from_a_seed() -> None:
    shelf = Library(TRAIN)
    one, same, other = shelf.trees(0), Library(TRAIN).trees(0), shelf.trees(1)
    assert one == same
    assert one != other
    assert shelf.trees(0) is one


def test_what_is_kept_is_the_same_as_what_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, told = Library(TRAIN), []
    kept = shelf.training_rows(lambda *doing: told.append(doing))
    assert told[-1] == ("computing features", len(TRAIN) - 1, len(TRAIN))
    laws = shelf.laws(grown(), VALID[0])
    monkeypatch.setattr(libraries, "KEPT", 40)
    again = Library(TRAIN)
    for number, (piece, rows) in enumerate(zip(TRAIN, kept, strict=True)):
        assert np.array_equal(again.rows(piece, number), rows)
        assert np.array_equal(again.features_of(piece, number), rows)
    assert len(again._rows) == 1
    assert np.array_equal(again.laws(grown(), VALID[0]), laws)
    assert shelf.laws(grown(), VALID[0]) is laws


def test_without_memory_a_training_piece_is_read_as_any_other() -> None:
    """Nothing of it was counted, so nothing is taken off, which would tell of what comes."""
    shelf = Library(TRAIN, remember=False)
    assert np.array_equal(shelf.rows(TRAIN[2], 2), shelf.rows(TRAIN[2]))


def test_a_moved_piece_is_answered_alike() -> None:
    """What a memory of other pieces finds may differ in a tie; a piece's own past may not."""
    piece = np.where(VALID[0] < REST, np.clip(VALID[0], 3, REST - 4), REST).astype(np.int16)
    higher = np.where(piece < REST, piece + 2, REST).astype(np.int16)
    shelf = Library(TRAIN, remember=False)
    trees = Boosted(grown().trees, np.full((4, SYMBOLS), 1 / SYMBOLS))  # a voice's compass does not move
    one, same = trees.laws(moved(shelf.rows(piece), 2), higher), trees.laws(shelf.rows(higher), higher)
    right = higher[::GRAIN, :, None].astype(int)
    one, same = (np.take_along_axis(law[::GRAIN], right, 2) for law in (one, same))
    assert np.allclose(one, same, atol=0.05)


def test_tensors_make_the_same_trees_and_no_pieces_none() -> None:
    trees = grown()
    assert Boosted.of(trees.tensors()) == trees
    assert Boosted.of({**trees.tensors(), "unigram": trees.tensors()["unigram"] * 0}) is None
    assert min(QUESTIONS) > 100
    nothing = Library([]).trees(0)
    rows = rows_of(VALID[0], FeatureExtractor(Memory([])))
    assert np.allclose(nothing.laws(rows, VALID[0])[0], -np.log(SYMBOLS), atol=0.01)
