"""The meter of music that states none: how long its bars are, and where the first one begins.

Every meter in use, at every eighth where its bars may begin, is judged by a small network. It sees the bars laid over each
other: where notes begin, how long they last, where the bass strikes and the harmony changes, what is tied over. That bars
are told by such accents is Lerdahl and Jackendoff's, "A Generative Theory of Tonal Music", 1983, chapter 4.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from partimento.learned import network
from partimento.piece import METER, Array, Piece

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

METERS = ((2, 4), (3, 4), (4, 4), (2, 2), (3, 8), (6, 8), (9, 8), (12, 8), (3, 2), (6, 4), (4, 2))
LENGTHS = np.array([8 * upper // lower for upper, lower in METERS])  # eighths in a bar
WIDEST = int(LENGTHS.max())
KINDS = 7  # of accent
INPUTS = WIDEST * KINDS + 3 * KINDS + len(METERS) + 2
MOST = 4096  # eighths that are looked at: a quarter of an hour
_NEAR = 2  # eighths over which the bass and the harmony are compared
_LONG = 4.0  # eighths; a note longer than that weighs no more


def find_meter(piece: Piece) -> Array:
    """The meter found, as `METER` rows [1 or 2] from tick 0: an upbeat first, where there is one. 4/4 where nothing sounds."""
    if not len(piece):
        return np.array([(0, 4, 4)], METER)
    scores = network("meters")(views(piece))[:, 0]
    meter, first = (int(column[scores.argmax()]) for column in candidates())
    rows = [(0, *upbeat(first))] if first else []
    return np.array([*rows, (first * piece.ticks_per_quarter // 2, *METERS[meter])], METER)


def upbeat(eighths: int) -> tuple[int, int]:
    """The meter of so many eighths: 2 are 1/4, 3 are 3/8."""
    return (eighths // 2, 4) if eighths % 2 == 0 else (eighths, 8)


@cache
def candidates() -> tuple[Ints, Ints]:
    """The meter [K], as a place in `METERS`, and the eighth at which the first bar begins [K], of all that are tried."""
    meter = np.repeat(np.arange(len(METERS)), LENGTHS)
    return meter, np.concatenate([np.arange(length) for length in LENGTHS])


def views(piece: Piece) -> npt.NDArray[np.float32]:
    """What the network sees of each candidate [K, I]: the mean accents of a bar, eighth by eighth, against those of all eighths;
    how alike eighths are that lie a bar, half a bar and two bars apart; the meter; how far into a bar the music begins."""
    accents = accents_of(piece)
    accents = accents - accents.mean(axis=0)
    spread = np.sqrt((accents**2).mean(axis=0)) + 1e-6
    accents = accents / spread
    rows = []
    for number, length in enumerate(LENGTHS.tolist()):
        bars = -(-len(accents) // length)
        padded = np.zeros((bars * length, KINDS))
        padded[: len(accents)] = accents
        folded = padded.reshape(bars, length, KINDS).sum(axis=0) / max(1.0, len(accents) / length)
        alike = [_alike(accents, length), _alike(accents, length // 2), _alike(accents, 2 * length)]
        of_meter = np.eye(len(METERS))[number]
        for first in range(length):
            bar = np.zeros((WIDEST, KINDS))
            bar[:length] = np.roll(folded, -first, axis=0)
            rows.append(np.concatenate([bar.ravel(), *alike, of_meter, [first > 0, first / length]]))
    return np.array(rows, np.float32)


def _alike(accents: Floats, far: int) -> Floats:
    """The correlation of each kind of accent [KINDS] with itself so many eighths later."""
    if far < 1 or far >= len(accents):
        return np.zeros(KINDS)
    found: Floats = (accents[far:] * accents[:-far]).mean(axis=0)
    return found


def accents_of(piece: Piece) -> Floats:
    """The accents on each eighth [T, KINDS]: whether notes begin, how many, the longest of them, whether the lowest note around is
    one, how much the harmony changes, whether notes begin before the next eighth, and how many are held over from before."""
    eighth = piece.ticks_per_quarter / 2
    onset = np.rint(piece.notes["onset"] / eighth * 4).astype(np.int64)  # thirty-seconds
    length = np.maximum(piece.notes["duration"] / eighth, 1e-3)
    slot, inside = onset // 4, onset % 4 > 0
    kept = slot < MOST
    slot, inside, length, pitch = slot[kept], inside[kept], length[kept], piece.notes["pitch"][kept].astype(np.int64)
    count = int(slot.max()) + 2
    on = ~inside
    begins = np.bincount(slot[on], minlength=count).astype(np.float64)
    longest = np.zeros(count)
    np.maximum.at(longest, slot[on], np.minimum(length[on], _LONG))
    lowest, lowest_on = np.full(count, 128.0), np.full(count, 128.0)
    np.minimum.at(lowest, slot, pitch)
    np.minimum.at(lowest_on, slot[on], pitch[on])
    around = np.min([np.roll(lowest, shift) for shift in range(-_NEAR, _NEAR + 1)], axis=0)
    bass = (lowest_on <= around) & (lowest_on < 128)
    starts = np.bincount(slot[inside], minlength=count) > 0
    stop = np.minimum(np.ceil(slot + length - 1e-6).astype(np.int64), count)
    change = np.bincount(np.minimum(slot + 1, count), minlength=count + 1) - np.bincount(stop, minlength=count + 1)
    held = np.maximum(np.cumsum(change)[:count], 0)
    classes = np.bincount(slot * 12 + pitch % 12, np.minimum(length, _LONG), count * 12).reshape(count, 12)
    before, after = np.zeros_like(classes), np.zeros_like(classes)
    for near in range(_NEAR):
        after[: count - near] += classes[near:]
        before[near + 1 :] += classes[: count - near - 1]
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    moves = np.where(size > 0, 1 - (before * after).sum(axis=1) / np.maximum(size, 1e-9), 0.0) * (begins > 0)
    return np.stack([begins > 0, np.log1p(begins), longest / _LONG, bass, moves, starts, np.log1p(held)], axis=1).astype(np.float64)
