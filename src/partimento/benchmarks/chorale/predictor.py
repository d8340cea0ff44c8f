"""A chorale model as a `Predictor`: scores whole pieces side by side, grows sequences slot by slot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from partimento.benchmarks.chorale.boosted import GRAIN
from partimento.benchmarks.chorale.features import OF_VOICE, VOICES, FeatureExtractor, Row
from partimento.benchmarks.chorale.library import Laws
from partimento.benchmarks.chorale.model import Chorale, ids_of, together
from partimento.benchmarks.chorale.network import State
from partimento.benchmarks.chorale.past import REST, symbols_of
from partimento.encodings import Cursor, Encoding, Events
from partimento.errors import InvalidOption
from partimento.models.neural import evaluating
from partimento.models.predictor import Scores

ROWS = 8  # pieces side by side
WINDOWS = 64  # short windows likewise


class ChoralePredictor:
    """Implements `Predictor`. The encoding is `slots`, of which it asks nothing."""

    def __init__(self, model: Chorale, encoding: Encoding, conditions: npt.NDArray[Any] | None = None) -> None:
        if conditions is not None:
            raise InvalidOption("the model knows no conditions; train one with them, or give none")
        self.model, self.fields = model, model.fields

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        """Nats and hits of whole pieces, each [T, F], in their order; with `context`, each slot is predicted from that many before
        it alone."""
        if context is not None and context < 1:
            raise InvalidOption(f"context is {context}; it must be at least 1 event, or None for the whole piece")
        library = self.model.library
        for first in range(0, len(pieces), 16 * ROWS):
            group = [np.asarray(pieces[number]) for number in range(first, min(first + 16 * ROWS, len(pieces)))]
            if context is None:
                symbols, trees = [symbols_of(piece) for piece in group], self.model.trees
                laws = [library.laws(trees, piece) if trees else None for piece in symbols]
                nats = self._nats(group, [library.rows(piece) for piece in symbols], laws, ROWS)
                right = self._hits(group) if hits else [np.zeros(piece.shape, np.float32) for piece in group]
                yield from (Scores(*both) for both in zip(nats, right, strict=True))
            else:
                yield from (self._windows(piece, context, hits) for piece in group)

    def begin(self, count: int, given: Events | None = None, cursors: Sequence[Cursor] | None = None) -> ChoraleSession:
        """A session of `count` sequences after the `given` slots [T, F]."""
        return ChoraleSession(self.model, count, given)

    def _nats(
        self, pieces: Sequence[Events], rows: Sequence[Row], laws: Sequence[Laws | None], side_by_side: int
    ) -> list[npt.NDArray[np.float32]]:
        """-ln p of each symbol of each piece, [T, 4], from the features of its slots and the laws of the trees; pieces of similar
        length side by side."""
        device = self.model.slots.device
        found: list[npt.NDArray[np.float32]] = [np.zeros((0, 4), np.float32)] * len(pieces)
        order = sorted((number for number in range(len(pieces)) if len(pieces[number])), key=lambda number: -len(pieces[number]))
        for at in range(0, len(order), side_by_side):
            numbers = order[at : at + side_by_side]
            T = len(pieces[numbers[0]])
            features_BTW = np.zeros((len(numbers), T, rows[0].shape[1]), np.float16)
            now_BTV = np.full((len(numbers), T, 4), REST, np.int64)
            for b, number in enumerate(numbers):
                features_BTW[b, : len(rows[number])], now_BTV[b, : len(rows[number])] = rows[number], symbols_of(pieces[number])
            features, now = torch.from_numpy(features_BTW).to(device).float(), torch.from_numpy(now_BTV).to(device)
            with torch.inference_mode(), evaluating(self.model):
                log_p = self.model.network(features, now, torch.arange(T, device=device))
                for b, law in enumerate(laws[number] for number in numbers):
                    if law is not None:
                        eighths = slice(0, len(law), GRAIN)
                        log_p[b, eighths] = together(log_p[b, eighths], torch.from_numpy(law[eighths]).to(device))
                nats_BTV = -log_p.gather(3, now[..., None])[..., 0].cpu().numpy()
            for b, number in enumerate(numbers):
                found[number] = nats_BTV[b, : len(pieces[number])]
        return found

    def _hits(self, pieces: Sequence[Events]) -> list[npt.NDArray[np.float32]]:
        """Whether the symbols that a session would draw, each the likeliest, are right, [T, 4]."""
        right = [np.zeros(piece.shape, np.float32) for piece in pieces]
        order = sorted(range(len(pieces)), key=lambda number: -len(pieces[number]))
        for at in range(0, len(order), ROWS):
            numbers = order[at : at + ROWS]
            session = self.begin(len(numbers))
            for t in range(len(pieces[numbers[0]])):
                slots = np.stack([pieces[n][t] if t < len(pieces[n]) else np.zeros(4, np.int64) for n in numbers]).astype(np.int64)
                drawn = np.zeros((len(numbers), 0), np.int64)
                for _ in self.fields:
                    drawn = np.append(drawn, session.logits(drawn).argmax(1)[:, None], 1)
                for b, number in enumerate(numbers):
                    if t < len(pieces[number]):
                        right[number][t] = drawn[b] == slots[b]
                session.push(slots)
        return right

    def _windows(self, piece: Events, context: int, hits: bool) -> Scores:
        """Each slot as the last of a piece that begins `context` before it."""
        scores = Scores(np.zeros(piece.shape, np.float32), np.zeros(piece.shape, np.float32))
        library, trees = self.model.library, self.model.trees
        for at in range(0, len(piece), WINDOWS):
            ends = range(at, min(at + WINDOWS, len(piece)))
            windows = [piece[max(0, t - context) : t + 1] for t in ends]
            rows = [library.features_of(symbols_of(window)) for window in windows]
            laws = [trees.laws(row, symbols_of(window)) if trees else None for row, window in zip(rows, windows, strict=True)]
            for t, nats in zip(ends, self._nats(windows, rows, laws, WINDOWS), strict=True):
                scores.nats[t] = nats[-1]
            for t, right in zip(ends, self._hits(windows) if hits else [], strict=False):
                scores.hits[t] = right[-1]
        return scores


class ChoraleSession:
    """Implements `Session`: the features of each of `count` sequences, and the network's state. What is given is read once."""

    def __init__(self, model: Chorale, count: int, given: Events | None = None) -> None:
        self.model = model
        self.device = model.slots.device
        self._extractors, self._trees = [FeatureExtractor(model.library.memory)], model.trees
        self._state: State = []
        self._eighth: Tensor
        self._features: Row
        self._stand()
        for event in () if given is None else np.asarray(given):
            self.push(event[None])
        self._extractors = [self._extractors[0].copy() for _ in range(count)]
        self._state = [(h.repeat(1, count, 1), c.repeat(1, count, 1)) for h, c in self._state]
        self._eighth, self._features = self._eighth.repeat(count, 1, 1), self._features.repeat(count, 0)

    def logits(self, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Log-probabilities [B, S] of field f of the next slot, given its earlier fields `drawn` [B, f]."""
        field = drawn.shape[1]
        slots = symbols_of(drawn)
        now = np.full((len(drawn), 1, 4), REST, np.int64)
        now[:, 0, :field] = slots
        of_voice = self._features[:, VOICES].reshape(-1, 4, OF_VOICE)[:, field]
        for row, extractor, slot in zip(of_voice, self._extractors, slots.tolist(), strict=True):
            row[:] = extractor.voices(slot, [field])[0]
        with torch.inference_mode(), evaluating(self.model):
            log_p = self.model.network.heads(self._eighth, self._rows(), torch.from_numpy(now).to(self.device))[:, 0, field].cpu()
            if self._trees is not None and self._is_eighth:
                log_p = together(log_p, torch.from_numpy(self._trees.law(field, self._features, now[:, 0])).float())
        return ids_of(log_p.numpy())

    def push(self, events: npt.NDArray[Any]) -> None:
        """Appends one slot [B, F] to each sequence."""
        for extractor, slot in zip(self._extractors, symbols_of(events).tolist(), strict=True):
            extractor.push(slot)
        self._stand()

    def _stand(self) -> None:
        """Before the next slot."""
        self._features = np.stack([extractor.slot() for extractor in self._extractors])
        if self._is_eighth:
            with torch.inference_mode(), evaluating(self.model):
                self._eighth, self._state = self.model.network.trunk(self._rows(), self._state)

    @property
    def _is_eighth(self) -> bool:
        return self._extractors[0].lines.length % GRAIN == 0

    def _rows(self) -> Tensor:
        return torch.from_numpy(self._features[:, None]).to(self.device).float()
