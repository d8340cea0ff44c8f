"""The maps of a MIDI file (tempos, meters, keys, chords) as arrays: what holds at each tick, and nothing that cannot be.

It knows symusic's lists and the walker's rows, and counts as repairs what it leaves out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from partimento.errors import InvalidOption, UnreadableFile
from partimento.piece import CHORD, KEY, MAX_TICK, METER, TEMPO, Array
from partimento.theory import parse_chord

CHORD_MARK = "chord "  # begins the markers that our own files carry: "chord Am7/G"

_NO_TEMPOS = np.zeros(0, TEMPO)
_NO_CHORDS = np.zeros(0, CHORD)


def _in_force(rows: Array) -> Array:
    """The rows by tick; of several at one tick the last stated, which is the one that holds."""
    if len(rows) < 2:
        return rows
    tick = rows["tick"]
    if not np.logical_and.reduce(tick[1:] > tick[:-1]):
        rows = rows[np.argsort(tick, kind="stable")]
        rows = rows[np.append(rows["tick"][1:] > rows["tick"][:-1], True)]
    return rows


def check_ticks(name: str, first: int, last: int) -> None:
    """Raises `UnreadableFile` for ticks that no piece can hold."""
    if first < 0 or last > MAX_TICK:
        raise UnreadableFile("bad timing", f"a {name} outside ticks 0..{MAX_TICK}")


def tempos(tick: Array, mspq: Array, repairs: Counter[str]) -> Array:
    """Tempos from ticks and microseconds a quarter."""
    if not len(tick):
        return _NO_TEMPOS
    if not mspq.all():
        good = mspq > 0
        repairs["bad tempo"] += len(good) - int(np.count_nonzero(good))
        tick, mspq = tick[good], mspq[good]
    rows = np.empty(len(tick), TEMPO)
    rows["tick"], rows["qpm"] = tick, 6e7 / mspq
    return _in_force(rows)


def meters(found: Sequence[tuple[int, int, int]], repairs: Counter[str]) -> Array:
    """Meters from (tick, numerator, denominator)."""
    good = [row for row in found if 0 < row[1] < 256 and row[2] > 0 and row[2] & (row[2] - 1) == 0]
    return _map(METER, "meter", found, good, repairs)


def keys(found: Sequence[tuple[int, int, int]], repairs: Counter[str]) -> Array:
    """Keys from (tick, fifths, mode)."""
    return _map(KEY, "key", found, [row for row in found if -7 <= row[1] <= 7 and row[2] in (0, 1)], repairs)


def _map(
    dtype: np.dtype[Any], name: str, found: Sequence[tuple[int, int, int]], good: list[tuple[int, int, int]], repairs: Counter[str]
) -> Array:
    if len(good) < len(found):
        repairs[f"bad {name}"] += len(found) - len(good)
    if good:
        ticks = [row[0] for row in good]
        check_ticks(name, min(ticks), max(ticks))
    return _in_force(np.array(good, dtype))


def chords(markers: Sequence[tuple[int, str]], repairs: Counter[str]) -> Array:
    """Chord symbols from markers (tick, text); other markers are passed over."""
    rows = []
    for tick, text in markers:
        if text.startswith(CHORD_MARK):
            try:
                rows.append((tick, *parse_chord(text.removeprefix(CHORD_MARK))))
            except InvalidOption:
                repairs["bad chord"] += 1
    if not rows:
        return _NO_CHORDS
    check_ticks("chord", min(row[0] for row in rows), max(row[0] for row in rows))
    return _in_force(np.array(rows, CHORD))


_KEPT_BYTES, _KEPT = 256, 1024  # of how long a map, and how many of them
_maps: dict[tuple[str, bytes], tuple[Array, Counter[str]]] = {}


def shared_map(name: str, rows: Any, repairs: Counter[str]) -> Array:
    """The map of symusic's list. Small ones, such as 4/4 at the start, are shared by all pieces of a process that have them."""
    key = name, rows.__getstate__()  # its pickle, of whatever layout, tells equal lists
    kept = _maps.get(key)
    if kept is None:
        bad: Counter[str] = Counter()
        if name == "tempo":
            columns = rows.numpy()
            made = tempos(columns["time"], columns["mspq"], bad)
        elif name == "meter":
            made = meters([(row.time, row.numerator, row.denominator) for row in rows], bad)
        else:
            made = keys([(row.time, row.key, row.tonality) for row in rows], bad)
        made.setflags(write=False)
        kept = made, bad
        if len(key[1]) <= _KEPT_BYTES:
            if len(_maps) >= _KEPT:
                _maps.clear()
            _maps[key] = kept
    if kept[1]:
        repairs.update(kept[1])
    return kept[0]
