"""Figures of pitch: pitch classes, scales, range, and the intervals of melodic lines. Drums have no pitch."""

from __future__ import annotations

import numpy as np

from partimento.analysis.figures.block import Block
from partimento.analysis.piece_set import Floats, Ints

LARGEST_INTERVAL = 14  # semitones; larger ones are counted with it
SCALE = np.array([0, 2, 4, 5, 7, 9, 11])  # of the major key; the natural minor one has the notes of its parallel major
_SIZE = np.abs(np.arange(-LARGEST_INTERVAL, LARGEST_INTERVAL + 1))


def pitch_classes(block: Block) -> Ints:
    """Counts of the pitched notes by pitch class: int64 [P, 12]."""
    return block.table(block.piece_of_pitched, block.pitch % 12, 12)


def degrees(block: Block) -> Ints:
    """Counts of the pitched notes by semitones above the tonic of the key found: int64 [P, 12]."""
    piece = block.piece_of_pitched
    return block.table(piece, (block.pitch - block.tonic[piece]) % 12, 12)


def pitches(block: Block) -> Ints:
    """Counts of the pitched notes by MIDI pitch: int64 [P, 128]."""
    return block.table(block.piece_of_pitched, block.pitch, 128)


def intervals(block: Block) -> Ints:
    """Counts of the moves of lines by semitones, from -`LARGEST_INTERVAL` on; larger ones count as the
    largest: int64 [P, 2 L + 1]."""
    lines, moves = block.lines, block.moves
    step = lines.pitch[moves + 1] - lines.pitch[moves]
    clipped = np.clip(step, -LARGEST_INTERVAL, LARGEST_INTERVAL) + LARGEST_INTERVAL
    return block.table(lines.piece[moves], clipped, 2 * LARGEST_INTERVAL + 1)


def pitch_class_changes(block: Block) -> Ints:
    """Counts of the pitch classes of two neighbours in a line, 12 * first + second: int64 [P, 144]."""
    lines, moves = block.lines, block.moves
    return block.table(lines.piece[moves], lines.pitch[moves] % 12 * 12 + lines.pitch[moves + 1] % 12, 144)


def pitch_class_entropy(block: Block) -> Floats:
    """Bits, 0..3.58, of the pitch classes of the notes (Wu and Yang 2020, section 4.2).

    Float64 [P].
    """
    counts = block.once(pitch_classes)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = counts / counts.sum(axis=1, keepdims=True)
        bits: Floats = np.abs(np.where(counts > 0, share * np.log2(share), np.where(np.isnan(share), np.nan, 0)).sum(axis=1))
    return bits


def scale_consistency(block: Block) -> Floats:
    """The largest share of the notes that one major or natural minor scale holds, 0..1 (Mogren 2016, section 4.1).

    Float64 [P].
    """
    counts = block.once(pitch_classes)
    held = counts[:, (SCALE + np.arange(12)[:, None]) % 12].sum(axis=2).max(axis=1)
    with np.errstate(invalid="ignore"):
        share: Floats = held / counts.sum(axis=1)
    return share


def different_pitches(block: Block) -> Floats:
    """How many different pitches there are; octaves count apart.

    Float64 [P].
    """
    count: Floats = (block.once(pitches) > 0).sum(axis=1).astype(np.float64)
    return count


def pitch_range(block: Block) -> Floats:
    """From the lowest pitch to the highest, in semitones.

    Float64 [P].
    """
    there = block.once(pitches) > 0
    highest, lowest = 127 - there[:, ::-1].argmax(axis=1), there.argmax(axis=1)
    return np.where(there.any(axis=1), highest - lowest, np.nan)


def mean_interval(block: Block) -> Floats:
    """The mean size of the moves of lines in semitones.

    Float64 [P].
    """
    counts = block.once(intervals)
    with np.errstate(invalid="ignore"):
        mean: Floats = counts @ _SIZE / counts.sum(axis=1)
    return mean


def steps(block: Block) -> Floats:
    """The share of seconds among the moves of lines, 0..1.

    Float64 [P].
    """
    counts = block.once(intervals)
    with np.errstate(invalid="ignore"):
        share: Floats = counts[:, (_SIZE == 1) | (_SIZE == 2)].sum(axis=1) / counts.sum(axis=1)
    return share
