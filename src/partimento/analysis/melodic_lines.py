"""Melodic lines: the top notes of every track, and times as note values.

A track's line is its highest note at each onset (the skyline of Uitdenbogerd and Zobel 1998), without the notes beneath a
higher one that still sounds, so that the accompaniment in the same track does not break in. In a voice it is all its notes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.analysis.piece_set import Floats, Ints, Music

# the note values, in quarters, and their names; a time is read as the nearest one by ratio
NOTE_VALUES: tuple[tuple[float, str], ...] = (
    (1 / 16, "64th"),
    (1 / 8, "32nd"),
    (1 / 6, "16th triplet"),
    (1 / 4, "16th"),
    (1 / 3, "8th triplet"),
    (3 / 8, "dotted 16th"),
    (1 / 2, "8th"),
    (2 / 3, "quarter triplet"),
    (3 / 4, "dotted 8th"),
    (1, "quarter"),
    (5 / 4, "quarter + 16th"),
    (3 / 2, "dotted quarter"),
    (7 / 4, "double-dotted quarter"),
    (2, "half"),
    (5 / 2, "half + 8th"),
    (3, "dotted half"),
    (4, "whole"),
    (6, "dotted whole"),
    (8, "breve"),
)
QUARTERS = np.array([quarters for quarters, _ in NOTE_VALUES])
VALUE_NAMES = tuple(name for _, name in NOTE_VALUES)
LONGEST_GAP = 12.0  # quarters between two onsets; after a longer one a line begins anew
_LOOK_BACK = 8
_EDGES = np.sqrt(QUARTERS[1:] * QUARTERS[:-1])


def note_value(quarters: Floats) -> npt.NDArray[np.uint8]:
    """The index into `NOTE_VALUES` of each time in quarters: uint8 [N] of [N]."""
    return np.searchsorted(_EDGES, quarters).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Lines:
    """The notes of all lines of a set, line after line. Between two lines nothing is counted.

    `piece` [M], `pitch` [M], `row` [M] (the note's row in the set), `wait_quarters` [M] to the line's next onset, and
    `goes_on` [M]: whether the next row is the next note of the same line.
    """

    piece: Ints
    pitch: Ints
    row: Ints
    wait_quarters: Floats
    goes_on: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, music: Music) -> Lines:
        """The lines of a set; drums have none."""
        tuned = np.flatnonzero(~music.is_drum)
        track = music.track_row[tuned].astype(np.int64)
        onset = music.notes["onset"][tuned].astype(np.int64)
        place = track << 32 | onset
        top = np.diff(place, append=-1) != 0
        row, track, onset = tuned[top], track[top], onset[top]
        pitch = music.notes["pitch"][row].astype(np.int64)
        duration = music.notes["duration"][row].astype(np.int64)
        middle, end = onset + duration // 2, onset + duration
        covered = np.zeros(len(row), bool)
        for back in range(1, min(_LOOK_BACK, len(row) - 1) + 1):
            above = (pitch[:-back] > pitch[back:]) & (end[:-back] > middle[back:]) & (track[:-back] == track[back:])
            covered[back:] |= above
        row, track, onset, pitch = row[~covered], track[~covered], onset[~covered], pitch[~covered]
        piece = music.piece_of_note[row]
        wait = np.diff(onset, append=0) / music.ticks_per_quarter[piece]
        goes_on = (np.diff(track, append=-1) == 0) & (wait <= LONGEST_GAP)
        return cls(piece, pitch, row, wait, goes_on)

    def __len__(self) -> int:
        return len(self.pitch)
