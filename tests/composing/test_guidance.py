"""Guidance: exact where it says nothing, the formula where it does, and part of how a piece was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from partimento.composing.compose import again, compose
from partimento.composing.guidance import Guided
from partimento.encodings import make
from partimento.encodings.conditions import Conditions
from partimento.errors import InvalidOption
from partimento.models.checkpoint import Checkpoint, save_model
from partimento.models.config import ModelConfig, Recipe
from partimento.models.model import Model
from tests.made import made_piece

NOTES = make("notes:profile=score")
KNOWN = Conditions(("Bach", "Nobody"), ("chorale",))


def a_checkpoint(folder: Path, told: bool = True) -> Checkpoint:
    torch.manual_seed(0)
    config = ModelConfig(backbone="gru", width=16, embedding=8, conditions=told, place=True)
    recipe = Recipe("small", NOTES.key, config)
    model = Model.of(config, NOTES, KNOWN if told else None)
    for table in model.conditions.tables.values():
        torch.nn.init.normal_(table.weight[1:].data)  # type: ignore[index]
    save_model(folder / "m.safetensors", model.state_dict(), recipe, {"conditions": KNOWN.to_json()} if told else {})
    return Checkpoint.load(folder / "m.safetensors")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return a_checkpoint(tmp_path_factory.mktemp("guided"))


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.5])
def test_log_probabilities_are_as_ho_and_salimans_say(checkpoint: Checkpoint, strength: float) -> None:
    wanted = KNOWN.named(key="G minor", composer="Bach")
    events = NOTES.encode(made_piece(2, 30))[:12]
    both = checkpoint.predictor(np.stack([wanted, np.zeros_like(wanted)]))
    guided = Guided(both, strength).begin(3, events)
    under, free = (checkpoint.predictor(one).begin(3, events) for one in (wanted, None))
    for event in (events[-1], events[3]):
        for f in range(len(event)):
            drawn = np.tile(event[:f].astype(np.int64), (3, 1))
            c, u = under.logits(drawn).astype(float), free.logits(drawn).astype(float)
            with np.errstate(invalid="ignore"):
                expected = np.exp(np.where(np.isneginf(u), -np.inf, u + strength * (c - u)))
            expected /= expected.sum(1, keepdims=True)
            assert np.allclose(np.exp(guided.logits(drawn)), expected, atol=1e-5)
            if f == 0 and strength == 2.5:
                assert not np.allclose(expected, np.exp(c), atol=1e-3)
        for session in (guided, under, free):
            session.push(np.tile(event, (3, 1)))


def test_guidance_is_part_of_how_a_piece_was_made(checkpoint: Checkpoint) -> None:
    asked: dict[str, Any] = {"notes": 12, "seed": 4, "count": 2, "conditions": {"key": "G minor"}}
    plain, pressed = compose(checkpoint, **asked), compose(checkpoint, **asked, guidance=3.0)
    assert plain[0].events.tolist() != pressed[0].events.tolist()
    assert "guidance" not in json.loads(plain[0].made)["options"]
    assert json.loads(pressed[1].made)["options"]["guidance"] == 3.0
    for made in (*plain, *pressed):
        assert again(made.made, checkpoint).piece == made.piece


def test_what_guidance_cannot_do(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="none is asked for"):
        compose(checkpoint, notes=1, guidance=2.0)
    for wrong in (-1.0, float("nan"), 1e9, True):
        with pytest.raises(InvalidOption, match="guidance"):
            compose(checkpoint, notes=1, guidance=wrong, conditions={"key": "G minor"})
    with pytest.raises(InvalidOption, match="knows no conditions"):
        compose(a_checkpoint(tmp_path, told=False), notes=1, guidance=2.0, conditions={"key": "G minor"})
