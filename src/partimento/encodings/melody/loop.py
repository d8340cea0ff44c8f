"""The loop of `melody`, compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from partimento.compiled import always_inlined, compiled, inlined
from partimento.piece import NOTE

_ROOT, _TOP, _BASS = range(3)  # in the order of `CHORDS`
_NONE = 2**31  # longer than any length


@inlined
def _line(tick: int, line_of: Any, lines: int) -> int:
    """`line_of` has the line of each tick of a quarter, of `lines`."""
    quarter = int(np.uint32(tick) // np.uint32(len(line_of)))  # unsigned: twice as fast
    return lines * quarter + int(line_of[tick - quarter * len(line_of)])


@inlined
def _grid(gap: int) -> int:
    """The one that fills a gap in twelfths: of sixteenths (0), of triplets (1), or the nearer one (2) where both or neither do."""
    by_sixteenths, by_triplets = gap % 3 == 0, gap % 4 == 0
    return 2 if by_sixteenths == by_triplets else 0 if by_sixteenths else 1


@inlined
def _up_to(gap: int, length: int) -> int:
    """A note that stops within a quarter of its length before the next onset of its part, or an eighth after it, ends there:
    notes are played shorter, and now and then longer, than they are written."""
    return gap if gap and 4 * (gap - length) <= length and 8 * (length - gap) <= length else length


@always_inlined
def _of_chord(pitch: Any, value: Any, written: int, chord: int, roots: Any) -> Any:
    """The pitch that stands for the notes of one value, of several roots the lowest, and the next value of that onset."""
    lowest, highest, classes, longer = 128, -1, 0, _NONE
    for note in range(len(pitch)):
        if value[note] == written:
            classes |= 1 << pitch[note] % 12
            lowest, highest = min(lowest, pitch[note]), max(highest, pitch[note])
        elif value[note] > written:
            longer = min(longer, value[note])
    if chord != _ROOT:
        return highest if chord == _TOP else lowest, longer
    root, chosen = roots[lowest % 12, classes], 128
    for note in range(len(pitch)):
        if value[note] == written and pitch[note] % 12 == root:
            chosen = min(chosen, pitch[note])
    return chosen, longer


@always_inlined
def _add(events: Any, count: int, pitch: int, tie: int, chain: Any) -> int:
    for place in range(len(chain)):
        if chain[place]:
            events[count, 0] = tie if place else pitch
            events[count, 1] = chain[place]
            count += 1
    return count


def _table(dtype: Any, dimensions: int) -> Any:
    return numba.types.Array(numba.from_dtype(np.dtype(dtype)), dimensions, "C", readonly=True)


_BYTES, _ROWS, _LENGTHS, _NUMBER = _table(np.uint8, 1), _table(np.uint8, 2), _table(np.int64, 1), numba.int64
_NOTES = (_table(NOTE, 1), _table(bool, 1), _BYTES)
_OPTIONS = (_NUMBER, _LENGTHS, _LENGTHS, _ROWS, _BYTES, _ROWS, _NUMBER, _NUMBER, _NUMBER)


@compiled((*_NOTES, _table(np.uint16, 2), *_OPTIONS), (*_NOTES, numba.none, *_OPTIONS))
def encode(
    notes: Any,
    is_drum: Any,
    line_of: Any,
    grids: Any,
    lines: int,
    lengths: Any,
    written: Any,
    chains: Any,
    id_of: Any,
    roots: Any,
    chord: int,
    rest: int,
    tie: int,
) -> Any:
    """The events, uint8 [T, 2]: onset after onset, of each onset the notes of one value after another, shortest first.

    `line_of` and `grids` are those of the ticks of the piece, the next four those of `Values`; without `grids` a note ends on the
    line nearest to its end. `id_of` has the id of each MIDI pitch, `roots` the root of each bass and set of pitch classes; `chord`
    is a number of the option, `rest` and `tie` are ids or 0.
    """
    track, onset, duration, pitch = notes["track"], notes["onset"], notes["duration"], notes["pitch"]
    longest = len(written) - 1
    events = np.empty((len(notes) * chains.shape[1] * (2 if rest else 1), 2), np.uint8)
    value = np.empty(len(notes), np.int64)  # of each note, the length that is written for it
    count, stop, next_line, before, until = 0, 0, 0, 0, 0
    while stop < len(notes):
        # the notes from start to stop begin at one onset, in one part; `gap` is the time to its next one, 0 for the last
        start, stop, gap, line = stop, stop + 1, 0, next_line
        if start == 0 or track[start] != track[start - 1]:
            line, until = _line(onset[start], line_of, lines), 0
        while stop < len(notes) and track[stop] == track[start]:
            if onset[stop] != onset[stop - 1]:
                next_line = _line(onset[stop], line_of, lines)
                if next_line != line:
                    gap = next_line - line
                    break
            stop += 1
        if is_drum[track[start]]:
            continue
        silence = min(line - until, longest)
        if rest and silence > 0 and 4 * lengths[chains[silence, 0]] > before:
            count = _add(events, count, rest, tie, chains[silence])
        shortest = _NONE
        for note in range(start, stop):
            if grids is None:
                length = _up_to(gap, max(1, _line(onset[note] + duration[note], line_of, lines) - line))
            else:
                length = int(grids[min(duration[note], len(grids) - 1), _grid(gap)])
            until = max(until, line + length)
            value[note] = written[min(length, longest)]
            shortest = min(shortest, value[note])
        if stop - start == 1:  # most are
            before = shortest
            count = _add(events, count, id_of[pitch[start]], tie, chains[before])
            continue
        while shortest != _NONE:  # the notes of one value are a chord
            before = shortest
            chosen, shortest = _of_chord(pitch[start:stop], value[start:stop], before, chord, roots)
            count = _add(events, count, id_of[chosen], tie, chains[before])
    return events[:count].copy()
