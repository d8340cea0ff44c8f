"""The baselines that stand in every table: a draw from the marginal, the commonest id, the last one again, the n-gram.

They are counted from (events [T, F], mask [T]) of each piece: only masked events are counted, any may be context.
`stratified` and `majority` are those of scikit-learn's DummyClassifier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from partimento.encodings import Field
from partimento.errors import UnknownName
from partimento.models.count_based import Counting, Floats, Ints, Targeted, choices_of, marginals
from partimento.models.ngram import NGram
from partimento.models.predictor import Predictor


class Stratified(Counting):
    """Each field from its own marginal, whatever came before. A hit is as likely as a draw from the marginal is right."""

    def __init__(self, fields: tuple[Field, ...], pieces: Iterable[Targeted]) -> None:
        super().__init__(fields, 1)
        self.tables = marginals(fields, pieces)

    def probabilities(self, history: Ints, drawn: Ints) -> Floats:
        table = self.tables[drawn.shape[1]]
        return np.broadcast_to(table, (len(history), len(table)))

    def hits(self, probabilities: Floats, true: Ints) -> Floats:
        right: Floats = probabilities[np.arange(len(true)), true]
        return right


class Majority(Counting):
    """The commonest id of each field with its train accuracy; the rest of the probability is spread evenly over the other ids."""

    def __init__(self, fields: tuple[Field, ...], pieces: Iterable[Targeted]) -> None:
        super().__init__(fields, 1)
        self.tables = [_spread(table, field) for table, field in zip(marginals(fields, pieces), fields, strict=True)]

    def probabilities(self, history: Ints, drawn: Ints) -> Floats:
        table = self.tables[drawn.shape[1]]
        return np.broadcast_to(table, (len(history), len(table)))


class RepeatLast(Counting):
    """The last event's id again, at the rate of train; otherwise the marginal without it. A piece begins with the marginal."""

    def __init__(self, fields: tuple[Field, ...], pieces: Iterable[Targeted]) -> None:
        super().__init__(fields, 1)
        kept = list(pieces)
        self.tables = marginals(fields, kept)
        same, total = np.ones(len(fields)), 2.0  # one repeat and one change beforehand, so that neither is impossible
        for events, mask in kept:
            later = mask[1:]
            same += (events[1:] == events[:-1])[later].sum(0)
            total += int(later.sum())
        self.rates = same / total
        # [size, size] by the last id; row 0 of a field that must have an id is the piece's start
        self.by_last = [
            self._by_last(table, rate, field) for table, rate, field in zip(self.tables, self.rates, fields, strict=True)
        ]

    @staticmethod
    def _by_last(table: Floats, rate: float, field: Field) -> Floats:
        by_last = np.tile(table, (len(table), 1))
        for last in np.flatnonzero(choices_of(field)):
            if table[last] < 1.0:
                by_last[last] *= (1.0 - rate) / (1.0 - table[last])
                by_last[last, last] = rate
        return by_last

    def probabilities(self, history: Ints, drawn: Ints) -> Floats:
        f = drawn.shape[1]
        dense: Floats = self.by_last[f][history[:, -1, f]]
        start = (history[:, -1] == 0).all(1)
        if start.any():
            dense[start] = self.tables[f]
        return dense


def _spread(table: Floats, field: Field) -> Floats:
    best, possible = int(table.argmax()), choices_of(field)
    others = int(possible.sum()) - 1
    spread = np.where(possible, (1.0 - table[best]) / max(1, others), 0.0)
    spread[best] = table[best] if others else 1.0
    return spread


BASELINES: dict[str, Callable[[tuple[Field, ...], Iterable[Targeted]], Predictor]] = {
    "stratified": Stratified,
    "majority": Majority,
    "repeat_last": RepeatLast,
    "ngram": NGram,
}


def fit(name: str, fields: tuple[Field, ...], pieces: Iterable[Targeted]) -> Predictor:
    """The baseline of that name, counted from pieces with their masks. Raises `UnknownName`, and `CorpusError` without events."""
    if name not in BASELINES:
        raise UnknownName("baseline", name, BASELINES)
    return BASELINES[name](fields, pieces)
