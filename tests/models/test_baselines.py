"""The baselines: they normalise, look only back, count only targets; and the n-gram equals its slow twin of dictionaries."""

import itertools
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.encodings import Field
from partimento.errors import CorpusError, InvalidOption, UnknownName
from partimento.models.baselines import BASELINES, RepeatLast, fit
from partimento.models.count_based import Counting
from partimento.models.ngram import NGram

FIELDS = (Field("pitch", 4), Field("duration", 3), Field("chord", 2, optional=True))
IDS = [range(1, 4), range(1, 3), range(2)]


def some_pieces(seed: int, lengths: list[int]) -> list[Any]:
    """Repetitive pieces, so that long contexts come back."""
    chance = np.random.default_rng(seed)
    pieces = []
    for n in lengths:
        motif = np.stack([chance.integers(ids.start, ids.stop, 5) for ids in IDS], 1)
        piece = np.tile(motif, (n // 5 + 1, 1))[:n]
        noise = chance.random(n) < 0.3
        piece[noise] = np.stack([chance.integers(ids.start, ids.stop, int(noise.sum())) for ids in IDS], 1)
        pieces.append(piece.astype(np.uint8))
    return pieces


def all_on(pieces: list[Any]) -> list[Any]:
    return [(piece, np.ones(len(piece), bool)) for piece in pieces]


@pytest.mark.parametrize("name", sorted(BASELINES))
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_probabilities_of_all_events_sum_to_one(name: str, seed: int) -> None:
    model = fit(name, FIELDS, all_on(some_pieces(seed, [40, 3, 17])))
    events = np.array(list(itertools.product(*IDS)), np.uint8)
    before = some_pieces(seed + 1, [seed % 8])[0]
    continued = [np.concatenate([before, event[None]]) for event in events]
    total = sum(math.exp(-float(score.nats[-1].sum())) for score in model.score(continued))
    assert total == pytest.approx(1.0, abs=1e-5)
    session = model.begin(1)
    for event in before:
        session.push(event[None])
    for f, field in enumerate(FIELDS):
        p = np.exp(session.logits(np.ones((1, f), np.int64)))
        assert p.shape == (1, field.size)
        assert p.sum() == pytest.approx(1.0, abs=1e-5)
        assert (p[0, 0] > 0) is np.True_ if field.optional else p[0, 0] == 0


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_a_later_event_never_changes_an_earlier_probability(name: str) -> None:
    model = fit(name, FIELDS, all_on(some_pieces(1, [200, 30])))
    piece = some_pieces(2, [50])[0]
    changed = piece.copy()
    changed[30:] = some_pieces(3, [20])[0]
    for context in (None, 2):
        before, after = (next(iter(model.score([each], context))) for each in (piece, changed))
        assert np.array_equal(before.nats[:30], after.nats[:30])
        assert np.array_equal(before.hits[:30], after.hits[:30])


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_session_batches_and_chunks_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fit(name, FIELDS, all_on(some_pieces(1, [200, 30])))
    pieces = some_pieces(5, [20, 20, 0, 7])
    scores = list(model.score(pieces))
    assert [score.nats.shape for score in scores] == [piece.shape for piece in pieces]
    monkeypatch.setattr("partimento.models.count_based.CHUNK", 3)
    for score, again in zip(scores, model.score(pieces), strict=True):
        assert np.allclose(score.nats, again.nats, atol=1e-6)
        assert np.array_equal(score.hits, again.hits)
    session = model.begin(2)
    for t in range(20):
        both = np.stack([pieces[0][t], pieces[1][t]]).astype(np.int64)
        for f in range(3):
            log_p = session.logits(both[:, :f])
            for row in range(2):
                assert -log_p[row, both[row, f]] == pytest.approx(scores[row].nats[t, f], abs=1e-5)
        session.push(both)


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_only_targets_are_counted(name: str) -> None:
    """Events that are never a target do not change the counts, wherever they are no context either."""
    piece = some_pieces(1, [60])[0]
    mask = np.ones(60, bool)
    mask[40:] = False
    probe = some_pieces(2, [25])
    other = piece.copy()
    other[40:] = some_pieces(7, [20])[0]
    one, two = (next(iter(fit(name, FIELDS, [(each, mask)]).score(probe))) for each in (piece, other))
    assert np.array_equal(one.nats, two.nats)
    with pytest.raises(CorpusError, match="no events"):
        fit(name, FIELDS, [(piece, np.zeros(60, bool))])
    with pytest.raises(CorpusError, match="no events"):
        fit(name, FIELDS, [])


def test_names_and_context() -> None:
    with pytest.raises(UnknownName, match="majority, ngram, repeat_last, stratified"):
        fit("oracle", FIELDS, [])
    with pytest.raises(InvalidOption, match="context"):
        list(fit("majority", FIELDS, all_on(some_pieces(1, [20]))).score(some_pieces(1, [5]), context=0))


def test_figures_by_hand() -> None:
    one = (Field("pitch", 4),)
    piece = np.array([[1], [1], [2], [1], [1], [1]], np.uint8)
    train = all_on([piece])
    probe = [np.array([[1], [2], [2]], np.uint8)]
    p = np.array([6, 2, 1]) / 9  # counts 5, 1, 0, plus one each
    (score,) = fit("stratified", one, train).score(probe)
    assert np.allclose(np.exp(-score.nats[:, 0]), p[[0, 1, 1]])
    assert np.allclose(score.hits[:, 0], p[[0, 1, 1]])
    (score,) = fit("majority", one, train).score(probe)
    assert np.allclose(np.exp(-score.nats[:, 0]), [p[0], (1 - p[0]) / 2, (1 - p[0]) / 2])
    assert score.hits[:, 0].tolist() == [1, 0, 0]
    repeat = fit("repeat_last", one, train)
    assert isinstance(repeat, RepeatLast)
    r = (3 + 1) / (5 + 2)
    assert repeat.rates == pytest.approx([r])
    (score,) = repeat.score(probe)
    assert np.allclose(np.exp(-score.nats[:, 0]), [p[0], (1 - r) * p[1] / (1 - p[0]), r])
    assert score.hits[:, 0].tolist() == [1, 0, 1]


class SlowNGram:
    """The n-gram as one would write it on a blackboard."""

    def __init__(self, fields: tuple[Field, ...], pieces: list[Any], order: int, factor: float) -> None:
        self.fields, self.order, self.factor = fields, order, factor
        self.counts: dict[Any, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for events, mask in pieces:
            for t in np.flatnonzero(mask):
                for f in range(len(fields)):
                    for context in self.contexts(events, int(t), tuple(int(x) for x in events[t, :f]), order):
                        self.counts[f, context][int(events[t, f])] += 1

    def contexts(self, events: Any, t: int, own: tuple[int, ...], order: int) -> list[Any]:
        rows = [tuple(int(x) for x in events[i]) if i >= 0 else (0,) * len(self.fields) for i in range(t - order, t)]
        longer = [(own, tuple(rows[order - k :])) for k in range(order + 1)]
        return ["nothing", *longer] if own else longer

    def probabilities(self, events: Any, t: int, own: tuple[int, ...], order: int) -> list[float]:
        f = len(own)
        first = 0 if self.fields[f].optional else 1
        size = self.fields[f].size
        p = [0.0] * first + [1 / (size - first)] * (size - first)
        for context in self.contexts(events, t, own, order):
            counts = self.counts.get((f, context), {})
            n, types = sum(counts.values()), len(counts)
            if n:
                p = [(counts.get(x, 0) + self.factor * types * p[x]) / (n + self.factor * types) for x in range(size)]
        return p


@pytest.mark.parametrize(("order", "factor"), [(0, 1.0), (1, 1.0), (3, 1.0), (4, 8.0)])
def test_ngram_equals_its_slow_twin(order: int, factor: float) -> None:
    chance = np.random.default_rng(0)
    pieces = [(piece, chance.random(len(piece)) < 0.8) for piece in some_pieces(4, [80, 5, 33])]
    fast, slow = NGram(FIELDS, pieces, order, factor), SlowNGram(FIELDS, pieces, order, factor)
    probe = some_pieces(6, [30])[0]
    for context in (None, 2):
        (score,) = fast.score([probe], context)
        seen = order if context is None else min(order, context)
        for t in range(len(probe)):
            guess: tuple[int, ...] = ()
            for f in range(3):
                p = slow.probabilities(probe, t, tuple(int(x) for x in probe[t, :f]), seen)
                assert score.nats[t, f] == pytest.approx(-math.log(p[probe[t, f]]), abs=1e-5)
                own = slow.probabilities(probe, t, guess, seen)
                guess = (*guess, int(np.argmax(own)))
                ordered = sorted(own)
                if ordered[-1] - ordered[-2] > 1e-9:  # a tie may fall either way
                    assert score.hits[t, f] == (guess[f] == probe[t, f])
                else:
                    break


def test_the_factor_is_chosen_on_train_pieces() -> None:
    pieces = all_on(some_pieces(1, [60] * 40))
    chosen = NGram(FIELDS, pieces)
    assert isinstance(chosen, Counting)
    probe = some_pieces(99, [60] * 10)

    def nats(model: NGram) -> float:
        return sum(float(score.nats.sum()) for score in model.score(probe))

    assert nats(chosen) < nats(NGram(FIELDS, pieces, factor=1.0))
    assert NGram(FIELDS, pieces[:1]).factor == 8.0
