"""Figures of harmony: keys, the chords of beats, and how they follow one another."""

from __future__ import annotations

import numpy as np

from partimento.analysis.beat_chords import NUMERALS, QUALITY_NAMES, SOUNDS, THIRD_OF_QUALITY
from partimento.analysis.figures.block import Block
from partimento.analysis.piece_set import Floats, Ints
from partimento.prevailing import key_in_force
from partimento.theory import MAJOR_KEYS, MINOR_KEYS

KEYS = (*MAJOR_KEYS, *(f"{name}m" for name in MINOR_KEYS))
CADENCES = ("V–I", "vii°–I", "IV–I", "others to I", "ends on V", "others")


def keys_found(block: Block) -> Ints:
    """1 at the key found of each piece, an index into `KEYS`: int64 [P, 30]."""
    fifths, minor = block.keys
    return block.one_each(fifths + 7 + len(MAJOR_KEYS) * minor, len(KEYS))


def keys_written(block: Block) -> Ints:
    """1 at the key in force for most of the piece, or last where none is stated: int64 [P, 31]."""
    found = []
    for piece in block.pieces:
        key = key_in_force(piece)
        found.append(len(KEYS) if key is None else key[0] + 7 + len(MAJOR_KEYS) * key[1])
    return block.one_each(np.array(found), len(KEYS) + 1)


def intervals_above_bass(block: Block) -> Ints:
    """Counts of the intervals that sound above the bass on a beat, minor second to major seventh: int64 [P, 11]."""
    beats = block.beats
    sounding = np.flatnonzero((beats.bass < 128) & ((beats.weight > SOUNDS).sum(axis=1) > 1))
    above = (beats.bass[sounding, None] + np.arange(1, 12)) % 12
    row, interval = np.nonzero(np.take_along_axis(beats.weight[sounding], above, axis=1) > SOUNDS)
    return block.table(beats.piece[sounding[row]], interval, 11)


def chords(block: Block) -> Ints:
    """Counts of the beats of each chord, an index into `NUMERALS`: int64 [P, K]."""
    beats = block.beats
    rows = np.flatnonzero(beats.root >= 0)
    return block.table(beats.piece[rows], _numeral(block, beats.piece[rows], beats.root[rows], beats.quality[rows]), len(NUMERALS))


def qualities(block: Block) -> Ints:
    """Counts of the beats of each chord quality, an index into `QUALITY_NAMES`: int64 [P, K]."""
    rows = np.flatnonzero(block.beats.root >= 0)
    return block.table(block.beats.piece[rows], block.beats.quality[rows], len(QUALITY_NAMES))


def root_motions(block: Block) -> Ints:
    """Counts of the moves from one root to another, in semitones upwards: int64 [P, 12]."""
    piece, root, _ = block.once(_changes)
    same_piece = np.flatnonzero(np.diff(piece) == 0)
    turn = same_piece[root[same_piece + 1] != root[same_piece]]
    return block.table(piece[turn], (root[turn + 1] - root[turn]) % 12, 12)


def chord_changes(block: Block) -> Ints:
    """Counts of the pairs of chords in a row, first * len(NUMERALS) + second: int64 [P, K * K] for K numerals."""
    piece, _, symbol = block.once(_changes)
    same_piece = np.flatnonzero(np.diff(piece) == 0)
    move = same_piece[symbol[same_piece + 1] != symbol[same_piece]]
    return block.table(piece[move], symbol[move] * len(NUMERALS) + symbol[move + 1], len(NUMERALS) ** 2)


def cadences(block: Block) -> Ints:
    """The last chord of each piece and the one of another degree before it, as an index into `CADENCES`. Counts, int64 [P, 6]."""
    piece, _, symbol = block.once(_changes)
    last = np.flatnonzero(np.diff(piece, append=-1) != 0)
    degree = symbol // 3
    before = last.copy()
    for _ in range(3):  # V and V7 are one degree
        back = np.maximum(before - 1, 0)
        before = np.where((degree[before] == degree[last]) & (piece[back] == piece[last]), back, before)
    to_tonic = np.select([degree[before] == 7, degree[before] == 11, degree[before] == 5], [0, 1, 2], 3)
    ending = np.where(degree[last] == 0, to_tonic, np.where(degree[last] == 7, 4, 5))
    return block.table(piece[last], ending, len(CADENCES))


def minor(block: Block) -> Floats:
    """1 where the key found is minor, 0 where it is major.

    Float64 [P].
    """
    return np.where(np.bincount(block.piece_of_pitched, minlength=len(block)) > 0, block.keys[1], np.nan)


def chords_per_beat(block: Block) -> Floats:
    """Changes of chord over beats.

    Float64 [P].
    """
    with np.errstate(invalid="ignore"):
        share: Floats = block.once(chord_changes).sum(axis=1) / np.bincount(block.beats.piece, minlength=len(block))
    return share


def _changes(block: Block) -> tuple[Ints, Ints, Ints]:
    """Piece, root and numeral of every new chord."""
    piece, root, quality = block.beats.changes()
    return piece, root, _numeral(block, piece, root, quality)


def _numeral(block: Block, piece: Ints, root: Ints, quality: Ints) -> Ints:
    symbols: Ints = (root - block.tonic[piece]) % 12 * 3 + THIRD_OF_QUALITY[quality]
    return symbols
