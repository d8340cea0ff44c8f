"""Drums on a staff: where each General MIDI drum is placed, by hand or foot, and how long it is written.

Positions follow Weinberg, "Guidelines for Drumset Notation", Percussive Notes 32(3), 1994; what it does not name is
placed where similar drums are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

FEET = (35, 36, 44)  # bass drums and the hi-hat's pedal
# pitch: step (C = 0), octave, notehead
_PLACES = {
    35: (2, 4, ""), 36: (3, 4, ""), 37: (0, 5, "x"), 38: (0, 5, ""), 39: (0, 5, "slash"), 40: (0, 5, ""), 41: (4, 4, ""),
    42: (4, 5, "x"), 43: (5, 4, ""), 44: (1, 4, "x"), 45: (6, 4, ""), 46: (4, 5, "circle-x"), 47: (1, 5, ""), 48: (2, 5, ""),
    49: (5, 5, "x"), 50: (2, 5, ""), 51: (3, 5, "x"), 52: (6, 5, "x"), 53: (3, 5, "diamond"), 54: (6, 4, "triangle"),
    55: (6, 5, "x"), 56: (2, 5, "triangle"), 57: (6, 5, "x"), 59: (3, 5, "x"), 75: (4, 5, "triangle"), 76: (4, 5, "triangle"),
    77: (3, 5, "triangle"), 80: (5, 5, "triangle"), 81: (5, 5, "triangle"),
}  # fmt: skip


def place_of(pitch: int) -> tuple[int, int, str]:
    """The step, octave (of a treble staff) and notehead ("" is the plain one) of a drum; others stand in the second space."""
    return _PLACES.get(pitch, (5, 4, "diamond"))


def written_ends(onset: Ints, pitch: Ints, divisions: int) -> Ints:
    """Where each note [N] of a drum part ends on the page, so that none is tied: drums have no length.

    Up to the next one of the same limbs or the end of the beat where one note value says that, else for the part of the beat
    that begins where it does.
    """
    feet = np.isin(pitch, FEET)
    within = onset % divisions
    room = divisions - within
    for limbs in (feet, ~feet):
        times = np.unique(onset[limbs])
        following = np.append(times[1:], np.iinfo(np.int64).max)
        room[limbs] = np.minimum(room[limbs], following[np.searchsorted(times, onset[limbs])] - onset[limbs])
    # the largest of these parts of a beat that begins here and fits
    length = np.ones(len(onset), np.int64)
    for part in sorted({divisions // count for count in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)}):
        length = np.where((within % part == 0) & (part <= room), part, length)
    dotted = (within % (divisions // 2) == 0) & np.isin(room * 4, (3 * divisions,))
    return onset + np.where(dotted, room, length)
