"""A `Piece` as bytes for a pipe: a JSON header, then the raw arrays. Anything may be parsed: `Piece` itself checks it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from partimento.errors import InvalidPiece
from partimento.piece import CHORD, KEY, METER, NOTE, PEDAL, TEMPO, About, Piece, Track

_ARRAYS = (("notes", NOTE), ("tempos", TEMPO), ("meters", METER), ("keys", KEY), ("chords", CHORD), ("pedals", PEDAL))
_JSON = json.JSONEncoder(separators=(",", ":"))


def piece_to_bytes(piece: Piece) -> bytes:
    """The piece as bytes, the same for equal pieces."""
    return b"".join(piece_to_parts(piece))


def piece_to_parts(piece: Piece) -> list[bytes]:
    """The same bytes in parts, for those who join them with others."""
    header = {
        "counts": [len(getattr(piece, name)) for name, _ in _ARRAYS],
        "tracks": [[track.program, track.is_drum, track.name] for track in piece.tracks],
        "ticks_per_quarter": piece.ticks_per_quarter,
        "about": vars(piece.about),
    }
    text = _JSON.encode(header).encode("ascii")
    return [len(text).to_bytes(4, "big"), text, *(getattr(piece, name).tobytes() for name, _ in _ARRAYS)]


def piece_from_bytes(data: bytes) -> Piece:
    """The piece that `piece_to_bytes` wrote. Raises `InvalidPiece` for any other bytes."""
    try:
        at = 4 + int.from_bytes(data[:4], "big")
        header = json.loads(data[4:at])
        arrays: dict[str, Any] = {}
        for (name, dtype), count in zip(_ARRAYS, header["counts"], strict=True):
            stop = at + int(count) * dtype.itemsize
            arrays[name] = np.frombuffer(data[at:stop], dtype)
            if int(count) < 0 or len(arrays[name]) != count:
                raise InvalidPiece(f"{name}: {len(arrays[name])} rows where the header says {count}")
            at = stop
        tracks = tuple(Track(int(program), bool(drum), str(name)) for program, drum, name in header["tracks"])
        about = About(**{str(name): str(text) for name, text in header["about"].items()})
        return Piece(tracks=tracks, ticks_per_quarter=int(header["ticks_per_quarter"]), about=about, **arrays)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise InvalidPiece(f"not the bytes of a piece: {error}") from None
