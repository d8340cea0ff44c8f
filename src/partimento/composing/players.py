"""Who plays the notes of a task: the tracks that are written to, and the instruments of a part that is added. It draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from partimento.encodings.notes.declared_parts import instrument, parts_of
from partimento.encodings.notes.layout import MOST_PARTS
from partimento.encodings.tasks import Tasks
from partimento.errors import InvalidOption
from partimento.instruments import DRUMS, compass
from partimento.piece import Track
from partimento.task import Task

ROOM = 12  # semitones that a bass has below all given notes, a melody above
CHORDS = 6  # notes that an instrument plays at once, to accompany
PIANO = 0


def players(task: Task) -> list[int]:
    """The tracks, from 0, that are written to; those with notes, or all where there are none. Of an added part none is."""
    if task.write.part:
        return []
    if task.write.tracks:
        return [number - 1 for number in task.write.tracks]
    used = sorted(set(task.given.notes["track"].tolist()))
    return used or list(range(len(task.given.tracks)))


def programs_of(task: Task, written: Sequence[int]) -> frozenset[int]:
    """What may play the notes to write: the instruments of the tracks written to, from 0; of an added part without tracks of its
    own those of all, but drums."""
    found = frozenset(instrument(task.given.tracks[number]) for number in written or range(len(task.given.tracks)))
    return found if written else found - {DRUMS} or frozenset({PIANO})


def opened(task: Task, encoding: Tasks, instruments: Sequence[int]) -> tuple[Task, tuple[int, ...]]:
    """The task with a track for each part that is added, of these instruments or else of one that suits (`suited`); and the tracks
    written to, from 0. Without parts in the encoding none is added: who plays is drawn note by note.

    Raises `InvalidOption` where there are more parts than the encoding has.
    """
    if not (task.write.part and encoding.layout.parts):
        return task, tuple(players(task))
    given, name, count = task.given, task.write.part, len(task.given.tracks)
    programs = instruments or [suited(task)] if encoding.layout.instrument else [PIANO]
    tracks = [Track(0, True, name) if one == DRUMS else Track(one, False, name) for one in programs]
    longer = replace(given, tracks=(*given.tracks, *tracks))
    if len(parts_of(given, encoding.layout)[1]) + len(tracks) > MOST_PARTS:
        raise InvalidOption(f"there are {count} tracks already; with what is added at most {MOST_PARTS} can be told apart")
    return Task(longer, task.write), tuple(range(count, count + len(tracks)))


def suited(task: Task) -> int:
    """The program that plays a part that is added: for a bass the lowest instrument of the piece that reaches an octave below its
    notes, for a melody the highest that reaches one above them, for an accompaniment one that can play chords; or a piano."""
    given = task.given
    pitched = [number for number, track in enumerate(given.tracks) if not track.is_drum]
    pitch = given.notes["pitch"][np.isin(given.notes["track"], pitched)].astype(int)
    low, high = pitch.min(initial=127), pitch.max(initial=0)
    middle = {number: float(np.median(given.notes["pitch"][given.notes["track"] == number])) for number in given.notes["track"]}
    tracks = sorted((number for number in pitched if number in middle), key=lambda number: middle[number])
    programs = [given.tracks[number].program for number in tracks]
    if task.write.part == "bass":
        fitting = [one for one in programs if compass(one).low + ROOM <= low]
    elif task.write.part == "melody":
        fitting = [one for one in reversed(programs) if compass(one).high - ROOM >= high]
    else:
        fitting = [one for one in programs if compass(one).most >= CHORDS]
    return (fitting or [PIANO])[0]
