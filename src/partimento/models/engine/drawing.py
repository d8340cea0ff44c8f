"""The heads of `models/heads.py` without torch; the loops are in `loops/head_loops.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings import Pitches
from partimento.models.config import ModelConfig
from partimento.models.engine.keys import KeyScores
from partimento.models.engine.matrix import PRODUCTS, WIDE, Floats, address
from partimento.models.engine.tensors import Tensors
from partimento.models.field_sizes import WIDEST, Layout, first_id, joint_size
from partimento.native import Native

_LOOPS, _USES = "partimento.models.engine.loops.head_loops", [PRODUCTS, "partimento.models.engine.matrix"]
_SOFTMAX, _FIELD = Native(f"{_LOOPS}:log_softmax", "fnnnnf", _USES), Native(f"{_LOOPS}:field", "fnnllff", _USES)
Ints = npt.NDArray[np.int64]
Drawing = Callable[[Ints], Floats]


class Heads(ABC):
    """Distributions over the next event, from vectors [N, D] and what the encoding says before it, [N, C]."""

    uses_columns = False  # of kind `field`

    def __init__(self, config: ModelConfig, layout: Layout, tensors: Tensors) -> None:
        self.fields, self.width = (fields := layout.fields), config.width
        self.first = [first_id(field) for field in fields]
        self.choices = [field.size - first for field, first in zip(fields, self.first, strict=True)]
        self.given_after = np.array([field.given_after for field in fields])

    @abstractmethod
    def drawing(self, h_ND: Floats, context_NC: Ints | None) -> Drawing:
        """Log-probabilities [N, size] of field f as a function of the earlier ones [N, f], asked of one field after another."""

    @abstractmethod
    def predict(self, h_ND: Floats, context_NC: Ints | None) -> Ints:
        """The heads' own prediction of each field, ids [N, F], made without seeing any of the event."""

    def nats(self, h_ND: Floats, target_NF: Ints, context_NC: Ints | None) -> Floats:
        """-ln p of each field given the earlier ones, [N, F]; 0 for padding and for fields that are given."""
        logits, rows = self.drawing(h_ND, context_NC), np.arange(len(h_ND))
        nats_NF = np.stack([-logits(target_NF[:, :f])[rows, target_NF[:, f]] for f in range(len(self.fields))], 1)
        unseen = target_NF < self.first
        if self.given_after.any():
            unseen |= (target_NF[:, :1] == self.given_after) & (self.given_after > 0)
        nats_NF[unseen] = 0
        return nats_NF


class Independent(Heads):
    def __init__(self, config: ModelConfig, layout: Layout, tensors: Tensors) -> None:
        super().__init__(config, layout, tensors)
        self._project = tensors.matrix("heads.project", sum(self.choices), config.width, bias=True)
        self._shared = KeyScores.of(config, self.choices, layout.columns, tensors) if config.key_scores else None
        self.uses_columns = self._shared is not None
        self._starts = np.cumsum([0, *self.choices]).tolist()

    def drawing(self, h_ND: Floats, context_NC: Ints | None) -> Drawing:
        scores, stride = self._scores(h_ND, context_NC)
        return lambda drawn: _log_softmax(scores, stride, self._starts[f := drawn.shape[1]], self.choices[f], self.first[f])

    def predict(self, h_ND: Floats, context_NC: Ints | None) -> Ints:
        scores, _ = self._scores(h_ND, context_NC)
        parts = zip(self._starts, self.choices, self.first, strict=False)
        return np.stack([scores[:, at : at + choices].argmax(1) + first for at, choices, first in parts], 1)

    def _scores(self, h_ND: Floats, context_NC: Ints | None) -> tuple[Floats, int]:
        scores, stride = self._project.padded(h_ND)
        if self._shared is not None and context_NC is not None:
            scores[:, : self._starts[-1]] += self._shared(h_ND, context_NC).reshape(len(h_ND), -1)
        return scores, stride


class Joint(Heads):
    def __init__(self, config: ModelConfig, layout: Layout, tensors: Tensors) -> None:
        super().__init__(config, layout, tensors)
        self._project = tensors.matrix("heads.project", joint_size(self.choices), config.width, bias=True)

    def drawing(self, h_ND: Floats, context_NC: Ints | None) -> Drawing:
        scores, rows = self._project(h_ND), np.arange(len(h_ND))

        def logits(drawn: Ints) -> Floats:
            rest = scores
            for earlier in range(f := drawn.shape[1]):
                choice = np.maximum(drawn[:, earlier] - self.first[earlier], 0)
                rest = rest.reshape(len(rest), self.choices[earlier], -1)[rows, choice]
            each = rest.reshape(len(rest), self.choices[f], -1)
            top = each.max(-1, keepdims=True)
            marginal = np.ascontiguousarray(top[..., 0] + np.log(np.exp(each - top).sum(-1)))
            return _log_softmax(marginal, self.choices[f], 0, self.choices[f], self.first[f])

        return logits

    def predict(self, h_ND: Floats, context_NC: Ints | None) -> Ints:
        choice = np.unravel_index(self._project(h_ND).argmax(-1), self.choices)
        ids: Ints = np.stack(choice, 1) + np.array(self.first)
        return ids


class Chained(Heads):
    def __init__(self, config: ModelConfig, layout: Layout, tensors: Tensors) -> None:
        super().__init__(config, layout, tensors)
        width, inner, fields = config.width, config.embedding, layout.fields
        self._pitches = {one.field: one for one in layout.pitches if config.intervals or config.interval_logits or one.ascending}
        self._tables = [tensors.floats(f"heads.tables.{f}.weight", field.size, width) for f, field in enumerate(fields[:-1])]
        moving = [f for f in self._pitches if config.intervals and f < len(fields) - 1]
        self._moves = {f: tensors.floats(f"heads.moves.{f}.weight", 2 * WIDEST + 2, width) for f in moving}
        self._kept: list[Any] = []
        self._heads, self._room = [], []
        for f, choices in enumerate(self.choices):
            name = f"heads.mix.{f}"
            norms = [tensors.floats(f"{name}.0.{part}", width) for part in ("weight", "bias")]
            matrices = [tensors.matrix(f"{name}.1", inner, width, True), tensors.matrix(f"{name}.3", width, inner, True)]
            matrices.append(tensors.matrix(f"heads.project.{f}", choices, width, True))
            spec = self._pitches.get(f)
            counted = 0 if spec is None else len(spec.references) + len(spec.within)
            scored = spec is not None and config.interval_logits
            if scored:
                matrices.append(tensors.matrix(f"heads.intervals.{f}.project", counted * (2 * WIDEST + 1), width))
            numbers = [*(one.place for one in matrices), *([] if scored else [np.zeros(6, np.int64)])]
            pitched = [0, 0, 0, 0] if spec is None else [spec.first - self.first[f], spec.lowest, counted, spec.ascending]
            rest = [*map(address, norms), choices, self.first[f], *pitched]
            self._kept.append((norms, matrices))
            self._heads.append(np.concatenate([*numbers, rest]).astype(np.int64))
            self._room.append(width + sum(one.blocks * WIDE for one in matrices))

    def drawing(self, h_ND: Floats, context_NC: Ints | None) -> Drawing:
        """Goes on where the last call left off, if the fields drawn until then are the same."""
        h, seen = np.array(h_ND, order="C"), np.zeros((len(h_ND), 0), np.int64)
        chain = _Chain(self._pitches, context_NC)

        def logits(drawn: Ints) -> Floats:
            nonlocal seen
            f = drawn.shape[1]
            if not np.array_equal(seen, drawn[:, : seen.shape[1]]):
                np.copyto(h, h_ND)
                seen = seen[:, :0]
            for earlier in range(seen.shape[1], f):
                ids = drawn[:, earlier]
                np.add(h, self._tables[earlier][ids], out=h)
                moved = chain.draw(earlier, ids)
                if moved is not None and earlier in self._moves:
                    np.add(h, self._moves[earlier][moved], out=h)
            seen = drawn
            return self._logits(h, f, chain)

        return logits

    def predict(self, h_ND: Floats, context_NC: Ints | None) -> Ints:
        logits, drawn = self.drawing(h_ND, context_NC), np.zeros((len(h_ND), 0), np.int64)
        for _ in self.fields:
            drawn = np.concatenate([drawn, logits(drawn).argmax(1)[:, None]], 1)
        return drawn

    def _logits(self, h: Floats, f: int, chain: _Chain) -> Floats:
        head, references = self._heads[f], chain.references(f)
        if references is None and f in self._pitches:  # nothing is known: as if there were no pitch
            references = np.zeros((len(h), int(head[30])), np.int64)
        out, work = np.empty((len(h), self.fields[f].size), np.float32), np.empty(len(h) * self._room[f], np.float32)
        place = 0 if references is None else address(references)
        _FIELD.call(address(h), len(h), self.width, address(head), place, address(work), address(out))
        return out


class _Chain:
    """References of the pitch fields as they are drawn one after another: from the context, then from what was drawn."""

    def __init__(self, pitches: dict[int, Pitches], context_NC: Ints | None) -> None:
        self._pitches, self._context = pitches, context_NC
        self._drawn: dict[int, Ints] = {}

    def draw(self, field: int, ids: Ints) -> Ints | None:
        """Takes the ids [N] of a field; gives their interval from its own last pitch as ids 0..2 WIDEST + 1, if it is a pitch."""
        if self._context is None or field not in self._pitches:
            return None
        spec = self._pitches[field]
        last = self._context[:, spec.references[0]]
        sounding = np.where(ids >= spec.first, ids - spec.first + spec.lowest + 1, np.where(ids == spec.held, last, 0))
        self._drawn[field] = sounding
        return np.where((sounding > 0) & (last > 0), np.clip(sounding - last, -WIDEST, WIDEST) + WIDEST + 1, 0)

    def references(self, field: int) -> Ints | None:
        """What the scores of a pitch field count from, [N, R]: MIDI pitch + 1, 0 where there is none."""
        if self._context is None or field not in self._pitches:
            return None
        spec = self._pitches[field]
        own = self._context[:, list(spec.references)]
        within = [self._drawn[f][:, None] for f in spec.within]
        return np.ascontiguousarray(np.concatenate([own, *within], 1) if within else own, np.int64)


def _log_softmax(scores: Floats, stride: int, start: int, choices: int, first: int) -> Floats:
    """Of some columns of scores [N, stride], after `first` ids that have no probability: [N, first + choices]."""
    out = np.empty((len(scores), first + choices), np.float32)
    _SOFTMAX.call(address(scores) + 4 * start, len(scores), stride, choices, first, address(out))
    return out


HEADS: dict[str, type[Heads]] = {"independent": Independent, "joint": Joint, "chained": Chained}
