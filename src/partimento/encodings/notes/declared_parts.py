"""The parts of `notes`: which tracks of a piece are which part, how they are declared, and the same music in another order of them.

Each track is a part, in order; those without notes too, so that notes may be written to them. All drums are one part. Where a
piece has more parts than there may be, tracks without notes are left out first; then the tracks of one program become one, then
those of one family of programs (eight a family, as General MIDI has them), the ones with the fewest notes first, until they fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings.notes.layout import DRUM_PART, MOST_PARTS, PITCHED, Ints, Profile
from partimento.instruments import DRUMS
from partimento.piece import Piece, Track

FAMILY = 8  # programs


def instrument(track: Track) -> int:
    """The program of a track; 128 for drums."""
    return DRUMS if track.is_drum else track.program


def parts_of(piece: Piece, layout: Profile) -> tuple[Ints, list[int]]:
    """The part of each track, from 0, [K] (-1: none), and the instrument of each part (0..127, 128 for drums), [P]."""
    sounds = [instrument(track) if layout.instrument else 0 for track in piece.tracks]
    is_part = [layout.instrument or not track.is_drum for track in piece.tracks]
    if sum(is_part) <= MOST_PARTS and sounds.count(DRUMS) <= 1 and all(is_part):
        return np.arange(len(sounds)), sounds
    count = np.bincount(piece.notes["track"], minlength=len(sounds))
    if sum(is_part) > MOST_PARTS:
        is_part = [yes and bool(notes) for yes, notes in zip(is_part, count, strict=True)]
    groups = _joined([number for number, yes in enumerate(is_part) if yes], sounds, count)
    part = np.full(len(sounds), -1)
    for number, group in enumerate(groups):
        part[group] = number
    return part, [sounds[group[0]] for group in groups]


def part_of(piece: Piece, layout: Profile) -> Ints:
    """The part of each track, from 0, [K]; of a track without one 0."""
    part: Ints = np.maximum(parts_of(piece, layout)[0], 0)
    return part


def _joined(tracks: list[int], sounds: list[int], count: Ints) -> list[list[int]]:
    """The tracks of each part, ascending: one, or those that were joined. A part is joined with the one of its kind before it by
    number of notes."""
    groups = {track: [track] for track in tracks}
    drums = [track for track in tracks if sounds[track] == DRUMS]
    for track in drums[1:]:
        groups[drums[0]] += groups.pop(track)
    for span in (1, FAMILY, DRUMS):
        found: dict[int, int] = {}
        for first in sorted(groups, key=lambda first: (int(count[groups[first]].sum()), first)):
            if len(groups) <= MOST_PARTS:
                break
            if sounds[first] == DRUMS:
                continue
            before = found.get(sounds[first] // span)
            if before is not None:
                early, late = sorted((before, first))
                groups[early] += groups.pop(late)
                first = early
            found[sounds[first] // span] = first
    return [sorted(groups[first]) for first in sorted(groups)]


def declared(instruments: list[int], layout: Profile) -> npt.NDArray[np.uint8]:
    """The events that declare parts of these instruments, [P, F]."""
    rows = np.zeros((len(instruments), len(layout.fields)), np.uint8)
    sounds = np.array(instruments, np.int64)
    rows[:, 0] = layout.kind("part")
    rows[:, 2] = np.where(sounds == DRUMS, 0, sounds) + 1
    rows[:, 3] = np.where(sounds == DRUMS, DRUM_PART, PITCHED)
    rows[:, -1] = np.arange(len(rows)) + 1
    return rows


def instruments_of(events: npt.NDArray[Any], layout: Profile) -> Ints:
    """The instruments [P] of the parts that events [T, F] declare, from their first one on."""
    if not layout.parts:
        return np.zeros(0, np.int64)
    other = events[: MOST_PARTS + 1, 0] != layout.kind("part")
    rows = events[: int(other.argmax()) if other.any() else len(other)]
    return np.where(rows[:, 3] == DRUM_PART, DRUMS, rows[:, 2].astype(np.int64) - 1)


def tracks_of(instruments: Ints) -> tuple[Track, ...]:
    """A track for each part of these instruments [P]."""
    return tuple(Track(0, True) if number == DRUMS else Track(number) for number in instruments.tolist())


def drum_id(events: npt.NDArray[Any], layout: Profile) -> int:
    """The id of the last field with which notes of events [T, F] are drums; -1 where none are."""
    if not layout.parts:
        return DRUMS + 1 if layout.instrument else -1
    drums = np.flatnonzero(instruments_of(events, layout) == DRUMS)
    return int(drums[0]) + 1 if len(drums) else -1


def permuted(events: npt.NDArray[Any], order: npt.NDArray[Any], layout: Profile) -> npt.NDArray[Any]:
    """Events [T, F] of the same music whose part `n` is now the one that was part `order[n]`, both from 0, [P]."""
    count = len(order)
    number = np.zeros(MOST_PARTS + 1, np.int64)
    number[np.asarray(order) + 1] = np.arange(count) + 1
    moved = events.copy()
    moved[:count, 1:-1] = events[:count][np.asarray(order), 1:-1]
    moved[count:, -1] = number[events[count:, -1]]
    return reordered(moved, layout)


def reordered(events: npt.NDArray[Any], layout: Profile) -> npt.NDArray[Any]:
    """Events [T, F] with the notes of a moment, each with its tie, in order again: by pitch and part, else by all fields from the
    pitch on."""
    kind = events[:, 0]
    is_note, is_tie = kind == layout.kind("note"), kind == layout.kind("tie")
    owner = np.maximum.accumulate(np.where(is_tie, 0, np.arange(len(events))))
    follows = is_tie | (is_note & (events[:, 1] == 1))
    follows[1:] &= is_note[:-1] | is_tie[:-1]
    follows[:1] = False
    moment = np.cumsum(~follows)
    names = (events.shape[1] - 1, 2) if layout.parts else range(events.shape[1] - 1, 1, -1)
    keys = [owner, *(np.where(is_note[owner], events[owner, f].astype(np.int64), 0) for f in names), moment]
    order = np.lexsort(keys)
    result = events[order]
    first = np.flatnonzero(~follows)  # the event that opens a moment keeps its time, whichever note it is now
    notes = first[is_note[first]]
    result[is_note[order], 1] = 1
    result[notes, 1] = events[notes, 1]
    return result
