"""Figures of texture: how much sounds at once, how loud, on what."""

from __future__ import annotations

import numpy as np

from partimento.analysis.figures.block import Block
from partimento.analysis.figures.of_form import pitched
from partimento.analysis.piece_set import Floats, Ints
from partimento.bars import BarGrid
from partimento.piece import Array, Piece

MOST_VOICES = 10
FAMILIES = tuple(
    "piano,mallets,organ,guitar,bass,strings,ensemble,brass,reed,pipe,synth lead,synth pad,effects,ethnic,percussive,sounds,drums"
    "".split(",")
)


def notes_at_once(block: Block) -> Ints:
    """Counts of the notes that sound at the start of each beat, `MOST_VOICES` or more as one: int64 [P, MOST_VOICES + 1]."""
    return block.table(block.beats.piece, np.minimum(block.beats.voices, MOST_VOICES), MOST_VOICES + 1)


def velocities(block: Block) -> Ints:
    """Counts of the notes by velocity, in steps of 8: int64 [P, 16]."""
    return block.table(block.music.piece_of_note, block.music.notes["velocity"] // 8, 16)


def instruments(block: Block) -> Ints:
    """Counts of the notes by family of instruments, an index into `FAMILIES`: int64 [P, K]."""
    return block.table(block.music.piece_of_note, block.music.program // 8, len(FAMILIES))


def polyphony(piece: Piece) -> float:
    """The mean number of pitches that sound where any does, drums left out (MusPy: Dong et al. 2020, section 5)."""
    return pitches_at_once(pitched(piece))


def pitches_at_once(notes: Array) -> float:
    """The time that each pitch of the notes [N] sounds, over the time that any does; not a number without notes."""
    if not len(notes):
        return np.nan
    start, end = sounding(notes)
    any_start, any_end = _joined(start, end)
    return float((end - start).sum() / (any_end - any_start).sum())


def most_at_once(piece: Piece) -> float:
    """The most pitches that sound at once, drums left out."""
    notes = pitched(piece)
    if not len(notes):
        return np.nan
    start, end = sounding(notes)
    begun = np.arange(1, len(start) + 1)
    return float((begun - np.searchsorted(np.sort(end), np.sort(start), side="right")).max())


def parts(piece: Piece) -> float:
    """How many tracks play, drums too."""
    return float(len(np.unique(piece.notes["track"])))


def empty_bars(piece: Piece) -> float:
    """The share of the bars in which nothing sounds, drums counted, from that of the first note to that in which the last ends."""
    grid, onset = BarGrid.of(piece), piece.notes["onset"].astype(np.int64)
    start, end = _joined(grid.bar_at(onset), grid.bar_at(onset + np.maximum(piece.notes["duration"], 1) - 1) + 1)
    return float(1 - (end - start).sum() / (end.max() - start.min()))


def onsets_per_bar(piece: Piece) -> float:
    """The mean number of times in a bar at which notes begin, drums too, over the bars that have any."""
    onset = np.unique(piece.notes["onset"]).astype(np.int64)
    return float(len(onset) / len(np.unique(BarGrid.of(piece).bar_at(onset))))


def sounding(notes: Array) -> tuple[Ints, Ints]:
    """The ticks from which and to which each pitch of the notes [N] sounds, int64 [S] twice; notes of one pitch that overlap
    sound once."""
    start = notes["pitch"].astype(np.int64) << 32 | notes["onset"]  # pitches one after another on one line of time
    first, last = _joined(start, start + notes["duration"])
    return first & 0xFFFFFFFF, (first & 0xFFFFFFFF) + last - first


def _joined(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """The stretches that at least one of these covers."""
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    new = np.append(True, start[1:] > reach[:-1])
    return start[new], reach[np.append(new[1:], True)]


def velocity_spread(block: Block) -> Floats:
    """The standard deviation of the velocities of a piece.

    Float64 [P], in MIDI velocities.
    """
    piece, velocity = block.music.piece_of_note, block.music.notes["velocity"].astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(piece, velocity, len(block)) / block.notes
        square = np.bincount(piece, velocity**2, len(block)) / block.notes
    spread: Floats = np.sqrt(np.maximum(square - mean**2, 0))
    return spread
