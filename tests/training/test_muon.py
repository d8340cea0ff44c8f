"""Muon: directions learn at one pace, matrices that share a parameter take steps of their own, and runs go on exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from partimento.encodings import make
from partimento.errors import InvalidOption
from partimento.models.base import untrained
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.training import train as training
from partimento.training.muon import FASTER, Muon, orthogonal
from partimento.training.optimise import build
from partimento.training.train import train
from tests.training.tiny import dying, made_encoded, outcome

STEPS = 12


def recipe(optimiser: str, precision: str, backbone: str = "transformer") -> Recipe:
    model = ModelConfig(backbone, width=16, embedding=8, layers=2, queries=2, keys=1, span=8, dropout=0.1)
    small = TrainingConfig(batch=4, segment=16, valid_every=5, warmup=4, learning_rate=3e-3)
    return Recipe("small", "voices", model, replace(small, optimiser=optimiser, precision=precision, schedule="auto"))


@pytest.mark.parametrize("shape", [(8, 32), (32, 8), (16, 16)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert 0.6 < values.min() <= values.max() < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)  # the directions stay
    assert torch.allclose(orthogonal(matrix), left @ right, atol=0.35)


def steps_of(matrices: list[tuple[nn.Parameter, list[int]]], gradients: list[torch.Tensor]) -> None:
    other = nn.Parameter(torch.zeros(3))
    optimiser = Muon(matrices, torch.optim.AdamW([other], lr=1.0), weight_decay=0.1)
    for gradient in gradients:
        for matrix, _ in matrices:
            matrix.grad = gradient[: len(matrix)].clone()
        for group in optimiser.param_groups:
            group["lr"] = 0.1 * group.get("times", 1.0)
        optimiser.step()


def test_a_step_is_the_plain_form_of_it() -> None:
    chance = torch.Generator().manual_seed(2)
    start, gradients = torch.randn(12, 4, generator=chance), [torch.randn(12, 4, generator=chance) for _ in range(3)]
    matrix = nn.Parameter(start.clone())
    steps_of([(matrix, [12])], gradients)
    wanted, momentum, rate = start.clone(), torch.zeros(12, 4), 0.1 * FASTER
    for gradient in gradients:
        momentum = 0.95 * momentum + 0.05 * gradient
        update = orthogonal(0.05 * gradient + 0.95 * momentum)
        wanted = wanted * (1 - rate * 0.1) - rate * 3**0.5 * update
    assert torch.allclose(matrix, wanted, atol=1e-5)


def test_stacked_matrices_take_their_own_steps() -> None:
    chance = torch.Generator().manual_seed(3)
    start, gradients = torch.randn(10, 4, generator=chance), [torch.randn(10, 4, generator=chance) for _ in range(2)]
    both, upper = nn.Parameter(start.clone()), nn.Parameter(start[:4].clone())
    steps_of([(both, [4, 6])], gradients)
    steps_of([(upper, [4])], gradients)
    assert torch.allclose(both[:4], upper, atol=1e-6)


@pytest.mark.parametrize("backbone", ["lstm", "gru", "convolution", "transformer"])
def test_the_matrices_of_a_backbone(backbone: str) -> None:
    config = ModelConfig(backbone, width=16, embedding=8, layers=2, queries=2, keys=1)
    model = untrained(config, make("voices"))
    named = dict(model.named_parameters())
    matrices = model.matrices()
    assert set(matrices) == {name for name, weight in named.items() if name.startswith("backbone.") and weight.ndim == 2}
    for name, rows in matrices.items():
        assert sum(rows) == len(named[name])
        assert (len(rows) > 1) == any(part in name for part in ("attend", "widen", "weight_ih", "weight_hh"))


def test_a_model_without_a_backbone_is_refused() -> None:
    from partimento.models.recipes import recipe as named

    chorale = named("memory_slots")
    with torch.random.fork_rng(), pytest.raises(InvalidOption, match="adamw"):
        build(replace(chorale, training=replace(chorale.training, optimiser="muon")), make(chorale.encoding))


@pytest.mark.parametrize("backbone", ["transformer", "lstm"])
@pytest.mark.parametrize(("optimiser", "precision"), [("adamw", "bfloat16"), ("muon", "bfloat16"), ("muon", "single")])
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path: Path, optimiser: str, precision: str, backbone: str) -> None:
    data, made = made_encoded("voices"), recipe(optimiser, precision, backbone)
    plain = train(made, data, tmp_path / "plain", threads=1, max_steps=STEPS)
    with dying(after=7):
        train(made, data, tmp_path / "killed", threads=1, max_steps=STEPS)
    again = train(made, data, tmp_path / "killed", threads=1, max_steps=STEPS)
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "plain")
    assert again.valid_bits == plain.valid_bits
    assert again.warnings == ()


def test_a_run_keeps_its_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, made = made_encoded("voices"), recipe("muon", "auto")
    monkeypatch.setattr(training, "SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("partimento.training.precision.gain", lambda width: 5.0)
    real = training.Run._step

    def stops(self: training.Run) -> None:
        assert self.stepper.precision == "bfloat16"
        if self.state.step == 3:
            raise InterruptedError
        real(self)

    monkeypatch.setattr(training.Run, "_step", stops)
    with pytest.raises(InterruptedError):
        train(made, data, tmp_path, threads=1, max_steps=6)
    monkeypatch.setattr(training.Run, "_step", real)
    monkeypatch.setattr("partimento.training.precision.gain", lambda width: 0.3)
    result = train(made, data, tmp_path, threads=1, max_steps=6)
    assert len(result.warnings) == 1
    assert "goes on so" in result.warnings[0]
