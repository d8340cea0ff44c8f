"""A neural model as a `Predictor`: scores whole pieces in batches, grows sequences step by step. It knows no training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from partimento.encodings import Events
from partimento.errors import InvalidOption
from partimento.models.model import Model, shifted
from partimento.models.predictor import Scores

ROWS = 32  # pieces side by side
STEPS = 512  # events of each at a time
WINDOWS = 2048  # short windows side by side
AHEAD = 500_000  # events looked ahead for pieces of similar length


class NeuralPredictor:
    """Implements `Predictor`. The model is put into evaluation mode for as long as it scores."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.fields = model.fields

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def score(self, pieces: Sequence[Events], context: int | None = None) -> Iterator[Scores]:
        """Scores of whole pieces, in their order; with `context`, each event is predicted from that many before it alone.

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
            with torch.inference_mode(), _evaluating(self.model):
                scores = self._whole(group) if context is None else [self._windows(piece, context) for piece in group]
            yield from scores
            first = last

    def begin(self, count: int) -> NeuralSession:
        return NeuralSession(self.model, count)

    def _whole(self, group: list[Events]) -> list[Scores]:
        """Pieces of similar length side by side, in steps of `STEPS` events with the state carried over."""
        scores = [_empty(piece) for piece in group]
        order = sorted(range(len(group)), key=lambda number: -len(group[number]))
        for start in range(0, len(order), ROWS):
            numbers = [number for number in order[start : start + ROWS] if len(group[number])]
            state = None
            for at in range(0, len(group[numbers[0]]) if numbers else 0, STEPS):
                still = [number for number in numbers if len(group[number]) > at]
                if state is not None and len(still) < len(numbers):
                    state = self.model.backbone.select(state, torch.arange(len(still), device=self.device))  # longest come first
                numbers = still
                before, target = self._chunk([group[number] for number in numbers], at)
                h_BTD, state = self.model(before, state)
                nats_BTF, hits_BTF = self._judge(h_BTD, target)
                for row, number in enumerate(numbers):
                    size = min(STEPS, len(group[number]) - at)
                    scores[number].nats[at : at + size] = nats_BTF[row, :size]
                    scores[number].hits[at : at + size] = hits_BTF[row, :size]
        return scores

    def _chunk(self, pieces: list[Events], at: int) -> tuple[Tensor, Tensor]:
        """Events at..at+STEPS of each piece, zeros where it has ended, and the events before them: int64 [B, T, F]."""
        steps = min(STEPS, len(pieces[0]) - at)
        events_BTF = np.zeros((len(pieces), steps + 1, len(self.fields)), np.int64)
        for row, piece in enumerate(pieces):
            part = piece[max(at - 1, 0) : at + steps]
            shift = 1 if at == 0 else 0
            events_BTF[row, shift : shift + len(part)] = part
        both = torch.from_numpy(events_BTF).to(self.device)
        return both[:, :-1], both[:, 1:]

    def _windows(self, piece: Events, context: int) -> Scores:
        """Each event from a fresh state and the `context` events before it; the start event stands before the piece only."""
        scores = _empty(piece)
        piece = piece.astype(np.int64)
        head = min(context, len(piece))  # these windows begin with the piece, so one pass gives them all
        if head:
            target = torch.from_numpy(piece[None, :head]).to(self.device)
            nats_BTF, hits_BTF = self._judge(self.model(shifted(target))[0], target)
            scores.nats[:head], scores.hits[:head] = nats_BTF[0], hits_BTF[0]
        if len(piece) > context:
            views = np.lib.stride_tricks.sliding_window_view(piece, context, axis=0)[:-1]  # [T - context, F, context]
            for at in range(0, len(views), WINDOWS):
                before = torch.from_numpy(views[at : at + WINDOWS].transpose(0, 2, 1).copy()).to(self.device)
                target = torch.from_numpy(piece[context + at : context + at + len(before), None]).to(self.device)
                nats_BTF, hits_BTF = self._judge(self.model(before)[0][:, -1:], target)
                rows = slice(context + at, context + at + len(before))
                scores.nats[rows], scores.hits[rows] = nats_BTF[:, 0], hits_BTF[:, 0]
        return scores

    def _judge(self, h_BTD: Tensor, target_BTF: Tensor) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        nats_BTF = self.model.heads.nats(h_BTD, target_BTF)
        hits_BTF = (self.model.heads.predict(h_BTD) == target_BTF).float()
        return nats_BTF.cpu().numpy(), hits_BTF.cpu().numpy()


class NeuralSession:
    """Implements `Session`: the backbone's state of `count` sequences."""

    def __init__(self, model: Model, count: int) -> None:
        self.model = model
        start_BTF = np.zeros((count, len(model.fields)), np.int64)
        self._state: Any = None
        self.push(start_BTF)

    def logits(self, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            drawn_Bf = torch.from_numpy(np.ascontiguousarray(drawn, np.int64)).to(self._h_BD.device)
            log_p: npt.NDArray[np.float32] = self.model.heads.logits(self._h_BD, drawn_Bf).cpu().numpy()
        return log_p

    def push(self, events: npt.NDArray[Any]) -> None:
        with torch.inference_mode(), _evaluating(self.model):
            device = next(self.model.parameters()).device
            before_BTF = torch.from_numpy(np.ascontiguousarray(events, np.int64))[:, None].to(device)
            h_BTD, self._state = self.model(before_BTF, self._state)
            self._h_BD = h_BTD[:, -1]


class _evaluating:
    """Dropout is off inside."""

    def __init__(self, model: Model) -> None:
        self.model, self.was_training = model, model.training

    def __enter__(self) -> None:
        if self.was_training:
            self.model.eval()

    def __exit__(self, *_: object) -> None:
        if self.was_training:
            self.model.train()


def _empty(piece: Events) -> Scores:
    return Scores(np.zeros(piece.shape, np.float32), np.zeros(piece.shape, np.float32))
