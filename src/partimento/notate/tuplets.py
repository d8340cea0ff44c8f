"""Tuplets that ticks cannot say: seven in a half note at 480 ticks a quarter are at 0, 137, 274, 411, 549, ..., and come back as
what they were.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from partimento.piece import Array, Piece

Ints = npt.NDArray[np.int64]

KINDS = (7, 9, 11, 13, 5)  # notes in a stretch
STRETCHES = (1, 2, 4)  # quarters that a tuplet may fill
_MISSING = 2  # of the notes of a tuplet may be rests or held
_LEAST_TICKS = 8  # between two of its notes, so that a tick is a small error


def kinds_in(piece: Piece) -> set[int]:
    """The kinds of the rounded tuplets of a piece, by which its divisions of a quarter must be divisible."""
    onset = piece.notes["onset"].astype(np.int64)
    return {kind for _, _, kind, _ in _found(onset, piece.notes["track"], piece.ticks_per_quarter)}


def restored(onset: Ints, end: Ints, track: Array, per_quarter: int, divisions: int) -> tuple[Ints, Ints]:
    """The exact onset and end [N] of each note of a rounded tuplet, in `divisions` of a quarter; -1 for all others."""
    start, stop = np.full(len(onset), -1), np.full(len(onset), -1)
    for rows, beat, kind, quarters in _found(onset, track, per_quarter):
        place, ends = (_places(tick[rows] - beat * per_quarter, kind, quarters * per_quarter) for tick in (onset, end))
        step = divisions * quarters // kind
        start[rows] = beat * divisions + place * step
        stop[rows] = np.where(ends > place, beat * divisions + ends * step, -1)
    return start, stop


def _found(onset: Ints, track: Array, per_quarter: int) -> Iterator[tuple[Ints, int, int, int]]:
    """The rows of each tuplet, the beat it begins on, its kind, and how many quarters it fills."""
    shapes = [(kind, quarters) for kind in KINDS for quarters in STRETCHES]
    shapes = [(k, q) for k, q in shapes if per_quarter * q % k and per_quarter * q >= _LEAST_TICKS * k]
    on_beats = np.logical_or.reduce([onset * parts % per_quarter == 0 for parts in (8, 12, 10)])
    for number in np.unique(track):
        rows = np.flatnonzero(track == number)
        rows = rows[np.argsort(onset[rows], kind="stable")]
        ticks = onset[rows]
        done = 0
        for beat in np.unique(ticks[~on_beats[rows]] // per_quarter).tolist():
            if found := _at(beat, ticks, done, shapes, per_quarter):
                first, done, start, kind, quarters = found
                yield rows[first:done], start, kind, quarters


def _at(
    beat: int, ticks: Ints, done: int, shapes: list[tuple[int, int]], per_quarter: int
) -> tuple[int, int, int, int, int] | None:
    """The tuplet that has a note in a beat: its first and last row, from `done` on, its first beat, its kind and its quarters."""
    for kind, quarters in shapes:
        for start in range(max(beat - quarters + 1, 0), beat + 1):  # it may begin before its first odd note
            first, last = np.searchsorted(ticks, [start * per_quarter - 1, (start + quarters) * per_quarter - 1]).tolist()
            if first < done or last - first < kind - _MISSING:
                continue
            place = _places(ticks[first:last] - start * per_quarter, kind, quarters * per_quarter)
            if (place >= 0).all() and len(np.unique(place)) >= kind - _MISSING:
                return first, last, start, kind, quarters
    return None


def _places(tick: Ints, kind: int, ticks: int) -> Ints:
    """Which of `kind` places in so many ticks each tick was rounded from; -1 for none."""
    place = np.rint(tick * kind / ticks).astype(np.int64)
    close = np.abs(tick * kind - place * ticks) < kind  # less than a tick away
    return np.where(close & (place >= 0) & (place <= kind), place, -1)
