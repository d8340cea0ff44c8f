"""The encoding `roll`: an event is a frame, a field for each of 88 keys. It says what sounds, not what begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context, Events, Field
from partimento.encodings.frames.keyboard import KEYS, LOWEST, KeyboardGrid
from partimento.encodings.roll.context import context, context_fields
from partimento.encodings.voices.encoding import MAX_STEPS
from partimento.piece import Piece


@dataclass(frozen=True)
class Roll(KeyboardGrid):
    """An event is a frame: 1 for each key that sounds."""

    name: ClassVar[str] = "roll"

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field(f"key{number}", 2, optional=True) for number in range(LOWEST, LOWEST + KEYS))

    def encode(self, piece: Piece) -> Events:
        step, key = self.sounding(piece)
        events = np.zeros((int(step[-1]) + 1 if len(step) else 0, KEYS), np.uint8)
        events[step, key] = 1
        return events

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        step, key = np.nonzero(np.asarray(events).reshape(-1, KEYS))
        return self.piece_of(step, key)

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        return np.full(2, len(history) < MAX_STEPS)

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        """Keys that did not sound in the frame before; of a stretch of a piece, also all of its first frame."""
        rows = np.asarray(events).astype(np.int64)
        return int(np.count_nonzero(np.diff(rows, axis=0, prepend=0) > 0))

    @property
    def context_fields(self) -> tuple[Context, ...]:
        return context_fields()

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        return context(events)

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        keys = np.flatnonzero(np.asarray(events).reshape(-1, KEYS).any(0)) + LOWEST
        return np.array([[keys.min(initial=128), keys.max(initial=-1)]], np.int64)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        moved = np.roll(events, semitones, 1)
        left = moved[:, :semitones] if semitones > 0 else moved[:, semitones or KEYS :]
        return None if left.any() else moved
