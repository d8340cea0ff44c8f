"""The model as a predictor: exact, causal, the same step by step, and the same again from its checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from partimento.benchmarks.chorale import predictor as predictors
from partimento.benchmarks.chorale.config import FEATURES
from partimento.benchmarks.chorale.model import Chorale
from partimento.benchmarks.chorale.predictor import ChoralePredictor
from partimento.composing.compose import compose
from partimento.corpus.encoded import Encoded
from partimento.encodings import make
from partimento.errors import CheckpointError, InvalidOption
from partimento.likelihood.bits_per_note import evaluate
from partimento.models import checkpoint
from partimento.models.checkpoint import Checkpoint, save_model
from partimento.models.config import Recipe
from tests.benchmarks.chorale.made import SLOTS, TINY, TRAIN, VALID, ids, model

PIECES = [ids(piece) for piece in VALID]
RECIPE = Recipe("tiny", "slots", TINY)


@pytest.fixture(scope="module")
def predictor() -> ChoralePredictor:
    return ChoralePredictor(model(), SLOTS)


def test_step_by_step_equals_whole_and_all_sum_to_one(predictor: ChoralePredictor) -> None:
    for piece, whole in zip(PIECES, predictor.score(PIECES), strict=True):
        session = predictor.begin(2)
        for t, event in enumerate(piece):
            greedy: list[int] = []
            for f in range(4):
                log_p = session.logits(np.tile(event[:f].astype(np.int64), (2, 1)))
                assert log_p.shape == (2, 48)
                assert np.isneginf(log_p[:, 0]).all()
                assert np.allclose(np.exp(log_p.astype(np.float64)).sum(1), 1.0, atol=1e-5)
                assert np.allclose(log_p[:, event[f]], -whole.nats[t, f], atol=2e-5)
                own = session.logits(np.tile(np.array(greedy, np.int64), (2, 1)))
                greedy.append(int(own[0].argmax()))
                assert whole.hits[t, f] == (greedy[f] == event[f])
            session.push(np.tile(event, (2, 1)))


def test_a_later_note_never_changes_an_earlier_probability(predictor: ChoralePredictor) -> None:
    piece = PIECES[0]
    for t, v in ((0, 0), (5, 0), (6, 1), (12, 2), (13, 3)):
        changed = piece.copy()
        changed[t, v] = changed[t, v] % 40 + 5
        before, after = predictor.score([piece, changed])
        earlier = np.arange(piece.size).reshape(piece.shape) < 4 * t + v
        for name in ("nats", "hits"):
            assert np.allclose(getattr(before, name)[earlier], getattr(after, name)[earlier], atol=1e-5)
        assert not np.allclose(before.nats[t + 1 :], after.nats[t + 1 :], atol=1e-4)


def test_given_slots_are_as_if_pushed(predictor: ChoralePredictor) -> None:
    for length in (0, 1, 6, 7):
        one, other = predictor.begin(3, PIECES[0][:length]), predictor.begin(3)
        for event in PIECES[0][:length]:
            other.push(np.tile(event, (3, 1)))
        for event in PIECES[1][:3]:
            rows = np.stack([event, PIECES[0][9], np.zeros(4, np.uint8)])  # each goes its own way, one has ended
            for f in range(4):
                drawn = rows[:, :f].astype(np.int64)
                assert np.allclose(np.exp(one.logits(drawn)), np.exp(other.logits(drawn)), atol=1e-5)
            for session in (one, other):
                session.push(rows)


def test_with_context_each_slot_ends_a_piece_of_its_own(predictor: ChoralePredictor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictors, "WINDOWS", 5)
    piece, context = PIECES[2], 6
    (limited,) = predictor.score([piece], context)
    (whole,) = predictor.score([piece])
    assert np.allclose(limited.nats[: context + 1], whole.nats[: context + 1], atol=1e-5)
    for t in (9, 23):
        (alone,) = predictor.score([piece[t - context : t + 1]])
        assert np.allclose(limited.nats[t], alone.nats[-1], atol=1e-5)
        assert np.array_equal(limited.hits[t], alone.hits[-1])
    with pytest.raises(InvalidOption, match="at least 1"):
        next(predictor.score([piece], 0))


def test_many_pieces_side_by_side(predictor: ChoralePredictor, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = [PIECES[2], PIECES[0], PIECES[1][:0], PIECES[0][:3], PIECES[1]]
    together = list(predictor.score(pieces))
    monkeypatch.setattr(predictors, "ROWS", 1)
    for one, alone in zip(together, predictor.score(pieces), strict=True):
        assert np.allclose(one.nats, alone.nats, atol=2e-5)
        assert np.array_equal(one.hits, alone.hits)
    for one in predictor.score(pieces, hits=False):
        assert not one.hits.any()


def test_evaluate_and_compose_take_it(tmp_path: Path) -> None:
    save_model(tmp_path / "model.safetensors", model().state_dict(), RECIPE, {})
    loaded = Checkpoint.load(tmp_path)
    data = Encoded.of(SLOTS, [ids(piece) for piece in TRAIN + VALID], [0] * 6 + [2] * 3)
    row = evaluate(loaded.predictor(), data.split("test"), name="tiny")
    nats = sum(float(one.nats.sum()) for one in loaded.predictor().score(PIECES))
    assert row.bits_per_note.mean == pytest.approx(nats / np.log(2) / row.notes)
    assert 0.2 < row.accuracy["soprano"].mean < 1
    made = [compose(loaded, given=SLOTS.decode(PIECES[0]), notes=60, seed=3, count=2) for _ in range(2)]
    assert all(np.array_equal(one.events, same.events) for one, same in zip(*made, strict=True))
    assert np.array_equal(made[0][0].events[: len(PIECES[0])], PIECES[0])
    assert len(made[0][0].events) > len(PIECES[0])
    assert not np.array_equal(made[0][0].events, made[0][1].events)


def test_a_checkpoint_holds_weights_and_memory(tmp_path: Path) -> None:
    save_model(tmp_path / "model.safetensors", model().state_dict(), RECIPE, {})
    loaded = Checkpoint.load(tmp_path)
    assert isinstance(loaded.model, Chorale)
    assert loaded.recipe == RECIPE
    assert loaded.model.lengths.tolist() == [32] * 6
    for one, same in zip(ChoralePredictor(model(), SLOTS).score(PIECES), loaded.predictor().score(PIECES), strict=True):
        assert np.array_equal(one.nats, same.nats)
    forgetful = model(config=replace(TINY, memory=False))
    assert not np.allclose(next(ChoralePredictor(forgetful, SLOTS).score(PIECES)).nats, one.nats[:1], atol=1e-3)


def test_a_checkpoint_may_hold_the_trees_and_foreign_ones_are_refused(tmp_path: Path) -> None:
    """With them nothing is grown again; trees that would lead nowhere, or for ever in a ring, are none."""
    path, made = tmp_path / "model.safetensors", model()
    save_model(path, {**made.state_dict(), **made.extra_tensors()}, RECIPE, {})
    loaded = Checkpoint.load(path)
    assert isinstance(loaded.model, Chorale)
    assert loaded.model.trees == made.trees
    assert loaded.model.trees is not made.trees
    for one, same in zip(ChoralePredictor(made, SLOTS).score(PIECES), loaded.predictor().score(PIECES), strict=True):
        assert np.array_equal(one.nats, same.nats)
        assert np.array_equal(one.hits, same.hits)
    whole, metadata = checkpoint.load(path)
    assert whole["trees.3.left"].max() > 3

    def refused(**changes: object) -> None:
        checkpoint.save(path, {name: array for name, array in {**whole, **changes}.items() if array is not None}, metadata)
        with pytest.raises(CheckpointError, match="the trees it asks are none"):
            Checkpoint.load(path)

    inner, leaf = (np.flatnonzero(is_kind)[0] for is_kind in (whole["trees.3.column"] >= 0, whole["trees.3.column"] < 0))
    for name, at, value in (("left", inner, inner), ("left", inner, 2**30), ("column", inner, 999), ("value", leaf, np.nan)):
        array = whole[f"trees.3.{name}"].copy()
        array[at] = value
        refused(**{f"trees.3.{name}": array})
    refused(**{"trees.unigram": whole["trees.unigram"] * 0})
    refused(**{"trees.0.value": whole["trees.0.value"][:-1]})
    refused(**{"trees.0.root": whole["trees.0.root"] + 2**40})
    refused(**{"trees.0.root": whole["trees.0.root"].astype(np.int32)})
    refused(**{"trees.0.value": None})
    refused(**{"trees.4.value": whole["trees.0.value"]})


def test_network_and_trees_are_one_law(predictor: ChoralePredictor) -> None:
    """The product of their probabilities, half of each; between the eighths the network alone."""
    made = predictor.model
    rows, trees = made.library.rows(VALID[0]), made.trees
    assert trees is not None
    now = torch.from_numpy(VALID[0].astype(np.int64))
    with torch.no_grad():
        score = made.network(torch.from_numpy(rows).float()[None], now[None], torch.arange(len(now)))[0].double()
    score[::2] = (score[::2] + torch.from_numpy(trees.laws(rows, VALID[0])[::2])) / 2
    nats = -torch.log_softmax(score, -1).gather(2, now[..., None])[..., 0]
    assert np.allclose(next(predictor.score(PIECES)).nats, nats, atol=1e-5)


@pytest.mark.parametrize(
    "damage",
    [
        lambda tensors: tensors.pop("slots"),
        lambda tensors: tensors.update(slots=tensors["slots"] + 1),  # rests become 47
        lambda tensors: tensors.update(lengths=tensors["lengths"] + 1),
        lambda tensors: tensors.update(lengths=tensors["lengths"] * 0),
        lambda tensors: tensors.update(slots=tensors["slots"][:, :3]),
        lambda tensors: tensors.update(slots=tensors["slots"].astype(np.float32)),
    ],
)
def test_a_memory_that_is_none_is_refused(damage: object, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_model(path, model().state_dict(), RECIPE, {})
    tensors, metadata = checkpoint.load(path)
    damage(tensors)  # type: ignore[operator]
    checkpoint.save(path, tensors, metadata)
    with pytest.raises(CheckpointError, match="do not fit its recipe"):
        Checkpoint.load(path)


def test_the_loss_is_the_nats_and_in_training_most_rare_sixteenths_are_left_out() -> None:
    made = model()
    told = made.features([ids(piece) for piece in TRAIN])
    target = torch.from_numpy(np.stack([ids(piece) for piece in TRAIN[:3]]).astype(np.int64))
    rows = torch.from_numpy(np.stack([told.of(number, 0, slice(0, 32)) for number in range(3)])).float()
    whole = made.loss(target, target, rows)
    assert whole.shape == (3, 32)
    assert (whole > 0).all()
    plain = replace(TINY, dropout=0.0, dropout_head=0.0, dropout_input=0.0)
    sure = model(config=plain).train()
    some = sure.loss(target, target, rows)
    is_odd = torch.arange(32) % 2 == 1
    assert torch.allclose(some[:, ~is_odd], whole[:, ~is_odd], atol=1e-4)
    taken = some[0] > 0
    assert int(taken[is_odd].sum()) == 4
    assert torch.allclose(some[:, is_odd & taken], 4 * whole[:, is_odd & taken], atol=1e-4)
    with pytest.raises(InvalidOption, match="no noise"):
        made.loss(target, target, rows, noise=0.1)


def test_weights_are_inherited_and_memories_are_not() -> None:
    begun, new = model(1), Chorale(TINY, SLOTS)
    new.remember([ids(VALID[0])])
    new.inherit(begun.state_dict())
    assert all(torch.equal(one, same) for one, same in zip(new.parameters(), begun.parameters(), strict=True))
    assert new.lengths.tolist() == [32]
    with pytest.raises(CheckpointError, match="do not fit"):
        Chorale(replace(TINY, head=16), SLOTS).inherit(begun.state_dict())


def test_what_it_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidOption, match="read the encoding 'slots', not 'voices'"):
        Chorale(TINY, make("voices"))
    with pytest.raises(InvalidOption, match="knows no conditions"):
        ChoralePredictor(model(), SLOTS, np.zeros(7, np.uint16))
    with pytest.raises(CheckpointError, match="unknown family 'organ'"):
        Recipe.from_json(RECIPE.to_json().replace('"family": "chorale"', '"family": "organ"'))
    with pytest.raises(CheckpointError, match="features are of version 7"):
        Recipe.from_json(RECIPE.to_json().replace(f'"feature_version": {FEATURES}', '"feature_version": 7'))
    assert Recipe.from_json(RECIPE.to_json()) == RECIPE
