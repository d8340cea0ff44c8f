"""Counts the figures of a set of pieces, block by block, with no loop over notes. What they are, the registries say.

Keeping the pieces apart is what makes intervals by bootstrap and halves of a set cheap: both are weights on rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.analysis.figures.block import Block
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.piece_set import Floats, Music
from partimento.piece import Piece

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Measures:
    """`counts`: for each of the `HISTOGRAMS` int64 [P, labels]; `figures`: for each of the `FIGURES` float64 [P], not a number
    where a piece has none."""

    counts: dict[str, npt.NDArray[np.int64]]
    figures: dict[str, Floats]

    def shares(self, name: str) -> Floats:
        """Each piece's histogram over its sum: float64 [K, labels] of the K pieces that have any."""
        counts = self.counts[name]
        total = counts.sum(axis=1, keepdims=True)
        filled = total[:, 0] > 0
        result: Floats = counts[filled] / total[filled]
        return result

    def share(self, name: str) -> Floats:
        """The mean of the pieces' shares, float64 [K] for K labels, so that every piece counts alike; zeros when no piece has
        any."""
        shares = self.shares(name)
        return shares.mean(axis=0) if len(shares) else np.zeros(self.counts[name].shape[1])


def measure(music: Music, on_progress: OnProgress | None = None) -> Measures:
    """Counts a whole set, block by block; `on_progress(pieces done, of)` is called after each block."""
    blocks: list[tuple[dict[str, npt.NDArray[np.int64]], dict[str, Floats]]] = []
    done = 0
    for part in music.blocks():
        block = Block(part)
        counts = {name: block.once(histogram.of) for name, histogram in HISTOGRAMS.items()}
        blocks.append((counts, {name: block.once(figure.of) for name, figure in FIGURES.items()}))
        done += len(part)
        if on_progress is not None:
            on_progress(done, len(music))
    return Measures(
        {name: np.concatenate([counts[name] for counts, _ in blocks]) for name in HISTOGRAMS},
        {name: np.concatenate([figures[name] for _, figures in blocks]) for name in FIGURES},
    )


def table(pieces: Iterable[Piece], names: Sequence[str] = tuple(FIGURES)) -> Floats:
    """Some figures of many pieces, float64 [P, names]."""
    rows = []
    for piece in pieces:
        block = Block(Music.of("", [piece]))
        rows.append([float(block.once(FIGURES[name].of)[0]) for name in names])
    return np.array(rows, np.float64).reshape(len(rows), len(names))


def figures_of(piece: Piece) -> dict[str, float]:
    """All figures of one piece by name; not a number where it has none."""
    return dict(zip(FIGURES, table([piece])[0].tolist(), strict=True))
