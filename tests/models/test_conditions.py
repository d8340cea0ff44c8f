"""Conditions in a model: absent ones change nothing, given ones matter, and vocabularies grow without harm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from partimento.corpus.encoded import Encoded
from partimento.encodings import make
from partimento.encodings.conditions import Conditions
from partimento.errors import CheckpointError, InvalidOption
from partimento.models.base import predictor_of
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor
from partimento.training.batches import Batches
from partimento.training.train import train
from tests.made import made_piece

VOICES = make("voices")
KNOWN = Conditions(("Bach", "Nobody"), ("chorale",))
CONFIG = ModelConfig("gru", width=16, embedding=8, conditions=True, place=True)
RECIPE = Recipe("told", "voices", CONFIG, TrainingConfig(batch=4, segment=16, valid_every=10, warmup=4, transpose=4))


def told(vocabulary: Conditions = KNOWN) -> Encoded:
    pieces = [made_piece(number, 40) for number in range(12)]
    data = Encoded.of(VOICES, [VOICES.encode(piece) for piece in pieces], [0, 0, 0, 0, 1, 2] * 2)
    return replace(data, conditions=np.stack([vocabulary.encode(piece) for piece in pieces]), vocabulary=vocabulary)


def a_model(vocabulary: Conditions = KNOWN) -> Model:
    torch.manual_seed(1)
    model = Model.of(CONFIG, VOICES, vocabulary).eval()
    for table in model.conditions.tables.values():
        torch.nn.init.normal_(table.weight[1:].data)  # type: ignore[index]
    return model


def test_absent_conditions_change_nothing_and_given_ones_do() -> None:
    model, data = a_model(), told()
    pieces = [data.piece(number) for number in range(3)]
    assert data.conditions is not None
    none = list(NeuralPredictor(model, VOICES).score(pieces))
    absent = list(NeuralPredictor(model, VOICES, np.zeros(7, np.uint16)).score(pieces))
    own = list(NeuralPredictor(model, VOICES, data.conditions[:3]).score(pieces))
    for plain, zero, given, vector, piece in zip(none, absent, own, data.conditions, pieces, strict=False):
        assert np.allclose(plain.nats, zero.nats, atol=1e-6)
        assert not np.allclose(plain.nats, given.nats, atol=1e-2)
        (alone,) = NeuralPredictor(model, VOICES, vector).score([piece])
        assert np.allclose(alone.nats, given.nats, atol=1e-5)
        (windows,) = NeuralPredictor(model, VOICES, vector).score([piece], context=len(piece))
        assert np.allclose(windows.nats, given.nats, atol=1e-5)
        session = NeuralPredictor(model, VOICES, vector).begin(2)
        for t in range(6):
            log_p = session.logits(np.zeros((2, 0), np.int64))
            assert np.allclose(-log_p[:, piece[t, 0]], given.nats[t, 0], atol=2e-5)
            session.push(np.stack([piece[t]] * 2))


def test_a_model_without_conditions_takes_none() -> None:
    model = Model.of(replace(CONFIG, conditions=False), VOICES, KNOWN)
    assert not any(name.startswith("conditions") for name in model.state_dict())
    with pytest.raises(InvalidOption, match="knows no conditions"):
        NeuralPredictor(model, VOICES, np.zeros(7, np.uint16))


def test_batches_leave_conditions_out_at_random_and_move_the_key() -> None:
    data = told()
    assert data.conditions is not None
    config = replace(RECIPE.training, omit=0.3)
    names = [field.name for field in KNOWN.fields]
    batches = Batches(data.split("train"), config, False)
    rows, keys = [], set()
    for epoch in range(40):
        for index in range(batches.count(epoch)):
            heads = batches.batch(epoch, index).conditions
            assert heads is not None
            for (number, _, _), head in zip(batches.segments.places(epoch, index), heads.numpy(), strict=True):
                own = data.conditions[number]
                rows.append(np.array([one != 0 for one in head])[own > 0])
                fixed = [at for at, name in enumerate(names) if name != "key"]
                assert all(head[at] in (0, own[at]) for at in fixed)
                keys.add((number, int(head[names.index("key")])))
    kept = np.concatenate(rows).mean()
    assert 0.44 < kept < 0.54  # 0.7 * 0.7
    assert 0.25 < np.mean([not row.any() for row in rows]) < 0.4
    assert len(keys) > 3 * 8  # several keys a piece


def test_a_moved_key_is_that_of_the_moved_piece() -> None:
    for number in range(8):
        piece = made_piece(number)
        for semitones in (-5, 0, 3, 7):
            moved = piece.transpose(semitones)
            if 0 in (piece.keys["fifths"][0], moved.keys["fifths"][0]):
                continue  # C major may say that nobody chose a key
            assert np.array_equal(KNOWN.transposed(KNOWN.encode(piece), semitones), KNOWN.encode(moved))


def test_training_keeps_the_vocabulary_and_goes_on_with_a_larger_one(tmp_path: Path) -> None:
    first = train(RECIPE, told(), tmp_path / "a", threads=1, max_steps=20)
    begun = Checkpoint.load(first.path)
    assert begun.vocabulary == KNOWN
    larger = KNOWN.extended(["Telemann"], ["folk"])
    data = told(larger)
    train(RECIPE, data, tmp_path / "b", threads=1, max_steps=5, start=begun)
    tuned = Checkpoint.load(tmp_path / "b")
    assert tuned.vocabulary == larger
    assert tuned.metadata["identity"]["from"] == begun.sha256
    with torch.no_grad():
        model = Model.of(CONFIG, VOICES, larger)
        model.inherit(begun.model.state_dict())
    piece = data.piece(0)
    assert data.conditions is not None
    old, new = (predictor_of(one, VOICES, data.conditions[0]) for one in (begun.model, model.eval()))
    assert np.allclose(next(iter(old.score([piece]))).nats, next(iter(new.score([piece]))).nats, atol=1e-6)
    with pytest.raises(CheckpointError, match="another from"):
        train(RECIPE, data, tmp_path / "b", threads=1, max_steps=5)
    other = replace(RECIPE, model=replace(CONFIG, width=24))
    with pytest.raises(CheckpointError, match="do not fit"):
        train(other, data, tmp_path / "c", threads=1, max_steps=5, start=begun)
    with pytest.raises(InvalidOption, match="wants conditions"):
        train(RECIPE, replace(data, conditions=None, vocabulary=None), tmp_path / "d", threads=1, max_steps=5)


def test_a_damaged_vocabulary_is_refused(tmp_path: Path) -> None:
    result = train(RECIPE, told(), tmp_path / "a", threads=1, max_steps=2)
    from partimento.models import checkpoint

    tensors, metadata = checkpoint.load(result.path)
    for wrong in (None, '{"composers": ["Bach"], "genres": []}'):
        rows: dict[str, Any] = {**metadata, "conditions": wrong}
        checkpoint.save(tmp_path / "x.safetensors", tensors, rows)
        with pytest.raises(CheckpointError):
            Checkpoint.load(tmp_path / "x.safetensors")
