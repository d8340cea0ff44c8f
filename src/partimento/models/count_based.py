"""The part that all counting models share: dense probabilities in, scores and sessions out. No torch is imported."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings import Cursor, Events, Field
from partimento.errors import CorpusError, InvalidOption
from partimento.models.predictor import Scores

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Targeted = tuple[Events, npt.NDArray[np.bool_]]  # events [T, F] of a piece, and which of them count, bool [T]

CHUNK = 1 << 15  # events whose dense probabilities are held at once


class Counting(ABC):
    """A predictor that sees at most the last `order` events. Histories are [N, order, F], zeros before a piece's start."""

    def __init__(self, fields: tuple[Field, ...], order: int) -> None:
        self.fields, self.order = fields, order

    @abstractmethod
    def probabilities(self, history: Ints, drawn: Ints) -> Floats:
        """[N, size] of field f = drawn.shape[1], from histories [N, K, F] with K <= order and the earlier fields [N, f]."""

    def hits(self, probabilities: Floats, true: Ints) -> Floats:
        """How right the own prediction of a field is, [N], from `probabilities` [N, S] and the `true` ids [N]: by default its
        likeliest id."""
        right: Floats = (probabilities.argmax(1) == true).astype(np.float64)
        return right

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        """Nats and hits of whole pieces, each [T, F], in their order; with `context`, each event is predicted from that many before
        it alone. Without `hits` these are 0."""
        if context is not None and context < 1:
            raise InvalidOption(f"context is {context}; it must be at least 1 event, or None for the whole piece")
        order = self.order if context is None else min(self.order, context)
        waiting: list[Events] = []
        total = 0
        for piece in pieces:
            waiting.append(np.asarray(piece))
            total += len(piece)
            if total >= CHUNK:
                yield from self._score(waiting, order, hits)
                waiting, total = [], 0
        yield from self._score(waiting, order, hits)

    def begin(self, count: int, given: Events | None = None, cursors: Sequence[Cursor] | None = None) -> CountingSession:
        """A session of `count` sequences, all after the events `given` [T, F]."""
        return CountingSession(self, count, given)

    def _score(self, pieces: list[Events], order: int, with_hits: bool) -> Iterator[Scores]:
        """Small pieces together, since numpy's calls cost the same for one event as for a thousand."""
        if not pieces:
            return
        history, events = padded(pieces, order)
        nats, hits = np.empty(events.shape, np.float32), np.empty(events.shape, np.float32)
        for at in range(0, len(events), CHUNK):
            rows = slice(at, at + CHUNK)
            nats[rows], hits[rows] = self._judge(history[rows].transpose(0, 2, 1), events[rows], with_hits)
        at = 0
        for piece in pieces:
            yield Scores(nats[at : at + len(piece)], hits[at : at + len(piece)])
            at += len(piece)

    def _judge(self, history: Ints, events: Ints, with_hits: bool) -> tuple[Floats, Floats]:
        nats, hits = np.empty(events.shape), np.zeros(events.shape)
        guess = np.zeros((len(events), 0), np.int64)
        for f in range(len(self.fields)):
            true = events[:, f]
            dense = self.probabilities(history, events[:, :f])
            with np.errstate(divide="ignore"):
                nats[:, f] = -np.log(dense[np.arange(len(true)), true])
            if not with_hits:
                continue
            # the prediction is made from predicted earlier fields; where those are right, it is the same
            own = dense.copy() if f else dense
            if f and len(wrong := np.flatnonzero((guess != events[:, :f]).any(1))):
                own[wrong] = self.probabilities(history[wrong], guess[wrong])
            hits[:, f] = self.hits(own, true)
            guess = np.concatenate([guess, own.argmax(1)[:, None]], 1)
        return nats, hits


class CountingSession:
    """Implements `Session`: the last events of `count` sequences."""

    def __init__(self, model: Counting, count: int, given: Events | None = None) -> None:
        self.model = model
        self._history = np.zeros((count, model.order, len(model.fields)), np.int64)
        if given is not None and len(last := given[-model.order :]):
            self._history[:, -len(last) :] = last

    def logits(self, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Log-probabilities [B, S] of field f of the next event, given its earlier fields `drawn` [B, f]."""
        with np.errstate(divide="ignore"):
            return np.log(self.model.probabilities(self._history, np.asarray(drawn, np.int64))).astype(np.float32)

    def push(self, events: npt.NDArray[Any]) -> None:
        """Appends one event [B, F] to each sequence."""
        self._history = np.concatenate([self._history, np.asarray(events, np.int64)[:, None]], 1)[:, 1:]


def padded(pieces: Sequence[Events], order: int) -> tuple[Ints, Ints]:
    """The history of each event of each piece, a view [N, F, order], oldest first; and the events [N, F]."""
    width = pieces[0].shape[1]
    rows = np.zeros((sum(map(len, pieces)) + order * len(pieces), width), np.int64)
    real = np.zeros(len(rows), bool)
    at = 0
    for piece in pieces:
        rows[at + order : at + order + len(piece)] = piece
        real[at + order : at + order + len(piece)] = True
        at += order + len(piece)
    where = np.flatnonzero(real)
    if order == 0:
        return np.zeros((len(where), width, 0), np.int64), rows
    views = np.lib.stride_tricks.sliding_window_view(rows, order, axis=0)
    return views[where - order], rows[where]


def choices_of(field: Field) -> npt.NDArray[np.bool_]:
    """The ids that a real event may have, bool [S], S being the size of the field."""
    possible = np.ones(field.size, bool)
    possible[0] = field.optional
    return possible


def marginals(fields: tuple[Field, ...], pieces: Iterable[Targeted]) -> list[Floats]:
    """How often each id of each field is a target, plus one, over the sum: floats [S] for each field, S being its size. `pieces`
    are events [T, F] with the mask [T] of those that count. Raises `CorpusError` without any."""
    counts = [choices_of(field).astype(np.float64) for field in fields]
    total = 0
    for events, mask in pieces:
        chosen = events[mask]
        total += len(chosen)
        for f, count in enumerate(counts):
            count += np.bincount(chosen[:, f], minlength=len(count))
    if not total:
        raise CorpusError("there are no events to count; the train split is empty")
    return [count / count.sum() for count in counts]
