"""Golden numbers: the loss of 20 steps of each recipe, then the nats that it gives to recorded events.

Processors add numbers in different orders, so nothing here is exact: what a sampler would draw is never compared. Run as a
script, this file records the numbers anew, for the same events.
"""

import json
from dataclasses import replace
from pathlib import Path

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
# bounds, relative. Seen under five sets of processor features: 3e-5; of chorales 7e-3 (a loss), 1e-3 (their sum), 2e-3 (nats)
BOUND, CHORALE_LOSS, CHORALE_SUM = 1e-3, 3e-2, 1e-2


def made_by(name: str, events: list[list[int]]) -> dict[str, list[float]]:
    """Nats an event at each step of training; then of each of the `events` [T, F] in turn, step by step."""
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
    each = []
    for event in np.array(events, np.int64)[:, None]:
        log_p = [session.logits(event[:, :f])[0, event[0, f]] for f in range(event.shape[1])]
        each.append(round(-float(np.sum(log_p, dtype=np.float64)), 5))
        session.push(event)
    return {"losses": losses, "nats": each}


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_golden(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())[name]
    made = made_by(name, golden["events"])
    if isinstance(named(name).model, ChoraleConfig):  # its outputs begin at zero, where Adam follows the signs of small sums
        assert made["losses"] == pytest.approx(golden["losses"], rel=CHORALE_LOSS)
        for figure in ("losses", "nats"):
            assert sum(made[figure]) == pytest.approx(sum(golden[figure]), rel=CHORALE_SUM)
    else:
        assert made["losses"] == pytest.approx(golden["losses"], rel=BOUND)
        assert made["nats"] == pytest.approx(golden["nats"], rel=BOUND, abs=BOUND)


if __name__ == "__main__":
    trees.TREES = FEW_TREES  # as for all tests
    recorded = json.loads(GOLDEN.read_text())
    for name, row in recorded.items():
        row |= made_by(name, row["events"])
    GOLDEN.write_text(json.dumps(recorded) + "\n")
