"""Music of a few lines on one staff or track, as a choir or a string quartet has them: which note is in which line.

Lines keep their order from high to low and move as little as they can (Huron, "Tone and Voice", Music Perception 19, 2001), so
that at each onset the notes that begin go to free lines in order, by the least movement and the least distance from where each
line has been.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MOST_LINES = 4
FULL = 0.5  # of the time at least so many notes must sound as there are lines, but for one
BUSY = 24.0  # semitones of movement that it is worth to find a free line
HOME = 0.4  # what a semitone from the middle of a line costs, a semitone of movement being 1
_FORGETS = 0.05  # of the middle of a line with each note


def lines_of(onset: Ints, end: Ints, pitch: Ints, lines: int = 0) -> Ints:
    """The line 0, 1, .. (from high to low) of each note [N], in any order, by onset, end (both in places) and MIDI pitch; none [0]
    where this is no music of three to four lines. With `lines` it is taken for that."""
    count = lines or _count(onset, end)
    line = np.zeros(len(pitch), np.int64)
    if not count:
        return line[:0]
    order = np.lexsort([-pitch, onset])
    begins = np.flatnonzero(np.diff(onset[order], prepend=-1)).tolist()
    last, middle, busy = _start(pitch, count), _start(pitch, count), [0] * count
    for first, stop in zip(begins, [*begins[1:], len(order)], strict=True):
        rows = order[first:stop].tolist()
        now = int(onset[rows[0]])
        heights = pitch[rows].tolist()
        best = _placed(heights, [max(0, until - now) for until in busy], last, middle)
        for row, height, place in zip(rows, heights, best, strict=True):
            line[row] = place
            last[place] = float(height)
            middle[place] += _FORGETS * (height - middle[place])
            busy[place] = int(end[row])
    return line


def _count(onset: Ints, end: Ints) -> int:
    """How many notes sound at most, where these are three or four, and nearly as many most of the time; else 0."""
    if not len(onset):
        return 0
    edges = np.unique(np.concatenate([onset, end]))
    change = np.bincount(np.searchsorted(edges, onset), minlength=len(edges))
    change = change - np.bincount(np.searchsorted(edges, end), minlength=len(edges))
    sounding, span = np.cumsum(change)[:-1], np.diff(edges)
    most = int(sounding.max(initial=0))
    full = span[sounding >= most - 1].sum() / max(1, span[sounding > 0].sum())
    return most if 3 <= most <= MOST_LINES and full >= FULL else 0


def _start(pitch: Ints, count: int) -> list[float]:
    """Where the lines lie before the first note: evenly over the pitches that sound."""
    return np.quantile(pitch, [(2 * (count - place) - 1) / (2 * count) for place in range(count)]).tolist()


def _placed(heights: list[int], wait: list[int], last: list[float], middle: list[float]) -> tuple[int, ...]:
    """The lines, in order, of notes that begin together, the highest first; more notes than lines share the lowest one."""
    count = len(last)
    if len(heights) > count:
        return (*range(count), *[count - 1] * (len(heights) - count))
    moves = [
        [abs(height - last[place]) + HOME * abs(height - middle[place]) + BUSY * (wait[place] > 0) for place in range(count)]
        for height in heights
    ]
    held = [place for place in range(count) if wait[place] > 0]

    def cost(places: tuple[int, ...]) -> float:
        total = sum(moves[number][place] for number, place in enumerate(places))
        for number, place in enumerate(places):  # a line that sounds on is not crossed
            total += sum(10.0 for other in held if other not in places and (other < place) == (heights[number] > last[other]))
        return total

    return min(combinations(range(count), len(heights)), key=cost)
