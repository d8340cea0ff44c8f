"""The neural model: event embeddings, a backbone, heads. It knows their contracts, not their insides, and no data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from partimento.encodings import Context, Encoding, Pitches
from partimento.models.backbones import State, backbone
from partimento.models.config import ModelConfig
from partimento.models.heads import Fields, heads, inputs
from partimento.models.structure import ContextInputs


class Model(nn.Module):
    """A distribution over the next event given all before it. The first is predicted from the all-zero start event.

    `columns` and `pitches` are what the encoding can say before each event (`Encoding.context`); where the config uses
    none of it (`uses_context`), no context need be given.
    """

    def __init__(
        self, config: ModelConfig, fields: Fields, columns: tuple[Context, ...] = (), pitches: tuple[Pitches, ...] = ()
    ) -> None:
        super().__init__()
        self.config, self.fields = config, fields
        self.inputs = inputs(config, fields)
        self.backbone = backbone(self.inputs.width, config)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = heads(config, fields, pitches)
        self.structure = ContextInputs(config, columns, self.inputs.width)
        self.uses_context = bool(self.structure.columns) or bool(pitches and (config.intervals or config.interval_logits))

    @classmethod
    def of(cls, config: ModelConfig, encoding: Encoding) -> Model:
        """The model of an encoding's events."""
        return cls(config, encoding.fields, encoding.context_fields, encoding.pitches)

    def forward(self, before_BTF: Tensor, state: State = None, context_BTC: Tensor | None = None) -> tuple[Tensor, State]:
        """Vectors h_BTD that predict each next event, from the event before it, int64 [B, T, F], and what is known then."""
        h_BTI = self.inputs(before_BTF)
        if self.structure.columns and context_BTC is not None:
            h_BTI = h_BTI + self.structure(context_BTC)
        h_BTD, state = self.backbone(self.dropout(h_BTI), state)
        return self.dropout(h_BTD), state

    def nats(self, events_BTF: Tensor, context_BTC: Tensor | None = None) -> Tensor:
        """-ln p of each field of each event, given all earlier events and the earlier fields of its own; [B, T, F]."""
        h_BTD, _ = self(shifted(events_BTF), None, context_BTC)
        nats_BTF: Tensor = self.heads.nats(h_BTD, events_BTF, context_BTC)
        return nats_BTF

    def loss(
        self,
        before_BTF: Tensor,
        target_BTF: Tensor,
        context_BTC: Tensor | None = None,
        *,
        noise: float = 0.0,
        smoothing: float = 0.0,
    ) -> Tensor:
        """Nats of whole events, [B, T]: what training minimises. `before_BTF[:, t]` is the event before `target_BTF[:, t]`.

        The share `noise` of the ids that come in, and of what is said of them, is read as 0; `smoothing` as in `Heads.nats`.
        """
        seen = None if context_BTC is None else _noisy(context_BTC, noise)
        loss_BT: Tensor = self.heads.loss(self(_noisy(before_BTF, noise), None, seen)[0], target_BTF, context_BTC, smoothing)
        return loss_BT

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


def shifted(events_BTF: Tensor) -> Tensor:
    """The event before each: the start event, then all but the last."""
    return torch.cat([torch.zeros_like(events_BTF[:, :1]), events_BTF[:, :-1]], 1)


def _noisy(ids: Tensor, noise: float) -> Tensor:
    return ids.masked_fill(torch.rand(ids.shape, device=ids.device) < noise, 0) if noise else ids
