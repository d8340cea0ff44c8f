"""A Transformer; its state is the keys and values of the steps that later ones may still see."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partimento.errors import InvalidOption
from partimento.models.backbone_sizes import BASE, hidden_size
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
        keys = config.keys or config.queries
        if config.width % (2 * config.queries) or config.queries % keys:
            raise InvalidOption(
                f"width {config.width}, queries {config.queries}, keys {keys}: each query needs an even share of the width, "
                "and each key the same number of queries"
            )
        self.span, self.size = config.span, config.width // config.queries
        self.project = nn.Linear(inputs, config.width, bias=False)
        self.blocks = nn.ModuleList(_Block(config, keys) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width)

    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        h_BTD = self.project(h_BTI)
        at, past, pasts = (0, 0, [None] * len(self.blocks)) if state is None else (state[0], state[1][0].steps, state[1])
        steps = h_BTD.shape[1]
        turn = _turns(at, steps, self.size, h_BTD.device)
        mask = self._mask(past, steps, h_BTD.device)
        after = []
        for block, before in zip(self.blocks, pasts, strict=True):
            h_BTD, own = block(h_BTD, before, turn, mask)
            after.append(own)
        return self.norm(h_BTD), (at + steps, after)

    def _mask(self, past: int, steps: int, device: torch.device) -> Tensor | None:
        """bool [T, S]: which of the kept and new steps each new one sees; None where plain causality says it."""
        fits = not self.span or past + steps <= self.span
        if fits and (past == 0 or steps == 1):
            return None
        query, key = torch.arange(past, past + steps, device=device)[:, None], torch.arange(past + steps, device=device)
        seen = key <= query
        return seen & (key > query - self.span) if self.span else seen

    def select(self, state: State, rows: Tensor) -> State:
        at, pasts = state
        return at, [past.select(rows) for past in pasts]


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

    def forward(
        self, h_BTD: Tensor, past: KVCache | None, turn: tuple[Tensor, Tensor], mask: Tensor | None
    ) -> tuple[Tensor, KVCache]:
        steps = h_BTD.shape[1]
        parts = torch.split(self.attend(self.norms[0](h_BTD)), self.heads, -1)
        query, key, value = (part.reshape(len(part), steps, -1, self.size).transpose(1, 2) for part in parts)  # [B, heads, T, size]
        query, new = _turned(query, turn), (_turned(key, turn), value)
        (key, value), after = (new, KVCache.of(new, self.span)) if past is None else past.then(new)
        group = query.shape[1] // key.shape[1]
        if steps == 1:  # the queries of a group stand as steps, which here all see the same
            query = query.reshape(len(query), -1, group, self.size)
            seen = F.scaled_dot_product_attention(query, key, value).reshape(len(query), 1, -1)
        else:
            shared = (key, value) if group == 1 else (key.repeat_interleave(group, 1), value.repeat_interleave(group, 1))
            seen = F.scaled_dot_product_attention(query, *shared, attn_mask=mask, is_causal=mask is None)
            seen = seen.transpose(1, 2).flatten(2)
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
