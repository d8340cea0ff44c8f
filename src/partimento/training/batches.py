"""Batches as a model takes them: segments varied by the recipe, with what the encoding says of them.

Batch `i` of epoch `e` is a function of (split, recipe, e, i), its random variations too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from partimento.corpus.encoded import Split
from partimento.corpus.segments import Segments
from partimento.encodings import Encoding
from partimento.errors import InvalidOption
from partimento.models.base import Features, NeuralModel
from partimento.models.config import TrainingConfig
from partimento.progress import OnProgress, silent

SHORTEST = 256  # events that a task may have, however short the other segments of its batch are
_VARY = 0x5A17  # tells these random numbers from those of the segments


@dataclass(frozen=True)
class Batch:
    """`before` and `target` int64 [B, T, F]: the event before each, and it; `mask` bool [B, T]: which targets count;
    `context` int64 [B, T, C]: the context of each target, `conditions` int64 [B, C]: those of the
    piece, where the model asks for them."""

    before: Tensor
    target: Tensor
    mask: Tensor
    context: Tensor | None = None
    conditions: Tensor | None = None

    @property
    def events(self) -> int:
        """How many targets count."""
        return int(self.mask.sum())

    def rows(self, which: slice | Tensor) -> Batch:
        """The chosen rows of all tensors [B, ...]: a slice, or numbers int64 [K]."""
        return self._each(lambda part: part[which])

    def share(self, rank: int, ranks: int) -> Batch:
        """The rows of one process of several; at least one, without targets where there is none for it."""
        if rank < len(self.mask):
            return self.rows(slice(rank, None, ranks))
        first = self.rows(slice(0, 1))
        return replace(first, mask=torch.zeros_like(first.mask))

    def slices(self, count: int, most: int = 0) -> Iterator[Batch]:
        """Up to `count` parts of nearly as many rows; where one has more than `most` events with padding (0: never), rows of like
        lengths instead, without the padding that they do not need."""
        size = -(-len(self.mask) // count)
        for first in range(0, len(self.mask), size):
            part = self.rows(slice(first, first + size))
            if most and len(part.mask) > 1 and part.mask.numel() > most:
                yield from part._by_length(most)
            else:
                yield part

    def _by_length(self, most: int) -> Iterator[Batch]:
        T = self.mask.shape[1]
        is_event_BT = (self.target != 0).any(-1) | self.mask
        length_B = (is_event_BT * torch.arange(1, T + 1, device=self.mask.device)).amax(1).clamp(min=1)
        order = torch.argsort(length_B, descending=True, stable=True)
        first = 0
        while first < len(order):
            longest = int(length_B[order[first]])
            rows = order[first : first + max(1, most // longest)]
            part = self.rows(rows)
            context = None if part.context is None else part.context[:, :longest]
            yield replace(
                part, before=part.before[:, :longest], target=part.target[:, :longest], mask=part.mask[:, :longest], context=context
            )
            first += len(rows)

    def to(self, device: torch.device) -> Batch:
        return self._each(lambda part: part.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        parts = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return replace(self, **{name: change(part) for name, part in parts.items() if part is not None})


@dataclass(frozen=True)
class _Row:
    """Events with the one before them, unless they begin their piece; which of them are scored, and their context."""

    events: npt.NDArray[Any]
    is_start: bool
    scored: npt.NDArray[np.bool_]
    context: npt.NDArray[Any]


def batches_of(model: NeuralModel, split: Split, config: TrainingConfig, on_progress: OnProgress = silent) -> Batches:
    """The batches that a model learns from, which may take the pieces of the split in first: minutes, of which it tells."""
    if type(model).features is NeuralModel.features:
        return Batches(split, config, model.uses_context)
    if split.method != "works":
        raise InvalidOption("a model that remembers its pieces would know the rest of each; train it on the split by works")
    pieces = [split.encoded.piece(number) for number in split.pieces.tolist()]
    return Batches(split, config, model.uses_context, model.features(pieces, config.seed, on_progress))


class Batches:
    """Those of one split. A segment is moved by a random number of semitones, as far as its piece stays within the range that
    each voice has in the split, made louder and faster, its parts in another order, and left by some of its instruments,
    at random. Its context is what the
    encoding says, `with_context`, or `features` of a model that has taken the split's pieces in."""

    def __init__(self, split: Split, config: TrainingConfig, with_context: bool, features: Features | None = None) -> None:
        self.split, self.config, self.with_context = split, config, with_context or features is not None
        self.columns, self.context_type = len(split.encoded.encoding.context_fields), "int64"
        self.features, grain = features, 1
        if features is not None:
            self.columns, self.context_type, grain = features.columns, features.dtype, features.grain
            self._place = {number: place for place, number in enumerate(split.pieces.tolist())}
        self.segments = Segments(split, config.batch, config.segment, config.seed, grain, config.shares())
        self.varies = bool(config.transpose or config.louder or config.faster or config.drop)
        if config.tasks and type(split.encoded.encoding).task is Encoding.task:
            raise InvalidOption(f"the encoding {split.encoded.encoding.key!r} knows no tasks; train on tasks:profile=score, say")
        if (config.tasks or config.drop) and split.method != "works":
            raise InvalidOption("tasks are made of whole pieces, and instruments dropped from them; train on the split by works")
        self._shifts: npt.NDArray[np.int64] | None = None

    def count(self, epoch: int) -> int:
        return self.segments.count(epoch)

    def batch(self, epoch: int, index: int) -> Batch:
        encoded = self.split.encoded
        if not (self.varies or self.with_context or self.config.tasks or encoded.conditions is not None):
            return Batch(*(torch.from_numpy(array) for array in self.segments.batch(epoch, index)))
        encoding = encoded.encoding
        chance = np.random.default_rng([self.config.seed, _VARY, epoch, index])
        rows, heads = [], []
        places = self.segments.places(epoch, index)
        longest = max(SHORTEST, *(last - first for _, first, last in places))  # no longer than its neighbours: less padding
        for number, first, last in places:
            events, head = encoded.piece(number)[:last], None if encoded.conditions is None else encoded.conditions[number]
            makes_task = bool(self.config.tasks) and chance.random() < self.config.tasks
            if makes_task:
                events = encoded.piece(number)
            semitones = 0
            if self.varies:
                events, head, semitones = self._varied(events, head, number, chance)
            if (parts := encoding.part_count(events)) > 1:
                events = encoding.permute(events, chance.permutation(parts))
            if self.config.drop:
                events, head, first, last = self._thinned(events, head, first, last, chance)
            if head is not None:
                heads.append(self._told(head, chance))
            task = encoding.task(events, first, min(longest, self.config.segment), chance) if makes_task else None
            if task is None:
                scored = np.broadcast_to(self.segments.scored(number, first, last), last - first)
                context = self._context(number, semitones, events, first, last)
                rows.append(_Row(events[max(0, first - 1) : last], first == 0, scored, context))
            else:
                rows.append(_Row(task[0], True, task[1], self._context(number, semitones, task[0], 0, len(task[0]))))
        size = max(len(row.scored) for row in rows)
        both_BTF = np.zeros((len(rows), size + 1, len(encoding.fields)), np.int64)
        mask_BT = np.zeros((len(rows), size), bool)
        context_BTC = np.zeros((len(rows), size, self.columns), self.context_type)
        for at, row in enumerate(rows):
            both_BTF[at, int(row.is_start) : int(row.is_start) + len(row.events)] = row.events
            mask_BT[at, : len(row.scored)] = row.scored
            context_BTC[at, : len(row.context)] = row.context
        told = torch.from_numpy(context_BTC) if self.with_context else None
        conditions = torch.from_numpy(np.stack(heads).astype(np.int64)) if heads else None
        both = torch.from_numpy(both_BTF[:, :-1]), torch.from_numpy(both_BTF[:, 1:])
        return Batch(*both, torch.from_numpy(mask_BT), told, conditions)

    def _context(self, number: int, semitones: int, events: npt.NDArray[Any], first: int, last: int) -> npt.NDArray[Any]:
        """What is known before each of these events of a piece, moved by some semitones: a function of all before it."""
        if not self.with_context:
            return np.zeros((0, self.columns), np.uint8)
        if self.features is not None:
            return self.features.of(self._place[number], semitones, slice(first, last))
        return self.split.encoded.encoding.context(events[:last])[first:last]

    def _told(self, head: npt.NDArray[Any], chance: np.random.Generator) -> npt.NDArray[Any]:
        """The conditions that are not left out this time."""
        left_out = chance.random(len(head) + 1) < self.config.omit  # the last number is for all of them
        return np.where(left_out[:-1] | left_out[-1], 0, head)

    def _varied(
        self, events: npt.NDArray[Any], head: npt.NDArray[Any] | None, number: int, chance: np.random.Generator
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None, int]:
        """Events and conditions of the same music in another key, louder and faster, and the semitones it has moved."""
        encoding, vocabulary, config = self.split.encoded.encoding, self.split.encoded.vocabulary, self.config
        semitones = 0
        if config.transpose:
            low, high = self._room()[number]
            if shift := int(chance.integers(max(low, -config.transpose), min(high, config.transpose) + 1)):
                moved = encoding.transpose(events, shift)
                if moved is not None:
                    events, semitones = moved, shift
                    head = vocabulary.transposed(head, shift) if vocabulary is not None and head is not None else head
        if config.louder or config.faster:
            louder = int(chance.integers(-config.louder, config.louder + 1))
            faster = int(chance.integers(-config.faster, config.faster + 1))
            events = encoding.vary(events, louder, faster)
            if faster and vocabulary is not None and head is not None:  # another tempo, which nobody has named
                head = np.where([field.name == "tempo" for field in vocabulary.fields], 0, head)
        return events, head, semitones

    def _thinned(
        self, events: npt.NDArray[Any], head: npt.NDArray[Any] | None, first: int, last: int, chance: np.random.Generator
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None, int, int]:
        """Events and conditions of the same music without some of its instruments, and the place of a segment in it."""
        encoding, vocabulary = self.split.encoded.encoding, self.split.encoded.vocabulary
        instruments = encoding.instruments(events)
        stays = chance.random(len(instruments)) >= self.config.drop
        if stays.all():
            return events, head, first, last
        stays[chance.integers(len(stays))] = True
        kept = encoding.keep(events, instruments[stays])
        if vocabulary is not None and head is not None:  # fewer notes a quarter
            head = np.where([field.name == "density" for field in vocabulary.fields], 0, head)
        begin = len(encoding.keep(events[:first], instruments[stays]))
        end = min(len(kept), begin + last - first)
        return kept[:end], head, begin, end

    def _room(self) -> npt.NDArray[np.int64]:
        """By how many semitones each piece of the corpus can be moved down and up, [P, 2], such that each of its voices stays
        within the range of that voice in the split."""
        if self._shifts is None:
            encoded = self.split.encoded
            pieces = [encoded.encoding.pitch_range(encoded.piece(number)) for number in self.split.pieces.tolist()]
            ranges_PK2 = np.stack(pieces) if pieces else np.zeros((0, 0, 2), np.int64)
            room = np.full((len(encoded.splits), 2), [-12, 12])
            if ranges_PK2.shape[1]:
                least, most = ranges_PK2[..., 0].min(0), ranges_PK2[..., 1].max(0)
                sings = ranges_PK2[..., 1] >= ranges_PK2[..., 0]
                down = np.where(sings, least - ranges_PK2[..., 0], -12).max(1)
                up = np.where(sings, most - ranges_PK2[..., 1], 12).min(1)
                room[self.split.pieces] = np.stack([down, up], 1)
            self._shifts = room
        return self._shifts
