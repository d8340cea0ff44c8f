"""A model with its optimiser, and one step of it. It knows batches; it knows no corpus, no schedule and no file."""

from __future__ import annotations

import math

import torch

from partimento.encodings import Field
from partimento.models.config import Recipe
from partimento.models.model import Model


def build(recipe: Recipe, fields: tuple[Field, ...]) -> tuple[Model, torch.optim.Optimizer]:
    """A new model, seeded by the recipe, and its optimiser. Sets torch's random state."""
    torch.manual_seed(recipe.training.seed)
    model = Model(recipe.model, fields).to("cuda" if torch.cuda.is_available() else "cpu")
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": recipe.training.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return model, torch.optim.AdamW(groups, lr=recipe.training.learning_rate, betas=(0.9, 0.99), fused=True)


def step(
    model: Model,
    optimiser: torch.optim.Optimizer,
    before_BTF: torch.Tensor,
    target_BTF: torch.Tensor,
    mask_BT: torch.Tensor,
    rate: float,
    clip: float,
) -> tuple[float, float]:
    """One step on one batch; returns the nats of its events and the gradient's norm.

    Where either is not finite, the weights stay as they were.
    """
    model.train()
    loss = (model.loss(before_BTF, target_BTF) * mask_BT).sum()
    optimiser.zero_grad()
    (loss / mask_BT.sum().clamp(min=1)).backward()  # type: ignore[no-untyped-call]
    nats, norm = loss.item(), torch.nn.utils.clip_grad_norm_(model.parameters(), clip).item()
    if math.isfinite(nats) and math.isfinite(norm):
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()
    return nats, norm
