"""Where notes are placed on the page: ticks to exact places, or to the nearest place that can be read.

A piece that is on a grid already (sixty-fourths, tuplets) is taken as it is; where its notes are only released early they
last to the next ones. Of one that nearly is, only the strays move. Playing is snapped beat by beat to the plainest division
that fits it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.notate.tuplets import restored
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
    """Onset [N] and end [N] of each note in `divisions` of a quarter, every note at least one place long."""
    per_quarter = piece.ticks_per_quarter
    onset = piece.notes["onset"].astype(np.int64)
    end = onset + piece.notes["duration"]
    track = piece.notes["track"]
    others = np.ones(len(onset), bool)
    start, stop = onset.copy(), end.copy()
    if not _on_grid(onset, per_quarter, COARSE + PLAIN + RARE).all():
        start, stop = restored(onset, end, track, per_quarter, divisions)
        others = start < 0
        eighth = np.rint(end * 8 / per_quarter).astype(np.int64) * (divisions // 8)
        stop = np.maximum(np.where(stop >= 0, stop, eighth), start + 1)
    start[others], stop[others] = _placed(onset[others], end[others], track[others], per_quarter, divisions)
    return start, stop


def _placed(onset: Ints, end: Ints, track: Array, per_quarter: int, divisions: int) -> tuple[Ints, Ints]:
    """Onsets and ends of notes that are in no rounded tuplet."""
    scale = divisions // per_quarter
    if not len(onset):
        return onset, end
    fine_onsets, fine_ends = (1 - _on_grid(tick, per_quarter, COARSE).mean() for tick in (onset, end))
    released = fine_ends > FINE_ENDS + 2 * fine_onsets  # before the next note, as sequencers do
    # broken chords on a grid finer than sixty-fourths: no written rhythm
    spread = np.zeros(len(onset), bool)
    for chain in _rolls(onset, end, track, per_quarter):
        spread[chain] = ~_on_grid(onset[chain], per_quarter, (*COARSE, 10, 14, 16))
    every = COARSE + PLAIN + RARE
    if not released and (_on_grid(onset, per_quarter, every) & _on_grid(end, per_quarter, every) & ~spread).all():
        return onset * scale, end * scale
    written_onset = _on_grid(onset, per_quarter, COARSE + PLAIN) & ~spread
    written_end = _on_grid(end, per_quarter, COARSE + PLAIN)
    beats = _Beats(onset, per_quarter)
    if written_onset.mean() >= ON_GRID:
        start = _strays_moved(onset, written_onset, per_quarter, divisions)
    else:
        start = beats.snapped(onset, divisions)
    start = _rolls_joined(start, end * scale, track, divisions)
    stop = _played_ends(track, start, end * scale, beats.snapped(end, divisions), divisions)
    least = divisions // beats.division[beats.number(onset)]
    if written_end.mean() >= ON_GRID and not released:
        on_coarse = _on_grid(end, per_quarter, COARSE)
        stop, least = np.where(on_coarse, end * scale, stop), np.where(on_coarse, _shortest(start, divisions), least)
    return start, np.maximum(stop, start + least)


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


def _rolls(onset: Ints, end: Ints, track: Array, quarter: int) -> list[Ints]:
    """The rows of each chord that is rolled: notes of a track that enter within a thirty-second of each other and sound on."""
    order = np.lexsort([onset, track])
    start, stop = onset[order], end[order]
    close = (np.diff(start) <= quarter // 8) & (np.diff(track[order].astype(np.int64)) == 0)
    sounds_on = np.minimum(stop[:-1], stop[1:]) >= start[1:] + quarter // 2
    chains = np.split(order, np.flatnonzero(~(close & sounds_on)) + 1)
    return [chain for chain in chains if len(chain) > 1 and 0 < onset[chain[-1]] - onset[chain[0]] < quarter]


def _rolls_joined(start: Ints, end: Ints, track: Array, divisions: int) -> Ints:
    """The onsets with rolled chords as chords, at the plainest place among theirs."""
    joined = start.copy()
    for chain in _rolls(start, end, track, divisions):
        joined[chain] = min(start[chain].tolist(), key=lambda place: _fineness(place, divisions))
    return joined


def _fineness(place: int, divisions: int) -> int:
    """The fewest parts of a beat among which a place is: 1 on the beat."""
    return next((parts for parts in (1, 2, 3, 4, 6, 8, 12) if place * parts % divisions == 0), 64)


class _Beats:
    """The division of each beat (quarter): the one with the least mean error of its onsets plus its cost, for all tracks."""

    def __init__(self, onset: Ints, per_quarter: int) -> None:
        self.per_quarter = per_quarter
        place = onset / per_quarter
        beat = self.number(onset)
        count = np.bincount(beat)
        costs = []
        for division, cost in SNAPS:
            error = np.abs(place - np.rint(place * division) / division)
            costs.append(np.bincount(beat, error) / np.maximum(count, 1) + cost)
        chosen = np.array([division for division, _ in SNAPS])[np.argmin(costs, axis=0)]
        self.division = np.where(count > 0, np.maximum(chosen, 2), 2)

    def number(self, tick: Ints) -> Ints:
        """The beat of each tick; it reaches a little before its line, since players come early."""
        number: Ints = (tick * 8 // self.per_quarter + 1) // 8
        return number

    def snapped(self, tick: Ints, divisions: int) -> Ints:
        """Each tick at the nearest place of its beat; after the last onset eighths."""
        beat = self.number(tick)
        division = np.where(beat < len(self.division), self.division[np.minimum(beat, len(self.division) - 1)], 2)
        nearest: Ints = np.rint(tick * division / self.per_quarter).astype(np.int64) * (divisions // division)
        return nearest


def _played_ends(track: Array, start: Ints, end: Ints, snapped: Ints, divisions: int) -> Ints:
    """Ends of playing: at an onset of the track where only a breath is left before it, else where they are `snapped` to.

    A note that nearly reaches the next onset is written up to it, and so is one with less than an eighth of silence after it.
    """
    stop = snapped.copy()
    played = end - start
    for number in np.unique(track):
        rows = np.flatnonzero(track == number)
        onsets = np.unique(start[rows])
        after = np.searchsorted(onsets, start[rows], side="right")
        following = np.where(after < len(onsets), onsets[np.minimum(after, len(onsets) - 1)], np.iinfo(np.int64).max)
        # the onset that the end is nearest to
        near = np.searchsorted(onsets, end[rows])
        before = onsets[np.maximum(near - 1, 0)]
        at = onsets[np.minimum(near, len(onsets) - 1)]
        nearest = np.where(np.abs(end[rows] - before) <= np.abs(at - end[rows]), before, at)
        close = (nearest > start[rows]) & (np.abs(nearest - end[rows]) <= np.maximum(divisions // 8, played[rows] // 4))
        gap = following - start[rows]
        reach = (played[rows] < gap) & (gap <= np.maximum(np.minimum(2 * played[rows], divisions), divisions // 2))
        stop[rows] = np.where(reach, following, np.where(close, nearest, stop[rows]))
    return stop


def _shortest(start: Ints, divisions: int) -> Ints:
    """What a note lasts at least: up to the next place of its own kind, a thirty-second or a triplet of sixteenths."""
    return np.where(start % (divisions // 8) == 0, divisions // 8, np.where(start % (divisions // 12) == 0, divisions // 12, 1))
