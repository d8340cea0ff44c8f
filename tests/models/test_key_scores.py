"""Scores that all keys share: the same in whole pieces and step by step, moved with the music, and of the past alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from partimento.encodings import Context, Field, make
from partimento.errors import InvalidOption
from partimento.models.config import ModelConfig
from partimento.models.heads import heads
from partimento.models.inputs import inputs
from partimento.models.key_scores import KeyScores
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor
from tests.made import made_piece
from tests.models.test_inputs import a_model as stirred

CONFIG = ModelConfig("gru", "summed", "independent", width=8, embedding=4, place=True, since=True, key_scores=True)
ROLL = make("roll")
COLUMNS = (Context("place", 5, "place"), *(Context(f"{name} {key}", 4, "field") for name in "ab" for key in range(88)))


def a_model(config: ModelConfig = CONFIG) -> Model:
    return stirred(ROLL, config, 0.2)


def shared(config: ModelConfig = CONFIG) -> KeyScores:
    torch.manual_seed(2)
    made = KeyScores.of(config, [2] * 88, COLUMNS)
    assert made is not None
    return made.eval().requires_grad_(False)


def said(states: Tensor) -> Tensor:
    """Columns from blocks [N, 2, 88]."""
    return torch.cat([torch.ones(len(states), 1, dtype=torch.int64), states.flatten(1)], 1)


def test_steps_give_what_the_whole_gives() -> None:
    predictor = NeuralPredictor(a_model(replace(CONFIG, dropout=0.5)).train(), ROLL)  # nothing is dropped out in either
    events = ROLL.encode(made_piece(3, 20))[:12]
    (score,) = predictor.score([events])
    session = predictor.begin(1)
    for t, row in enumerate(events[None].astype(np.int64)[0]):
        for f in range(88):
            log_p = session.logits(row[None, :f])[0]
            assert abs(np.exp(log_p).sum() - 1) < 1e-5
            assert abs(-log_p[row[f]] - score.nats[t, f]) < 5e-5
        session.push(row[None])


def test_a_later_frame_never_changes_an_earlier_probability() -> None:
    predictor = NeuralPredictor(a_model(), ROLL)
    events, other = (ROLL.encode(made_piece(number, 40)) for number in (3, 8))
    stop = min(len(events), len(other)) // 2
    before, after = predictor.score([events[: 2 * stop], np.concatenate([events[:stop], other[stop : 2 * stop]])])
    assert np.allclose(before.nats[:stop], after.nats[:stop], atol=1e-5)
    assert not np.allclose(before.nats[stop:], after.nats[stop:], atol=1e-2)


def test_keys_of_a_frame_know_nothing_of_each_other() -> None:
    events = ROLL.encode(made_piece(3, 20))[:12]
    changed = events.copy()
    changed[10, 40] ^= 1
    before, after = (score.nats[10] for score in NeuralPredictor(a_model(), ROLL).score([events, changed]))
    assert np.allclose(np.delete(before, 40), np.delete(after, 40), atol=1e-5)
    assert math.isclose(math.exp(-before[40]) + math.exp(-after[40]), 1.0, abs_tol=1e-5)


def test_what_is_said_of_a_key_moves_its_scores() -> None:
    """Away from the ends of the keyboard and but for the vectors of the keys, moved states give moved scores; any key counts."""
    made = shared()
    made.own.zero_()
    states = torch.zeros(1, 2, 88, dtype=torch.int64)
    states[0, :, 36:52] = torch.randint(4, (2, 16))
    for table in made.tables:
        table.weight[0] = 0.0  # type: ignore[operator]
    h = torch.randn(1, 8)
    scores = made(h, said(states))
    assert scores.shape == (1, 88, 2)
    for semitones in (-5, 1, 12):
        moved = made(h, said(states.roll(semitones, 2)))
        assert torch.allclose(moved[:, 24:64], scores.roll(semitones, 1)[:, 24:64], atol=1e-5)
        assert not torch.allclose(moved[:, 24:64], scores[:, 24:64], atol=1e-2)
    far = states.clone()
    far[0, 0, 0] = 3  # further than an octave: heard by its place in the octave
    assert not torch.allclose(made(h, said(far))[0, 60], scores[0, 60], atol=1e-4)


def test_octaves_are_summed_by_distance() -> None:
    """The slow twin of what a key hears of the whole keyboard: at each distance upwards the sum over octaves."""
    made = shared()
    made.near.weight.zero_()
    for layer in (made.near, made.mix, made.project):
        layer.bias.zero_()  # type: ignore[union-attr]
    states, h = torch.randint(4, (1, 2, 88)), torch.randn(1, 8)
    embedded = sum(table(states[0, block]) for block, table in enumerate(made.tables))
    for key in (0, 13, 87):
        u = made.own[:, key] + made.whole(h)[0]
        for other in range(88):
            u = u + made.octaves.weight[:, :, (other - key) % 12] @ embedded[other] * 12 / 88
        u = torch.nn.functional.gelu(u)
        u = u + torch.nn.functional.gelu(made.mix.weight[..., 0] @ u)
        expected = made.project.weight[..., 0] @ u
        assert torch.allclose(made(h, said(states))[0, key], expected, atol=1e-5)


def test_the_sum_of_embeddings() -> None:
    fields = (Field("a", 3), Field("b", 5), Field("c", 2, optional=True))
    made = inputs(CONFIG, fields)
    events = torch.stack([torch.randint(size, (2, 6)) for size in (3, 5, 2)], -1)
    first = torch.tensor([0, 3, 8])
    assert made.width == CONFIG.width
    assert torch.allclose(made(events), made.table[events + first].sum(-2), atol=1e-6)  # type: ignore[index]


def test_where_there_is_nothing_to_share() -> None:
    """It can be switched off; fields of several sizes, and encodings that say nothing of single fields, have none."""
    assert not a_model(replace(CONFIG, place=False, since=False, key_scores=False)).uses_context
    assert a_model(replace(CONFIG, place=False, since=False)).uses_context
    assert KeyScores.of(CONFIG, [2, 3], COLUMNS) is None
    assert KeyScores.of(CONFIG, [2] * 88, COLUMNS[:1]) is None
    fields: Any = ROLL.fields
    with pytest.raises(InvalidOption, match="key_scores need the heads 'independent'"):
        heads(replace(CONFIG, heads="chained"), fields)
