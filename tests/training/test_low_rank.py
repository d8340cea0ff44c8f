"""Low-rank adaptation: the plain form with two factors takes the same steps; what moves has that rank; runs go on exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from partimento.models.checkpoint import Checkpoint
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.training.low_rank import LowRank
from partimento.training.style import adapted
from partimento.training.train import train
from tests.training.tiny import dying, made_encoded, outcome

STEPS = 12


def test_a_step_is_that_of_two_factors() -> None:
    """Beside it Adam on the factors themselves, whose gradients torch finds through the product."""
    torch.manual_seed(1)
    start, target = torch.randn(6, 5), torch.randn(6, 5)
    matrix, vector = nn.Parameter(start.clone()), nn.Parameter(torch.zeros(5))
    merged = LowRank([matrix], torch.optim.AdamW([vector], betas=(0.9, 0.99), weight_decay=0.0), rank=2)
    up, down = (nn.Parameter(part.clone()) for part in merged.state[matrix]["factors"].split([6, 5]))
    own = nn.Parameter(torch.zeros(5))
    plain = torch.optim.Adam([up, down, own], lr=0.1, betas=(0.9, 0.99), eps=1e-8)
    for group in merged.param_groups:
        group["lr"] = 0.1
    for _ in range(7):
        for optimiser, weight, shift in ((merged, matrix, vector), (plain, start + up @ down.mT, own)):
            optimiser.zero_grad()
            ((weight + shift - target) ** 2).sum().backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    assert torch.allclose(matrix, start + up @ down.mT, atol=1e-5)
    assert torch.allclose(vector, own, atol=1e-5)
    assert torch.linalg.matrix_rank(matrix.detach() - start, atol=1e-4) == 2


def recipe(optimiser: str, precision: str = "single") -> Recipe:
    model = ModelConfig("transformer", width=16, embedding=8, layers=2, queries=2, keys=1, span=8, dropout=0.1)
    small = TrainingConfig(batch=4, segment=16, valid_every=5, warmup=4, learning_rate=3e-3)
    return Recipe("small", "voices", model, replace(small, optimiser=optimiser, precision=precision))


def test_a_training_moves_few_weights_and_all_vectors(tmp_path: Path) -> None:
    encoded = made_encoded("voices")
    first = Checkpoint.load(train(recipe("adamw"), encoded, tmp_path / "a", max_steps=3, threads=1).path)
    second = Checkpoint.load(
        train(replace(recipe("low_rank"), name="finer"), encoded, tmp_path / "b", start=first, max_steps=STEPS, threads=1).path
    )
    before, after = first.model.state_dict(), second.model.state_dict()
    moved = 0
    for name, weight in before.items():
        if weight.ndim > 1:
            change = (after[name] - weight).flatten(1)
            rank = np.linalg.matrix_rank(change.numpy(), tol=1e-4 * max(1.0, float(change.abs().max())))
            assert rank <= 8, name
            moved += bool(change.any())
    assert moved
    assert any((after[name] != weight).any() for name, weight in before.items() if weight.ndim == 1)


def test_a_stopped_training_goes_on_exactly(tmp_path: Path) -> None:
    encoded = made_encoded("voices")
    train(recipe("low_rank", "bfloat16"), encoded, tmp_path / "whole", max_steps=STEPS, threads=1)
    with dying(after=7):
        train(recipe("low_rank", "bfloat16"), encoded, tmp_path / "parts", max_steps=STEPS, threads=1)
    train(recipe("low_rank", "bfloat16"), encoded, tmp_path / "parts", max_steps=STEPS, threads=1)
    assert outcome(tmp_path / "whole") == outcome(tmp_path / "parts")


def test_an_adapted_recipe_keeps_the_model() -> None:
    before = recipe("muon")
    few, every = adapted(before, "few"), adapted(before, "all")
    assert few.model == every.model == before.model
    assert (few.training.optimiser, every.training.optimiser) == ("low_rank", "adamw")
    assert every.training.learning_rate < before.training.learning_rate
    assert few.training.schedule == "plateau"
