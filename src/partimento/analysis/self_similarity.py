"""How alike the bars of a piece are, as a matrix."""

from __future__ import annotations

import numpy as np

from partimento.analysis.figures.measures import Measures
from partimento.analysis.piece_set import Floats, Music
from partimento.bars import BarGrid
from partimento.piece import Piece

PLACES = 8  # of a bar, each with its own pitch classes, so that order in the bar counts
MOST_BARS = 400
CLEAR_BARS = (16, 120)  # a piece of so many bars shows its form in a small picture


def self_similarity(piece: Piece, most_bars: int = MOST_BARS) -> Floats:
    """The cosine of what sounds in each two bars, float64 [B, B], 0..1: pitch classes that begin in each eighth of it, by
    duration (Foote, "Visualizing music and audio using self-similarity", 1999, with notes in place of spectra).

    Drums are left out; a bar of rest is like no other. Bars after `most_bars` are left out.
    """
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    tuned = piece.notes[~drums[piece.notes["track"]]]
    bar = BarGrid.of(piece).bars_at(tuned["onset"])
    tuned, bar = tuned[bar < most_bars], bar[bar < most_bars]
    count = int(bar.max()) + 1 if len(bar) else 0
    place = np.minimum((bar * PLACES + 1e-6).astype(np.int64), count * PLACES - 1)
    weight = np.bincount(place * 12 + tuned["pitch"] % 12, np.sqrt(tuned["duration"]), count * PLACES * 12).reshape(
        count, PLACES * 12
    )
    length = np.linalg.norm(weight, axis=1, keepdims=True)
    alike = weight / np.where(length > 0, length, 1)
    similarity: Floats = np.clip(alike @ alike.T, 0, 1)
    return similarity


def typical(music: Music, measures: Measures) -> int:
    """The number of the piece whose histograms of degrees, intervals and note values are nearest to those of the set.

    Among the pieces of a length that shows well, if there are any.
    """
    apart = np.zeros(len(music))
    for name in ("degree", "interval", "duration"):
        counts = measures.counts[name]
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        apart += np.abs(shares - measures.share(name)).sum(axis=1)
    bars = measures.figures["bars"]
    clear = (bars >= CLEAR_BARS[0]) & (bars <= CLEAR_BARS[1])
    return int(np.argmin(np.where(clear, apart, apart + 10)))
