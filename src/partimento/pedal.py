"""The sustain pedal folded into durations: notes as long as they sound."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from partimento.piece import PEDAL, Array, Piece


def pedalled(piece: Piece) -> Piece:
    """The piece with each note as long as it sounds, and no pedals.

    A note whose key is let go while the pedal is down sounds on until the pedal is lifted, or until its key is struck again
    in its track. Tracks of one program are one instrument, as the two hands of a pianist are: those without a
    pedal of their own take that of the first that has one. Drums have none.
    """
    if not len(piece.pedals):
        return piece
    notes = piece.notes.copy()
    onset, end = notes["onset"].astype(np.int64), notes["onset"].astype(np.int64) + notes["duration"]
    for number, pedals in enumerate(_pedal_of_each_track(piece)):
        rows = np.flatnonzero(notes["track"] == number)
        if not len(pedals) or not len(rows):
            continue
        down = pedals["onset"].astype(np.int64)
        lifted = down + pedals["duration"]
        held_by = np.searchsorted(down, end[rows], side="left") - 1  # the last pedal pressed before the key is let go
        let_go_at = np.where(held_by >= 0, lifted[held_by], 0)
        end[rows] = np.maximum(end[rows], np.minimum(let_go_at, _struck_again(notes[rows], end[rows])))
    notes["duration"] = end - onset
    return replace(piece, notes=notes, pedals=np.zeros(0, PEDAL))


def _pedal_of_each_track(piece: Piece) -> list[Array]:
    own = [piece.pedals[piece.pedals["track"] == number] for number in range(len(piece.tracks))]
    of_program: dict[int, Array] = {}
    for track, pedals in zip(piece.tracks, own, strict=True):
        if len(pedals) and not track.is_drum:
            of_program.setdefault(track.program, pedals)
    none = piece.pedals[:0]
    return [
        none if track.is_drum else pedals if len(pedals) else of_program.get(track.program, none)
        for track, pedals in zip(piece.tracks, own, strict=True)
    ]


def _struck_again(notes: Array, end: Array) -> Array:
    """For each note of a track, the first onset of its pitch at or after its `end`; far away where there is none."""
    place = notes["pitch"].astype(np.int64) << 40
    onsets = np.sort(place + notes["onset"])
    onsets = np.append(onsets, np.iinfo(np.int64).max)
    at: Array = onsets[np.searchsorted(onsets, place + end, side="left")] - place
    return at
