"""What holds at each tick of a MIDI file: its maps in order, the chords that its markers name, and its pedals.

What is left out of what `events.py` found is counted as a repair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from partimento.chord_symbols import parse_chord
from partimento.errors import InvalidOption, UnreadableFile
from partimento.formats.decode import text_of
from partimento.piece import CHORD, MAX_TICK, PEDAL, Array

CHORD_MARK = "chord "  # begins the markers that our own files carry: "chord Am7/G"
_LONGEST_MARK = 31
_NO_CHORDS = np.zeros(0, CHORD)
_NO_PEDALS = np.zeros(0, PEDAL)


def in_force(rows: Array) -> Array:
    """The rows [M] of a map by tick; of several at one tick the last stated, which is the one that holds."""
    if len(rows) < 2:
        return rows
    tick = rows["tick"]
    if np.logical_and.reduce(tick[1:] > tick[:-1]):
        return rows
    rows = rows.take(tick.argsort(kind="stable"))
    holds = np.ones(len(rows), bool)
    np.not_equal(rows["tick"][1:], rows["tick"][:-1], out=holds[:-1])
    return rows[holds]


def chords(markers: Array, data: bytes, repairs: Counter[str]) -> Array:
    """The chord symbols [C] among the markers [M]; others are passed over. Raises `UnreadableFile` for ticks beyond the last."""
    rows = []
    for tick, start, stop in markers.tolist():
        text = text_of(data[start:stop]) if stop - start <= _LONGEST_MARK else ""
        if text.startswith(CHORD_MARK):
            try:
                rows.append((tick, *parse_chord(text.removeprefix(CHORD_MARK))))
            except InvalidOption:
                repairs["bad chord"] += 1
    if not rows:
        return _NO_CHORDS
    if max(tick for tick, *_ in rows) > MAX_TICK:
        raise UnreadableFile("bad timing", f"a chord beyond tick {MAX_TICK}")
    return in_force(np.array(rows, CHORD))


def pedals(rows: Array, track_of_sound: Sequence[int], notes: Array) -> Array:
    """The pedals [P] of tracks, from rows [R] whose `track` is a sound (-1: one without notes).

    One that is never lifted is, when the last note ends.
    """
    if not len(rows):
        return _NO_PEDALS
    rows, track = rows.copy(), np.array(track_of_sound).take(rows["track"])
    down = rows["duration"] < 0
    rows["duration"][down] = np.max(notes["onset"] + notes["duration"]) - rows["onset"][down]
    rows["track"] = track
    return rows[(rows["duration"] > 0) & (track >= 0)]
