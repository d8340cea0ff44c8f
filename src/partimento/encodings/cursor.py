"""The end of a growing sequence of events: what is known there and what may follow, without walking all of it at every step.

It knows no encoding but by its contract. `Remembering` asks the encoding about the whole sequence; an encoding whose answers
take the longer the more there is has a cursor of its own, which says the same.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from partimento.encodings.base import Encoding


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
        """`Encoding.allowed` after the events so far."""

    @property
    @abstractmethod
    def ended(self) -> bool:
        """`Encoding.ended` of the events so far."""

    def copy(self) -> Self:
        """Another cursor at the same place."""
        return copy.copy(self)


class Remembering(Cursor):
    """Keeps all events."""

    def __init__(self, encoding: Encoding) -> None:
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
