"""The notes that `events.py` found, brought into the order of a `Piece`. Compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numba
import numpy as np

from partimento.compiled import compiled, inlined
from partimento.piece import MAX_TICK, NOTE, Array

_NOTES = numba.from_dtype(NOTE)[::1]
_MOVES = 32  # a note, on average; what is in greater disorder is left for `Piece` to sort


@inlined
def _before(one: Any, other: Any) -> bool:
    if one["onset"] != other["onset"]:
        return one["onset"] < other["onset"]  # type: ignore[no-any-return]
    if one["pitch"] != other["pitch"]:
        return one["pitch"] < other["pitch"]  # type: ignore[no-any-return]
    if one["duration"] != other["duration"]:
        return one["duration"] < other["duration"]  # type: ignore[no-any-return]
    return one["velocity"] < other["velocity"]  # type: ignore[no-any-return]


@compiled(_NOTES, numba.int64[::1], numba.int64, _NOTES)
def _order(notes: Any, track_of_sound: Any, tracks: int, ordered: Any) -> bool:
    start = np.zeros(tracks + 1, np.int64)  # of the notes of each track
    for note in notes:
        start[track_of_sound[note["track"]] + 1] += 1
    start = np.cumsum(start)
    stop = start.copy()
    moves = _MOVES * len(notes)
    in_range = True
    for note in notes:
        track = track_of_sound[note["track"]]
        place = stop[track]
        stop[track] += 1
        while place > start[track] and moves and _before(note, ordered[place - 1]):
            ordered[place] = ordered[place - 1]
            place -= 1
            moves -= 1
        ordered[place] = note
        ordered[place]["track"] = track
        in_range &= note["onset"] <= MAX_TICK and note["duration"] <= MAX_TICK
    return in_range and moves > 0


def by_track(notes: Array, track_of_sound: Sequence[int], tracks: int) -> tuple[Array, bool]:
    """The notes [N] of `events.py` with the `track` of their sounds, track after track, and whether a piece can take them so."""
    ordered = np.empty_like(notes)
    canonical = _order(notes, np.array(track_of_sound, np.int64), tracks, ordered)
    ordered.setflags(write=False)  # nobody else has them, so the piece needs no copy
    return ordered, canonical
