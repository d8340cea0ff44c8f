"""A format of somebody else's: a line for each note."""

from __future__ import annotations

from collections import Counter

from partimento.errors import UnreadableFile
from partimento.formats.format import Format
from partimento.formats.limits import Limits, check_piece
from partimento.piece import Piece, Track, note_array


def read(data: bytes, *, source: str, limits: Limits, repeats: str) -> tuple[Piece, Counter[str]]:
    """The piece in lines of onset, duration, pitch, velocity and track."""
    lines = data.decode("ascii", "replace").split("\n")
    if lines[0] != "notes in lines":
        raise UnreadableFile("not a score", "the first line is another")
    notes = [tuple(map(int, line.split())) for line in lines[3:]]
    tracks = tuple(Track(int(one) & 127, int(one) > 127) for one in lines[2].split())
    piece = Piece(note_array(notes), tracks, int(lines[1]))  # type: ignore[arg-type]
    check_piece(piece, limits)
    return piece, Counter()


def write(piece: Piece) -> bytes:
    """The same lines."""
    tracks = " ".join(str(track.program | track.is_drum << 7) for track in piece.tracks)
    notes = (" ".join(map(str, row)) for row in piece.notes.tolist())
    return "\n".join(["notes in lines", str(piece.ticks_per_quarter), tracks, *notes]).encode()


FORMAT = Format(
    "Lines",
    (".lines",),
    recognises=lambda data: data.startswith(b"notes in lines\n"),
    read=read,
    writers={".lines": write},
    keeps=dict.fromkeys(("notes", "exact times", "velocity", "drums", "programs"), ""),
)
