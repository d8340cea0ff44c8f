"""What a figure of music is: a number that a piece has, or a histogram, and how it is shown. It counts nothing.

To add one, write its function and put one line into `registry.py`. The card, the report of `explore`, their JSON, comparisons
and the conformance tests read the registry, so nothing else changes. `docs/figures.md` is printed from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from partimento.analysis.figures.block import Block
from partimento.analysis.piece_set import Floats
from partimento.piece import Piece

Subject = TypeVar("Subject")

# what may be done to a piece without changing its figures, unless one says that it changes
TRANSFORMATIONS = ("transposition", "octave", "tempo", "velocity", "instrument")


@dataclass(frozen=True)
class Figure(Generic[Subject]):
    """A number that each piece has once.

    `of` gives it for every piece of a block, float64 [P], not a number where a piece has none; `of_piece` makes such a function
    from one of a piece. `unit` "%" shows a `share` (0..1) in per cent. `digits` stand after the decimal point. `changes_with`:
    those of the `TRANSFORMATIONS` on which the number depends; the tests hold that no other changes it. `in_card`: whether the
    card has a row of it. `speaks`: whether one of the five facts may be about it.
    """

    name: str
    of: Callable[[Subject], Floats]
    label: str
    unit: str = ""
    digits: int = 2
    source: str = ""
    share: bool = False
    changes_with: tuple[str, ...] = ()
    in_card: bool = True
    speaks: bool = True

    @property
    def what(self) -> str:
        """What it is, in the words of its function."""
        return " ".join((self.of.__doc__ or "").split("\n\n")[0].split())

    @property
    def title(self) -> str:
        """The label with its unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def text(self, value: float) -> str:
        """A value in the figure's unit, which is not written."""
        return f"{value * (100 if self.unit == '%' else 1):.{self.digits}f}"


@dataclass(frozen=True)
class Histogram:
    """What is counted in every piece: int64 [P, len(labels)] of a block.

    `things` are counted. `section` is the part of the report; without one it is not drawn. `what` says how it is counted.
    Bars stand in the order of the labels, or with the `commonest_first`; where labels are numbers, upright, with each `every`-th
    of the `axis` labels written. It is drawn when it holds `least_share` of all notes. `trim`: labels at either end that are
    empty are not drawn, in groups of so many. `additive`: the counts of two pieces one after the other are the sum of both.
    """

    name: str
    of: Callable[[Block], npt.NDArray[np.int64]]
    title: str
    section: str
    things: str
    labels: tuple[str, ...]
    what: str = ""
    commonest_first: bool = False
    every: int = 0
    axis: tuple[str, ...] = ()
    least_share: float = 0.0
    trim: int = 0
    speaks: bool = False
    additive: bool = False
    changes_with: tuple[str, ...] = ()


def of_piece(function: Callable[[Piece], float]) -> Callable[[Block], Floats]:
    """The function of a block that asks each piece; pieces without a note have no number. Float64 [P]."""

    def of_block(block: Block) -> Floats:
        return np.array([function(piece) if len(piece) else np.nan for piece in block.pieces], np.float64)

    of_block.__doc__ = function.__doc__
    return of_block
