"""What prevails in a piece: the meter or key in force for most of it, its tempo, its density.

Reports, figures and the conditions of training read these, so that one word means one number.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.piece import Piece


def meter_in_force(piece: Piece) -> tuple[int, int] | None:
    """The meter that is in force longest, all its stretches together, as (numerator, denominator); None where none is stated."""
    if not (piece.meters["tick"] < max(1, piece.end_tick)).any():
        return None
    grid = BarGrid.of(piece)
    row = _longest(grid.tick, piece.end_tick, np.stack([grid.numerator, grid.denominator], axis=1))
    return int(grid.numerator[row]), int(grid.denominator[row])


def key_in_force(piece: Piece) -> tuple[int, bool] | None:
    """The key that is in force longest, all its stretches together, as (fifths, minor); None where none is stated. The first key
    holds from the start, wherever it stands."""
    keys = piece.keys
    if not len(keys):
        return None
    begin = np.append(0, keys["tick"][1:])
    row = _longest(begin, piece.end_tick, np.stack([keys["fifths"], keys["minor"]], axis=1).astype(np.int64))
    return int(keys["fifths"][row]), bool(keys["minor"][row])


def _longest(begin: npt.NDArray[np.int64], end_tick: int, values: npt.NDArray[np.int64]) -> int:
    """The first row of the values [rows, K] that hold longest up to the end, the earlier of equals."""
    _, first, which = np.unique(values, axis=0, return_index=True, return_inverse=True)
    lasts = np.bincount(which.ravel(), np.diff(np.minimum(begin, end_tick), append=end_tick))
    return int(first[np.lexsort([first, -lasts])[0]])


def mean_tempo_qpm(piece: Piece) -> float:
    """Quarters per minute from the first onset to the end of the last note; not a number without notes."""
    if not len(piece):
        return float("nan")
    first = int(piece.notes["onset"].min())
    seconds = piece.seconds - float(piece.second_at(np.array([first]))[0])
    return (piece.end_tick - first) / piece.ticks_per_quarter * 60 / max(seconds, 1e-9)


def notes_per_quarter(piece: Piece) -> float:
    """Notes, drums too, over quarters from the first onset to the end of the last note; not a number without notes."""
    if not len(piece):
        return float("nan")
    return len(piece) / ((piece.end_tick - int(piece.notes["onset"].min())) / piece.ticks_per_quarter)
