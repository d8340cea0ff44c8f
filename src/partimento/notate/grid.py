"""Where notes stand on the page: ticks to exact places, or to the nearest place that can be read. It knows beats, no bars.

A piece that is on a grid already (sixty-fourths, tuplets) is taken as it is; where its notes are only released early they
last to the next ones. Of one that nearly is, only the strays move. Playing is snapped beat by beat to the plainest division
that fits it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.piece import Array, Piece

Ints = npt.NDArray[np.int64]

COARSE = (8, 12, 5, 7, 9, 11, 13)  # divisions of a quarter: thirty-seconds, triplets of sixteenths, other tuplets
PLAIN = (16, 24)  # sixty-fourths and their triplets
RARE = (32, 48, 10, 20, 14, 28, 18)  # found in scores, and too dense to tell from chance in playing
FINE_ENDS = 0.02  # share of ends finer than `COARSE` from which on lengths are played, if onsets are not as fine
ON_GRID = 0.9  # share of places on the grid from which on a piece counts as written and not as played
# divisions of a beat, what each costs in quarters of error, from plain to fine; 1/24 quarter is 25 ms at 100 quarters a minute
SNAPS = ((1, 0.0), (2, 0.004), (4, 0.012), (3, 0.018), (8, 0.045), (6, 0.05), (12, 0.07))


def places_of(piece: Piece, divisions: int) -> tuple[Ints, Ints]:
    """Onset and end of each note in `divisions` of a quarter, every note at least one place long."""
    per_quarter = piece.ticks_per_quarter
    onset = piece.notes["onset"].astype(np.int64)
    end = onset + piece.notes["duration"]
    scale = divisions // per_quarter
    if not len(onset):
        return onset, end
    fine_onsets, fine_ends = (1 - _on_grid(tick, per_quarter, COARSE).mean() for tick in (onset, end))
    released = fine_ends > FINE_ENDS + 2 * fine_onsets  # before the next note, as sequencers do
    every = COARSE + PLAIN + RARE
    if not released and (_on_grid(onset, per_quarter, every) & _on_grid(end, per_quarter, every)).all():
        return onset * scale, end * scale
    written_onset, written_end = _on_grid(onset, per_quarter, PLAIN), _on_grid(end, per_quarter, PLAIN)
    if written_onset.mean() >= ON_GRID:
        start = _strays_moved(onset, written_onset, per_quarter, divisions)
    else:
        start = _snapped(onset, per_quarter, divisions)
    if written_end.mean() >= ON_GRID and not released:
        stop = _strays_moved(end, written_end, per_quarter, divisions)
    else:
        stop = _played_ends(piece.notes, start, end * scale, divisions)
    return start, np.maximum(stop, start + _shortest(start, divisions))


def _on_grid(tick: Ints, per_quarter: int, grids: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Whether each tick is on one of the grids, given in divisions of a quarter."""
    found: npt.NDArray[np.bool_] = np.logical_or.reduce([tick * division % per_quarter == 0 for division in grids])
    return found


def _strays_moved(tick: Ints, written: npt.NDArray[np.bool_], per_quarter: int, divisions: int) -> Ints:
    """Beats without strays as they are; in the others every place goes to the nearest thirty-second or triplet sixteenth."""
    beat = tick // per_quarter
    strays = np.isin(beat, beat[~written])
    fine = [np.rint(tick * division / per_quarter).astype(np.int64) * (divisions // division) for division in (8, 12)]
    exact = tick * (divisions // per_quarter)
    # a thirty-second of error more is better than a triplet more
    nearest = np.where(np.abs(fine[0] - exact) <= np.abs(fine[1] - exact) + divisions // 48, *fine)
    return np.where(strays, nearest, exact)


def _snapped(tick: Ints, per_quarter: int, divisions: int) -> Ints:
    """Each beat takes the division with the least mean error plus its cost; all onsets of all tracks in a beat agree."""
    place = tick / per_quarter
    # a beat reaches a little before its line, since players come early
    beat = np.floor(place + 0.125).astype(np.int64)
    first = beat.min()
    count = np.maximum(np.bincount(beat - first), 1)
    costs = []
    for division, cost in SNAPS:
        error = np.abs(place - np.rint(place * division) / division)
        costs.append(np.bincount(beat - first, error) / count + cost)
    chosen = np.array([division for division, _ in SNAPS])[np.argmin(costs, axis=0)][beat - first]
    snapped: Ints = np.rint(place * chosen).astype(np.int64) * (divisions // chosen)
    return snapped


def _played_ends(notes: Array, start: Ints, end: Ints, divisions: int) -> Ints:
    """Ends of playing: up to the next onset of the track where only a breath is left, else to the nearest eighth or so.

    A note that nearly reaches the next onset is written up to it; short ones last at least half the way to it.
    """
    played = end - start
    step = np.where(start % (divisions // 8) != 0, divisions // 3, np.where(played > divisions, divisions // 2, divisions // 4))
    stop = np.rint(end / step).astype(np.int64) * step
    track = notes["track"].astype(np.int64)
    for number in np.unique(track):
        rows = np.flatnonzero(track == number)
        onsets = np.unique(start[rows])
        after = np.searchsorted(onsets, start[rows], side="right")
        following = np.where(after < len(onsets), onsets[np.minimum(after, len(onsets) - 1)], np.iinfo(np.int64).max)
        # the onset that the end is nearest to, among those after the note's own
        near = np.searchsorted(onsets, end[rows])
        before = onsets[np.maximum(near - 1, 0)]
        at = onsets[np.minimum(near, len(onsets) - 1)]
        nearest = np.where(np.abs(end[rows] - before) <= np.abs(at - end[rows]), before, at)
        # a breath before the next note is not written
        close = (nearest > start[rows]) & (np.abs(nearest - end[rows]) <= np.maximum(divisions // 8, played[rows] // 4))
        gap = following - start[rows]
        reach = (played[rows] < gap) & (gap <= np.minimum(2 * played[rows], divisions))
        short = (played[rows] < gap) & (gap <= divisions // 2)
        stop[rows] = np.where(reach | short, following, np.where(close, nearest, stop[rows]))
    return stop


def _shortest(start: Ints, divisions: int) -> Ints:
    """What a note lasts at least: up to the next place of its own kind, a thirty-second or a triplet of sixteenths."""
    return np.where(start % (divisions // 8) == 0, divisions // 8, np.where(start % (divisions // 12) == 0, divisions // 12, 1))
