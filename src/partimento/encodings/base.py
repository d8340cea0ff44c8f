"""What an encoding is: a piece as rows of small integers, and back. It knows no file format and no model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.piece import Piece

Events = npt.NDArray[np.unsignedinteger[Any]]  # [T, F]


@dataclass(frozen=True)
class Field:
    """One category of an event: ids 0..size-1, where id 0 says that the field does not apply.

    `optional` fields may be 0 in a real event; in the others 0 stands only before the first event and in padding.
    """

    name: str
    size: int
    optional: bool = False


@dataclass(frozen=True)
class Encoding(ABC):
    """An encoding is a frozen dataclass; its dataclass fields are its options.

    Law, for every piece `p`: `encode(decode(encode(p))) == encode(p)`. Nothing `decode` is given within `allowed`
    makes an invalid piece. Where the encoding is `canonical`, such events encode to themselves up to the last note.
    `main_option` is the option that a key may name by its value alone.
    """

    name: ClassVar[str]
    keeps: ClassVar[str]
    drops: ClassVar[str]
    canonical: ClassVar[bool] = True
    main_option: ClassVar[str] = ""

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The fields of an event, in the order in which they are drawn."""

    @abstractmethod
    def encode(self, piece: Piece) -> Events:
        """The events of a piece: unsigned integers [T, F]."""

    @abstractmethod
    def decode(self, events: npt.NDArray[Any]) -> Piece:
        """A piece from events [T, F]; total on every sequence that `allowed` permits."""

    @abstractmethod
    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Which ids the next field may take: bool[size] of field `len(drawn)`.

        `history` holds the events so far [T, F]; `drawn` the fields of the next event that are already drawn.
        """

    def ended(self, history: npt.NDArray[Any]) -> bool:
        """Whether the events [T, F] are a whole piece after which nothing may follow; False where no event says so."""
        return False

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        """How many notes of music the events [T, F] hold: what bits per note are divided by."""
        return len(events)

    @property
    def key(self) -> str:
        """The name with its options, as `make` reads it: `melody:pitch=midi,chord=top`; defaults are left out."""
        changed = [(f.name, getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) != f.default]
        given = [str(value) if name == self.main_option else f"{name}={value}" for name, value in changed]
        return self.name + (":" + ",".join(given) if given else "")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned type that holds every id."""
        return np.dtype(np.uint8 if max(field.size for field in self.fields) <= 256 else np.uint16)
