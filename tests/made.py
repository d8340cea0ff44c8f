"""Small made music: seeded random pieces as MIDI files in a folder, different enough that each is a work of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from partimento.formats import write
from partimento.piece import KEY, METER, NOTE, TEMPO, About, Array, Piece, Track

FEW_TREES = 25  # of each lot of a model of chorales, in tests


def made_piece(number: int, notes: int = 60) -> Piece:
    """A melody and a bass; the same for the same number, on any machine."""
    chance = np.random.RandomState(number)  # its stream is frozen by numpy
    rows = np.zeros(notes, NOTE)
    rows["duration"] = chance.choice([120, 240, 480], notes)
    rows["pitch"] = np.clip(60 + np.cumsum(chance.choice([-5, -2, -1, 1, 2, 3, 4], notes)), 36, 96)
    rows["velocity"] = chance.randint(1, 128, notes)
    rows["track"] = np.arange(notes) >= notes * 2 // 3
    for track in (0, 1):
        part = rows["track"] == track
        rows["onset"][part] = np.cumsum(rows["duration"][part]) - rows["duration"][part]
    return Piece(
        rows,
        (Track(0, False, "melody"), Track(32, False, "bass")),
        480,
        np.array([(0, 120.0)], TEMPO),
        np.array([(0, 3, 4), (1440, 4, 4)], METER),
        np.array([(0, number % 7 - 3, number % 2 == 0)], KEY),
        About(title=f"Piece {number}", composer="Nobody", licence="CC0"),
    )


def made_folder(folder: Path, numbers: Iterable[int], notes: int = 60) -> Path:
    """The pieces of these numbers as `one/000.mid` and so on, over a few folders."""
    for number in numbers:
        place = folder / ("one", "two", "three")[number % 3]
        place.mkdir(parents=True, exist_ok=True)
        write(made_piece(number, notes), place / f"{number:03}.mid")
    return folder


def chorale(slots: Array, velocity: int = 80) -> Piece:
    """A table of pitches [sixteenths, voices], -1 for a rest, with a track for each voice; a pitch that goes on is held."""
    slots = np.asarray(slots).astype(np.int64)
    begins = np.diff(slots, axis=0, prepend=-2) != 0
    voice, step = np.nonzero(begins.T)
    until = np.append(step[1:], len(slots))
    until[np.flatnonzero(np.diff(voice))] = len(slots)
    rows = np.zeros(len(step), NOTE)
    rows["onset"], rows["duration"], rows["velocity"], rows["track"] = step, until - step, velocity, voice
    sounds = slots[step, voice] >= 0
    rows["pitch"][sounds] = slots[step, voice][sounds]
    return Piece(rows[sounds], (Track(),) * slots.shape[1], 4)
