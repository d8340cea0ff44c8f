"""One law for every backbone: causal, and the same however a sequence is cut."""

import pytest
import torch
from torch import Tensor

from partimento.errors import InvalidOption
from partimento.models.backbones import BACKBONES, Backbone, State, backbone, banded
from partimento.models.backbones.recurrent import GRU, LSTM
from partimento.models.config import ModelConfig
from partimento.testing.backbones import CHECKS, check_backbone

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


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_conformance(name: str, check: str) -> None:
    if (name, check) != ("transformer-span-1", "causality"):  # whose steps see themselves alone
        CHECKS[check](CONFIGS[name], 2e-6)


class Acausal(LSTM):
    """Each step sees the mean of all."""

    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        h_BTD, state = super().forward(h_BTI, state)
        return h_BTD + h_BTD.mean(1, keepdim=True), state


class Forgetful(GRU):
    """It never goes on from a state."""

    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        return super().forward(h_BTI)


@pytest.mark.parametrize("kind", [Acausal, Forgetful])
def test_what_breaks_a_promise_is_found(kind: type[Backbone], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKBONES, "broken", kind)
    with pytest.raises(AssertionError, match="broken"):
        check_backbone("broken")


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


@pytest.mark.parametrize("span", [0, 1, 7, 40])
@pytest.mark.parametrize(("steps", "past"), [(1, 0), (1, 9), (5, 0), (37, 0), (37, 12)])
def test_attention_in_blocks_is_that_under_a_mask(monkeypatch: pytest.MonkeyPatch, span: int, steps: int, past: int) -> None:
    monkeypatch.setattr(banded, "BLOCK", 8)
    chance = torch.Generator().manual_seed(span + steps)
    query = torch.randn(2, 4, steps, 8, generator=chance)
    key, value = (torch.randn(2, 2, past + steps, 8, generator=chance) for _ in range(2))
    step, seen = torch.arange(past, past + steps)[:, None], torch.arange(past + steps)
    mask = (seen <= step) & (seen > step - (span or past + steps))
    wide_key, wide_value = (part.repeat_interleave(2, 1) for part in (key, value))
    wanted = torch.nn.functional.scaled_dot_product_attention(query, wide_key, wide_value, attn_mask=mask)
    assert torch.allclose(banded.attended(query, key, value, span), wanted, atol=1e-6)
