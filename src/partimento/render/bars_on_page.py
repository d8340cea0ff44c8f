"""Where the bars and beats of a piece lie, and how it breaks into systems. It draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.piece import Piece

Floats = npt.NDArray[np.float64]

MOST_BARS = 20_000  # past this the grid is thinned: a file may claim billions of bars
MOST_SYSTEMS = 8
COLUMNS_IN_A_SYSTEM = 56  # different onsets
BARS_IN_A_SYSTEM = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)


@dataclass(frozen=True)
class Bars:
    """The grid of a piece in ticks: bar `i` starts at `ticks[i]`, has the number `numbers[i]` and ends where the next starts.

    `ticks` [N + 1] ends with the end of the last bar; `beats` [M] are the beats that start no bar.
    """

    ticks: Floats
    numbers: npt.NDArray[np.int64]
    beats: Floats


def bars_of(piece: Piece) -> Bars:
    """The bars up to the end of the last note, with the numbers that a page gives them."""
    grid = BarGrid.of(piece)
    stride = max(1, grid.count // MOST_BARS)
    at = np.arange(0, grid.count, stride)
    ticks = grid.tick_of(np.append(at, at[-1] + stride)).astype(np.float64)
    if stride > 1:
        return Bars(ticks, grid.number_of(at), np.zeros(0))
    beat, place, _ = grid.beats()
    return Bars(ticks, grid.numbers, beat[place > 0].astype(np.float64))


def systems_of(piece: Piece, bars: Bars) -> list[tuple[int, int]]:
    """Ranges of bars [first, last), one for each system: as few bars as let the notes be read and make at most
    `MOST_SYSTEMS` systems."""
    count = len(bars.numbers)
    columns = len(np.unique(piece.notes["onset"]))
    least = -(-count // MOST_SYSTEMS)
    readable = max(size for size in BARS_IN_A_SYSTEM if size <= max(1, COLUMNS_IN_A_SYSTEM * count // columns))
    size = next((size for size in (readable, *BARS_IN_A_SYSTEM) if size >= least), least)
    size = -(-count // -(-count // size))  # as many systems, evenly filled
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def label_stride(count: int, most: int) -> int:
    """Every how many of `count` things to show so that at most `most` are: a power of two."""
    return 1 << max(0, -(-count // most) - 1).bit_length()
