"""What is known of voices (one pitch each in every step) before each step: place, intervals, time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context
from partimento.encodings.pitch_ids import WIDEST, interval_ids

LONGEST = 32  # steps that are told apart


def context_fields(names: tuple[str, ...], grid: int) -> tuple[Context, ...]:
    """The columns of `context`, the voices' last pitches first."""
    return (
        *(Context(f"{name} sang", 129, "pitch") for name in names),
        Context("step of the beat", grid + 1, "place"),
        Context("beat of four", 5, "place"),
        Context("beat of three", 4, "place"),
        *(Context(f"{name} moved", 2 * WIDEST + 2, "interval") for name in names),
        *(Context(f"{name} over the bass", 2 * WIDEST + 2, "interval") for name in names[:-1]),
        *(Context(f"{name} since", LONGEST + 1, "since") for name in names),
    )


def context(sounding: npt.NDArray[np.int64], is_new: npt.NDArray[np.bool_], grid: int) -> npt.NDArray[np.uint8]:
    """Before each step and after the last, [T + 1, C], from the pitch that each voice sings in it, [T, V], -1 for a rest, and
    whether something begins there. Beats count from the first step, in bars of four and of three."""
    steps, voices = sounding.shape
    result = np.zeros((steps + 1, 4 * voices + 2), np.uint8)
    beat = np.arange(steps + 1) // grid
    result[:, voices : voices + 3] = np.stack([np.arange(steps + 1) % grid, beat % 4, beat % 3], 1) + 1
    if not steps:
        return result
    sung = _last(sounding >= 0)
    sang = np.where(sung >= 0, np.take_along_axis(sounding, np.maximum(sung, 0), 0), -1)
    before = np.concatenate([np.full((1, voices), -1), sang[:-1]])
    moved = _last((sang != before) & (before >= 0))
    moves = interval_ids(np.take_along_axis(sang - before, np.maximum(moved, 0), 0), moved >= 0)
    above, bass = sounding[:, :-1], sounding[:, -1:]
    since = np.minimum(np.arange(steps)[:, None] - _last(is_new) + 1, LONGEST)
    result[1:, :voices] = sang + 1
    result[1:, voices + 3 :] = np.concatenate([moves, interval_ids(above - bass, (above >= 0) & (bass >= 0)), since], 1)
    return result


def _last(is_so: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """For each row the last one up to it where `is_so`, column by column; -1 where there was none."""
    rows = np.where(is_so, np.arange(len(is_so))[:, None], -1)
    return np.maximum.accumulate(rows, axis=0)
