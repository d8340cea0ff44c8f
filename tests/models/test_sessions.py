"""A session that begins with given events is one into which they were pushed, whatever the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from partimento.encodings import make
from partimento.encodings.conditions import Conditions
from partimento.models import network_predictor
from partimento.models.backbones import BACKBONES
from partimento.models.baselines import BASELINES, fit
from partimento.models.config import ModelConfig
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor
from partimento.models.predictor import Predictor, Session
from tests.made import made_piece

NOTES = make("notes:profile=score")
EVENTS = NOTES.encode(made_piece(3, 60))[:60]
LATER = NOTES.encode(made_piece(5, 60))[:9]
WISHES = np.array([[1, 1, 3, 2, 1, 1, 1], [0] * 7, [2, 1, 0, 0, 0, 0, 4]])


def a_predictor(backbone: str, span: int = 16, conditions: Any = None) -> NeuralPredictor:
    torch.manual_seed(1)
    structure = dict.fromkeys(("place", "intervals", "sounding", "since", "interval_logits", "conditions"), True)
    config = ModelConfig(backbone=backbone, width=16, embedding=8, layers=2, span=span, keys=2, **structure)  # type: ignore[arg-type]
    model = Model.of(config, NOTES, Conditions(("Bach", "Nobody"), ("chorale",))).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.3)
    return NeuralPredictor(model, NOTES, conditions)


def check(one: Session, other: Session, count: int) -> None:
    """They say the same of the next event and, as both grow, of those after it."""
    for event in LATER:
        for f in range(len(event)):
            drawn = np.tile(event[:f].astype(np.int64), (count, 1))
            assert np.allclose(np.exp(one.logits(drawn)), np.exp(other.logits(drawn)), atol=2e-5)
        rows = np.tile(event, (count, 1))
        one.push(rows)
        other.push(rows)


def both(predictor: Predictor, given: Any, count: int) -> tuple[Session, Session]:
    slow = predictor.begin(count)
    for event in given:
        slow.push(np.tile(event, (count, 1)))
    return predictor.begin(count, given), slow


@pytest.mark.parametrize("steps", [512, 7])
@pytest.mark.parametrize("backbone", sorted(BACKBONES))
def test_given_events_are_pushed_at_once(backbone: str, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_predictor, "STEPS", steps)
    for span in (16, 0) if backbone == "transformer" else (16,):
        predictor = a_predictor(backbone, span)
        for length in (0, 1, len(EVENTS)):
            check(*both(predictor, EVENTS[:length], 2), 2)


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_of_baselines_too(name: str) -> None:
    predictor = fit(name, NOTES.fields, [(EVENTS, np.ones(len(EVENTS), bool))])
    for length in (0, 1, 5, len(EVENTS)):
        check(*both(predictor, EVENTS[:length], 2), 2)


def test_sequences_are_under_conditions_in_turn() -> None:
    together = a_predictor("gru", conditions=WISHES).begin(5, EVENTS)
    alone = [a_predictor("gru", conditions=WISHES[i % 3]).begin(1, EVENTS) for i in range(5)]
    for event in LATER:
        found = together.logits(np.zeros((5, 0), np.int64))
        expected = np.concatenate([one.logits(np.zeros((1, 0), np.int64)) for one in alone])
        assert np.allclose(np.exp(found), np.exp(expected), atol=2e-5)
        assert not np.allclose(found[0, 1:], found[1, 1:], atol=1e-2)
        together.push(np.tile(event, (5, 1)))
        for one in alone:
            one.push(event[None])


def test_many_given_events_take_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = a_predictor("transformer")
    passes: list[tuple[int, ...]] = []
    forward = predictor.model.forward

    def counted(before: Any, *rest: Any) -> Any:
        passes.append(tuple(before.shape[:2]))
        return forward(before, *rest)

    monkeypatch.setattr(predictor.model, "forward", counted)
    predictor.begin(8, EVENTS)
    assert passes == [(1, len(EVENTS) + 1)]
