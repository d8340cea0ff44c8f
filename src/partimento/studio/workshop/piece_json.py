"""A piece as JSON for those who show it: columns of notes, tracks, maps, bars and beats."""

from __future__ import annotations

from typing import Any

import numpy as np

from partimento.bars import BarGrid
from partimento.chord_symbols import chord_name
from partimento.instruments import NAMES
from partimento.piece import Array, Piece, Track
from partimento.prevailing import key_in_force, meter_in_force
from partimento.theory import find_key, key_name

MOST_BARS = 20_000  # a file may claim billions of bars; later ones are not listed

Json = dict[str, Any]


def summary(piece: Piece) -> Json:
    """Who and what: for lists."""
    grid = BarGrid.of(piece)
    counts = np.bincount(piece.notes["track"], minlength=len(piece.tracks)).tolist()
    upper, lower = meter_in_force(piece) or (4, 4)
    return {
        "title": piece.about.title,
        "composer": piece.about.composer,
        "notes": len(piece),
        "bars": grid.last_number if len(piece) else 0,
        "upbeat": grid.upbeat,
        "seconds": round(piece.seconds, 3),
        "tracks": [track_json(track, count) for track, count in zip(piece.tracks, counts, strict=True)],
        "key": key_of(piece),
        "meter": f"{upper}/{lower}",
    }


def track_json(track: Track, notes: int) -> Json:
    """A track, and how many notes it has."""
    instrument = "Drums" if track.is_drum else NAMES[track.program]
    return {"program": track.program, "is_drum": track.is_drum, "name": track.name, "instrument": instrument, "notes": notes}


def key_of(piece: Piece) -> str:
    """The key that is written and in force longest; where none is, the one found; "" without notes."""
    written = key_in_force(piece)
    if written is None and len(piece):
        is_drum = np.array([track.is_drum for track in piece.tracks], bool)
        notes = piece.notes[~is_drum[piece.notes["track"]]]
        written = find_key(np.bincount(notes["pitch"] % 12, notes["duration"].astype(np.float64), 12)) if len(notes) else None
    return key_name(*written) if written is not None else ""


def chord_rows(chords: Array) -> list[list[Any]]:
    """Chords [C] as tick and symbol."""
    return [[tick, chord_name(root, quality, bass)] for tick, root, quality, bass in chords.tolist()]


def whole(piece: Piece) -> Json:
    """All of it, for a roll."""
    grid = BarGrid.of(piece)
    bars = np.arange(min(grid.count, MOST_BARS))
    ticks = grid.tick_of(np.append(bars, len(bars)))
    beats = grid.beats(MOST_BARS)[0] if grid.count <= MOST_BARS else ticks[:0]
    counts = np.bincount(piece.notes["track"], minlength=len(piece.tracks)).tolist()
    return {
        "ticks_per_quarter": piece.ticks_per_quarter,
        "end_tick": piece.end_tick,
        "seconds": round(piece.seconds, 3),
        "notes": {name: piece.notes[name].tolist() for name in ("onset", "duration", "pitch", "velocity", "track")},
        "tracks": [track_json(track, count) for track, count in zip(piece.tracks, counts, strict=True)],
        "tempos": [[tick, qpm] for tick, qpm in piece.tempos.tolist()],
        "meters": [list(row) for row in piece.meters.tolist()],
        "keys": [[*row, key_name(row[1], row[2])] for row in piece.keys.tolist()],
        "chords": chord_rows(piece.chords),
        "pedals": [list(row) for row in piece.pedals.tolist()],
        "bars": {"tick": ticks.tolist(), "number": grid.number_of(bars).tolist()},
        "beats": beats.tolist(),
        "about": {name: value for name, value in vars(piece.about).items() if name != "made"} | {"made": bool(piece.about.made)},
    }
