"""The encodings `frames` and `roll`: which of 88 keys sound in each step of a grid, as the piano-roll benchmarks see music.

`frames` lists the keys of a frame from low to high, then says that the frame is over, so a model of it has an exact
distribution over frames by the chain rule. `roll` has a field for each key. Both know what sounds, not what begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings import frames_context, roll_context
from partimento.encodings.base import Context, Encoding, Events, Field, Pitches
from partimento.encodings.frames_context import FIRST_KEY, LOWEST, OVER
from partimento.encodings.lines import transposed
from partimento.encodings.voices import GRIDS, MAX_STEPS, on_grid
from partimento.errors import InvalidOption
from partimento.piece import NOTE, Piece, Track

KEYS = 88

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Rolls(Encoding):
    """Option: `grid` is the number of steps a quarter."""

    grid: int = 2

    keeps: ClassVar[str] = "which of the 88 keys of a piano sound in each step of the grid"
    drops: ClassVar[str] = (
        "where a repeated note begins, times off the grid, which voice or instrument sounds, notes outside the keyboard, velocity, "
        "drums, tempos, meters, keys, silence at the end, steps after the 65,536th"
    )

    def __post_init__(self) -> None:
        if str(self.grid) not in {str(one) for one in GRIDS}:
            raise InvalidOption(f"{self.name}: grid is {self.grid!r}; it must be one of {', '.join(map(str, GRIDS))}")
        object.__setattr__(self, "grid", int(self.grid))

    def _sounding(self, piece: Piece) -> tuple[Ints, Ints]:
        """Step and key (0..87) of all that sounds, by step and key, each once."""
        is_drum = np.array([track.is_drum for track in piece.tracks], bool)
        notes = on_grid(piece, self.grid)
        if len(notes):
            inside = (notes["pitch"] >= LOWEST) & (notes["pitch"] < LOWEST + KEYS)
            notes = notes[inside & ~is_drum[notes["track"]]]
        length = notes["duration"].astype(np.int64)
        step = np.repeat(notes["onset"], length) + np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        return np.divmod(
            np.unique(step.astype(np.int64) * KEYS + np.repeat(notes["pitch"].astype(np.int64) - LOWEST, length)), KEYS
        )

    def _piece(self, step: Ints, key: Ints) -> Piece:
        """Each key as long as it sounds without a break."""
        code = np.sort(key * 2 * MAX_STEPS + step)
        begins = np.append(True, np.diff(code) != 1)[: len(code)]
        notes = np.zeros(int(begins.sum()), NOTE)
        notes["pitch"], notes["onset"] = np.divmod(code[begins], 2 * MAX_STEPS)
        notes["pitch"] += LOWEST
        notes["duration"] = np.diff(np.append(np.flatnonzero(begins), len(code)))
        notes["velocity"] = 80
        return Piece(notes, (Track(),), self.grid)


@dataclass(frozen=True)
class Frames(_Rolls):
    """An event is a key, or the end of a frame."""

    name: ClassVar[str] = "frames"

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("key", KEYS + FIRST_KEY),)

    def encode(self, piece: Piece) -> Events:
        return self.listed(*self._sounding(piece))

    @staticmethod
    def listed(step: Ints, key: Ints, frames: int = 0) -> Events:
        """The events of keys (0..87) that sound in steps, by step and key; with the ends of that many frames, or of all but
        the last one that sounds."""
        ends = np.arange(frames if frames or not len(step) else int(step[-1]))
        order = np.argsort(np.concatenate([step * 256 + key, ends * 256 + 255]), kind="stable")
        return np.concatenate([key + FIRST_KEY, np.full(len(ends), OVER)])[order, None].astype(np.uint8)

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        ids = np.asarray(events).reshape(-1).astype(np.int64)
        is_key = ids >= FIRST_KEY
        return self._piece(np.cumsum(ids == OVER)[is_key], ids[is_key] - FIRST_KEY)

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
        return frames_context.context_fields()

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        return frames_context.context(events)

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        return (Pitches(0, FIRST_KEY, LOWEST, tuple(range(len(frames_context.PITCHES))), ascending=True),)

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        keys = np.asarray(events).reshape(-1).astype(np.int64)
        keys = keys[keys >= FIRST_KEY] - FIRST_KEY + LOWEST
        return np.array([[keys.min(initial=128), keys.max(initial=-1)]], np.int64)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        return transposed(events, semitones, FIRST_KEY, FIRST_KEY + KEYS - 1)


@dataclass(frozen=True)
class Roll(_Rolls):
    """An event is a frame: 1 for each key that sounds."""

    name: ClassVar[str] = "roll"

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field(f"key{number}", 2, optional=True) for number in range(LOWEST, LOWEST + KEYS))

    def encode(self, piece: Piece) -> Events:
        step, key = self._sounding(piece)
        events = np.zeros((int(step[-1]) + 1 if len(step) else 0, KEYS), np.uint8)
        events[step, key] = 1
        return events

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        step, key = np.nonzero(np.asarray(events).reshape(-1, KEYS))
        return self._piece(step, key)

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        return np.full(2, len(history) < MAX_STEPS)

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        """Keys that did not sound in the frame before; of a stretch of a piece, also all of its first frame."""
        rows = np.asarray(events).astype(np.int64)
        return int(np.count_nonzero(np.diff(rows, axis=0, prepend=0) > 0))

    @property
    def context_fields(self) -> tuple[Context, ...]:
        return roll_context.context_fields()

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        return roll_context.context(events)

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        keys = np.flatnonzero(np.asarray(events).reshape(-1, KEYS).any(0)) + LOWEST
        return np.array([[keys.min(initial=128), keys.max(initial=-1)]], np.int64)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        moved = np.roll(events, semitones, 1)
        left = moved[:, :semitones] if semitones > 0 else moved[:, semitones or KEYS :]
        return None if left.any() else moved
