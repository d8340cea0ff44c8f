"""`check_backbone`: whether a backbone keeps what `models/backbones/base.py` promises: it is causal, however a sequence is cut."""

from __future__ import annotations

from itertools import pairwise

import torch

from partimento.models.backbones import Backbone, backbone
from partimento.models.config import ModelConfig

_INPUTS, _STEPS = 6, 40


def check_backbone(name: str, *, near: float = 2e-6) -> None:
    """Raises `AssertionError` where a backbone of the registry breaks a promise, with one layer and with three. `near` is how far
    numbers may lie apart that should be one."""
    for config in configs(name):
        for check in CHECKS.values():
            check(config, near)


def configs(name: str) -> list[ModelConfig]:
    """Small settings of a backbone."""
    return [ModelConfig(backbone=name, width=16, layers=layers, dropout=0.3) for layers in (1, 3)]


def _made(config: ModelConfig) -> Backbone:
    torch.manual_seed(0)
    return backbone(_INPUTS, config).eval()


def check_cuts(config: ModelConfig, near: float) -> None:
    """A long sequence in pieces, with the state carried over, gives what the whole gives; a state is never changed or used up; and
    some of the sequences go on by themselves."""
    net = _made(config)
    h_BTI = torch.randn(3, _STEPS, _INPUTS)
    with torch.no_grad():
        whole, _ = net(h_BTI)
        assert whole.shape == (3, _STEPS, config.width), f"{config.backbone}: its vectors have the shape {tuple(whole.shape)}"
        for cuts in ([*range(_STEPS + 1)], [0, 1, 5, 6, 23, _STEPS], [0, 33, _STEPS]):
            state, parts = None, []
            for first, last in pairwise(cuts):
                part, state = net(h_BTI[:, first:last], state)
                parts.append(part)
            assert torch.allclose(torch.cat(parts, 1), whole, atol=near), f"{config.backbone}: cut at {cuts}"
        _, state = net(h_BTI[:, :14])
        for _ in range(2):
            some, _ = net(h_BTI[[2, 0], 14:], net.select(state, torch.tensor([2, 0])))
            assert torch.allclose(some, whole[[2, 0], 14:], atol=near), f"{config.backbone}: `select`"
        _, state = net(h_BTI[:, 14:15], state)
        for number in range(2):  # nor is one from which two go on step by step, each its own way
            own, fork = (h_BTI, h_BTI.flip(0))[number], state
            for t in range(15, 20):
                step, fork = net(own[:, t : t + 1], fork)
                if number == 0:
                    assert torch.allclose(step, whole[:, t : t + 1], atol=near)
        step, _ = net(h_BTI[:, 15:16], state)
        assert torch.allclose(step, whole[:, 15:16], atol=near), f"{config.backbone}: a state was changed"


def check_causality(config: ModelConfig, near: float) -> None:
    """Step t sees steps up to t only, itself among them; every weight takes part."""
    net = _made(config)
    h_BTI = torch.randn(1, _STEPS, _INPUTS, requires_grad=True)
    h_BTD, _ = net(h_BTI)
    h_BTD[0, 25].sum().backward()
    assert h_BTI.grad is not None
    seen = h_BTI.grad[0].abs().sum(-1) > 0
    assert seen[24:26].all(), f"{config.backbone}: a step does not see itself and the one before"
    assert not seen[26:].any(), f"{config.backbone}: a step sees later ones"
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, f"{config.backbone}: {name} takes no part"
        assert torch.isfinite(parameter.grad).all(), f"{config.backbone}: {name} has a gradient that is no number"


def check_dropout(config: ModelConfig, near: float) -> None:
    """Nothing is dropped out in evaluation: the same input gives the same numbers."""
    net = _made(config)
    h_BTI = torch.randn(1, _STEPS, _INPUTS)
    assert torch.allclose(net(h_BTI)[0], net(h_BTI)[0], atol=near)


CHECKS = {"cuts": check_cuts, "causality": check_causality, "dropout": check_dropout}
