"""How much a file may hold before it is refused. Numbers only; who counts is each reader's business."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partimento.errors import UnreadableFile
from partimento.piece import MAX_TRACKS, Piece


@dataclass(frozen=True)
class Limits:
    """The largest file, piece and playing time that is read. `max_bytes` also holds for the inside of an archive."""

    max_bytes: int = 64 << 20
    max_notes: int = 1_000_000
    max_tracks: int = MAX_TRACKS
    max_seconds: float = 3 * 3600.0


DEFAULT_LIMITS = Limits()


def check_piece(piece: Piece, limits: Limits) -> None:
    """Raises `UnreadableFile` when a finished piece is empty or over the limits."""
    if not len(piece):
        raise UnreadableFile("no notes")
    if len(piece) > limits.max_notes:
        raise UnreadableFile("too many notes", f"{len(piece)}; the limit is {limits.max_notes}")
    if len(piece.tracks) > limits.max_tracks:
        raise UnreadableFile("too many tracks", f"{len(piece.tracks)}; the limit is {limits.max_tracks}")
    slowest = min(120.0, np.minimum.reduce(piece.tempos["qpm"])) if len(piece.tempos) else 120.0
    longest = int(np.maximum.reduce(piece.notes["onset"])) + int(np.maximum.reduce(piece.notes["duration"]))
    if longest * 60 / slowest / piece.ticks_per_quarter <= limits.max_seconds:
        return  # it cannot be too long, which spares the exact sum
    seconds = piece.seconds
    if seconds > limits.max_seconds:
        raise UnreadableFile("too long", f"{seconds / 3600:.1f} hours; the limit is {limits.max_seconds / 3600:g}")
