"""The encoding `frames`: which of 88 keys sound in each step of a grid, as the piano-roll benchmarks see music.

It lists the keys of a frame from low to high, then says that the frame is over, so a model of it has an exact distribution over
frames by the chain rule. It says what sounds, not what begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context, Events, Field, Pitches
from partimento.encodings.frames.context import FIRST_KEY, OVER, PITCHES, context, context_fields
from partimento.encodings.frames.keyboard import KEYS, LOWEST, KeyboardGrid
from partimento.encodings.pitch_ids import transposed
from partimento.encodings.voices.encoding import MAX_STEPS
from partimento.piece import Piece

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Frames(KeyboardGrid):
    """An event is a key, or the end of a frame."""

    name: ClassVar[str] = "frames"

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("key", KEYS + FIRST_KEY),)

    def encode(self, piece: Piece) -> Events:
        return self.listed(*self.sounding(piece))

    @staticmethod
    def listed(step: Ints, key: Ints, frames: int = 0) -> Events:
        """The events [T, 1] of keys (0..87) [N] that sound in steps [N], by step and key; with the ends of that many frames, or of
        all but the last one that sounds."""
        ends = np.arange(frames if frames or not len(step) else int(step[-1]))
        order = np.argsort(np.concatenate([step * 256 + key, ends * 256 + 255]), kind="stable")
        return np.concatenate([key + FIRST_KEY, np.full(len(ends), OVER)])[order, None].astype(np.uint8)

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        ids = np.asarray(events).reshape(-1).astype(np.int64)
        is_key = ids >= FIRST_KEY
        return self.piece_of(np.cumsum(ids == OVER)[is_key], ids[is_key] - FIRST_KEY)

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """In a frame keys ascend."""
        legal = np.zeros(KEYS + FIRST_KEY, bool)
        legal[OVER] = np.count_nonzero(history == OVER) < MAX_STEPS - 1
        legal[(max(OVER, int(history[-1, 0])) if len(history) else OVER) + 1 :] = True
        return legal

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        """Keys that did not sound in the frame before; of a stretch of a piece, also all of its first frame."""
        ids = np.asarray(events).reshape(-1).astype(np.int64)
        code = (np.cumsum(ids == OVER) * 128 + ids)[ids >= FIRST_KEY]
        return int(np.count_nonzero(~np.isin(code - 128, code)))

    @property
    def context_fields(self) -> tuple[Context, ...]:
        return context_fields()

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        return context(events)

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        return (Pitches(0, FIRST_KEY, LOWEST, tuple(range(len(PITCHES))), ascending=True),)

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        keys = np.asarray(events).reshape(-1).astype(np.int64)
        keys = keys[keys >= FIRST_KEY] - FIRST_KEY + LOWEST
        return np.array([[keys.min(initial=128), keys.max(initial=-1)]], np.int64)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        return transposed(events, semitones, FIRST_KEY, FIRST_KEY + KEYS - 1)
