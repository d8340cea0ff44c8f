"""Families and recipes are found by name: those of the benchmarks, those of outsiders, and what is said where one is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from partimento.encodings import make
from partimento.errors import CheckpointError, InvalidOption, UnknownName
from partimento.models import families, recipes
from partimento.models.checkpoint import Checkpoint, save_model
from partimento.models.config import ModelConfig, Recipe
from partimento.plugins import extra, imported
from partimento.training.train import train
from tests.training.tiny import tiny_encoded

OUTSIDE = '''
from dataclasses import dataclass

import torch

from partimento.models.base import NeuralModel
from partimento.models.config import Recipe, TrainingConfig
from partimento.models.families import FamilyConfig


@dataclass(frozen=True)
class OrganConfig(FamilyConfig):
    family: str = "organ"
    width: int = 4
    layers: int = 1


class Organ(NeuralModel):
    """One free number for each value of each field: what comes is how often it came."""

    uses_context = False

    def __init__(self, config, encoding):
        super().__init__()
        self.config, self.fields = config, encoding.fields
        self.logits = torch.nn.ParameterList([torch.zeros(field.size) for field in encoding.fields])

    @classmethod
    def of(cls, config, encoding, vocabulary=None):
        return cls(config, encoding)

    def loss(self, before, target, context=None, conditions=None, *, noise=0.0, smoothing=0.0):
        return sum(-torch.log_softmax(one, 0)[target[..., at]] for at, one in enumerate(self.logits))

    def inherit(self, weights):
        self.load_state_dict(weights)


class OrganPredictor:
    def __init__(self, model, encoding, conditions=None):
        self.model, self.fields = model, encoding.fields

    def score(self, pieces, context=None, hits=True):
        from partimento.models.predictor import Scores
        for piece in pieces:
            events = torch.from_numpy(piece.astype("int64"))
            nats = [-torch.log_softmax(one, 0)[events[:, at]] for at, one in enumerate(self.model.logits)]
            nats = torch.stack(nats, 1).detach().numpy()
            yield Scores(nats, nats * 0)


def organ():
    return Recipe("organ", "melody", OrganConfig(), TrainingConfig(batch=4, segment=32, valid_every=10, warmup=1))
'''


def test_a_family_from_outside_trains_and_its_checkpoint_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside_organ.py").write_text(OUTSIDE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(families, "FAMILIES", dict(families.FAMILIES))
    monkeypatch.setattr(recipes, "RECIPES", dict(recipes.RECIPES))
    families.register("organ", "outside_organ:OrganConfig", "outside_organ:Organ", "outside_organ:OrganPredictor")
    recipes.register("organ", "outside_organ:organ")
    made = recipes.recipe("organ")
    assert "outside_organ" in sys.modules
    result = train(made, tiny_encoded(), tmp_path / "run", threads=1, max_steps=30)
    loaded = Checkpoint.load(result.path)
    assert loaded.recipe == made
    assert type(loaded.model).__name__ == "Organ"
    rows = (tmp_path / "run" / "history.jsonl").read_text().splitlines()
    assert len(rows) == 3
    with pytest.raises(InvalidOption, match="no depth"):
        recipes.recipe("organ", 3)


def test_a_checkpoint_of_a_family_that_is_not_there_says_so(tmp_path: Path) -> None:
    melody = make("melody")
    model = imported("partimento.models.model:Model").of(ModelConfig(width=8, embedding=4), melody)
    path = tmp_path / "model.safetensors"
    save_model(path, model.state_dict(), Recipe("x", "melody", ModelConfig(width=8, embedding=4)), {})
    assert isinstance(Checkpoint.load(path).model, torch.nn.Module)
    with pytest.raises(CheckpointError, match="unknown family 'organ'; known: chorale, fields"):
        Recipe.from_json('{"name": "x", "encoding": "melody", "model": {"family": "organ"}, "training": {}}')
    with pytest.raises(UnknownName, match="known: chorale, fields"):
        families.family("organ")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    monkeypatch.setattr(sys, "meta_path", [])  # nothing more can be found
    told = r"growing trees needs lightgbm, which is not installed: pip install 'partimento\[chorale\]'"
    with pytest.raises(InvalidOption, match=told):
        extra("lightgbm", "chorale", "growing trees")
