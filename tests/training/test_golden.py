"""Golden numbers: the loss of 20 steps and up to 40 generated events for each recipe; run as a script, this file records them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from partimento.benchmarks.chorale import trees
from partimento.benchmarks.chorale.config import ChoraleConfig
from partimento.models.base import predictor_of
from partimento.models.recipes import RECIPES
from partimento.models.recipes import recipe as named
from partimento.training.batches import batches_of
from partimento.training.optimise import Stepper, build
from tests.made import FEW_TREES
from tests.training.tiny import made_encoded, tiny_encoded, tiny_recipe

GOLDEN = Path(__file__).with_name("golden.json")


def made_by(name: str) -> dict[str, Any]:
    """Nats an event at each step, and events drawn by inverting the distribution at fixed numbers."""
    recipe = tiny_recipe(name)
    encoded = tiny_encoded() if recipe.encoding == "melody" else made_encoded(recipe.encoding)
    config = replace(recipe.training, batch=4, segment=32)
    with torch.random.fork_rng():
        model, optimiser = build(recipe, encoded.encoding)
        batches, stepper = batches_of(model, encoded.split("train"), config), Stepper(model, optimiser, config)
        losses = []
        for index in range(20):
            batch = batches.batch(*divmod(index, min(10, batches.count(0))))
            nats, _ = stepper.step(batch, 1e-2)
            losses.append(round(nats / batch.events, 6))
    session = predictor_of(model, encoded.encoding).begin(1)
    chance = np.random.RandomState(0)
    events: list[list[int]] = []
    for _ in range(min(40, 400 // len(encoded.encoding.fields))):  # a roll has 88 fields
        drawn = np.zeros((1, 0), np.int64)
        history = np.array(events, np.int64).reshape(-1, len(encoded.encoding.fields))
        for _ in encoded.encoding.fields:
            p = np.exp(session.logits(drawn)[0].astype(np.float64))
            p *= encoded.encoding.allowed(history[: -1 if encoded.encoding.ended(history) else None], tuple(drawn[0].tolist()))
            drawn = np.append(drawn, [[int(np.searchsorted(np.cumsum(p) / p.sum(), chance.random_sample()))]], 1)
        session.push(drawn)
        events.append(drawn[0].tolist())
    return {"losses": losses, "events": events}


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_golden(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())[name]
    made = made_by(name)
    # CPUs differ in their sums; where outputs begin at zero, Adam follows the signs of small ones
    rel, near = (5e-3, None) if isinstance(named(name).model, ChoraleConfig) else (None, 1e-4)
    assert made["losses"] == pytest.approx(golden["losses"], rel=rel, abs=near)
    assert made["events"] == golden["events"]


if __name__ == "__main__":
    trees.TREES = FEW_TREES  # as for all tests
    GOLDEN.write_text(json.dumps({name: made_by(name) for name in sorted(RECIPES)}) + "\n")
