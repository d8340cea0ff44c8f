"""The neural model: event embeddings, a backbone, heads. It knows their contracts, not their insides, and no data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from partimento.models.backbones import State, backbone
from partimento.models.config import ModelConfig
from partimento.models.heads import Fields, heads, inputs


class Model(nn.Module):
    """A distribution over the next event given all before it. The first is predicted from the all-zero start event."""

    def __init__(self, config: ModelConfig, fields: Fields) -> None:
        super().__init__()
        self.config, self.fields = config, fields
        self.inputs = inputs(config, fields)
        self.backbone = backbone(self.inputs.width, config)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = heads(config, fields)

    def forward(self, before_BTF: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Vectors h_BTD that predict each next event, from the event before it; int64 [B, T, F] comes in."""
        h_BTD, state = self.backbone(self.dropout(self.inputs(before_BTF)), state)
        return self.dropout(h_BTD), state

    def nats(self, events_BTF: Tensor) -> Tensor:
        """-ln p of each field of each event, given all earlier events and the earlier fields of its own; [B, T, F]."""
        nats_BTF: Tensor = self.heads.nats(self(shifted(events_BTF))[0], events_BTF)
        return nats_BTF

    def loss(self, before_BTF: Tensor, target_BTF: Tensor) -> Tensor:
        """Nats of whole events, [B, T]: what training minimises. `before_BTF[:, t]` is the event before `target_BTF[:, t]`."""
        loss_BT: Tensor = self.heads.loss(self(before_BTF)[0], target_BTF)
        return loss_BT

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


def shifted(events_BTF: Tensor) -> Tensor:
    """The event before each: the start event, then all but the last."""
    return torch.cat([torch.zeros_like(events_BTF[:, :1]), events_BTF[:, :-1]], 1)
