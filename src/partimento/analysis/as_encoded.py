"""Human music as a model sees it: through its encoding, and as long as the model's pieces. Otherwise a comparison
says only what an encoding drops."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from partimento.analysis.piece_set import Music
from partimento.encodings import make
from partimento.errors import PartimentoError
from partimento.piece import Piece


def encoding_of(sets: Sequence[Music]) -> str:
    """The key of the encoding that the sets written by models were written in; "" where none says so."""
    keys: Counter[str] = Counter()
    for music in sets:
        for head in music.heads if music.made else ():
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a title page may say anything
                keys[str(json.loads(head.about.made)["encoding"])] += 1
    return keys.most_common(1)[0][0] if keys else ""


def median_notes(sets: Sequence[Music]) -> int:
    """The median number of notes of the pieces of all sets that models wrote; 0 without such."""
    sizes = [np.diff(music.offsets) for music in sets if music.made]
    return int(np.median(np.concatenate(sizes))) if sizes else 0


def as_encoded(music: Music, key: str, most_notes: int) -> tuple[Music, int]:
    """The set after encoding and decoding, each piece up to the onset of its `most_notes`-th note; and how many pieces it lost
    because the encoding keeps nothing of them. Raises `UnknownName` for an encoding that there is not."""
    encoding = make(key)
    pieces, names, works = [], [], []
    for number in range(len(music)):
        try:
            piece = _first_notes(encoding.decode(encoding.encode(music.piece(number))), most_notes)
        except PartimentoError:
            continue
        if len(piece):
            pieces.append(piece)
            names.append(music.names[number])
            works.append(music.works[number])
    return Music.of(music.name, pieces, names, works), len(music) - len(pieces)


def _first_notes(piece: Piece, most: int) -> Piece:
    if len(piece) <= most:
        return piece
    onset = np.partition(piece.notes["onset"], most - 1)[most - 1]
    return replace(piece, notes=piece.notes[piece.notes["onset"] <= onset])
