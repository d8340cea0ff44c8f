"""How much of one piece is found in another, note after note, though played, transposed or changed a little."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from partimento.compiled import compiled

Pitches = npt.NDArray[np.uint8]
_NO_PAIR = -1  # a pair of the second line that the first does not have


@compiled(numba.float64[::1], numba.uint8[::1], numba.float64)
def settled(second: Any, pitch: Any, spread: float) -> Any:
    """uint8 [M]: the pitches [N] of notes in the order of their `second` [N], from low to high and each once among those that
    begin within `spread` seconds of the first of them: a chord has one order, however it is spread. Of octaves only the highest
    counts, so that a doubled bass changes nothing. And bool [M]: which of them are the highest of their chord."""
    out, is_top = np.empty(len(pitch), np.uint8), np.zeros(len(pitch), np.bool_)
    count = start = 0
    while start < len(pitch):
        stop = start + 1
        while stop < len(pitch) and second[stop] - second[start] <= spread:
            stop += 1
        chord = np.sort(pitch[start:stop])
        for at in range(len(chord)):
            if at and chord[at] == chord[at - 1]:
                continue
            doubled = False
            for above in chord[at + 1 :]:
                doubled |= above == chord[at] + 12
            if not doubled:
                out[count] = chord[at]
                count += 1
        is_top[count - 1] = True
        start = stop
    return out[:count].copy(), is_top[:count].copy()


@compiled(numba.int64[::1], numba.int64[::1])
def longest_common(one: Any, other: Any) -> int:
    """The length of the longest common subsequence of two lines of ids, those of `one` from 0 without gaps; less than 0 is in
    no other. 64 places are one word and one addition (Hyyrö 2004, Bit-parallel LCS-length computation revisited)."""
    words = (len(one) + 63) // 64
    places = np.zeros((one.max() + 1, words), np.uint64)  # of each id in `one`, a bit a place
    for at in range(len(one)):
        places[one[at], at >> 6] |= np.uint64(1) << np.uint64(at & 63)
    free = np.full(words, ~np.uint64(0))
    for symbol in other:
        if symbol < 0:
            continue
        carry = np.uint64(0)
        for word in range(words):
            before = free[word]
            hits = places[symbol, word]
            part = before + (before & hits)
            whole = part + carry
            carry = np.uint64(part < before) | np.uint64(whole < part)
            free[word] = whole | (before & ~hits)
    count = 0
    for at in range(len(one)):
        count += not (free[at >> 6] >> np.uint64(at & 63)) & np.uint64(1)
    return count


def contained(one: Pitches, other: Pitches) -> float:
    """The share (0..1) of the shorter line's pairs of neighbours that stand in the other in this order, in any transposition,
    within a stretch twice as long as the shorter line; so chance does not gather a short line from all of a long one."""
    short, long = sorted((one, other), key=len)
    size = len(short)
    if size < 2:
        return 0.0
    starts = range(0, max(1, len(long) - size), size)
    return max(_common(short, long[start : start + 2 * size]) for start in starts) / (size - 1)


def _common(short: Pitches, long: Pitches) -> int:
    """How many pairs of neighbours stand in both in one order, when pitches lie above each other as often as they can."""
    counts = [np.bincount(line, minlength=128) for line in (short, long)]
    shift = int(np.correlate(counts[1], counts[0], "full").argmax()) - 127
    ours, theirs = _pairs(short.astype(np.int64) + shift), _pairs(long.astype(np.int64))
    known, ids = np.unique(ours, return_inverse=True)
    at = np.minimum(np.searchsorted(known, theirs), len(known) - 1)
    return int(longest_common(ids.astype(np.int64), np.where(known[at] == theirs, at, _NO_PAIR)))


def _pairs(line: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """A number for each pitch with the one after it."""
    result: npt.NDArray[np.int64] = (line[:-1] + 256) * 1024 + line[1:] + 256
    return result
