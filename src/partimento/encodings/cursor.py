"""The end of a growing sequence of events: what is known there, what may follow, and what of music it can tell.

`HistoryCursor` asks an encoding about the whole sequence; an encoding whose answers take the longer the more
there is has a cursor of its own, which says the same. One that tells all notes and bars, so that rules and endings can be asked
for, is a `Texture` (`texture.py`).
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence, Sized
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt


class Note(NamedTuple):
    """In ticks of the cursor's grid; `program` 128 is drums. `player` is who plays it, a place among `Texture.players`."""

    onset: int
    end: int
    pitch: int
    program: int = 0
    player: int = 0


class NextNote(NamedTuple):
    """The note whose pitch is the next field: where it begins, as the fields drawn before it imply, and which id a pitch has.

    The `ids` are those of pitches from the MIDI pitch `lowest` up. `chord` are the pitches of notes that the same event begins
    before it; with the id `held` no note begins (-1: there is no such id).
    """

    onset_tick: int
    ids: range
    lowest: int
    chord: tuple[int, ...] = ()
    held: int = -1

    def id_of(self, pitch: int) -> int:
        """The id with which a note of this pitch begins; -1 where none does."""
        found = pitch - self.lowest + self.ids.start
        return found if found in self.ids and found != self.held else -1


class Cursor(ABC):
    """Stands after the events pushed so far; at first before the first one. What it holds is replaced, never changed in place.

    An encoding whose events say when notes begin tells it in ticks, `ticks_per_quarter` of which are a quarter (0: it does
    not): `tick`, where the last event lies, `bar_tick`, where its bar begins (of four quarters where no meter is told), and the
    `notes_begun` by it. `end_id` is the id of the first field that ends a piece; 0 where no event does.
    """

    ticks_per_quarter: int = 0
    tick: int = 0
    bar_tick: int = 0
    notes_begun: Sequence[Note] = ()
    end_id: int = 0

    @abstractmethod
    def push(self, event: Sequence[int]) -> None:
        """Moves on over one event [F]; over zeros too, which stand after the end of a piece."""

    @abstractmethod
    def context(self) -> npt.NDArray[np.uint8]:
        """The last row [C] of `Encoding.context`."""

    @abstractmethod
    def allowed(self, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """`Encoding.allowed` after the events so far: bool [S], S being the size of field `len(drawn)`."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """`Encoding.ended` of the events so far."""

    def next_note(self, drawn: tuple[int, ...]) -> NextNote | None:
        """The note whose pitch is the field about to be drawn, after the fields `drawn`; None where it is no note's pitch, or the
        encoding does not tell."""
        return None

    def copy(self) -> Self:
        """Another cursor at the same place."""
        return copy.copy(self)


class OfWhole(Protocol):
    """What an encoding says of a whole history of events [T, F]."""

    @property
    def fields(self) -> Sized: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    def context(self, events: npt.NDArray[Any], /) -> npt.NDArray[np.uint8]:
        """Ids [T + 1, C]: what is known before each event and after the last."""

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...], /) -> npt.NDArray[np.bool_]:
        """Which ids of the next field may follow a history [T, F] and the fields drawn, bool [S]."""

    def ended(self, history: npt.NDArray[Any], /) -> bool:
        """Whether the events [T, F] are a whole piece."""


class HistoryCursor(Cursor):
    """Keeps all events, and asks the encoding about all of them."""

    def __init__(self, encoding: OfWhole) -> None:
        self.encoding, self._length = encoding, 0
        self._rows = np.zeros((64, len(encoding.fields)), encoding.dtype)

    def push(self, event: Sequence[int]) -> None:
        if self._length == len(self._rows):  # doubled when full
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._length] = event
        self._length += 1

    def context(self) -> npt.NDArray[np.uint8]:
        row: npt.NDArray[np.uint8] = self.encoding.context(self._rows[: self._length])[-1]
        return row

    def allowed(self, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        return self.encoding.allowed(self._rows[: self._length], drawn)

    @property
    def ended(self) -> bool:
        return self.encoding.ended(self._rows[: self._length])

    def copy(self) -> Self:
        twin = super().copy()
        twin._rows = self._rows.copy()
        return twin
