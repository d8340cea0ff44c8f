"""Heads: vectors of the backbone into exact distributions over the next event.

They know fields and their sizes; they know no backbone and no music. Id 0 of a field that is not optional has
probability zero; chained heads also give none to pitches that an ascending field has passed. Where a target has such a 0
(padding) its nats are 0. Logits are log-probabilities, normalised.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partimento.encodings import Context, Pitches
from partimento.errors import UnknownName
from partimento.models.config import ModelConfig
from partimento.models.field_sizes import WIDEST, Fields, check_heads, first_id, joint_size
from partimento.models.inputs import SPREAD
from partimento.models.intervals import IntervalScores, PitchChain
from partimento.models.key_scores import KeyScores


class Heads(nn.Module, ABC):
    """Distributions over the next event, from vectors of `config.width` and what the encoding says before it, [..., C]."""

    uses_columns = False  # of kind `field`

    def __init__(
        self, config: ModelConfig, fields: Fields, pitches: tuple[Pitches, ...] = (), columns: tuple[Context, ...] = ()
    ) -> None:
        super().__init__()
        self.fields = fields
        self.first = [first_id(field) for field in fields]
        self.choices = [field.size - first_id(field) for field in fields]

    @abstractmethod
    def nats(self, h_BTD: Tensor, target_BTF: Tensor, context_BTC: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """-ln p of each field given the earlier ones of its event, [B, T, F]; of targets that are `smoothing` uniform. Fields
        that are given (`Field.given_after`) have none."""

    @abstractmethod
    def logits(self, h_BD: Tensor, drawn_Bf: Tensor, context_BC: Tensor | None = None) -> Tensor:
        """Log-probabilities [B, size_f] of field f = drawn_Bf.shape[1], given the earlier ones."""

    def drawing(self, h_BD: Tensor, context_BC: Tensor | None = None) -> Callable[[Tensor], Tensor]:
        """`logits` as a function of what is drawn, [B, f], alone, to be asked of one field after another; from h [B, D] and context
        [B, C]."""
        return lambda drawn_Bf: self.logits(h_BD, drawn_Bf, context_BC)

    @abstractmethod
    def predict(self, h_BTD: Tensor, context_BTC: Tensor | None = None) -> Tensor:
        """The heads' own prediction of each field, ids [B, T, F], made without seeing any of the event."""

    def loss(self, h_BTD: Tensor, target_BTF: Tensor, context_BTC: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        """Nats of whole events, [B, T]."""
        return self.nats(h_BTD, target_BTF, context_BTC, smoothing).sum(-1)

    def _drawn(self, nats_BTF: Tensor, target_BTF: Tensor) -> Tensor:
        """Nats of the fields that are drawn; 0 for those that are given."""
        if not any(field.given_after for field in self.fields):
            return nats_BTF
        given_after_F = torch.tensor([field.given_after for field in self.fields], device=target_BTF.device)
        return nats_BTF.masked_fill((target_BTF[..., :1] == given_after_F) & (given_after_F > 0), 0.0)


class Independent(Heads):
    """A softmax for each field; none sees the others. The seed's. `config.key_scores` adds scores that all fields share."""

    def __init__(
        self, config: ModelConfig, fields: Fields, pitches: tuple[Pitches, ...] = (), columns: tuple[Context, ...] = ()
    ) -> None:
        super().__init__(config, fields)
        self.project = nn.Linear(config.width, sum(self.choices))
        self.shared = KeyScores.of(config, self.choices, columns) if config.key_scores else None
        self.uses_columns = self.shared is not None

    def _split(self, h: Tensor, context: Tensor | None) -> tuple[Tensor, ...]:
        scores = self.project(h)
        if self.shared is not None and context is not None:
            scores = scores + self.shared(h, context).flatten(-2)
        return torch.split(scores, self.choices, -1)

    def nats(self, h_BTD: Tensor, target_BTF: Tensor, context_BTC: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        parts = self._split(h_BTD, context_BTC)
        if len(set(self.choices)) == len(set(self.first)) == 1:  # all at once
            return self._drawn(_nats(torch.stack(parts, -2), target_BTF - self.first[0], smoothing), target_BTF)
        each = [_nats(part, target_BTF[..., f] - self.first[f], smoothing) for f, part in enumerate(parts)]
        return self._drawn(torch.stack(each, -1), target_BTF)

    def logits(self, h_BD: Tensor, drawn_Bf: Tensor, context_BC: Tensor | None = None) -> Tensor:
        return self.drawing(h_BD, context_BC)(drawn_Bf)

    def drawing(self, h_BD: Tensor, context_BC: Tensor | None = None) -> Callable[[Tensor], Tensor]:
        """Computes all fields when the first one is asked for."""
        parts: list[tuple[Tensor, ...]] = []

        def logits(drawn_Bf: Tensor) -> Tensor:
            if not parts:
                parts.append(self._split(h_BD, context_BC))
            f = drawn_Bf.shape[1]
            return _with_zero(F.log_softmax(parts[0][f], -1), self.first[f])

        return logits

    def predict(self, h_BTD: Tensor, context_BTC: Tensor | None = None) -> Tensor:
        return torch.stack([part.argmax(-1) + self.first[f] for f, part in enumerate(self._split(h_BTD, context_BTC))], -1)


class Joint(Heads):
    """One softmax over the product of the fields' possible ids: exactly 60 classes for the melody's 12 pitches and 5 durations."""

    def __init__(
        self, config: ModelConfig, fields: Fields, pitches: tuple[Pitches, ...] = (), columns: tuple[Context, ...] = ()
    ) -> None:
        super().__init__(config, fields)
        self.classes = joint_size(self.choices)
        self.project = nn.Linear(config.width, self.classes)

    def _class(self, events: Tensor) -> Tensor:
        """The class of each event; -1 where one of its ids is impossible."""
        code = events[..., 0] - self.first[0]
        impossible = code < 0
        for f in range(1, len(self.fields)):
            choice = events[..., f] - self.first[f]
            impossible = impossible | (choice < 0)
            code = code * self.choices[f] + choice
        return code.masked_fill(impossible, -1)

    def nats(self, h_BTD: Tensor, target_BTF: Tensor, context_BTC: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        padding_BT = self._class(target_BTF) < 0
        rest = F.log_softmax(self.project(h_BTD), -1)
        each = []
        for f, choices in enumerate(self.choices):
            rest = rest.reshape(*rest.shape[: h_BTD.dim() - 1], choices, -1)  # [B, T, choices of f, all later fields]
            own = rest.logsumexp(-1)
            choice = (target_BTF[..., f] - self.first[f]).clamp(min=0)
            log_p = own.gather(-1, choice[..., None])[..., 0]
            each.append((-log_p).masked_fill(padding_BT, 0.0))
            rest = rest.gather(-2, choice[..., None, None].expand(*choice.shape, 1, rest.shape[-1]))[..., 0, :]
            rest = rest - log_p[..., None]
        return torch.stack(each, -1)

    def loss(self, h_BTD: Tensor, target_BTF: Tensor, context_BTC: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        return _nats(self.project(h_BTD), self._class(target_BTF), smoothing)

    def logits(self, h_BD: Tensor, drawn_Bf: Tensor, context_BC: Tensor | None = None) -> Tensor:
        f = drawn_Bf.shape[1]
        rest = self.project(h_BD)
        for earlier in range(f):
            rest = rest.reshape(len(rest), self.choices[earlier], -1)
            choice = (drawn_Bf[:, earlier] - self.first[earlier]).clamp(min=0)
            rest = rest[torch.arange(len(rest), device=rest.device), choice]
        marginal = rest.reshape(len(rest), self.choices[f], -1).logsumexp(-1)
        return _with_zero(F.log_softmax(marginal, -1), self.first[f])

    def predict(self, h_BTD: Tensor, context_BTC: Tensor | None = None) -> Tensor:
        code = self.project(h_BTD).argmax(-1)
        each = []
        for f in reversed(range(len(self.fields))):
            each.append(code % self.choices[f] + self.first[f])
            code = code // self.choices[f]
        return torch.stack(each[::-1], -1)


class Chained(Heads):
    """Field f sees the drawn fields before it: their embeddings are added, and a small residual layer mixes them in.

    With `config.intervals` those of drawn pitches are joined by that of the interval each has moved; with
    `config.interval_logits` the scores of a pitch by those of its intervals from what sounds and from the pitches just drawn.
    """

    def __init__(
        self, config: ModelConfig, fields: Fields, pitches: tuple[Pitches, ...] = (), columns: tuple[Context, ...] = ()
    ) -> None:
        super().__init__(config, fields)
        width = config.width
        self.pitches = pitches if config.intervals or config.interval_logits else tuple(one for one in pitches if one.ascending)
        self.ascending = {one.field: one for one in pitches if one.ascending}
        self.tables = nn.ModuleList(nn.Embedding(field.size, width) for field in fields[:-1])
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.02)  # type: ignore[arg-type]
        self.mix = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, config.embedding), nn.GELU(), nn.Linear(config.embedding, width))
            for _ in fields
        )
        self.project = nn.ModuleList(nn.Linear(width, choices) for choices in self.choices)
        moving = [one.field for one in self.pitches if config.intervals and one.field < len(fields) - 1]
        self.moves = nn.ModuleDict({str(f): nn.Embedding(2 * WIDEST + 2, width) for f in moving})
        for table in self.moves.values():
            nn.init.normal_(table.weight, std=SPREAD * 0.2)  # type: ignore[arg-type]
        scored = [one for one in self.pitches if config.interval_logits]
        self.intervals = nn.ModuleDict(
            {str(one.field): IntervalScores(width, one, self.choices[one.field], self.first[one.field]) for one in scored}
        )

    def _scores(self, h: Tensor, f: int, chain: PitchChain | None) -> Tensor:
        h = h + self.mix[f](h)
        scores: Tensor = self.project[f](h)
        if chain is not None and str(f) in self.intervals:
            scores = scores + self.intervals[str(f)](h, chain.references(f))
        if chain is not None and f in self.ascending:
            scores = scores.masked_fill(chain.passed(f, scores.shape[-1], self.first[f]), -math.inf)
        return scores

    def _chain(self, context: Tensor | None) -> PitchChain | None:
        return PitchChain(self.pitches, context) if self.pitches and context is not None else None

    def _see(self, h: Tensor, f: int, ids: Tensor, chain: PitchChain | None) -> Tensor:
        """The vectors once field f is drawn."""
        h = h + self.tables[f](ids)
        moved = None if chain is None else chain.draw(f, ids)
        return h + self.moves[str(f)](moved) if moved is not None and str(f) in self.moves else h

    def nats(self, h_BTD: Tensor, target_BTF: Tensor, context_BTC: Tensor | None = None, smoothing: float = 0.0) -> Tensor:
        each = []
        h, chain = h_BTD, self._chain(context_BTC)
        for f in range(len(self.fields)):
            if f:
                h = self._see(h, f - 1, target_BTF[..., f - 1], chain)
            each.append(_nats(self._scores(h, f, chain), target_BTF[..., f] - self.first[f], smoothing))
        return self._drawn(torch.stack(each, -1), target_BTF)

    def logits(self, h_BD: Tensor, drawn_Bf: Tensor, context_BC: Tensor | None = None) -> Tensor:
        return self.drawing(h_BD, context_BC)(drawn_Bf)

    def drawing(self, h_BD: Tensor, context_BC: Tensor | None = None) -> Callable[[Tensor], Tensor]:
        """Goes on where the last call left off, if the fields drawn until then are the same."""
        h, chain = h_BD, self._chain(context_BC)
        seen_Bf = torch.zeros((len(h_BD), 0), dtype=torch.int64, device=h_BD.device)

        def logits(drawn_Bf: Tensor) -> Tensor:
            nonlocal h, chain, seen_Bf
            f = drawn_Bf.shape[1]
            if not torch.equal(seen_Bf, drawn_Bf[:, : seen_Bf.shape[1]]):
                h, chain, seen_Bf = h_BD, self._chain(context_BC), seen_Bf[:, :0]
            for earlier in range(seen_Bf.shape[1], f):
                h = self._see(h, earlier, drawn_Bf[:, earlier], chain)
            seen_Bf = drawn_Bf
            return _with_zero(F.log_softmax(self._scores(h, f, chain), -1), self.first[f])

        return logits

    def predict(self, h_BTD: Tensor, context_BTC: Tensor | None = None) -> Tensor:
        each: list[Tensor] = []
        h, chain = h_BTD, self._chain(context_BTC)
        for f in range(len(self.fields)):
            if f:
                h = self._see(h, f - 1, each[-1], chain)
            each.append(self._scores(h, f, chain).argmax(-1) + self.first[f])
        return torch.stack(each, -1)


def _nats(scores: Tensor, choice: Tensor, smoothing: float) -> Tensor:
    """-ln of the softmax of scores [..., C] at choice [...]; 0 where the choice is -1."""
    flat, wanted = scores.reshape(-1, scores.shape[-1]).float(), choice.reshape(-1)
    nats = F.cross_entropy(flat, wanted, reduction="none", ignore_index=-1)
    if smoothing:  # over what is possible
        log_p = F.log_softmax(flat, -1)
        possible = log_p > -math.inf
        uniform = -log_p.where(possible, 0.0).sum(-1) / possible.sum(-1)
        nats = torch.where(wanted >= 0, (1 - smoothing) * nats + smoothing * uniform, 0.0)
    return nats.reshape(choice.shape)


def _with_zero(log_p: Tensor, first: int) -> Tensor:
    """Log-probabilities of all ids from those of the possible ones."""
    return F.pad(log_p, (first, 0), value=-math.inf) if first else log_p


HEADS: dict[str, type[Heads]] = {"independent": Independent, "joint": Joint, "chained": Chained}


def heads(config: ModelConfig, fields: Fields, pitches: tuple[Pitches, ...] = (), columns: tuple[Context, ...] = ()) -> Heads:
    """The heads that `config` names. Raises `UnknownName`, and `InvalidOption` for logits that they cannot add."""
    if config.heads not in HEADS:
        raise UnknownName("heads", config.heads, HEADS)
    check_heads(config, fields)
    return HEADS[config.heads](config, fields, pitches, columns)
