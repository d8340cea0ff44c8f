"""Small pieces for tests of notation, from notes in quarters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from partimento.notate import score_of
from partimento.notate.score import Event, Score
from partimento.piece import KEY, METER, TEMPO, Piece, Track, note_array

QUARTER = 480
C_MAJOR = ((0, 0, False),)
VIOLIN = Track(40)


def piece_of(
    notes: Sequence[tuple[float, float, int]],
    *,
    meters: Sequence[tuple[float, int, int]] = ((0, 4, 4),),
    keys: Sequence[tuple[float, int, bool]] = C_MAJOR,
    tempos: Sequence[tuple[float, float]] = (),
    track: Track = VIOLIN,
) -> Piece:
    """One part from (onset, duration, pitch); all times in quarters."""
    rows = [(round(onset * QUARTER), round(length * QUARTER), pitch, 80, 0) for onset, length, pitch in notes]

    def table(given: Sequence[tuple[Any, ...]], dtype: Any) -> Any:
        return np.array([(round(at * QUARTER), *row) for at, *row in given], dtype)

    return Piece(note_array(rows), (track,), QUARTER, table(tempos, TEMPO), table(meters, METER), table(keys, KEY))


def line(lengths: Sequence[float], pitch: int = 72) -> list[tuple[float, float, int]]:
    """Notes of one pitch, one after another; a negative length is a rest."""
    notes, at = [], 0.0
    for length in lengths:
        if length > 0:
            notes.append((at, length, pitch))
        at += abs(length)
    return notes


def written(events: Sequence[Event]) -> str:
    """A voice as text: the value of each event as 4, 8. and so on, r for a rest, ~ where it is tied on."""
    names = []
    for event in events:
        value = "R" if event.whole_bar else f"{2**-event.kind if event.kind <= 0 else 0}{'.' * event.dots}"
        tie = "~" if event.heads and event.heads[0].tied_after else ""
        rest = "" if event.heads or event.whole_bar else "r"
        names.append(rest + value + tie)
    return " ".join(names)


def bars_of(piece: Piece, staff: int = 0, voice: int = 0) -> list[str]:
    """The first part's voice of a staff, bar after bar, as text."""
    return [written(bar[voice]) if voice < len(bar) else "" for bar in staff_of(score_of(piece), staff)]


def staff_of(score: Score, staff: int = 0) -> list[list[list[Event]]]:
    return score.parts[0].staves[staff].voices
