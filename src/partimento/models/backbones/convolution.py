"""A dilated causal convolution network; its state is what the next steps still reach back to."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partimento.models.backbone_sizes import KERNEL, dilation
from partimento.models.backbones.base import Backbone, State
from partimento.models.config import ModelConfig


class Convolution(Backbone):
    """WaveNet's gated blocks (van den Oord et al. 2016, section 2) with a norm before each (as Bai et al. 2018 drop out after)."""

    def __init__(self, inputs: int, config: ModelConfig) -> None:
        super().__init__()
        self.project = nn.Linear(inputs, config.width)
        self.blocks = nn.ModuleList(_Block(config.width, dilation(layer), config.dropout) for layer in range(config.layers))
        self.norm = nn.RMSNorm(config.width)

    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        h_BTD = self.project(h_BTI)
        after = []
        for number, block in enumerate(self.blocks):
            h_BTD, past_BSD = block(h_BTD, None if state is None else state[number])
            after.append(past_BSD)
        return self.norm(h_BTD), tuple(after)

    def select(self, state: State, rows: Tensor) -> State:
        return tuple(past_BSD[rows] for past_BSD in state)


class _Block(nn.Module):
    """h + W (tanh(a) sigmoid(b)), a and b a causal convolution of the normed h; before the first step all is zero."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.dilation, self.reach = dilation, (KERNEL - 1) * dilation
        self.norm = nn.RMSNorm(width)
        self.gates = nn.Conv1d(width, 2 * width, KERNEL, dilation=dilation)
        self.mix = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h_BTD: Tensor, past_BSD: Tensor | None) -> tuple[Tensor, Tensor]:
        normed_BTD = self.norm(h_BTD)
        if past_BSD is None:
            past_BSD = normed_BTD.new_zeros(len(normed_BTD), self.reach, normed_BTD.shape[-1])
        both_BSD = torch.cat([past_BSD, normed_BTD], 1)
        value, gate = self.gates(both_BSD.transpose(1, 2)).transpose(1, 2).chunk(2, -1)
        h_BTD = h_BTD + self.dropout(self.mix(torch.tanh(value) * F.sigmoid(gate)))
        return h_BTD, both_BSD[:, -self.reach :]
