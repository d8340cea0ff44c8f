"""Muon (Jordan et al. 2024): a step of a matrix is its momentum made orthogonal, so that all directions learn at one pace.

It knows matrices and rates; it knows no model, no batch and no schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
FASTER = 3.0  # times the rate of the rest; found by measurement (see `LOG.md`)
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan et al. 2024: singular values go to 0.7..1.2 in five steps
STEPS = 5


class Muon(torch.optim.Optimizer):
    """Takes steps of matrices by Muon, and has `rest` (an AdamW of all other parameters) take theirs.

    `matrices` are 2-D parameters with the rows of each matrix that they hold one above the other. A parameter's state is a
    `momentum` of its own shape, and what AdamW keeps for the rest. Each group has `times`, by which the rate of a step is
    multiplied. Under autocast the products are in its precision.
    """

    def __init__(self, matrices: Sequence[tuple[nn.Parameter, list[int]]], rest: torch.optim.AdamW, weight_decay: float) -> None:
        own = {"params": [matrix for matrix, _ in matrices], "times": FASTER, "weight_decay": weight_decay}
        super().__init__([own], {"lr": 0.0})
        self.rest, self.rows = rest, [rows for _, rows in matrices]
        self.param_groups += rest.param_groups  # the same dictionaries: a rate set in one is set in both
        self.rest.state = self.state

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step by the gradients [...] of all parameters that have one."""
        own = self.param_groups[0]
        for matrix, rows in zip(own["params"], self.rows, strict=True):
            if matrix.grad is None:
                continue
            momentum = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
            momentum.lerp_(matrix.grad, 1 - MOMENTUM)
            ahead = matrix.grad.lerp(momentum, MOMENTUM)  # Nesterov's
            matrix.mul_(1 - own["lr"] * own["weight_decay"])
            for part, update in zip(matrix.split(rows), ahead.split(rows), strict=True):
                scale = max(1.0, part.shape[0] / part.shape[1]) ** 0.5
                part.add_(orthogonal(update), alpha=-own["lr"] * scale)
        self.rest.step()


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix [M, N] with its singular values brought near 1 by five steps of a Newton-Schulz iteration."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.mT if tall else matrix
    x = x / (x.norm() + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = x.mT if tall else x
    return result
