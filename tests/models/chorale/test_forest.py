"""The forest asks about nothing that is not yet drawn, and has not seen the training piece that it answers for."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.models.chorale import library as libraries
from partimento.models.chorale.forest import Forest, Table, answers
from partimento.models.chorale.library import Library
from partimento.models.chorale.listener import LAW, OF_VOICE, VOICES, Listener, Row, moved, rows_of
from partimento.models.chorale.memory import Memory
from partimento.models.chorale.past import AGO, NONE, REST, Lines, Symbols, Trail
from tests.models.chorale.made import TRAIN, VALID, chorale

MEMORY = Memory(TRAIN)


def asked(piece: Symbols) -> list[Table]:
    rows = rows_of(piece, Listener(MEMORY))
    return [answers(voice, rows, piece.astype(np.int64)) for voice in range(4)]


def laws(rows: Row) -> Row:
    return rows[:, VOICES].reshape(-1, 4, OF_VOICE)[..., LAW].astype(float)


@pytest.mark.parametrize("voice", range(4))
def test_no_question_knows_what_is_not_yet_drawn(voice: int) -> None:
    piece, t = VALID[0], 9
    changed = piece.copy()
    changed[t, voice] = (piece[t, voice] + 1) % REST
    before, after = asked(piece), asked(changed)
    for other in range(4):
        assert np.array_equal(before[other][:t], after[other][:t])
        assert np.array_equal(before[other][t], after[other][t]) != (other > voice)
        assert not np.array_equal(before[other][t + 1 :], after[other][t + 1 :])


def test_a_trail_and_its_slow_twin() -> None:
    piece = np.concatenate([chorale(1, 24), chorale(1, 24)[-1:].repeat(12, 0), chorale(2, 8)])
    lines, trail = Lines(), Trail()
    held = []
    for t, slot in enumerate(piece.tolist()):
        changes = [(piece[s] != piece[s - 1]) if s else np.zeros(4, bool) for s in range(t)]
        held.append(min(lines.age) >= 7)
        assert trail.symbols() == [symbol for k in AGO for symbol in (piece[t - k].tolist() if t >= k else [NONE] * 4)]
        assert trail.moves() == [sum(int(one[v]) for one in changes[-k:]) for k in AGO for v in range(4)]
        assert trail.since == [t - max(s for s in range(t + 1) if held[s]) if any(held) else 127, t]
        lines.push(slot)
        trail.push(slot, lines.age)
    assert held.count(True) >= 5


def test_trees_that_answer_a_training_piece_have_not_seen_it() -> None:
    """Grown on chance, trees know the pieces they were grown on by heart and nothing of others."""
    rng = np.random.default_rng(0)
    noise = [np.repeat(rng.integers(20, 30, (32, 4)), 4, 0).astype(np.int16) for _ in range(8)]
    shelf = Library(noise, remember=False, ask=True)
    held_out, known = laws(shelf.rows(noise[0], 0)), laws(shelf.rows(noise[0]))
    for voice in range(4):
        rows, steps = np.arange(4, 128, 4), noise[0][4::4, voice] - noise[0][3:-1:4, voice]
        classes = np.clip(steps, -13, 13) + 13
        assert np.log(known[rows, voice, classes] + 1e-4).mean() > np.log(held_out[rows, voice, classes] + 1e-4).mean() + 0.3
    assert np.allclose(known.sum(-1), 1, atol=1e-2)


def test_the_same_is_grown_again_and_rows_are_filled_whenever_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Library(TRAIN, ask=True)
    kept = [shelf.rows(piece, number) for number, piece in enumerate(TRAIN)]
    assert all(np.allclose(laws(rows).sum(-1), 1, atol=1e-2) for rows in kept)
    monkeypatch.setattr(libraries, "KEPT", 40)
    again = Library(TRAIN, ask=True)
    assert again.forest == shelf.forest
    for number, (piece, rows) in enumerate(zip(TRAIN, kept, strict=True)):
        assert np.array_equal(again.rows(piece, number), rows)
        assert np.array_equal(again.heard(piece, number), rows)
    assert not laws(Library(TRAIN).rows(VALID[0])).any()


def test_a_moved_piece_is_answered_alike() -> None:
    """What a memory of other pieces finds may differ in a tie; a piece's own past may not."""
    piece = np.where(VALID[0] < REST, np.clip(VALID[0], 3, REST - 4), REST).astype(np.int16)
    higher = np.where(piece < REST, piece + 2, REST).astype(np.int16)
    shelf = Library(TRAIN, remember=False, ask=True)
    assert np.allclose(laws(moved(shelf.rows(piece), 2)), laws(shelf.rows(higher)), atol=0.02)


def test_no_pieces_no_knowledge() -> None:
    shelf = Library([], ask=True)
    assert isinstance(shelf.forest, Forest)
    assert np.allclose(laws(shelf.rows(VALID[0])), 1 / 28, atol=1e-3)
