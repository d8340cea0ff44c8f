"""Which of the 88 keys of a piano sound in each step of a grid: what `frames` and `roll` make events of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Encoding, option
from partimento.encodings.voices.encoding import GRIDS, MAX_STEPS, on_grid
from partimento.piece import NOTE, Piece, Track

KEYS = 88
LOWEST = 21  # MIDI pitch of the first key

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class KeyboardGrid(Encoding):
    """Option: `grid` is the number of steps a quarter."""

    grid: int = option(2, GRIDS)

    keeps: ClassVar[str] = "which of the 88 keys of a piano sound in each step of the grid"
    drops: ClassVar[str] = (
        "where a repeated note begins, times off the grid, which voice or instrument sounds, notes outside the keyboard, velocity, "
        "drums, tempos, meters, keys, silence at the end, steps after the 65,536th"
    )

    def sounding(self, piece: Piece) -> tuple[Ints, Ints]:
        """Step [N] and key (0..87) [N] of all that sounds, by step and key, each once."""
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

    def piece_of(self, step: Ints, key: Ints) -> Piece:
        """The piece of keys (0..87) [N] that sound in steps [N]: each note as long as its key sounds without a break."""
        code = np.sort(key * 2 * MAX_STEPS + step)
        begins = np.append(True, np.diff(code) != 1)[: len(code)]
        notes = np.zeros(int(begins.sum()), NOTE)
        notes["pitch"], notes["onset"] = np.divmod(code[begins], 2 * MAX_STEPS)
        notes["pitch"] += LOWEST
        notes["duration"] = np.diff(np.append(np.flatnonzero(begins), len(code)))
        notes["velocity"] = 80
        return Piece(notes, (Track(),), self.grid)
