"""Pieces on the grid of `notes`: each note and each change of meter, key or tempo as one number, so that sorting is one sort.

What is kept of a piece and what is rounded is decided here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bars import bar_ticks
from partimento.encodings.notes.declared_parts import instrument, part_of
from partimento.encodings.notes.layout import (
    LAST_TICK,
    LONGEST,
    NUMERATORS,
    START_METER,
    START_TEMPO,
    Ints,
    Profile,
    tempo_id,
    velocity_id,
)
from partimento.pedal import pedalled
from partimento.piece import Piece, nearest_line

RANK_NOTE = 3  # after meter, key and tempo of its moment
BYTE = 0xFF


def packed_piece(piece: Piece, layout: Profile) -> tuple[Ints, Ints]:
    """The notes and, with beats, the changes of meter, key and tempo up to the last one as sorted numbers [N]; and the meters in
    force as rows (tick, numerator, denominator) [M, 3]."""
    packed = packed_notes(piece, layout)
    meters = np.zeros((0, 3), np.int64)
    if len(packed) and layout.beats:
        meters, maps = packed_maps(piece, int(packed[-1] >> 39), layout)
        if len(maps):
            packed = np.concatenate([maps, packed])
            packed.sort()
    return packed, meters


def packed_rank(packed: Ints) -> Ints:
    """The rank [N] of packed numbers [N]: 0 for a meter, 1 for a key, 2 for a tempo, `RANK_NOTE` for a note."""
    return packed >> 37 & 3


def packed_notes(piece: Piece, layout: Profile) -> Ints:
    """The notes as sorted numbers [N]; without beats as long as they sound, with them as they are written."""
    notes = piece.notes if layout.beats else pedalled(piece).notes
    if not layout.instrument and any(track.is_drum for track in piece.tracks):
        notes = notes[~np.array([track.is_drum for track in piece.tracks])[notes["track"]]]
    onset_tick, end_tick = notes["onset"].astype(np.int64), notes["onset"].astype(np.int64)
    end_tick += notes["duration"]
    if layout.beats:
        onset, end = (nearest_line(tick, piece.ticks_per_quarter, layout.ticks_per_quarter) for tick in (onset_tick, end_tick))
    else:
        onset, end = _hundredths(piece, onset_tick), _hundredths(piece, end_tick)
    if len(onset) and onset.max() > LAST_TICK:
        inside = onset <= LAST_TICK
        notes, onset, end = notes[inside], onset[inside], end[inside]
    end -= onset
    end -= 1
    np.clip(end, 0, LONGEST * (LONGEST + 1) - 1, out=end)  # the duration less one tick
    tie = end // LONGEST
    end -= tie * LONGEST
    packed: Ints = onset
    packed <<= 2
    packed |= RANK_NOTE
    packed <<= 7
    packed |= notes["pitch"]
    packed <<= 30
    bits = layout.bits
    packed |= end << bits.duration
    packed |= tie << bits.tie
    if layout.velocity:
        packed |= velocity_id(notes["velocity"]).astype(np.int64) << bits.velocity
    if layout.parts:
        packed |= (part_of(piece, layout) << bits.last)[notes["track"]]
    elif layout.instrument:
        packed |= (np.array([instrument(track) for track in piece.tracks], np.int64) << bits.last)[notes["track"]]
    packed.sort()
    if layout.parts and len(packed):  # the same key twice at once within a part: the longest is kept
        key = packed >> bits.last
        is_kept = np.append(key[1:] != key[:-1], True)
        packed = packed if is_kept.all() else packed[is_kept]
    return packed


def _hundredths(piece: Piece, tick: Ints) -> Ints:
    with np.errstate(over="ignore", invalid="ignore"):  # tempos near zero: beyond the last tick
        second = piece.second_at(tick)
    return np.floor(np.fmin(second, 2e6) * 100 + 0.5).astype(np.int64)


def packed_maps(piece: Piece, last_tick: int, layout: Profile) -> tuple[Ints, Ints]:
    """Meters in force as rows (tick, numerator, denominator) [M, 3], and all changes of meter, key and tempo up to `last_tick` as
    numbers [N]."""
    meters, grid = np.zeros((0, 3), np.int64), layout.ticks_per_quarter
    packed = []
    at = layout.bits.duration
    rows = piece.meters[piece.meters["numerator"] <= NUMERATORS] if len(piece.meters) else piece.meters
    if len(rows):
        tick, values = _changes(rows, last_tick, piece.ticks_per_quarter, grid, rows["numerator"], rows["denominator"])
        numerator, denominator = values
        length = bar_ticks(numerator, denominator, grid)
        differs = (np.diff(numerator, prepend=START_METER[0]) != 0) | (np.diff(denominator, prepend=START_METER[1]) != 0)
        since, before = np.diff(tick, prepend=0), np.concatenate([[4 * grid], length])[:-1]
        stated = differs | (since % before != 0)
        meters = np.stack([tick, numerator, denominator], 1)[stated]
        exponent = np.log2(meters[:, 2]).astype(np.int64)
        packed.append(_packed_map(meters[:, 0], 0, meters[:, 1] - 1, exponent << at))
    for rank, rows, start in ((1, piece.keys, 0), (2, piece.tempos, START_TEMPO)):
        if len(rows):
            value = tempo_id(rows["qpm"]) if rank == 2 else 2 * (rows["fifths"].astype(np.int64) + 7) + rows["minor"] + 1
            tick, (value,) = _changes(rows, last_tick, piece.ticks_per_quarter, grid, value)
            stated = np.diff(value, prepend=start) != 0
            packed.append(_packed_map(tick[stated], rank, value[stated] - 1, np.zeros(1, np.int64)))
    return meters, np.concatenate(packed) if packed else np.zeros(0, np.int64)


def _changes(
    rows: npt.NDArray[Any], last_tick: int, ticks_per_quarter: int, grid: int, *values: npt.NDArray[Any]
) -> tuple[Ints, list[Ints]]:
    """Lines of the grid up to the last onset, each once, and the last value of each on it."""
    tick = nearest_line(rows["tick"], ticks_per_quarter, grid)
    kept = tick <= last_tick
    kept[:-1] &= tick[1:] != tick[:-1]
    return tick[kept], [value[kept].astype(np.int64) for value in values]


def _packed_map(tick: Ints, rank: int, value: Ints, second: Ints) -> Ints:
    return ((tick << 2 | rank) << 7 | value) << 30 | second
