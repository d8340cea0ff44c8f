"""The heads of `models/heads.py` as nodes of a graph: log-probabilities [B, size] of each field, from h [B, D], the fields that are
drawn [B, F] and the context [B, C].
"""

from __future__ import annotations

import math

import numpy as np

from partimento.encodings import Pitches
from partimento.errors import InvalidOption
from partimento.models.field_sizes import WIDEST, Layout, first_id, joint_size
from partimento.models.onnx.steps import Steps


class Fields:
    """What the heads have in common."""

    def __init__(self, steps: Steps, layout: Layout, drawn: str, context: str) -> None:
        self.steps, self.graph, self.op, self.layout = steps, steps.graph, steps.graph.op, layout
        self.drawn, self.context = drawn, context
        self.first = [first_id(one) for one in layout.fields]
        self.choices = [one.size - first for one, first in zip(layout.fields, self.first, strict=True)]

    def log_p(self, h: str) -> list[str]:
        """Log-probabilities of each field."""
        kind = {"independent": self._independent, "joint": self._joint, "chained": self._chained}[self.steps.config.heads]
        return [self._normal(scores, first) for scores, first in zip(kind(h), self.first, strict=True)]

    def column(self, ids: str, number: int) -> str:
        """One column of ids [B, .] as [B]."""
        column: str = self.op("Gather", ids, self.graph.constant(number, "int64"), axis=1)
        return column

    def ints(self, *numbers: int) -> str:
        return self.graph.constant(numbers if len(numbers) > 1 else numbers[0], "int64")

    def _normal(self, scores: str, first: int) -> str:
        log_p: str = self.op("LogSoftmax", scores, axis=-1)
        return self._padded(log_p, first, -math.inf) if first else log_p

    def _padded(self, scores: str, before: int, value: float) -> str:
        padded: str = self.op("Pad", scores, self.ints(0, before, 0, 0), self.graph.constant(value))
        return padded

    def _independent(self, h: str) -> list[str]:
        if self.steps.config.key_scores:
            raise InvalidOption("models with key_scores are not written as ONNX; compose with partimento itself")
        scores = self.steps.linear(h, "heads.project.weight", sum(self.choices), self.steps.config.width, "heads.project.bias")
        starts = np.cumsum([0, *self.choices]).tolist()
        return [self.graph.slice(scores, starts[f], starts[f + 1]) for f in range(len(self.choices))]

    def _joint(self, h: str) -> list[str]:
        size = joint_size(self.choices)
        rest, each = self.steps.linear(h, "heads.project.weight", size, self.steps.config.width, "heads.project.bias"), []
        for f, choices in enumerate(self.choices):
            rest = self.graph.reshape(rest, 0, choices, -1)
            each.append(self.op("ReduceLogSumExp", rest, axes=[-1], keepdims=0))
            choice = self.op("Max", self.op("Sub", self.column(self.drawn, f), self.ints(self.first[f])), self.ints(0))
            rest = self.op("GatherND", rest, self.op("Unsqueeze", choice, self.graph.constant([1], "int64")), batch_dims=1)
        return each

    def _chained(self, h: str) -> list[str]:
        config, tensors = self.steps.config, self.steps.tensors
        pitches = {one.field: one for one in self.layout.pitches if config.intervals or config.interval_logits or one.ascending}
        sounding: dict[int, str] = {}
        each = []
        for f, field in enumerate(self.layout.fields):
            each.append(self._field(h, f, pitches.get(f), sounding))
            if f == len(self.layout.fields) - 1:
                break
            ids = self.column(self.drawn, f)
            table = self.graph.constant(tensors.floats(f"heads.tables.{f}.weight", field.size, config.width))
            h = self.op("Add", h, self.op("Gather", table, ids, axis=0))
            if f in pitches:
                sounding[f] = self._sounding(ids, pitches[f])
                if config.intervals:
                    moves = self.graph.constant(tensors.floats(f"heads.moves.{f}.weight", 2 * WIDEST + 2, config.width))
                    h = self.op("Add", h, self.op("Gather", moves, self._moved(sounding[f], pitches[f]), axis=0))
        return each

    def _field(self, h: str, f: int, pitches: Pitches | None, sounding: dict[int, str]) -> str:
        config, tensors, name, op = self.steps.config, self.steps.tensors, f"heads.mix.{f}", self.op
        width = config.width
        norm = [self.graph.constant(tensors.floats(f"{name}.0.{part}", width)) for part in ("weight", "bias")]
        inner = self.steps.linear(
            op("LayerNormalization", h, *norm, axis=-1, epsilon=1e-5), f"{name}.1.weight", config.embedding, width, f"{name}.1.bias"
        )
        half = op("Mul", inner, self.graph.constant(0.5))
        active = op(
            "Mul", half, op("Add", op("Erf", op("Mul", inner, self.graph.constant(math.sqrt(0.5)))), self.graph.constant(1.0))
        )
        mixed = op("Add", h, self.steps.linear(active, f"{name}.3.weight", width, config.embedding, f"{name}.3.bias"))
        scores = self.steps.linear(mixed, f"heads.project.{f}.weight", self.choices[f], width, f"heads.project.{f}.bias")
        if pitches is None:
            return scores
        before = pitches.first - self.first[f]
        count = self.choices[f] - before
        own = [self.column(self.context, at) for at in pitches.references]
        if config.interval_logits:
            heard = op(
                "Concat", *(self.graph.reshape(one, -1, 1) for one in [*own, *(sounding[e] for e in pitches.within)]), axis=1
            )
            references = len(own) + len(pitches.within)
            rows = references * (2 * WIDEST + 1)
            known = self.graph.reshape(
                self.steps.linear(mixed, f"heads.intervals.{f}.project.weight", rows, width), 0, references, -1
            )
            wanted = self.graph.constant(np.arange(count) + pitches.lowest + 1, "int64")
            apart = op("Sub", wanted, op("Unsqueeze", heard, self.graph.constant([2], "int64")))
            found = op("GatherElements", known, op("Add", self._near(apart), self.ints(WIDEST)), axis=2)
            counts = op("Cast", op("Greater", heard, self.ints(0)), to=1)
            found = op("Mul", found, op("Unsqueeze", counts, self.graph.constant([2], "int64")))
            total = op("ReduceSum", found, self.graph.constant([1], "int64"), keepdims=0)
            scores = op("Add", scores, self._padded(total, before, 0.0) if before else total)
        if pitches.ascending:
            place = np.where(np.arange(self.choices[f]) < before, 2**20, np.arange(self.choices[f]) - before + pitches.lowest)
            passed = op("Less", self.graph.constant(place, "int64"), self.graph.reshape(own[0], -1, 1))
            scores = op("Where", passed, self.graph.constant(-math.inf), scores)
        return scores

    def _sounding(self, ids: str, pitches: Pitches) -> str:
        """MIDI pitch + 1 of the ids of a pitch field, 0 where they are none."""
        op, last = self.op, self.column(self.context, pitches.references[0])
        held = op("Where", op("Equal", ids, self.ints(pitches.held)), last, self.ints(0))
        pitch = op("Add", ids, self.ints(pitches.lowest + 1 - pitches.first))
        sounding: str = op("Where", op("GreaterOrEqual", ids, self.ints(pitches.first)), pitch, held)
        return sounding

    def _moved(self, sounding: str, pitches: Pitches) -> str:
        op, last = self.op, self.column(self.context, pitches.references[0])
        both = op("And", op("Greater", sounding, self.ints(0)), op("Greater", last, self.ints(0)))
        interval = op("Add", self._near(op("Sub", sounding, last)), self.ints(WIDEST + 1))
        moved: str = op("Where", both, interval, self.ints(0))
        return moved

    def _near(self, interval: str) -> str:
        near: str = self.op("Max", self.op("Min", interval, self.ints(WIDEST)), self.ints(-WIDEST))
        return near
