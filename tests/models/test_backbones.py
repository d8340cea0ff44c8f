"""One law for every backbone: causal, and the same however a sequence is cut."""

from itertools import pairwise

import pytest
import torch

from partimento.errors import InvalidOption
from partimento.models.backbones import BACKBONES, Backbone, backbone
from partimento.models.config import ModelConfig

CONFIGS = {
    **{
        f"{name}-{layers}": ModelConfig(backbone=name, width=16, layers=layers, dropout=0.3)
        for name in BACKBONES
        for layers in (1, 3)
    },
    "transformer-grouped": ModelConfig(backbone="transformer", width=16, layers=2, queries=4, keys=2),
    "transformer-one-key": ModelConfig(backbone="transformer", width=16, layers=2, queries=4, keys=1, span=7),
    "transformer-span-1": ModelConfig(backbone="transformer", width=16, layers=2, queries=2, span=1),
    "convolution-cycle": ModelConfig(backbone="convolution", width=8, layers=9),
}
STEPS = 40


def made(config: ModelConfig) -> Backbone:
    torch.manual_seed(0)
    return backbone(6, config).eval()


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_however_a_sequence_is_cut(name: str) -> None:
    net = made(CONFIGS[name])
    h_BTI = torch.randn(3, STEPS, 6)
    with torch.no_grad():
        whole, _ = net(h_BTI)
        for cuts in ([*range(STEPS + 1)], [0, 1, 5, 6, 23, STEPS], [0, 33, STEPS]):
            state, parts = None, []
            for first, last in pairwise(cuts):
                part, state = net(h_BTI[:, first:last], state)
                parts.append(part)
            assert torch.allclose(torch.cat(parts, 1), whole, atol=2e-6)
        _, state = net(h_BTI[:, :14])
        for _ in range(2):  # a state is not used up
            some, _ = net(h_BTI[[2, 0], 14:], net.select(state, torch.tensor([2, 0])))
            assert torch.allclose(some, whole[[2, 0], 14:], atol=2e-6)
        _, state = net(h_BTI[:, 14:15], state)
        for number in range(2):  # nor is one from which two go on step by step, each its own way
            own, fork = (h_BTI, h_BTI.flip(0))[number], state
            for t in range(15, 20):
                step, fork = net(own[:, t : t + 1], fork)
                if number == 0:
                    assert torch.allclose(step, whole[:, t : t + 1], atol=2e-6)
        step, _ = net(h_BTI[:, 15:16], state)
        assert torch.allclose(step, whole[:, 15:16], atol=2e-6)


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_the_past_alone_is_seen_and_all_of_it_that_is_promised(name: str) -> None:
    config = CONFIGS[name]
    net = made(config)
    h_BTI = torch.randn(1, STEPS, 6, requires_grad=True)
    h_BTD, _ = net(h_BTI)
    h_BTD[0, 25].sum().backward()
    assert h_BTI.grad is not None
    seen = h_BTI.grad[0].abs().sum(-1) > 0
    assert not seen[26:].any()
    reach = 25
    if config.backbone == "convolution":
        reach = min(25, 2 * sum(2 ** (layer % 8) for layer in range(config.layers)))
    if config.span:
        reach = min(25, config.layers * (config.span - 1))
    assert seen[25 - reach : 26].all()
    assert not seen[: 25 - reach].any()
    assert all(parameter.grad is not None and torch.isfinite(parameter.grad).all() for parameter in net.parameters())


@pytest.mark.parametrize("name", ["gru-3", "lstm-3", "transformer-3", "convolution-3"])
def test_dropout_is_at_work_in_training_only(name: str) -> None:
    net = made(CONFIGS[name])
    h_BTI = torch.randn(1, STEPS, 6)
    assert torch.equal(net(h_BTI)[0], net(h_BTI)[0])
    net.train()
    assert not torch.equal(net(h_BTI)[0], net(h_BTI)[0])


def test_a_step_knows_distances_not_places() -> None:
    """With a span, the same steps further on give the same vectors: rotary positions are relative."""
    net = made(CONFIGS["transformer-one-key"])
    h_BTI = torch.randn(1, STEPS, 6)
    with torch.no_grad():
        later = net(torch.cat([torch.randn(1, 1000, 6), h_BTI], 1))[0][:, -5:]
        assert torch.allclose(net(h_BTI)[0][:, -5:], later, atol=2e-5)


def test_sizes_that_cannot_work_together() -> None:
    for wrong in ({"queries": 3}, {"queries": 4, "keys": 3}, {"width": 20, "queries": 4}):
        with pytest.raises(InvalidOption, match="even share"):
            backbone(6, ModelConfig(**{"backbone": "transformer", "width": 16, **wrong}))  # type: ignore[arg-type]
