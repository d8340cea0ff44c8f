"""Small scores with their right values, in a folder that PARTIMENTO_CASES names: for tests marked `data`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from partimento.piece import QUALITIES, Piece

FOLDER = Path(os.environ.get("PARTIMENTO_CASES", "/nowhere"))
CASES: list[dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text()) if FOLDER.is_dir() else []


def facts(piece: Piece) -> dict[str, Any]:
    """What `cases.json` may say of a piece, in its own form: places in quarters, rounded to three digits."""
    grid = piece.ticks_per_quarter

    def place(tick: int) -> float:
        return round(tick / grid, 3)

    notes = [(place(onset), place(duration), pitch, velocity) for onset, duration, pitch, velocity, _ in piece.notes.tolist()]
    return {
        "notes": sorted([*note[:3]] for note in notes),
        "vel": [note[3] for note in notes],
        "tempos": [[place(tick), round(qpm, 3)] for tick, qpm in piece.tempos.tolist()],
        "meters": [[place(tick), upper, lower] for tick, upper, lower in piece.meters.tolist()],
        "keys": [[place(tick), fifths, minor] for tick, fifths, minor in piece.keys.tolist()],
        "chords": [[place(tick), root, QUALITIES[quality], bass] for tick, root, quality, bass in piece.chords.tolist()],
        "tracks": [[track.program, track.is_drum, track.name] for track in piece.tracks],
        "pedals": [[place(onset), place(onset + duration), track] for onset, duration, track in piece.pedals.tolist()],
    }
