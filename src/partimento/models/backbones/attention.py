"""A Transformer; its state is the keys and values of the steps that later ones may still see."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partimento.models.backbone_sizes import BASE, grouped, hidden_size
from partimento.models.backbones.banded import attended
from partimento.models.backbones.base import Backbone, State
from partimento.models.backbones.kv_cache import KVCache
from partimento.models.config import ModelConfig


class Transformer(Backbone):
    """Pre-norm decoder blocks: RMSNorm (Zhang and Sennrich 2019), rotary positions (Su et al. 2021), grouped queries (Ainslie
    et al. 2023) and SwiGLU (Shazeer 2020).

    `config.queries` heads share `config.keys` heads of keys and values. With `config.span` each step sees that many steps,
    itself among them, so what was trained on short segments works at any length; with 0 all of them.
    """

    def __init__(self, inputs: int, config: ModelConfig) -> None:
        super().__init__()
        self.size, keys = grouped(config)
        self.project = nn.Linear(inputs, config.width, bias=False)
        self.blocks = nn.ModuleList(_Block(config, keys) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width)

    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        h_BTD = self.project(h_BTI).float()  # what blocks add to stays in single precision, whatever their products are in
        at, pasts = (0, [None] * len(self.blocks)) if state is None else state
        turn = _turns(at, h_BTD.shape[1], self.size, h_BTD.device)
        after = []
        for block, before in zip(self.blocks, pasts, strict=True):
            h_BTD, own = block(h_BTD, before, turn)
            after.append(own)
        return self.norm(h_BTD), (at + h_BTD.shape[1], after)

    def select(self, state: State, rows: Tensor) -> State:
        at, pasts = state
        return at, [past.select(rows) for past in pasts]

    def stacked(self) -> Mapping[str, list[int]]:
        each: dict[str, list[int]] = {}
        for name, module in self.named_modules():
            if isinstance(module, _Block):
                each |= {f"{name}.attend.weight": module.heads, f"{name}.widen.weight": [module.narrow.in_features] * 2}
        return each


class _Block(nn.Module):
    def __init__(self, config: ModelConfig, keys: int) -> None:
        super().__init__()
        width, self.size, self.span = config.width, config.width // config.queries, config.span
        hidden = hidden_size(width)
        self.heads = [config.queries * self.size, keys * self.size, keys * self.size]
        self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(2))
        self.attend = nn.Linear(width, sum(self.heads), bias=False)
        self.gather = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, 2 * hidden, bias=False)
        self.narrow = nn.Linear(hidden, width, bias=False)
        self.dropout = nn.Dropout(config.dropout)
        with torch.no_grad():  # the sum over all blocks begins as large as one (Radford et al. 2019, section 2.3)
            for layer in (self.gather, self.narrow):
                layer.weight /= math.sqrt(2 * config.layers)

    def forward(self, h_BTD: Tensor, past: KVCache | None, turn: tuple[Tensor, Tensor]) -> tuple[Tensor, KVCache]:
        parts = torch.split(self.attend(self.norms[0](h_BTD)), self.heads, -1)
        query, key, value = (part.reshape(*part.shape[:2], -1, self.size).transpose(1, 2) for part in parts)  # [B, heads, T, size]
        query, new = _turned(query, turn), (_turned(key, turn), value)
        (key, value), after = (new, KVCache.of(new, self.span)) if past is None else past.then(new)
        seen = attended(query, key, value, self.span).transpose(1, 2).flatten(2)
        h_BTD = h_BTD + self.dropout(self.gather(seen))
        gate, up = self.widen(self.norms[1](h_BTD)).chunk(2, -1)
        return h_BTD + self.dropout(self.narrow(F.silu(gate) * up)), after


def _turns(at: int, steps: int, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine [T, size / 2] of the angles at positions at..at+steps."""
    speed = BASE ** (-torch.arange(0, size, 2, device=device, dtype=torch.float64) / size)
    angle = torch.arange(at, at + steps, device=device, dtype=torch.float64)[:, None] * speed
    return angle.cos().float(), angle.sin().float()


def _turned(heads: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Each pair of numbers turned by its angle; the product of a query and a key then depends on their distance alone."""
    left, right = heads.float().chunk(2, -1)
    cosine, sine = turn
    return torch.cat([left * cosine - right * sine, left * sine + right * cosine], -1).to(heads.dtype)
