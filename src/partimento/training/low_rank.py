"""Low-rank adaptation (Hu et al. 2021): matrices move only by a product of two thin ones, so a few pieces cannot bend them far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

RANK = 8
BETAS = 0.9, 0.99
EPSILON = 1e-8


class LowRank(torch.optim.Optimizer):
    """Takes steps of matrices within the sum of where they began and a product `up` [M, R] `down` [R, N], and has `rest` (an AdamW
    of all other parameters) take theirs.

    The gradients of the two follow from that of the matrix, and the product is merged into the matrix at every step: the model
    knows nothing of it. With `up` zero at first (section 4.1) a run begins with the very weights it was given. A parameter's state
    is the two, and Adam's means (Kingma and Ba 2015) of the gradients of both, one above the other.
    """

    def __init__(self, matrices: Sequence[nn.Parameter], rest: torch.optim.AdamW, rank: int = RANK) -> None:
        super().__init__([{"params": list(matrices)}], {"lr": 0.0})
        for matrix in matrices:
            height, width = _flat(matrix).shape
            down = torch.randn(min(rank, height, width), width, device=matrix.device) / math.sqrt(width)
            up = torch.zeros(height, len(down), device=matrix.device)
            both = torch.cat([up, down.mT])
            means = {"exp_avg": torch.zeros_like(both), "exp_avg_sq": torch.zeros_like(both)}
            self.state[matrix] = {"factors": both, "step": torch.zeros(()), **means}
        self.rest = rest
        self.param_groups += rest.param_groups  # the same dictionaries: a rate set in one is set in both
        self.rest.state = self.state

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step by the gradients [...] of all parameters that have one, in single precision: the factors are thin."""
        own = self.param_groups[0]
        for matrix in own["params"]:
            if matrix.grad is not None:
                with torch.autocast(matrix.device.type, enabled=False):
                    self._move(matrix, own["lr"])
        self.rest.step()

    def _move(self, matrix: nn.Parameter, rate: float) -> None:
        assert matrix.grad is not None
        state, flat = self.state[matrix], _flat(matrix)
        gradient, height = _flat(matrix.grad), len(flat)
        up, down = state["factors"][:height], state["factors"][height:].mT
        before = up @ down
        _adam(state, torch.cat([gradient @ down.mT, gradient.mT @ up]), rate)
        flat += up @ down - before


def _adam(state: dict[str, Tensor], gradient: Tensor, rate: float) -> None:
    """Moves `factors` by Adam; all of the shape [M + N, R] of the `gradient`."""
    first, second = BETAS
    state["step"] += 1
    step = state["step"].item()
    state["exp_avg"].lerp_(gradient, 1 - first)
    state["exp_avg_sq"].lerp_(gradient * gradient, 1 - second)
    spread = (state["exp_avg_sq"] / (1 - second**step)).sqrt_().add_(EPSILON)
    state["factors"].addcdiv_(state["exp_avg"], spread, value=-rate / (1 - first**step))


def _flat(matrix: Tensor) -> Tensor:
    """A view of a parameter as one matrix [M, N]."""
    return matrix.detach().flatten(1)
