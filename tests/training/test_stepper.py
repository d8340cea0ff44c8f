"""However a step is computed (in slices, by several processes), it is the same step; averages follow; schedules end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from partimento.corpus.encoded import Encoded
from partimento.errors import InvalidOption, TrainingDiverged, UnknownName
from partimento.models import checkpoint
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.training.batches import Batch, Batches
from partimento.training.optimise import Stepper, build, follow
from partimento.training.schedule import Schedule
from partimento.training.train import train
from partimento.training.validation import Sample
from tests.training.tiny import dying, made_encoded, outcome, tiny_encoded, tiny_recipe

FULL = Recipe(
    "full",
    "voices",
    ModelConfig("gru", width=16, embedding=8, place=True, intervals=True, sounding=True, since=True, interval_logits=True),
    TrainingConfig(batch=4, segment=16, valid_every=10, warmup=4, transpose=3, average=0.9, schedule="cosine", steps=40),
)


def voices() -> Encoded:
    return made_encoded("voices")


def losses(recipe: Recipe, data: Encoded, steps: int = 6) -> list[float]:
    with torch.random.fork_rng():
        model, optimiser = build(recipe, data.encoding)
        stepper, batches = Stepper(model, optimiser, recipe.training), Batches(data.split("train"), recipe.training, True)
        return [stepper.step(batches.batch(0, index % batches.count(0)), 1e-2)[0] for index in range(steps)]


def test_slices_make_the_same_step() -> None:
    data = voices()
    whole, sliced = (losses(replace(FULL, training=replace(FULL.training, accumulate=count)), data) for count in (1, 3))
    assert whole == pytest.approx(sliced, rel=1e-4)
    assert whole[-1] < whole[0]


def test_rows_by_length_make_the_same_step() -> None:
    data = voices()
    whole = losses(FULL, data)

    def tight(self: Batch, count: int, most: int = 0) -> Iterator[Batch]:
        return self._by_length(most // 2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Batch, "slices", tight)
        assert losses(FULL, data) == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize("name", ["transformer_notes", "seed_pair", "seed_joint"])
def test_events_that_are_not_scored_are_nothing_to_the_heads(name: str) -> None:
    recipe = tiny_recipe(name)
    data = tiny_encoded() if recipe.encoding == "melody" else made_encoded(recipe.encoding)
    with torch.random.fork_rng():
        model, _ = build(replace(recipe, model=recipe.model.changed(dropout=0.0)), data.encoding)
        batch = Batches(data.split("train"), recipe.training, model.uses_context).batch(0, 0)
        scored = batch.mask & (torch.rand(batch.mask.shape) < 0.5)
        each = (batch.before, batch.target, batch.context, batch.conditions)
        whole, some = model.loss(*each), model.loss(*each, scored_BT=scored)
        assert torch.allclose(some, whole * scored, atol=1e-5)
        assert model.loss(*each, scored_BT=torch.zeros_like(scored)).isfinite().all()


def test_smoothing_and_noise_are_at_work() -> None:
    data = voices()
    plain = losses(FULL, data, 1)
    assert losses(replace(FULL, training=replace(FULL.training, smoothing=0.2)), data, 1) != plain
    assert losses(replace(FULL, training=replace(FULL.training, noise=0.3)), data, 1) != plain


def test_the_average_forgets_its_beginning() -> None:
    average, weights = {"a": torch.zeros(2)}, {"a": torch.ones(2)}
    follow(average, weights, 0.999, 0)
    assert torch.allclose(average["a"], torch.full((2,), 0.9))
    follow(average, weights, 0.5, 1000)
    assert torch.allclose(average["a"], torch.full((2,), 0.95))


def test_an_averaged_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    data = voices()
    result = train(FULL, data, tmp_path / "plain", threads=1)
    assert (result.stopped, result.step) == ("schedule", 40)
    with dying(after=23):
        train(FULL, data, tmp_path / "killed", threads=1)
    train(FULL, data, tmp_path / "killed", threads=1)
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "plain")
    # what is kept are averaged weights: those of the last step are others
    sharp = replace(FULL, training=replace(FULL.training, average=0.0))
    train(sharp, data, tmp_path / "sharp", threads=1)
    assert outcome(tmp_path / "sharp")["weights"] != outcome(tmp_path / "plain")["weights"]
    sample = Sample(data.split("valid"), FULL.training.valid_events, 0)
    assert sample.bits(Checkpoint.load(tmp_path / "plain").predictor()) == pytest.approx(result.valid_bits, rel=1e-6)


def test_a_run_of_an_older_version_is_the_same_run(tmp_path: Path) -> None:
    train(tiny_recipe(), tiny_encoded(), tmp_path, threads=1, max_steps=2)
    tensors, metadata = checkpoint.load(tmp_path / "model.safetensors")
    for rows in (metadata["recipe"], metadata["identity"]["recipe"]):
        for part in ("model", "training"):
            for entry in fields(ModelConfig if part == "model" else TrainingConfig):
                if entry.metadata.get("later"):
                    del rows[part][entry.name]
    del metadata["identity"]["from"]
    checkpoint.save(tmp_path / "model.safetensors", tensors, metadata)
    assert Checkpoint.load(tmp_path).recipe == tiny_recipe()
    assert train(tiny_recipe(), tiny_encoded(), tmp_path, threads=1, max_steps=2).step == 2


@pytest.mark.parametrize("name", ["cosine", "trapezoid"])
def test_schedules_end_at_zero(name: str) -> None:
    config = TrainingConfig(schedule=name, steps=100, warmup=10, learning_rate=1.0, cooldown=0.4)
    rates = [Schedule().learning_rate(config, step) for step in range(101)]
    assert rates[100] == 0.0
    assert max(rates) == pytest.approx(1.0, abs=0.03)
    assert rates[:5] == sorted(rates[:5])
    assert rates[60:] == sorted(rates[60:], reverse=True)
    assert rates[50] == (1.0 if name == "trapezoid" else pytest.approx(0.5))
    assert rates[80] == pytest.approx(0.5 if name == "trapezoid" else 0.0954915)
    assert not Schedule(falls=9).ended(config, 99)
    assert Schedule().ended(config, 100)
    with pytest.raises(InvalidOption, match="steps"):
        TrainingConfig(schedule=name)
    with pytest.raises(UnknownName, match="cosine"):
        TrainingConfig(schedule="zigzag")


def test_a_few_steps_that_are_no_number_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = Stepper.step, [0]

    def sometimes(self: Stepper, *rest: Any) -> tuple[float, float]:
        calls[0] += 1
        return (float("nan"), 1.0) if calls[0] in bad else real(self, *rest)

    monkeypatch.setattr(Stepper, "step", sometimes)
    bad = {3, 4, 30}
    result = train(tiny_recipe(skips=2), tiny_encoded(), tmp_path / "a", threads=1, max_steps=40)
    assert result.step == 40
    assert len(result.warnings) == 3
    assert "left out" in result.warnings[0]
    calls[0] = 0
    bad = {30, 31, 32}
    with pytest.raises(TrainingDiverged, match="step 32"):
        train(tiny_recipe(skips=2), tiny_encoded(), tmp_path / "b", threads=1, max_steps=40)


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    """The same losses under torchrun with two processes as with one, and one checkpoint."""
    script = Path(__file__)
    found = {}
    for count in (1, 2):
        folder = tmp_path / str(count)
        command = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            f"--nproc-per-node={count}",
            str(script),
            str(folder),
        ]
        root = str(script.parents[2])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": path})
        assert done.returncode == 0, done.stderr[-3000:]
        found[count] = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
        assert sorted(os.listdir(folder)) == ["history.jsonl", "model.safetensors"]
    assert len(found[1]) == len(found[2]) == 4
    for one, two in zip(found[1], found[2], strict=True):
        assert one["step"] == two["step"]
        for name in ("train_bits", "valid_bits"):
            assert one[name] == pytest.approx(two[name], rel=1e-4)


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(FULL, voices(), Path(sys.argv[1]), threads=1)
