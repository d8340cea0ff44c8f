"""Which notes of a piece are its melody: one line, highest notes of one track or of all."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from partimento.piece import Array, Piece, nearest_line

NAMES = re.compile(r"melod|vocal|\bvoice\b|\bvoix\b|singstimme|gesang|\bcanto\b|soprano", re.IGNORECASE)

Ints = npt.NDArray[np.int64]


def tune_of(piece: Piece, lines: int, last_line: int) -> tuple[Ints, Ints, Ints]:
    """Onsets and ends, in lines of which a quarter has `lines`, and MIDI pitches of the melody [M]; each ends before the next.

    The melody is the top line (`top_line`) of the track that `melody_track` names, or of all but the drums. Notes begin
    before `last_line` and end there at the latest.
    """
    track = melody_track(piece)
    chosen = np.array([not part.is_drum for part in piece.tracks], bool)
    if track is not None:
        chosen = np.arange(len(piece.tracks)) == track
    notes = piece.notes[chosen[piece.notes["track"]]] if len(piece) else piece.notes
    start = notes["onset"].astype(np.int64)
    onset, end = (nearest_line(tick, piece.ticks_per_quarter, lines) for tick in (start, start + notes["duration"]))
    inside = onset < last_line
    onset, pitch = onset[inside], notes["pitch"][inside].astype(np.int64)
    end = np.clip(end[inside], onset + 1, np.maximum(onset + 1, last_line))
    return top_line(onset, end, pitch)


def melody_track(piece: Piece) -> int | None:
    """The track that holds the melody alone: the first whose name says so; else the one that lies highest, of those with a
    tenth of the notes or more, if it is nearly one line. None where there is none such; a single track is always the one."""
    count = np.bincount(piece.notes["track"], minlength=len(piece.tracks))
    filled = [number for number, track in enumerate(piece.tracks) if count[number] and not track.is_drum]
    if len(filled) < 2:
        return filled[0] if filled else None
    for number in filled:
        if NAMES.search(piece.tracks[number].name):
            return number
    mean_pitch = np.bincount(piece.notes["track"], piece.notes["pitch"], len(piece.tracks)) / np.maximum(1, count)
    full = [number for number in filled if 10 * count[number] >= count[filled].sum()]
    highest = max(full, key=lambda number: mean_pitch[number], default=None)
    if highest is None or not _is_one_line(piece.notes[piece.notes["track"] == highest]):
        return None
    return highest


def _is_one_line(notes: Array) -> bool:
    """Whether at most a tenth of the notes of a track begin with another one."""
    return int((np.diff(notes["onset"]) == 0).sum()) * 10 <= len(notes)


def top_line(onset: Ints, end: Ints, pitch: Ints) -> tuple[Ints, Ints, Ints]:
    """Of notes [N], by `onset`, `end` (both in lines) and MIDI `pitch`, the highest [M], none of which begins while a higher one of
    them sounds; each ends where the next begins.

    The skyline of Uitdenbogerd and Zobel ("Manipulation of music for melody matching", ACM Multimedia 1998), which keeps long notes
    above a moving accompaniment.
    """
    order = np.lexsort([end, pitch, onset])
    onset, end, pitch = onset[order], end[order], pitch[order]
    highest = np.append(onset[1:] != onset[:-1], True)[: len(onset)]
    onset, end, pitch = onset[highest], end[highest], pitch[highest]
    if (end[:-1] > onset[1:]).any():
        kept = []
        until, above = 0, -1
        for row, (begin, stop, height) in enumerate(zip(onset.tolist(), end.tolist(), pitch.tolist(), strict=True)):
            if begin >= until or height >= above:
                kept.append(row)
                until, above = stop, height
        onset, end, pitch = onset[kept], end[kept], pitch[kept]
    end[:-1] = np.minimum(end[:-1], onset[1:])
    return onset, end, pitch
