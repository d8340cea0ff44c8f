"""A neural model as a `Predictor`: scores whole pieces in batches, grows sequences step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from partimento.encodings import Cursor, Encoding, Events
from partimento.errors import InvalidOption
from partimento.models.model import Model, shifted
from partimento.models.predictor import Scores

ROWS = 32  # pieces side by side
STEPS = 512  # events of each at a time
WINDOWS = 2048  # short windows side by side
AHEAD = 500_000  # events looked ahead for pieces of similar length


class NeuralPredictor:
    """Implements `Predictor`. The model is put into evaluation mode for as long as it scores.

    `encoding` says what is known before each event; a model that uses none of it needs none. `conditions` are those of every
    piece [C], or of each piece that is scored, or of sequences that grow in turn [P, C]; none by default.
    """

    def __init__(self, model: Model, encoding: Encoding | None = None, conditions: npt.NDArray[Any] | None = None) -> None:
        self.model = model
        self.fields = model.fields
        if model.uses_context and encoding is None:
            raise InvalidOption("the model reads what its encoding says of each event; give the encoding")
        self.encoding = encoding if model.uses_context else None
        self.conditions = conditions
        if conditions is not None and not model.conditions.tables:
            raise InvalidOption("the model knows no conditions; train one with them, or give none")

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

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
            with torch.inference_mode(), evaluating(self.model):
                heads = [self._head(number) for number in range(first, last)]
                if context is None:
                    scores = self._whole(group, heads, hits)
                else:
                    scores = [self._windows(piece, context, head, hits) for piece, head in zip(group, heads, strict=True)]
            yield from scores
            first = last

    def begin(self, count: int, given: Events | None = None, cursors: Sequence[Cursor] | None = None) -> NeuralSession:
        """A session of `count` sequences after the `given` events, under the predictor's conditions: [C], or [P, C], of which
        sequence i is under row i % P."""
        rows = [] if self.conditions is None else list(np.atleast_2d(self.conditions))
        given = np.zeros((0, len(self.fields)), np.int64) if given is None else np.asarray(given)
        return NeuralSession(self.model, count, given, self.encoding, self._rows(rows), cursors)

    def _head(self, number: int) -> npt.NDArray[Any] | None:
        """The conditions [C] of a piece."""
        return self.conditions if self.conditions is None or self.conditions.ndim == 1 else self.conditions[number]

    def _rows(self, heads: Sequence[npt.NDArray[Any] | None]) -> Tensor | None:
        """Conditions side by side, int64 [B, C]; None where there are none."""
        rows = [head for head in heads if head is not None]
        return torch.from_numpy(np.stack(rows).astype(np.int64)).to(self.device) if rows else None

    def _whole(self, group: list[Events], heads: Sequence[npt.NDArray[Any] | None], hits: bool) -> list[Scores]:
        """Pieces of similar length side by side, in steps of `STEPS` events with the state carried over."""
        scores = [_empty(piece) for piece in group]
        contexts = [None if self.encoding is None else self.encoding.context(piece) for piece in group]
        order = sorted(range(len(group)), key=lambda number: -len(group[number]))
        for start in range(0, len(order), ROWS):
            numbers = [number for number in order[start : start + ROWS] if len(group[number])]
            state = None
            for at in range(0, len(group[numbers[0]]) if numbers else 0, STEPS):
                still = [number for number in numbers if len(group[number]) > at]
                if state is not None and len(still) < len(numbers):
                    state = self.model.backbone.select(state, torch.arange(len(still), device=self.device))  # longest come first
                numbers = still
                before, target, context = self._chunk([group[n] for n in numbers], [contexts[n] for n in numbers], at)
                h_BTD, state = self.model(before, state, context, self._rows([heads[n] for n in numbers]))
                nats_BTF, hits_BTF = self._judge(h_BTD, target, context, hits)
                for row, number in enumerate(numbers):
                    size = min(STEPS, len(group[number]) - at)
                    scores[number].nats[at : at + size] = nats_BTF[row, :size]
                    scores[number].hits[at : at + size] = hits_BTF[row, :size]
        return scores

    def _chunk(self, pieces: list[Events], contexts: list[Events | None], at: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """The events before events at..at+STEPS of each piece, zeros where it has ended, these events, and their context."""
        steps = min(STEPS, len(pieces[0]) - at)
        events_BTF = np.zeros((len(pieces), steps + 1, len(self.fields)), np.int64)
        for row, piece in enumerate(pieces):
            part = piece[max(at - 1, 0) : at + steps]
            shift = 1 if at == 0 else 0
            events_BTF[row, shift : shift + len(part)] = part
        both = torch.from_numpy(events_BTF).to(self.device)
        rows = [context[at : at + steps] for context in contexts if context is not None]
        return both[:, :-1], both[:, 1:], self._padded(rows, steps)

    def _padded(self, rows: list[Events], steps: int) -> Tensor | None:
        """Rows of context side by side, int64 [B, T, C], zeros where one is shorter; None where there is none."""
        if not rows:
            return None
        context_BTC = np.zeros((len(rows), steps, rows[0].shape[1]), np.int64)
        for row, context in enumerate(rows):
            context_BTC[row, : len(context)] = context
        return torch.from_numpy(context_BTC).to(self.device)

    def _windows(self, piece: Events, context: int, conditions: npt.NDArray[Any] | None, hits: bool) -> Scores:
        """Each event from a fresh state and the `context` events before it; the start event stands before the piece only."""
        scores = _empty(piece)
        piece = piece.astype(np.int64)
        head = min(context, len(piece))  # these windows begin with the piece, so one pass gives them all
        if head:
            target = torch.from_numpy(piece[None, :head]).to(self.device)
            known = self._padded(self._told([piece[:head]], slice(0, head)), head)
            h_BTD, _ = self.model(shifted(target), None, known, self._rows([conditions]))
            nats_BTF, hits_BTF = self._judge(h_BTD, target, known, hits)
            scores.nats[:head], scores.hits[:head] = nats_BTF[0], hits_BTF[0]
        if len(piece) > context:
            views = np.lib.stride_tricks.sliding_window_view(piece, context, axis=0)[:-1]  # [T - context, F, context]
            for at in range(0, len(views), WINDOWS):
                windows = views[at : at + WINDOWS].transpose(0, 2, 1).copy()
                before = torch.from_numpy(windows).to(self.device)
                known = self._padded(self._told(windows, slice(1, None)), context)
                target = torch.from_numpy(piece[context + at : context + at + len(before), None]).to(self.device)
                last = None if known is None else known[:, -1:]
                h_BTD, _ = self.model(before, None, known, self._rows([conditions] * len(before)))
                nats_BTF, hits_BTF = self._judge(h_BTD[:, -1:], target, last, hits)
                rows = slice(context + at, context + at + len(before))
                scores.nats[rows], scores.hits[rows] = nats_BTF[:, 0], hits_BTF[:, 0]
        return scores

    def _told(self, pieces: Any, rows: slice) -> list[Events]:
        """What the encoding says of each of these events by themselves."""
        return [] if self.encoding is None else [self.encoding.context(piece)[rows] for piece in pieces]

    def _judge(
        self, h_BTD: Tensor, target_BTF: Tensor, context_BTC: Tensor | None, hits: bool
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        nats_BTF = self.model.heads.nats(h_BTD, target_BTF, context_BTC)
        hits_BTF = (self.model.heads.predict(h_BTD, context_BTC) == target_BTF).float() if hits else torch.zeros_like(nats_BTF)
        return nats_BTF.cpu().numpy(), hits_BTF.cpu().numpy()


class NeuralSession:
    """Implements `Session`: the backbone's state of `count` sequences, and where each stands if the model asks the encoding.

    What is given goes through the model in one pass, once for each row of the conditions [P, C]: sequence i is under row i % P.
    """

    def __init__(
        self,
        model: Model,
        count: int,
        given: Events,
        encoding: Encoding | None = None,
        conditions_PC: Tensor | None = None,
        cursors: Sequence[Cursor] | None = None,
    ) -> None:
        self.model, self.encoding = model, encoding
        self.device = next(model.parameters()).device
        self._state: Any = None
        self._conditions = conditions_PC
        before_TF = np.concatenate([np.zeros((1, len(model.fields)), np.int64), given])
        context_TC = None if encoding is None else encoding.context(given)
        rows = 1 if conditions_PC is None else len(conditions_PC)
        for at in range(0, len(before_TF), STEPS):
            part = slice(at, at + STEPS)
            told = None if context_TC is None else np.repeat(context_TC[None, part], rows, 0)
            self._step(np.repeat(before_TF[None, part], rows, 0), told)
        row_B = torch.arange(count, device=self.device) % rows
        self._state = model.backbone.select(self._state, row_B)
        self._stand(self._h_BD[row_B], None if self._context_BC is None else self._context_BC[row_B])
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

    def logits(self, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Log-probabilities [B, S] of field f of the next event, given its earlier fields `drawn` [B, f]."""
        with torch.inference_mode(), evaluating(self.model):
            drawn_Bf = torch.from_numpy(np.ascontiguousarray(drawn, np.int64)).to(self.device)
            log_p: npt.NDArray[np.float32] = self._logits(drawn_Bf).cpu().numpy()
        return log_p

    def push(self, events: npt.NDArray[Any]) -> None:
        """Appends one event [B, F] to each sequence."""
        if self._cursors and self._moves_cursors:
            for cursor, event in zip(self._cursors, events.tolist(), strict=True):
                cursor.push(event)
        context_BC = np.stack([cursor.context() for cursor in self._cursors]) if self._cursors else None
        self._step(events[:, None], None if context_BC is None else context_BC[:, None])

    def _step(self, events_BTF: npt.NDArray[Any], context_BTC: npt.NDArray[Any] | None) -> None:
        """Goes on over events, with what is known after each of them."""
        before_BTF = torch.from_numpy(np.ascontiguousarray(events_BTF, np.int64)).to(self.device)
        known_BTC = None
        if self.encoding is not None and context_BTC is not None:
            last_C = [column.size - 1 for column in self.encoding.context_fields]  # of events that are not legal all may be said
            known_BTC = torch.from_numpy(np.minimum(context_BTC.astype(np.int64), last_C)).to(self.device)
        with torch.inference_mode(), evaluating(self.model):
            h_BTD, self._state = self.model(before_BTF, self._state, known_BTC, self._conditions)
        self._stand(h_BTD[:, -1], None if known_BTC is None else known_BTC[:, -1])

    def _stand(self, h_BD: Tensor, context_BC: Tensor | None) -> None:
        self._h_BD, self._context_BC = h_BD, context_BC
        self._logits = self.model.heads.drawing(h_BD, context_BC)


class evaluating:
    """Dropout is off inside."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.was_training = model, model.training

    def __enter__(self) -> None:
        if self.was_training:
            self.model.eval()

    def __exit__(self, *_: object) -> None:
        if self.was_training:
            self.model.train()


def _empty(piece: Events) -> Scores:
    return Scores(np.zeros(piece.shape, np.float32), np.zeros(piece.shape, np.float32))
