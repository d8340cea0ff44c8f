"""The end of a growing sequence of events: what is known there and what may follow, without walking all of it at every step.

It knows no encoding. `HistoryCursor` asks one about the whole sequence; an encoding whose answers take the longer the more
there is has a cursor of its own, which says the same.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence, Sized
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt


class Cursor(ABC):
    """Stands after the events pushed so far; at first before the first one. What it holds is replaced, never changed in place."""

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
