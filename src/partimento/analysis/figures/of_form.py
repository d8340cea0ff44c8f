"""Figures of form: what of a piece came before in it, how alike its bars are, how it ends. Each takes one piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.analysis.piece_set import Ints
from partimento.bars import BarGrid
from partimento.piece import Array, Piece, nearest_line

GRAM = 8  # notes of a run: two beats of a chorale, a bar of a tune
RHYTHM_GRID = 12  # lines a quarter on which rhythms are equal: sixteenths and triplets
STEPS_IN_A_QUARTER = 4  # onsets are compared on sixteenths
MOST_BARS = 1 << 20  # past this, which only a broken file claims, bars are not counted one by one
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def groove_consistency(piece: Piece) -> float:
    """1 less the mean distance of neighbouring bars of one length, 0..1: the share of sixteenths in which one bar has an onset and
    the other has none (Wu and Yang 2020, section 4.2). Bars from that of the first onset to that in which the piece ends."""
    grid = BarGrid.of(piece)
    onset = np.unique(piece.notes["onset"])
    row = grid.row(onset)
    steps = np.maximum(1, np.round(grid.bar * STEPS_IN_A_QUARTER / piece.ticks_per_quarter).astype(np.int64))
    whole, part = np.divmod((onset - grid.tick[row]) / grid.bar[row], 1)
    step = np.round(part * steps[row]).astype(np.int64)
    bar = (grid.bars_before[row] + whole).astype(np.int64) + step // steps[row]
    key = np.unique(bar << 32 | step % steps[row])
    bar = key >> 32
    first, count = int(bar[0]), max(grid.count - 1, int(bar[-1])) - int(bar[0]) + 1
    if count > MOST_BARS:
        return np.nan
    onsets = np.bincount(bar - first, minlength=count)
    again = np.bincount(bar[np.isin(key + (1 << 32), key)] - first, minlength=count)  # steps that the next bar has too
    size = steps[np.searchsorted(grid.bars_before, first + np.arange(count), side="right") - 1]
    distance = (onsets[:-1] + onsets[1:] - 2 * again[:-1]) / size[:-1]
    alike = size[1:] == size[:-1]
    return float(1 - distance[alike].mean()) if alike.any() else np.nan


def repeated_runs(piece: Piece) -> float:
    """The share of the runs of eight notes of a track that came before in the piece, in any transposition, in the same rhythm."""
    hashes, _ = grams(pitched(piece), piece.ticks_per_quarter)
    return 1 - len(np.unique(hashes)) / len(hashes) if len(hashes) else np.nan


def repeated_bars(piece: Piece) -> float:
    """The share of the bars with onsets that repeat the bar before them exactly.

    Bars are known by a sum of hashes over their notes: place in the bar, pitch, track.
    """
    notes = piece.notes[np.argsort(piece.notes["onset"], kind="stable")]
    bar, part = np.divmod(BarGrid.of(piece).bars_at(notes["onset"]), 1)
    place = np.round(part * 4 * RHYTHM_GRID).astype(np.uint64)
    value = (place << np.uint64(24) | notes["pitch"].astype(np.uint64) << np.uint64(16) | notes["track"]) * _MULTIPLIER
    value ^= value >> np.uint64(32)
    first = np.flatnonzero(np.diff(bar, prepend=-1))
    whole = np.add.reduceat(value * _MULTIPLIER, first)
    return float(((np.diff(whole) == 0) & (np.diff(bar[first]) == 1)).sum() / len(first))


def ending(piece: Piece) -> float:
    """How many times as long as the mean note the longest one of the last onset is; real endings linger."""
    tuned = pitched(piece)
    if not len(tuned):
        return np.nan
    return float(tuned["duration"][tuned["onset"] == tuned["onset"].max()].max() / tuned["duration"].mean())


def grams(notes: Array, ticks_per_quarter: int, size: int = GRAM) -> tuple[npt.NDArray[np.uint64], Ints]:
    """A hash of every run of `size` notes of one track, and the index of its first note.

    A run is known by its intervals and by the times between its onsets in twelfths of a quarter, so in any transposition.
    `notes` [N] are in a piece's order. Gives uint64 [G] and int64 [G].
    """
    count = len(notes) - size + 1
    if count < 1:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    onset = nearest_line(notes["onset"], ticks_per_quarter, RHYTHM_GRID)
    interval, time = (np.diff(column.astype(np.int64)).astype(np.uint64) for column in (notes["pitch"], onset))
    mixed = (interval + np.uint64(128) | time << np.uint64(8)) * _MULTIPLIER
    mixed ^= mixed >> np.uint64(32)
    value = np.zeros(count, np.uint64)
    for place in range(size - 1):
        value = (value ^ mixed[place : place + count]) * _MULTIPLIER
        value ^= value >> np.uint64(29)
    one_track = np.flatnonzero(notes["track"][size - 1 :] == notes["track"][:count])
    return value[one_track], one_track


def pitched(piece: Piece) -> Array:
    """The notes that are not drums [T]."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    return piece.notes[~drums[piece.notes["track"]]] if drums.any() else piece.notes
