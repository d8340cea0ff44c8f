"""A network as a `Predictor`: scores whole pieces in batches, grows sequences step by step. It knows no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings import Cursor, Encoding, Events
from partimento.errors import InvalidOption
from partimento.models.network_protocol import EventNetwork, Floats, Ints, NetworkRun
from partimento.models.predictor import Scores

ROWS = 32  # pieces side by side
STEPS = 512  # events of each at a time
WINDOWS = 2048  # short windows side by side
AHEAD = 500_000  # events looked ahead for pieces of similar length


class NetworkPredictor:
    """Implements `Predictor`.

    `encoding` says what is known before each event; a network that uses none of it needs none. `conditions` are those of every
    piece [C], or of each piece that is scored, or of sequences that grow in turn [P, C]; none by default.
    """

    def __init__(self, network: EventNetwork, encoding: Encoding | None = None, conditions: npt.NDArray[Any] | None = None) -> None:
        self.network, self.fields = network, network.fields
        if network.uses_context and encoding is None:
            raise InvalidOption("the model reads what its encoding says of each event; give the encoding")
        self.encoding = encoding if network.uses_context else None
        self.conditions = conditions
        if conditions is not None and not network.uses_conditions:
            raise InvalidOption("the model knows no conditions; train one with them, or give none")

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        """Nats and hits of whole pieces, each [T, F], in their order; with `context`, each event is predicted from that many before
        it alone. Without `hits` these are 0.

        Memory does not grow with the number or length of pieces beyond `AHEAD` events of results.
        """
        if context is not None and context < 1:
            raise InvalidOption(f"context is {context}; it must be at least 1 event, or None for the whole piece")
        first = 0
        while first < len(pieces):
            last, total = first, 0
            while last < len(pieces) and (last == first or total + len(pieces[last]) <= AHEAD):
                total += len(pieces[last])
                last += 1
            group = [np.asarray(pieces[number]) for number in range(first, last)]
            heads = [self._head(number) for number in range(first, last)]
            if context is None:
                yield from self._whole(group, heads, hits)
            else:
                for piece, head in zip(group, heads, strict=True):
                    yield self._windows(piece, context, head, hits)
            first = last

    def begin(self, count: int, given: Events | None = None, cursors: Sequence[Cursor] | None = None) -> NetworkSession:
        """A session of `count` sequences after the `given` events, under the predictor's conditions: [C], or [P, C], of which
        sequence i is under row i % P."""
        rows = [] if self.conditions is None else list(np.atleast_2d(self.conditions))
        given = np.zeros((0, len(self.fields)), np.int64) if given is None else np.asarray(given)
        return NetworkSession(self.network, count, given, self.encoding, _rows(rows), cursors)

    def _head(self, number: int) -> npt.NDArray[Any] | None:
        """The conditions [C] of a piece."""
        return self.conditions if self.conditions is None or self.conditions.ndim == 1 else self.conditions[number]

    def _whole(self, group: list[Events], heads: Sequence[npt.NDArray[Any] | None], hits: bool) -> list[Scores]:
        """Pieces of similar length side by side, in steps of `STEPS` events with the state carried over."""
        scores = [_empty(piece) for piece in group]
        contexts = [None if self.encoding is None else self.encoding.context(piece) for piece in group]
        order = sorted(range(len(group)), key=lambda number: -len(group[number]))
        for start in range(0, len(order), ROWS):
            numbers = [number for number in order[start : start + ROWS] if len(group[number])]
            run = self.network.begin(len(numbers))
            for at in range(0, len(group[numbers[0]]) if numbers else 0, STEPS):
                still = [number for number in numbers if len(group[number]) > at]
                if len(still) < len(numbers):
                    run.select(np.arange(len(still)))  # longest come first
                numbers = still
                before, target, context = self._chunk([group[n] for n in numbers], [contexts[n] for n in numbers], at)
                h_BTD = run.forward(before, context, _rows([heads[n] for n in numbers]))
                nats_BTF, hits_BTF = self._judge(h_BTD, target, context, hits)
                for row, number in enumerate(numbers):
                    size = min(STEPS, len(group[number]) - at)
                    scores[number].nats[at : at + size] = nats_BTF[row, :size]
                    scores[number].hits[at : at + size] = hits_BTF[row, :size]
        return scores

    def _chunk(self, pieces: list[Events], contexts: list[Events | None], at: int) -> tuple[Ints, Ints, Ints | None]:
        """The events before events at..at+STEPS of each piece, zeros where it has ended, these events, and their context."""
        steps = min(STEPS, len(pieces[0]) - at)
        events_BTF = np.zeros((len(pieces), steps + 1, len(self.fields)), np.int64)
        for row, piece in enumerate(pieces):
            part = piece[max(at - 1, 0) : at + steps]
            shift = 1 if at == 0 else 0
            events_BTF[row, shift : shift + len(part)] = part
        rows = [context[at : at + steps] for context in contexts if context is not None]
        return events_BTF[:, :-1], events_BTF[:, 1:], _padded(rows, steps)

    def _windows(self, piece: Events, context: int, conditions: npt.NDArray[Any] | None, hits: bool) -> Scores:
        """Each event from a fresh state and the `context` events before it; the start event stands before the piece only."""
        scores = _empty(piece)
        events_TF: Ints = piece.astype(np.int64)
        head = min(context, len(piece))  # these windows begin with the piece, so one pass gives them all
        if head:
            target = events_TF[None, :head]
            before = np.concatenate([np.zeros_like(target[:, :1]), target[:, :-1]], 1)
            known = _padded(self._told([piece[:head]], slice(0, head)), head)
            h_BTD = self.network.begin(1).forward(before, known, _rows([conditions]))
            nats_BTF, hits_BTF = self._judge(h_BTD, target, known, hits)
            scores.nats[:head], scores.hits[:head] = nats_BTF[0], hits_BTF[0]
        if len(piece) > context:
            views: Any = np.lib.stride_tricks.sliding_window_view(events_TF, context, axis=0)[:-1]  # [T - context, F, context]
            for at in range(0, len(views), WINDOWS):
                before = views[at : at + WINDOWS].transpose(0, 2, 1).copy()
                known = _padded(self._told(before, slice(1, None)), context)
                target = events_TF[context + at : context + at + len(before), None]
                last = None if known is None else known[:, -1:]
                h_BTD = self.network.begin(len(before)).forward(before, known, _rows([conditions] * len(before)))
                nats_BTF, hits_BTF = self._judge(h_BTD, target, last, hits)
                rows = slice(context + at, context + at + len(before))
                scores.nats[rows], scores.hits[rows] = nats_BTF[:, 0], hits_BTF[:, 0]
        return scores

    def _told(self, pieces: Any, rows: slice) -> list[Events]:
        """What the encoding says of each of these events by themselves."""
        return [] if self.encoding is None else [self.encoding.context(piece)[rows] for piece in pieces]

    def _judge(self, h_BTD: Any, target_BTF: Ints, context_BTC: Ints | None, hits: bool) -> tuple[Floats, Floats]:
        """Nats and hits of the last events."""
        nats_BTF = self.network.nats(h_BTD, target_BTF, context_BTC)
        if not hits:
            return nats_BTF, np.zeros_like(nats_BTF)
        guess_BTF = self.network.predict(h_BTD, context_BTC, target_BTF.shape[1])
        return nats_BTF, (guess_BTF == target_BTF).astype(np.float32)


class NetworkSession:
    """Implements `Session`: `count` sequences, and where each stands if the network asks the encoding.

    What is given goes through the network in one pass, once for each row of the conditions [P, C]: sequence i is under row i % P.
    """

    def __init__(
        self,
        network: EventNetwork,
        count: int,
        given: Events,
        encoding: Encoding | None = None,
        conditions_PC: Ints | None = None,
        cursors: Sequence[Cursor] | None = None,
    ) -> None:
        self.network, self.encoding, self._conditions = network, encoding, conditions_PC
        before_TF = np.concatenate([np.zeros((1, len(network.fields)), np.int64), given])
        context_TC = None if encoding is None else encoding.context(given)
        rows = 1 if conditions_PC is None else len(conditions_PC)
        self._run: NetworkRun = network.begin(rows)
        for at in range(0, len(before_TF), STEPS):
            part = slice(at, at + STEPS)
            told = None if context_TC is None else np.repeat(context_TC[None, part], rows, 0)
            self._step(np.repeat(before_TF[None, part], rows, 0), told)
        row_B = np.arange(count) % rows
        self._run.select(row_B)
        self._stand(self._h_BTD[row_B, -1:], None if self._context_BC is None else self._context_BC[row_B])
        self._conditions = None if conditions_PC is None else conditions_PC[row_B]
        self._cursors: Sequence[Cursor] = []
        self._moves_cursors = cursors is None  # else another does
        if encoding is not None and cursors is not None:
            self._cursors = cursors
        elif encoding is not None:
            first = encoding.cursor()
            for event in given.tolist():
                first.push(event)
            self._cursors = [first.copy() for _ in range(count)]

    def logits(self, drawn: npt.NDArray[np.int64]) -> Floats:
        """Log-probabilities [B, S] of field f of the next event, given its earlier fields `drawn` [B, f]."""
        return self._logits(drawn)

    def push(self, events: npt.NDArray[Any]) -> None:
        """Appends one event [B, F] to each sequence."""
        if self._cursors and self._moves_cursors:
            for cursor, event in zip(self._cursors, events.tolist(), strict=True):
                cursor.push(event)
        context_BC = np.stack([cursor.context() for cursor in self._cursors]) if self._cursors else None
        self._step(events[:, None], None if context_BC is None else context_BC[:, None])

    def _step(self, events_BTF: npt.NDArray[Any], context_BTC: npt.NDArray[Any] | None) -> None:
        """Goes on over events, with what is known after each of them."""
        known_BTC = None
        if self.encoding is not None and context_BTC is not None:
            last_C = [column.size - 1 for column in self.encoding.context_fields]  # of events that are not legal all may be said
            known_BTC = np.minimum(context_BTC.astype(np.int64), last_C)
        h_BTD = self._run.forward(events_BTF.astype(np.int64), known_BTC, self._conditions)
        self._stand(h_BTD, None if known_BTC is None else known_BTC[:, -1])

    def _stand(self, h_BTD: Any, context_BC: Ints | None) -> None:
        self._h_BTD, self._context_BC = h_BTD, context_BC
        self._logits = self.network.drawing(h_BTD, context_BC)


def _rows(heads: Sequence[npt.NDArray[Any] | None]) -> Ints | None:
    """Conditions side by side, [B, C]; None where there are none."""
    rows = [head for head in heads if head is not None]
    return np.stack(rows).astype(np.int64) if rows else None


def _padded(rows: list[Events], steps: int) -> Ints | None:
    """Rows of context side by side, [B, T, C], zeros where one is shorter; None where there is none."""
    if not rows:
        return None
    context_BTC = np.zeros((len(rows), steps, rows[0].shape[1]), np.int64)
    for row, context in enumerate(rows):
        context_BTC[row, : len(context)] = context
    return context_BTC


def _empty(piece: Events) -> Scores:
    return Scores(np.zeros(piece.shape, np.float32), np.zeros(piece.shape, np.float32))
