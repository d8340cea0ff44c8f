"""Pitches and intervals as ids of a field or a column."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

WIDEST = 24  # semitones of an interval that are told apart


def interval_id(semitones: int) -> int:
    """1..49 for an interval of -24..24 semitones, wider ones as the widest."""
    return min(max(semitones, -WIDEST), WIDEST) + WIDEST + 1


def interval_ids(semitones: npt.NDArray[Any], is_known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """`interval_id` of each of some intervals [N] where it is known, 0 elsewhere: ids [N]."""
    ids: npt.NDArray[np.int64] = np.where(is_known, np.clip(semitones, -WIDEST, WIDEST) + WIDEST + 1, 0)
    return ids


def pitch_range(events: npt.NDArray[Any], first: int, lowest: int) -> npt.NDArray[np.int64]:
    """The lowest and the highest MIDI pitch of each voice [V, 2] of ids whose pitches begin at `first` with `lowest`."""
    ids = np.asarray(events).astype(np.int64)
    low = np.where(ids >= first, ids - first + lowest, 128).min(0, initial=128)
    high = np.where(ids >= first, ids - first + lowest, -1).max(0, initial=-1)
    return np.stack([low, high], 1)


def transposed(events: npt.NDArray[Any], semitones: int, first: int, last: int) -> npt.NDArray[Any] | None:
    """Ids [T, F] from `first` on moved by some semitones; None where one leaves `first`..`last`."""
    events = np.asarray(events)
    is_pitch = events >= first
    moved = np.where(is_pitch, events.astype(np.int64) + semitones, first)
    if moved.size and not first <= moved.min() <= moved.max() <= last:
        return None
    return np.where(is_pitch, moved, events).astype(events.dtype)
