"""Which pieces are the same, and which are the same work: by their notes alone, in any transposition."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from partimento.piece import Piece

GRAM = 8  # notes in a shingle: long enough that chance and scales rarely repeat it
TOO_COMMON = 64  # a shingle in more pieces than this is a figure, not a sign of kinship
MOST = 0.5  # the share of the smaller piece's shingles that the other must hold
AT_LEAST = 12  # shared shingles: fewer may be chance

ROWS_AT_ONCE = 2048  # pieces compared with all others at a time, for memory

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def content_hash(piece: Piece) -> str:
    """A hash of the notes: equal for the same onsets, durations and pitches in any transposition, tick resolution,
    share-out to tracks, and with any silence at the start."""
    notes = piece.notes
    onset = notes["onset"].astype(np.int64)
    duration = notes["duration"].astype(np.int64)
    onset = onset - onset.min()
    unit = int(np.gcd.reduce(np.concatenate([onset, duration, [piece.ticks_per_quarter]])))
    pitch = notes["pitch"].astype(np.int64)
    rows = np.stack([onset // unit, pitch - pitch.min(), duration // unit])
    rows = rows[:, np.lexsort(rows[::-1])]
    head = f"{piece.ticks_per_quarter // unit} {len(notes)} ".encode()
    return hashlib.sha256(head + rows.astype("<i8").tobytes()).hexdigest()[:32]


def shingles(piece: Piece) -> npt.NDArray[np.uint64]:
    """The distinct hashes [H] of every run of `GRAM` notes, by their pitch intervals: in the whole texture and in each track.

    The texture makes a piece known however its notes are shared out to tracks; the tracks make a melody known in its arrangement.
    Rhythm is left out, so that neither notation nor tempo hides a likeness.
    """
    notes = piece.notes
    runs = [notes["pitch"][np.lexsort((notes["pitch"], notes["onset"]))]]
    if len(piece.tracks) > 1:
        bounds = np.searchsorted(notes["track"], np.arange(len(piece.tracks) + 1))
        runs += [notes["pitch"][start:stop] for start, stop in pairwise(bounds)]
    hashes = [_rolling(run.astype(np.int64)) for run in runs if len(run) >= GRAM]
    return np.unique(np.concatenate(hashes)) if hashes else np.zeros(0, np.uint64)


def _rolling(pitch: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """A hash of the intervals of each run of GRAM notes; runs of one repeated interval say nothing and are left out."""
    steps = pitch[1:] - pitch[:-1]
    count = len(steps) - GRAM + 2
    value = np.zeros(count, np.uint64)
    varied = np.zeros(count, bool)
    for place in range(GRAM - 1):
        step = steps[place : place + count]
        value = (value ^ (step + 128).astype(np.uint64)) * _MULTIPLIER
        value ^= value >> np.uint64(29)
        varied |= step != steps[:count]
    return value[varied]


def works(piece_shingles: Sequence[npt.NDArray[np.uint64]], hashes: Sequence[str], given: Sequence[str] = ()) -> list[str]:
    """The work of each of P pieces, by its shingles [H]: pieces most of whose shingles another holds are one work with it, and so
    on along chains.

    A work is named by the smallest content hash among its pieces, so that the name depends on neither order nor machine. `given`
    names works by hand ("" for none): pieces with the same given name are one work.
    """
    count = len(piece_shingles)
    parent = np.arange(count)

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = int(parent[number])
        return number

    first_with: dict[str, int] = {}
    for number, name in enumerate(given):
        if name:
            parent[root(number)] = root(first_with.setdefault(name, number))
    for one, other in kin(piece_shingles):
        parent[root(one)] = root(other)
    names: dict[int, str] = {}
    for number in range(count):
        group = root(number)
        names[group] = min(names.get(group, hashes[number]), hashes[number])
    return [names[root(number)] for number in range(count)]


def kin(piece_shingles: Sequence[npt.NDArray[np.uint64]]) -> list[tuple[int, int]]:
    """The pairs of pieces that share at least `MOST` of the smaller one's shingles [H], and at least `AT_LEAST` of them."""
    from scipy.sparse import csr_array

    sizes = np.array([len(some) for some in piece_shingles], np.int64)
    if not sizes.sum():
        return []
    _, number, count = np.unique(np.concatenate(list(piece_shingles)), return_inverse=True, return_counts=True)
    telling = (count > 1) & (count <= TOO_COMMON)
    kept = telling[number]
    column = (np.cumsum(telling) - 1)[number[kept]]
    holder = np.repeat(np.arange(len(sizes)), sizes)[kept]
    row_end = np.concatenate([[0], np.cumsum(np.bincount(holder, minlength=len(sizes)))])
    holds = csr_array((np.ones(len(column), np.int32), column, row_end), shape=(len(sizes), int(telling.sum())))
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(sizes), ROWS_AT_ONCE):
        shared = (holds[start : start + ROWS_AT_ONCE] @ holds.T).tocoo()
        one, other, common = shared.row + start, shared.col, shared.data
        smaller = np.minimum(sizes[one], sizes[other])
        close = (one < other) & (common >= np.minimum(AT_LEAST, smaller)) & (common >= MOST * smaller)
        pairs += zip(one[close].tolist(), other[close].tolist(), strict=True)
    return pairs
