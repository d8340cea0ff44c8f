"""The loop learns, keeps the best, stops for its reasons, and never saves what is not a number."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from partimento.encodings import make
from partimento.errors import CorpusError, InvalidOption, TrainingDiverged
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import TrainingConfig
from partimento.training.batches import Batch
from partimento.training.optimise import Stepper, build
from partimento.training.plan import plan
from partimento.training.schedule import Schedule
from partimento.training.train import Progress, train
from partimento.training.validation import Sample
from tests.training.tiny import tiny_encoded, tiny_recipe


@pytest.mark.parametrize("name", ["seed_joint", "seed_pair"])
@pytest.mark.parametrize("split_method", ["works", "windows"])
def test_it_learns_and_says_so(tmp_path: Path, name: str, split_method: str) -> None:
    encoded = tiny_encoded()
    seen: list[Progress] = []
    recipe = tiny_recipe(name, learning_rate=0.01)
    about = {"corpus": "tiny"}
    result = train(
        recipe, encoded, tmp_path, split_method=split_method, threads=1, max_steps=150, on_step=seen.append, metadata=about
    )
    assert (result.stopped, result.step) == ("steps", 150)
    assert result.valid_bits < 5.0  # uniform: log2(60) = 5.9
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert result.valid_bits == min(row["valid_bits"] for row in rows)
    assert [row["step"] for row in rows] == [25, 50, 75, 100, 125, 150]
    assert {progress.valid_bits for progress in seen} >= {row["valid_bits"] for row in rows}
    loaded = Checkpoint.load(tmp_path)
    assert loaded.recipe == recipe
    assert loaded.metadata["corpus"] == "tiny"
    assert loaded.metadata["training"]["valid_bits"] == result.valid_bits
    # the file holds the weights that were best on valid
    sample = Sample(encoded.split("valid", split_method), recipe.training.valid_events, 0)
    assert math.isclose(sample.bits(loaded.predictor()), result.valid_bits, rel_tol=1e-6)


def test_it_stops_for_its_reasons(tmp_path: Path) -> None:
    encoded = tiny_encoded(8)
    plateau = train(tiny_recipe(min_gain=50.0, patience=1, decays=1), encoded, tmp_path / "a", threads=1)
    assert (plateau.stopped, plateau.step) == ("plateau", 75)  # the first score is a gain on none; two falls later it ends
    epochs = train(tiny_recipe(epochs=3), encoded, tmp_path / "b", threads=1)
    assert (epochs.stopped, epochs.epoch) == ("epochs", 3.0)
    budget = train(tiny_recipe(), encoded, tmp_path / "c", threads=1, budget_seconds=0.3)
    assert budget.stopped == "budget"
    assert budget.seconds < 5


def test_the_schedule() -> None:
    config = TrainingConfig(learning_rate=1.0, warmup=4, patience=2, decay=0.5, decays=1, min_gain=0.1)
    schedule = Schedule()
    assert [schedule.learning_rate(config, step) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [schedule.judge(config, step, bits) for step, bits in ((1, 5.0), (2, 4.0), (3, 3.95), (4, 4.5))] == [
        True,
        True,
        True,
        False,
    ]
    assert (schedule.falls, schedule.best, schedule.best_step) == (1, 3.95, 3)
    assert schedule.learning_rate(config, 9) == 0.5
    assert not schedule.ended(config, 4)
    assert schedule.judge(config, 5, 3.0)
    assert not schedule.judge(config, 6, 3.0)
    assert not schedule.judge(config, 7, 3.2)
    assert schedule.ended(config, 7)
    for each in (schedule, Schedule()):
        assert Schedule.from_json(json.loads(json.dumps(each.to_json()))) == each


def poisoned(monkeypatch: pytest.MonkeyPatch, at: int, what: str) -> None:
    """From step `at` on, one weight (or one gradient) is not a number."""
    real = Stepper.step

    def poison(self: Stepper, *rest: Any) -> tuple[float, float]:
        poison.calls += 1  # type: ignore[attr-defined]
        if poison.calls == at:  # type: ignore[attr-defined]
            weight = self.parameters[0]
            if what == "weight":
                with torch.no_grad():
                    weight.fill_(math.nan)
            else:
                weight.register_hook(lambda gradient: gradient * math.inf)  # type: ignore[no-untyped-call]
        return real(self, *rest)

    poison.calls = 0  # type: ignore[attr-defined]
    monkeypatch.setattr(Stepper, "step", poison)


@pytest.mark.parametrize("what", ["weight", "gradient"])
def test_nan_is_never_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    encoded = tiny_encoded()
    poisoned(monkeypatch, 40, what)
    with pytest.raises(TrainingDiverged, match=r"step 40: .*step 25 .*are kept"):
        train(tiny_recipe(), encoded, tmp_path / "a", threads=1, max_steps=75)
    monkeypatch.undo()
    kept = Checkpoint.load(tmp_path / "a")
    assert all(torch.isfinite(weight).all() for weight in kept.model.state_dict().values())
    sound = train(tiny_recipe(), encoded, tmp_path / "b", threads=1, max_steps=25)
    assert kept.metadata["training"]["valid_bits"] == sound.valid_bits
    poisoned(monkeypatch, 10, what)
    with pytest.raises(TrainingDiverged, match="before the first validation"):
        train(tiny_recipe(), encoded, tmp_path / "c", threads=1, max_steps=75)
    assert not list((tmp_path / "c").glob("*.safetensors"))


def test_a_step_that_is_not_finite_changes_nothing() -> None:
    model, optimiser = build(tiny_recipe(), make("melody"))
    next(model.parameters()).register_hook(lambda gradient: gradient * math.nan)  # type: ignore[no-untyped-call]
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    events = torch.ones(2, 5, 2, dtype=torch.int64)
    stepper = Stepper(model, optimiser, tiny_recipe().training)
    nats, norm = stepper.step(Batch(events, events, torch.ones(2, 5, dtype=torch.bool)), 1.0)
    assert math.isfinite(nats)
    assert not math.isfinite(norm)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


def test_padding_and_other_splits_have_no_gradient() -> None:
    torch.manual_seed(0)
    events = torch.randint(1, 6, (2, 9, 2))
    mask = torch.rand(2, 9) < 0.5
    other = events.clone()
    other[~mask] = 0
    norms = []
    for target in (events, other):
        model, optimiser = build(tiny_recipe(), make("melody"))
        norms.append(Stepper(model, optimiser, tiny_recipe().training).step(Batch(events, target, mask), 0.1))
    assert norms[0] == pytest.approx(norms[1], rel=1e-6)


def test_the_plan_disturbs_nothing() -> None:
    encoded, recipe = tiny_encoded(), tiny_recipe()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    made = plan(recipe, encoded, threads=1)
    assert torch.equal(before, torch.get_rng_state())
    assert made.notes == encoded.split("train").events_scored
    assert made.parameters == build(recipe, encoded.encoding)[0].parameter_count
    assert made.epoch_seconds > 0
    assert made.memory_bytes > 4 * made.parameters
    assert made.steps > 1


def test_training_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(3)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train(tiny_recipe(), tiny_encoded(8), tmp_path, threads=1, max_steps=3)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


def test_what_cannot_work_is_said_first(tmp_path: Path) -> None:
    encoded = tiny_encoded()
    other = replace(tiny_recipe(), encoding="melody:pitch=midi")
    with pytest.raises(InvalidOption, match="melody:pitch=midi"):
        train(other, encoded, tmp_path)
    with pytest.raises(CorpusError, match="valid"):
        train(tiny_recipe(), tiny_encoded(2), tmp_path)


def test_the_sample_is_fixed_and_bounded() -> None:
    split = tiny_encoded().split("valid")
    one, two = Sample(split, 100, 0), Sample(split, 100, 0)
    assert sum(map(len, one.pieces)) == 100
    assert all(np.array_equal(a, b) for a, b in zip(one.pieces, two.pieces, strict=True))
