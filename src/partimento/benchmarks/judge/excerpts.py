"""Excerpts of pieces, all cut in one way and through one encoding, and the figures of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.measures import measure
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.piece_set import Floats, Ints, Music
from partimento.bars import BarGrid
from partimento.encodings import Encoding
from partimento.errors import PartimentoError
from partimento.piece import Piece
from partimento.progress import OnProgress, silent

MOST_OF_A_PIECE = 2
# what files say by habit, and what says how long a piece is: excerpts are of one length
OF_FILES = ("key_written", "length", "tempo", "bars")


@dataclass(frozen=True)
class Excerpts:
    """Excerpts and the number of the piece of each, [E]."""

    pieces: list[Piece]
    piece: Ints

    def __len__(self) -> int:
        return len(self.pieces)


def as_encoded(pieces: Sequence[Piece], encoding: Encoding, name: str, on_progress: OnProgress = silent) -> list[Piece]:
    """What the encoding keeps of each piece, without those of which it keeps nothing."""
    kept = []
    for done, piece in enumerate(pieces, 1):
        try:
            decoded = encoding.decode(encoding.encode(piece))
        except PartimentoError:
            continue
        finally:
            on_progress(f"encoding {name}", done, len(pieces))
        kept += [decoded] if len(decoded) else []
    return kept


def beginning(piece: Piece, bars: int) -> Piece:
    """The first so many whole bars of a piece, and the upbeat before them."""
    grid = BarGrid.of(piece)
    return piece.cut(0, int(grid.lines[min(int(grid.upbeat) + bars, grid.count)]))


def excerpts_of(pieces: Sequence[Piece], most: int, bars: int, within: int, chance: np.random.Generator) -> Excerpts:
    """At most so many excerpts of so many whole bars, in the first bars of pieces: one from each, drawn at random, then a second
    that does not overlap it."""
    rounds: list[list[tuple[Piece, int]]] = [[] for _ in range(MOST_OF_A_PIECE)]
    for number in chance.permutation(len(pieces)):
        piece = pieces[number]
        grid = BarGrid.of(piece)
        line = grid.lines
        first = int(grid.upbeat)
        last = min(first + within, grid.count)
        room = last - first - bars
        if room < 0:
            continue
        offset = int(chance.integers(room % bars + 1))
        for turn, at in enumerate(chance.permutation(np.arange(first + offset, last - bars + 1, bars))[:MOST_OF_A_PIECE]):
            rounds[turn].append((piece.cut(int(line[at]), int(line[at + bars])), int(number)))
    chosen = [one for turn in rounds for one in turn][:most]
    return Excerpts([piece for piece, _ in chosen], np.array([number for _, number in chosen], np.int64))


def features(pieces: Sequence[Piece], encoding: Encoding, on_progress: OnProgress = silent) -> tuple[list[str], Floats]:
    """The names of the figures, and their values [E, K], not a number where an excerpt has none: each figure, and each label of the
    histograms that reports show, as a share. Without what depends on tempo, and on velocity where the encoding has none."""
    unheard = {"tempo"} | ({"velocity"} - {field.name for field in encoding.fields})
    found = measure(Music.of("", pieces), lambda done, of: on_progress("measuring", done, of))
    names, columns = [], []
    for name, figure in FIGURES.items():
        if name not in OF_FILES and unheard.isdisjoint(figure.changes_with):
            names.append(name)
            columns.append(found.figures[name][:, None])
    for name, histogram in HISTOGRAMS.items():
        if histogram.section and name not in OF_FILES and unheard.isdisjoint(histogram.changes_with):
            counts = found.counts[name]
            names += [f"{name}: {label}" for label in histogram.labels]
            columns.append(counts / np.where(total := counts.sum(axis=1, keepdims=True), total, 1))
    return names, np.concatenate(columns, axis=1)
