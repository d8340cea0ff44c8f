"""Ranks: by likelihood and by distance from human pieces, neither of which decides alone; copies are replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from partimento.analysis.card.rows import ROWS
from partimento.composing.originals import MOST_TRIES, originals
from partimento.composing.ranking import FARTHEST, bits_per_note, distances, rank
from partimento.encodings import Events
from partimento.models.predictor import Scores
from tests.composing.test_compose import Model, Thirds, given_piece, many


def test_the_mean_of_both_ranks() -> None:
    ranked = rank([2.0, 1.0, 3.0, 2.5], [0.5, 0.9, 0.7, 0.1])
    assert [one.number for one in ranked] == [0, 3, 1, 2]
    assert [one.rank for one in ranked] == [1, 2, 3, 4]
    assert (ranked[0].bits_per_note, ranked[0].distance) == (2.0, 0.5)
    assert set(ranked[0].to_json()) == {"rank", "bits_per_note", "distance"}


def test_equal_pieces_keep_their_order_and_what_is_no_number_comes_last() -> None:
    assert [one.number for one in rank([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])] == [0, 1, 2]
    assert [one.number for one in rank([np.nan, 9.0, 8.0], [0.1, 0.2, 0.1])] == [2, 0, 1]


def test_distances_in_robust_deviations() -> None:
    human = np.random.RandomState(0).normal(10, 2, (200, len(ROWS)))
    human[0] = 1e9  # a piece that is like no other
    near, far, copied = np.full((3, len(ROWS)), np.median(human, axis=0))
    far = near + 2
    copied[[name.startswith(("copied", "longest")) for name in ROWS]] += 100
    original = near - 100 * np.array([name.startswith(("copied", "longest")) for name in ROWS])
    length = near + 100 * np.array([name == "bars" for name in ROWS])
    found = distances(np.stack([near, far, copied, original, length, np.full(len(ROWS), np.nan)]), human)
    assert found[0] == pytest.approx(0, abs=1e-9)
    assert found[1] == pytest.approx(1, abs=0.15)
    assert found[2] == pytest.approx(FARTHEST * 7 / 15)
    assert found[3] == pytest.approx(0), "less copied is no fault"
    assert found[4] == pytest.approx(0), "the length was asked for"
    assert found[5] == FARTHEST


@dataclass
class Scored(Thirds):
    """One nat for every pitch, two for every duration."""

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        for piece in pieces:
            nats = np.tile(np.array([[1.0, 2.0]], np.float32), (len(piece), 1))
            nats[:6] = 100.0
            yield Scores(nats, nats)


class ScoredModel(Model):
    def predictor(self) -> Any:
        return Scored()


def test_bits_are_those_of_the_new_notes() -> None:
    made = many(ScoredModel(), given=given_piece())
    assert bits_per_note(ScoredModel(), made, {}) == pytest.approx([3 / np.log(2)] * 4)
    first, second = made[0], made[1]
    both = replace(first, windows=((first.events, first.first_event), (second.events, len(second.events) - 2)))
    assert bits_per_note(ScoredModel(), [both], {}) == pytest.approx([3 / np.log(2)]), "of all windows of a task"
    none = replace(first, first_event=len(first.events))
    assert np.isnan(bits_per_note(ScoredModel(), [none], {})).all()


def test_copies_are_replaced_by_the_next_seeds() -> None:
    asked: list[tuple[int, int]] = []

    def compose(seed: int, count: int) -> list[tuple[int, int]]:
        asked.append((seed, count))
        return [(seed, number) for number in range(count)]

    copies = {(7, 1), (7, 3), (8, 0)}
    pieces, left = originals(compose, lambda piece: piece in copies, 7, 4)
    assert pieces == [(7, 0), (9, 0), (7, 2), (8, 1)]
    assert left == 0
    assert asked == [(7, 4), (8, 2), (9, 1)]
    asked.clear()
    pieces, left = originals(compose, lambda piece: piece[1] == 0, 2**63 - 2, 2)
    assert (pieces, left) == ([(2**63 - 2, 0), (2**63 - 2, 1)], 1)
    assert len(asked) == 1 + MOST_TRIES
    assert max(seed for seed, _ in asked) < 2**63
