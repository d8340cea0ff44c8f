"""What is known before each event of `frames`: neighbouring keys, ages, what followed when it was so before."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context
from partimento.encodings.frames.keyboard import LOWEST
from partimento.encodings.pitch_ids import WIDEST, interval_ids

OVER, FIRST_KEY = 1, 2  # id of the end of a frame, id of the first key
AGES = 24  # frames for which something may have sounded that are told apart
PLACES = (3, 4, 16)  # frames after which the place begins anew
MEMORY = (1, 2, 4, 8, 16)  # frames that must be alike for what followed to be told
FRAME = 128  # codes of the keys of one frame: frame * FRAME + id

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

PITCHES = (
    "last key",
    "next of the frame before",
    "lowest key",
    "lowest of the frame before",
    "last key but one",
    "second next of the frame before",
    "next of two frames before",
    "what followed",
    "what followed the frame",
)
_SALT = np.random.Generator(np.random.Philox(0x9A47)).integers(2**63, size=FRAME, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_POWERS = [np.uint64(pow(int(_SALT[0]), span, 2**64)) for span in MEMORY]


def context_fields() -> tuple[Context, ...]:
    """The columns of `context`, the pitches first."""
    return (
        *(Context(name, 129, "pitch") for name in PITCHES),
        Context("last over the lowest", 2 * WIDEST + 2, "interval"),
        Context("next over the last", 2 * WIDEST + 2, "interval"),
        Context("age of the next", AGES + 1, "since"),
        Context("age of the frame before", AGES + 1, "since"),
        Context("frames alike", 2 * len(MEMORY) + 1, "since"),
        Context("keys so far", 17, "place"),
        *(Context(f"frame of {size}", size + 1, "place") for size in PLACES),
    )


def context(events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Before each event and after the last, [T + 1, C]: the keys of this frame so far; of the frame before it the next key
    above them, which is the one to hold, with how long it has sounded; and what came the last time after as many frames alike."""
    ids = np.concatenate([[OVER], np.asarray(events).reshape(-1).astype(np.int64)])
    is_key, row = ids >= FIRST_KEY, np.arange(len(ids))
    frame = np.cumsum(ids == OVER) - 1  # what stands before the piece is the end of a frame before it
    code = (frame * FRAME + ids)[is_key]  # ascending
    begin = np.maximum.accumulate(np.where(is_key, 0, row))
    last = np.where(is_key, ids, 0)
    low = np.where(row > begin, ids[np.minimum(begin + 1, len(ids) - 1)], 0)
    but_one = np.where(row > begin + 1, np.roll(ids, 1), 0)
    above = _first_above(code, frame - 1, last)
    second = np.where(above > 0, _first_above(code, frame - 1, above), 0)
    earlier = _first_above(code, frame - 2, last)
    low_before = _first_above(code, frame - 1, np.zeros(len(ids), np.int64))
    followed, alike, followed_one, same = _as_before(ids, frame, begin, is_key)
    columns = [
        np.where(one >= FIRST_KEY, one - FIRST_KEY + LOWEST + 1, 0)
        for one in (last, above, low, low_before, but_one, second, earlier, followed, followed_one)
    ]
    columns += [interval_ids(last - low, last > 0), interval_ids(above - last, (above > 0) & (last > 0))]
    columns += [_age(code, (frame - 1) * FRAME + above), same, alike]
    columns += [np.minimum(row - begin, 15) + 1, *(frame % size + 1 for size in PLACES)]
    return np.stack(columns, 1).astype(np.uint8)


def _first_above(code: Ints, frame: Ints, than: Ints) -> Ints:
    """The id of the first key of each frame above another; 0 where there is none."""
    if not len(code):
        return np.zeros(len(than), np.int64)
    at = np.searchsorted(code, frame * FRAME + than, side="right")
    found = code[np.minimum(at, len(code) - 1)]
    ids: Ints = np.where((at < len(code)) & (found // FRAME == frame), found % FRAME, 0)
    return ids


def _age(code: Ints, wanted: Ints) -> Ints:
    """For how many frames without a break the key of each code has sounded, at most `AGES`; 0 for what does not sound."""
    if not len(code):
        return np.zeros(len(wanted), np.int64)
    frame, key = np.divmod(code, FRAME)
    order = np.lexsort([frame, key])
    breaks = np.ones(len(code), bool)
    breaks[1:] = (np.diff(key[order]) != 0) | (np.diff(frame[order]) != 1)
    first = np.maximum.accumulate(np.where(breaks, np.arange(len(code)), 0))
    age = np.zeros(len(code), np.int64)
    age[order] = np.arange(len(code)) - first + 1
    at = np.minimum(np.searchsorted(code, wanted), len(code) - 1)
    return np.where(code[at] == wanted, np.minimum(age[at], AGES), 0)


def _as_before(ids: Ints, frame: Ints, begin: Ints, is_key: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints, Ints]:
    """At each place: the id that came the last time when the keys of this frame so far and the most frames before it were
    the same, and how many these were (0: it never was so; 1..: by `MEMORY`, ends of frames apart from keys); the id that came
    after the one frame before; and for how many frames that one has been the same."""
    salted = np.where(is_key, _SALT[ids], np.zeros(1, np.uint64))
    total = np.cumsum(salted, dtype=np.uint64)
    here = total - total[begin]  # a sum says which keys, since they ascend
    whole = here[np.append(np.flatnonzero(~is_key)[1:] - 1, len(ids) - 1)]  # of each frame, the last one as far as it goes
    past = np.roll(whole, 1) * _POWERS[0]  # past[f]: of the frame before frame f
    past[0] = 0
    followed, alike, one = np.zeros((3, len(ids)), np.int64)
    for level, (span, power) in enumerate(zip(MEMORY, _POWERS, strict=True)):
        came = np.where(frame >= span, _came(here + past[frame] * _SALT[1], ids), 0)
        one = came if level == 0 else one
        followed = np.where(came > 0, came, followed)
        alike = np.where(came > 0, 2 * level + 1 + (came == OVER), alike)
        shifted = np.concatenate([np.zeros(min(span, len(past)), np.uint64), past[:-span]])
        past = past + power * shifted
    run = np.arange(len(whole))
    changed = np.append(True, whole[1:] != whole[:-1])
    same = np.concatenate([[0], run - np.maximum.accumulate(np.where(changed, run, 0)) + 1])[:-1]
    return followed, alike, one, np.minimum(same, AGES)[frame]


def _came(state: Hashes, ids: Ints) -> Ints:
    """The id after the latest earlier place of the same state; 0 where there is none."""
    order = np.argsort(state, kind="stable")
    again = np.flatnonzero(state[order[1:]] == state[order[:-1]])
    came = np.zeros(len(ids), np.int64)
    came[order[again + 1]] = ids[order[again] + 1]
    return came
