"""A model with its optimiser, and one step of it."""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from partimento.encodings import Encoding
from partimento.encodings.conditions import Conditions
from partimento.errors import InvalidOption
from partimento.models.base import NeuralModel, untrained
from partimento.models.config import Recipe, TrainingConfig
from partimento.training.batches import Batch
from partimento.training.low_rank import LowRank
from partimento.training.muon import Muon
from partimento.training.process import World


def build(recipe: Recipe, encoding: Encoding, vocabulary: Conditions | None = None) -> tuple[NeuralModel, torch.optim.Optimizer]:
    """A new model, seeded by the recipe, and its optimiser. Sets torch's random state.

    Raises `InvalidOption` where the recipe wants Muon and the model has no matrices for it.
    """
    config = recipe.training
    torch.manual_seed(config.seed)
    model = untrained(recipe.model, encoding, vocabulary).to("cuda" if torch.cuda.is_available() else "cpu")
    named = dict(model.named_parameters())
    for_muon = model.matrices() if config.optimiser == "muon" else {}
    rest = [parameter for name, parameter in named.items() if name not in for_muon]
    matrices = [parameter for parameter in rest if parameter.ndim > 1]
    vectors = [parameter for parameter in rest if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    groups = groups[1:] if config.optimiser == "low_rank" else groups
    adamw = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)
    if config.optimiser == "low_rank":
        return model, LowRank(matrices, adamw)
    if config.optimiser == "adamw":
        return model, adamw
    if not for_muon:
        raise InvalidOption("this model has no backbone of matrices; take the optimiser 'adamw'", option="optimiser")
    own = [(named[name], rows) for name, rows in for_muon.items()]
    return model, Muon(own, adamw, config.weight_decay)


class Stepper:
    """Takes steps with a model and its optimiser; several processes, each with some rows of a batch, take one together. With
    `precision` "bfloat16" matrix products are in it; weights, sums and losses are in single precision."""

    def __init__(
        self,
        model: NeuralModel,
        optimiser: torch.optim.Optimizer,
        config: TrainingConfig,
        world: World | None = None,
        precision: str = "single",
    ) -> None:
        self.optimiser, self.config, self.world = optimiser, config, world or World()
        self.precision = precision
        self.objective: nn.Module = _Objective(model, config)
        if self.world.size > 1:
            self.objective = DistributedDataParallel(self.objective, find_unused_parameters=True)
        self.parameters = list(model.parameters())
        self.device = self.parameters[0].device

    def step(self, batch: Batch, rate: float) -> tuple[float, float]:
        """One step; returns the nats of the batch's events and the gradient's norm.

        Where either is not finite, the weights stay as they were.
        """
        self.objective.train()
        events = max(1, batch.events)
        own = batch.share(self.world.rank, self.world.size) if self.world.size > 1 else batch
        parts = list(own.to(self.device).slices(self.config.accumulate, self.config.batch * self.config.segment))
        self.optimiser.zero_grad()
        nats = 0.0
        for number, part in enumerate(parts):
            waits = isinstance(self.objective, DistributedDataParallel) and number < len(parts) - 1
            with self.objective.no_sync() if waits else contextlib.nullcontext():  # type: ignore[operator]
                with self._products():
                    loss: Tensor = self.objective(part)
                (loss * (self.world.size / events)).backward()  # type: ignore[no-untyped-call]
            nats += loss.item()
        nats = self.world.sum(nats)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.config.clip).item()
        if math.isfinite(nats) and math.isfinite(norm):
            for group in self.optimiser.param_groups:
                group["lr"] = rate * group.get("times", 1.0)
            with self._products():
                self.optimiser.step()
        return nats, norm

    def _products(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")


class _Objective(nn.Module):
    """The nats of a batch's targets."""

    def __init__(self, model: NeuralModel, config: TrainingConfig) -> None:
        super().__init__()
        self.model, self.config = model, config
        self.skips = "scored_BT" in inspect.signature(model.loss).parameters  # a family from elsewhere may not know it

    def forward(self, batch: Batch) -> Tensor:
        events = batch.before, batch.target, batch.context, batch.conditions
        noise, smoothing = self.config.noise, self.config.smoothing
        scored = {"scored_BT": batch.mask} if self.skips else {}
        loss_BT = self.model.loss(*events, noise=noise, smoothing=smoothing, **scored)
        return (loss_BT.float() * batch.mask).sum()


@torch.no_grad()
def follow(average: Mapping[str, Tensor], weights: Mapping[str, Tensor], decay: float, step: int) -> None:
    """Moves an exponential moving average of the weights, which forgets its beginning: after `step` steps a tenth of them count at
    most (as the moving averages of TensorFlow do). What is no weight, as what a model remembers, stays. Both are tensors [...]
    by name."""
    keep = min(decay, (1 + step) / (10 + step))
    names = [name for name, weight in average.items() if weight.is_floating_point()]
    torch._foreach_lerp_([average[name] for name in names], [weights[name] for name in names], 1 - keep)
