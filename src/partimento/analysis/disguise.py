"""Copies in disguise: another piece's melody with some notes changed, with octaves, chords or a drone added, at any speed.

Compared are the steps of pitch of the highest notes, of the whole and of each track; rhythm, and what sounds below, count nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.corpus.alignment import contained, settled
from partimento.corpus.duplicates import SPREAD_SECONDS, chance_of
from partimento.piece import Array, Piece

GRAM = 5  # notes of a figure: where one note in eight is another, a third of them and more are left
LEAST_NOTES = 24  # of a melody that is compared; chance does much in a shorter one
CHANCE = 8  # over the number of notes: what chance adds in a short melody
TOO_COMMON = 500  # a figure in more places says nothing
KEPT = 4  # one figure of so many is looked up, by its hash
CANDIDATES = 12  # melodies that share most figures are compared note by note

Pitches = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Likeness:
    """The `known` piece whose melody is most like that of another, and the `share` (0..1) of its steps that stand there in one
    order, over what chance does."""

    known: str
    share: float


@dataclass(frozen=True)
class Melodies:
    """The melodies of many pieces, one after another: `pitch` uint8 [M], `starts` [L + 1], the piece of each uint32 [L]; hashes of
    their figures in order, uint32 [G], and the place of each, uint32 [G]."""

    pitch: Pitches
    starts: npt.NDArray[np.int64]
    pieces: npt.NDArray[np.uint32]
    figures: npt.NDArray[np.uint32]
    places: npt.NDArray[np.uint32]

    @classmethod
    def of_lines(cls, lines: Sequence[Pitches], of_line: Sequence[int]) -> Melodies:
        """Of lines uint8 [M] and the number of the piece of each."""
        starts = np.cumsum([0, *map(len, lines)])
        found = [_figures(line) for line in lines]
        figures = np.concatenate([*(hashes for hashes, _ in found), np.zeros(0, np.uint32)])
        places = np.concatenate([*(at + start for (_, at), start in zip(found, starts[:-1], strict=True)), np.zeros(0, np.int64)])
        order = np.argsort(figures, kind="stable")
        pitch = np.concatenate([*lines, np.zeros(0, np.uint8)])
        return cls(pitch, starts, np.array(of_line, np.uint32), figures[order], places[order].astype(np.uint32))

    @property
    def arrays(self) -> dict[str, Array]:
        """All of it, for a file: arrays [M], [L + 1], [L] and [G]."""
        return {f"melody_{name}": array for name, array in vars(self).items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, Array]) -> Melodies:
        """That of the `arrays` of another: [M], [L + 1], [L] and [G]; further ones among them are ignored."""
        return cls(*(arrays[f"melody_{name}"] for name in cls.__dataclass_fields__))

    def nearest(self, piece: Piece) -> tuple[int, float]:
        """The number of the piece whose melody is most like one of this piece, and how much (0..1); -1 and 0 where none is."""
        best = (-1, 0.0)
        for line in melodies(piece):
            chance = chance_of(line)
            for candidate in self._candidates(line):
                known = self.pitch[self.starts[candidate] : self.starts[candidate + 1]]
                above = (contained(line, known) - chance) / max(1 - chance, 1e-9) - CHANCE / min(len(line), len(known))
                if above > best[1]:
                    best = int(self.pieces[candidate]), float(above)
        return best

    def _candidates(self, line: Pitches) -> npt.NDArray[np.int64]:
        """The melodies that share most figures with a line, rare ones counting more."""
        asked = np.unique(_figures(line)[0])
        low, high = np.searchsorted(self.figures, asked), np.searchsorted(self.figures, asked, side="right")
        count = np.where(high - low <= TOO_COMMON, high - low, 0)
        at = np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())
        holder = np.searchsorted(self.starts, self.places[at], side="right") - 1
        once = np.unique(np.stack([holder, np.repeat(np.arange(len(asked)), count)]), axis=1)
        weight = np.log2(len(self.figures) / np.maximum(count, 1))[once[1]]
        found, place = np.unique(once[0], return_inverse=True)
        return found[np.argsort(-np.bincount(place, weight), kind="stable")[:CANDIDATES]]


def melodies(piece: Piece) -> Iterator[Pitches]:
    """The highest notes uint8 [M] of a piece, and of each of its tracks where there are several; drums and short ones left out."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    rows = np.flatnonzero(~drums[piece.notes["track"]]) if len(piece) else np.zeros(0, np.int64)
    of_track = piece.notes["track"][rows]
    tracks = np.unique(of_track)
    second = piece.second_at(piece.notes["onset"])
    for part in [rows, *(rows[of_track == track] for track in tracks if len(tracks) > 1)]:
        order = part[np.lexsort((piece.notes["pitch"][part], second[part]))]
        texture, is_top = settled(second[order], piece.notes["pitch"][order], SPREAD_SECONDS)
        if is_top.sum() >= LEAST_NOTES:
            yield texture[is_top]


def _figures(line: Pitches) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Hashes of the steps of pitch of each `GRAM` notes in a row, one of `KEPT` of them, and the places where these begin."""
    steps = np.diff(line.astype(np.int64)) + 128
    value = np.zeros(max(0, len(steps) - GRAM + 2), np.uint64)
    for place in range(GRAM - 1):
        value = value << np.uint64(8) | steps[place : place + len(value)].astype(np.uint64)
    hashes = (value * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)).astype(np.uint32)
    places = np.flatnonzero(hashes % KEPT == 0)
    return hashes[places], places
