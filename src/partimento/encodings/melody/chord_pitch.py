"""The pitch of an event of `melody`: which note represents a chord, and its id."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.theory import chord_root_table

Ints = npt.NDArray[np.int64]
LOWEST_PIANO_KEY = 21
PITCHES = {"class": 12, "piano": 88, "midi": 128}  # how many ids
LOWEST = {"class": 60, "piano": LOWEST_PIANO_KEY, "midi": 0}  # the MIDI pitch of the first one


def one_of_each_chord(pitch: Ints, start: Ints, chord: str) -> Ints:
    """MIDI pitch [C] of the `root`, `top` or `bass` of each of C chords; chord `i` is pitch[start[i]:start[i + 1]], ascending, of
    MIDI pitches [N]. Of several roots the lowest."""
    stop = np.append(start[1:], len(pitch))
    if chord != "root":
        return pitch[start if chord == "bass" else stop - 1]
    pitch_class_set = np.bitwise_or.reduceat(1 << pitch % 12, start)
    root = chord_root_table()[pitch[start] % 12, pitch_class_set]
    is_root = pitch % 12 == np.repeat(root, stop - start)
    lowest: Ints = np.minimum.reduceat(np.where(is_root, pitch, 127), start)
    return lowest


def pitch_id(pitch: Ints, pitches: str) -> Ints:
    """The id [N] of each MIDI pitch [N] among those of the option `pitch`: `class`, `piano` or `midi`."""
    if pitches == "class":
        return pitch % 12 + 1
    if pitches == "midi":
        return pitch + 1
    key = pitch - LOWEST_PIANO_KEY  # outside the keyboard: the nearest octave that is on it
    return np.where(key < 0, key % 12, np.where(key > 87, 76 + (key - 76) % 12, key)) + 1
