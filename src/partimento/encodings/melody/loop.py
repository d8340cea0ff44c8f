"""The loop of the encoding `melody`, compiled. It knows notes in canonical order, and is told of all tables and options."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from partimento.compiled import compiled, inlined
from partimento.piece import NOTE

_NEARER = 2  # of the grids of sixteenths (0) and of triplets (1)
# the grid that fills a gap of 0..11 twelfths beyond whole quarters
_GAP_PREFERS = np.array([2, 2, 2, 0, 1, 2, 0, 2, 1, 0, 2, 2])
_VALUES = 6  # ids of note values, from 1 on
_SHORTEST = np.array([0] + [(values & -values).bit_length() - 1 for values in range(1, 2**_VALUES)])  # of a set of them
_CLASS, _PIANO, _MIDI = range(3)  # in the order of `melody.PITCHES`, and of `CHORDS`
_ROOT, _TOP, _BASS = range(3)
_LOWEST_PIANO_KEY = 21


@inlined
def _moment(onset: int, twelfth: Any) -> int:
    """In twelfths of a quarter."""
    quarter = int(np.uint32(onset) // np.uint32(len(twelfth)))  # unsigned: twice as fast
    return 12 * quarter + int(twelfth[onset - quarter * len(twelfth)])


@inlined
def _pitch_id(pitch: int, pitches: int) -> int:
    if pitches == _CLASS:
        return pitch % 12 + 1
    if pitches == _MIDI:
        return pitch + 1
    key = pitch - _LOWEST_PIANO_KEY
    while key < 0:  # outside of the keyboard: the nearest octave that is on it
        key += 12
    while key > 87:
        key -= 12
    return key + 1


def _table(dtype: Any, dimensions: int) -> Any:
    return numba.types.Array(numba.from_dtype(np.dtype(dtype)), dimensions, "C", readonly=True)


@compiled(_table(NOTE, 1), _table(bool, 1), _table(np.int64, 1), _table(np.uint8, 2), _table(np.uint8, 2), numba.int64, numba.int64)
def encode(notes: Any, is_drum: Any, twelfth: Any, values: Any, roots: Any, pitches: int, chords: int) -> Any:
    """The events, uint8[T, 2]: moment after moment, of each moment the notes of one value after another, shortest first.

    `twelfth` and `values` are tables for the ticks of the piece, `pitches` and `chords` numbers of the options.
    """
    track, onset, duration, pitch = notes["track"], notes["onset"], notes["duration"], notes["pitch"]
    events = np.empty((len(notes), 2), np.uint8)
    longest = len(values) - 1
    classes = np.zeros(_VALUES, np.int64)  # of the notes of each value in a moment: the set of pitch classes, the extremes
    lowest, highest = np.full(_VALUES, 128), np.full(_VALUES, -1)
    count, stop, next_moment = 0, 0, 0
    while stop < len(notes):
        # the notes from start to stop are one moment; the gap to the next one of their track says on which grid they are
        start, stop, grid = stop, stop + 1, _NEARER
        moment = next_moment if start and track[start] == track[start - 1] else _moment(onset[start], twelfth)
        while stop < len(notes) and track[stop] == track[start]:
            if onset[stop] != onset[stop - 1]:
                next_moment = _moment(onset[stop], twelfth)
                if next_moment != moment:
                    grid = _GAP_PREFERS[(next_moment - moment) % 12]
                    break
            stop += 1
        if is_drum[track[start]]:
            continue
        if stop - start == 1:  # most are
            events[count, 0] = _pitch_id(pitch[start], pitches)
            events[count, 1] = values[min(duration[start], longest), grid]
            count += 1
            continue
        present = 0  # the set of values
        for note in range(start, stop):
            value = values[min(duration[note], longest), grid]
            present |= 1 << value
            classes[value] |= 1 << pitch[note] % 12
            lowest[value] = min(lowest[value], pitch[note])
            highest[value] = max(highest[value], pitch[note])
        while present:
            value = _SHORTEST[present]
            present -= 1 << value
            chosen = highest[value] if chords == _TOP else lowest[value]
            if chords == _ROOT:
                root = roots[lowest[value] % 12, classes[value]]
                chosen = root if pitches == _CLASS else 128
                for note in range(start, stop if pitches != _CLASS else start):
                    if pitch[note] % 12 == root and values[min(duration[note], longest), grid] == value:
                        chosen = min(chosen, pitch[note])
            events[count, 0] = _pitch_id(chosen, pitches)
            events[count, 1] = value
            count += 1
            classes[value], lowest[value], highest[value] = 0, 128, -1
    return events[:count].copy()
