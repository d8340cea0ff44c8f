"""A block of pieces, and what several figures need of it, worked out once: lines, beats, keys, times. It counts nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from partimento.analysis.beat_chords import Beats, keys_found, tonic
from partimento.analysis.melodic_lines import Lines
from partimento.analysis.piece_set import Floats, Ints, Music
from partimento.piece import Array, Piece

Found = TypeVar("Found")


class Block:
    """`music`, and arrays over its pieces [P], its notes [N] or its pitched notes [T]."""

    def __init__(self, music: Music) -> None:
        self.music = music
        self._once: dict[Callable[[Block], object], object] = {}

    def __len__(self) -> int:
        return len(self.music)

    def once(self, function: Callable[[Block], Found]) -> Found:
        """What a function says of this block, asked once."""
        if function not in self._once:
            self._once[function] = function(self)
        return self._once[function]  # type: ignore[return-value]

    def table(self, pieces: Ints, values: Array, size: int) -> Ints:
        """How often each value 0..size-1 stands beside each piece: int64 [P, size]."""
        return np.bincount(pieces * size + values, minlength=len(self) * size).reshape(len(self), size)

    def one_each(self, values: Array, size: int) -> Ints:
        """A single 1 in each row, at the value of the piece: int64 [P, size]."""
        ones: Ints = (np.asarray(values)[:, None] == np.arange(size)).astype(np.int64)
        return ones

    @cached_property
    def pieces(self) -> list[Piece]:
        return [self.music.piece(number) for number in range(len(self))]

    @cached_property
    def notes(self) -> Ints:
        """How many notes each piece has, drums too [P]."""
        count: Ints = np.diff(self.music.offsets)
        return count

    @cached_property
    def pitched(self) -> Ints:
        """The rows of the notes that are not drums [T]."""
        return np.flatnonzero(~self.music.is_drum)

    @cached_property
    def piece_of_pitched(self) -> Ints:
        """The piece of each pitched note [T]."""
        return self.music.piece_of_note[self.pitched]

    @cached_property
    def pitch(self) -> Ints:
        """MIDI pitches of the pitched notes [T]."""
        return self.music.notes["pitch"][self.pitched].astype(np.int64)

    @cached_property
    def lines(self) -> Lines:
        return Lines.of(self.music)

    @cached_property
    def moves(self) -> Ints:
        """The rows of `lines` from which a line goes on to its next note [K]."""
        return np.flatnonzero(self.lines.goes_on)

    @cached_property
    def beats(self) -> Beats:
        return Beats.of(self.music)

    @cached_property
    def keys(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Fifths and whether minor, of the key found of each piece [P]."""
        fifths, minor, _ = keys_found(self.music)
        return fifths, minor

    @cached_property
    def tonic(self) -> Ints:
        """The pitch class of the tonic of each piece [P]."""
        return tonic(*self.keys)

    @cached_property
    def seconds(self) -> Floats:
        """The playing time of each piece [P]."""
        ends = zip(self.music.heads, self.music.end_tick, strict=True)
        return np.array([head.second_at(np.array([end]))[0] for head, end in ends], np.float64)
