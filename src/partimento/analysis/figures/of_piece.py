"""Where ticks lie in the bars of a piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.piece import Array, Piece

Ints = npt.NDArray[np.int64]


def bars_at(piece: Piece, ticks: Array) -> npt.NDArray[np.float64]:
    """Where each tick lies, in bars from the start: 2.5 is the middle of the third bar. A change of meter begins a bar."""
    start, length, before = _meters(piece)
    row = np.searchsorted(start, ticks, side="right") - 1
    place: npt.NDArray[np.float64] = before[row] + (ticks - start[row]) / length[row]
    return place


def _meters(piece: Piece) -> tuple[Ints, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each meter in force: where it starts, the ticks in a bar, and the bars before it (4/4 where none is stated)."""
    start = piece.meters["tick"].astype(np.int64)
    upper, lower = piece.meters["numerator"].astype(np.float64), piece.meters["denominator"].astype(np.float64)
    if not len(start) or start[0] > 0:
        start, upper, lower = np.insert(start, 0, 0), np.insert(upper, 0, 4), np.insert(lower, 0, 4)
    last = np.append(start[1:] > start[:-1], True)  # of several at one tick
    start, upper, lower = start[last], upper[last], lower[last]
    length = 4.0 * piece.ticks_per_quarter * upper / lower
    return start, length, np.append(0.0, np.cumsum(np.ceil(np.diff(start) / length[:-1])))
