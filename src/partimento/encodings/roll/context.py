"""What is known before each frame of a roll: what every key has done so far, and the place of the frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context
from partimento.encodings.frames.keyboard import KEYS

LONGEST = 24  # frames of sound or silence that are told apart
RECENT = 16  # frames that count as recent
SHARES = 8  # levels of how often a key sounded
PLACES = (3, 4, 16)  # frames after which the place begins anew
MEMORY = (1, 2, 4, 8, 16)  # frames that must be alike for what followed to be told
OF_KEYS = {  # 88 columns each
    "state": 2 * LONGEST + 1,  # for how long it has sounded, or been silent; 0 if it never sounded
    "state before": LONGEST + 1,  # how long the state before that lasted
    "recent share": SHARES + 1,
    "share": SHARES + 1,
    "followed": 2 * len(MEMORY) + 1,  # 0 if no frame was as the last one; otherwise how many were alike, twice, and what came
}

_SALT = np.random.Generator(np.random.Philox(0x2011)).integers(2**63, size=KEYS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_TIMES = _SALT[0]

Ints = npt.NDArray[np.int64]


def context_fields() -> tuple[Context, ...]:
    """The columns of `context`: those of the keys, one block after another, then those of the frame."""
    return (
        *(Context(f"{name} of {key}", size, "field") for name, size in OF_KEYS.items() for key in range(KEYS)),
        Context("frames the same", LONGEST + 1, "since"),
        Context("frames alike", len(MEMORY) + 1, "since"),
        *(Context(f"frame of {size}", size + 1, "place") for size in PLACES),
    )


def context(events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Before each frame and after the last, [T + 1, C], from a roll [T, 88]."""
    roll = np.concatenate([np.zeros((1, KEYS), np.int64), np.asarray(events).reshape(-1, KEYS)])  # row t is known before frame t
    row = np.arange(len(roll))
    state, before = _runs(roll)
    total = np.cumsum(roll, 0)
    earlier = np.concatenate([np.zeros((RECENT, KEYS), np.int64), total])[: len(roll)]
    recent = -(-(total - earlier) * SHARES // RECENT)
    share = np.ceil(SHARES * np.sqrt(total / np.maximum(1, row)[:, None])).astype(np.int64)
    followed, alike = _followed(roll[1:])
    changed = np.append(True, (roll[1:] != roll[:-1]).any(1))
    same = np.minimum(row - np.maximum.accumulate(np.where(changed, row, 0)) + 1, LONGEST)
    places = [row % size + 1 for size in PLACES]
    return np.concatenate(
        [state, before, recent, share, followed, np.stack([np.where(row, same, 0), alike, *places], 1)],
        1,
        dtype=np.uint8,
        casting="unsafe",
    )


def _runs(roll: Ints) -> tuple[Ints, Ints]:
    """For how long each key has been as it is, silence after sound, and for how long it was otherwise before, [T, 88] each."""
    row = np.arange(len(roll))[:, None]
    changed = np.diff(roll, axis=0, prepend=0) != 0
    since = np.maximum.accumulate(np.where(changed, row, 0), 0)
    length = np.minimum(row - since + 1, LONGEST)
    ever = since > 0
    before = np.where(ever, np.take_along_axis(length, np.maximum(since - 1, 0), 0), 0)
    return np.where(ever, np.where(roll > 0, length, LONGEST + length), 0), before


def _followed(frames: Ints) -> tuple[Ints, Ints]:
    """Each key in the frame that came the last time after the most frames alike, [T + 1, 88], and how many these were, [T + 1]."""
    count = len(frames)
    code = (frames.astype(np.uint64) * _SALT).sum(1, dtype=np.uint64)
    followed, alike = np.zeros((count + 1, KEYS), np.int64), np.zeros(count + 1, np.int64)
    state, have = np.zeros(count + 1, np.uint64), 0  # of the last `have` frames before each
    for level, span in enumerate(MEMORY, 1):
        for back in range(have, min(span, count)):
            state[back + 1 :] = state[back + 1 :] * _TIMES + code[: count - back]
        have = span
        order = span + np.argsort(state[span:], kind="stable")
        again = np.flatnonzero(state[order[1:]] == state[order[:-1]])
        here, there = order[again + 1], order[again]
        followed[here] = 2 * level - 1 + frames[there]
        alike[here] = level
    return followed, alike
