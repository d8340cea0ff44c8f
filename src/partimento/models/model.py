"""The neural model: event embeddings, a backbone, heads."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from partimento.encodings import Context, Encoding, Pitches
from partimento.encodings.conditions import Conditions
from partimento.errors import CheckpointError
from partimento.models.backbones import State, backbone
from partimento.models.base import NeuralModel
from partimento.models.config import ModelConfig
from partimento.models.field_sizes import Fields, reads_pitches
from partimento.models.heads import heads
from partimento.models.inputs import ConditionInputs, ContextInputs, inputs

MANY = 0.9  # share of events that are scored from which the heads see all


class Model(NeuralModel):
    """A distribution over the next event given all before it. The first is predicted from the all-zero start event.

    `columns` and `pitches` are what the encoding can say before each event (`Encoding.context`); where the config uses
    none of it (`uses_context`), no context need be given. `conditions` are the fields of what may be said of a whole piece,
    where the config asks for it.
    """

    def __init__(
        self,
        config: ModelConfig,
        fields: Fields,
        columns: tuple[Context, ...] = (),
        pitches: tuple[Pitches, ...] = (),
        conditions: Fields = (),
    ) -> None:
        super().__init__()
        self.config, self.fields = config, fields
        self.inputs = inputs(config, fields)
        self.backbone = backbone(self.inputs.width, config)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = heads(config, fields, pitches, columns)
        self.structure = ContextInputs(config, columns, self.inputs.width)
        self.conditions = ConditionInputs(conditions if config.conditions else (), self.inputs.width)
        self.uses_context = bool(self.structure.columns) or reads_pitches(config, pitches) or self.heads.uses_columns

    @classmethod
    def of(cls, config: ModelConfig, encoding: Encoding, vocabulary: Conditions | None = None) -> Model:
        """The model of an encoding's events, and of the conditions in a vocabulary."""
        conditions = () if vocabulary is None else vocabulary.fields
        return cls(config, encoding.fields, encoding.context_fields, encoding.pitches, conditions)

    def forward(
        self, before_BTF: Tensor, state: State = None, context_BTC: Tensor | None = None, conditions_BC: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Vectors h_BTD that predict each next event, from the event before it, int64 [B, T, F], and what is known then."""
        h_BTI = self.inputs(before_BTF)
        if self.conditions.tables and conditions_BC is not None:
            h_BTI = h_BTI + self.conditions(conditions_BC)[:, None]
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
        conditions_BC: Tensor | None = None,
        *,
        noise: float = 0.0,
        smoothing: float = 0.0,
        scored_BT: Tensor | None = None,
    ) -> Tensor:
        """Nats of whole events, [B, T]: what training minimises. `before_BTF[:, t]` is the event before `target_BTF[:, t]`. Where
        many are not `scored_BT` (bool), the heads see those alone that are; what the others get means
        nothing. (Heads that use columns drop out whole frames, and are left as they are.)

        The share `noise` of the ids that come in, and of what is said of them, is read as 0; `smoothing` as in `Heads.nats`.
        """
        seen = None if context_BTC is None else _noisy(context_BTC, noise)
        h_BTD, _ = self(_noisy(before_BTF, noise), None, seen, conditions_BC)
        scored = 0 if scored_BT is None else int(scored_BT.sum())
        if scored_BT is None or self.heads.uses_columns or not 0 < scored <= MANY * scored_BT.numel():
            whole_BT: Tensor = self.heads.loss(h_BTD, target_BTF, context_BTC, smoothing)
            return whole_BT
        at_N = scored_BT.flatten().nonzero()[:, 0]
        h_1ND, target_1NF = (part.flatten(0, 1).index_select(0, at_N)[None] for part in (h_BTD, target_BTF))
        context_1NC = None if context_BTC is None else context_BTC.flatten(0, 1).index_select(0, at_N)[None]
        loss_1N: Tensor = self.heads.loss(h_1ND, target_1NF, context_1NC, smoothing)
        loss_BT = loss_1N.new_zeros(scored_BT.numel()).index_copy(0, at_N, loss_1N[0])
        return loss_BT.view_as(scored_BT)

    def matrices(self) -> dict[str, list[int]]:
        stacked = self.backbone.stacked()
        matrices = ((name, weight) for name, weight in self.backbone.named_parameters() if weight.ndim == 2)
        return {f"backbone.{name}": stacked.get(name, [len(weight)]) for name, weight in matrices}

    @torch.no_grad()
    def inherit(self, weights: Mapping[str, Tensor]) -> None:
        """Takes the weights (tensors by name, each in the shape [...] of this model's own) of another model of this config; of
        conditions that are new here, what is new stays as it is.

        Raises `CheckpointError` where they are of another form.
        """
        own = self.state_dict()
        for name, weight in own.items():
            given = weights.get(name)
            grown = name.startswith("conditions.") and given is not None and given.shape[1:] == weight.shape[1:]
            if given is None or not (given.shape == weight.shape or (grown and len(given) <= len(weight))):
                raise CheckpointError(
                    f"the weights {name!r} to begin from do not fit this model; take the recipe they were made by"
                )
            weight[: len(given)] = given


def shifted(events_BTF: Tensor) -> Tensor:
    """The event before each of some events [B, T, F]: the start event, then all but the last."""
    return torch.cat([torch.zeros_like(events_BTF[:, :1]), events_BTF[:, :-1]], 1)


def _noisy(ids: Tensor, noise: float) -> Tensor:
    return ids.masked_fill(torch.rand(ids.shape, device=ids.device) < noise, 0) if noise else ids
