"""Human pieces of a split, and pieces that a model composes to be judged: as many and as long as excerpts need."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from partimento.analysis.figures.measures import table
from partimento.benchmarks.judge.excerpts import MOST_OF_A_PIECE, as_encoded, beginning
from partimento.composing.compose import compose
from partimento.composing.composition import Composition
from partimento.composing.sampling import Sampling
from partimento.corpus import Corpus
from partimento.corpus.encoded import SPLITS
from partimento.errors import CorpusError
from partimento.models.checkpoint import Checkpoint
from partimento.piece import Piece
from partimento.progress import OnProgress, silent

BATCH = 32
LONGER = 3  # pieces are so many excerpts long: room for two, and for an end that is not judged
SPARE = 1.2  # more pieces than the excerpts need, since some are short


def human_pieces(corpus: Corpus, split: str, excerpts: int, seed: int = 0) -> list[Piece]:
    """Pieces of a split, drawn at random: all, or enough for twice so many excerpts. Raises `CorpusError` where it has none."""
    numbers = [number for number, row in enumerate(corpus.rows) if SPLITS[row.split] == split]
    if not numbers:
        raise CorpusError(f"{corpus.folder}: the split {split!r} holds no piece to judge by")
    drawn = np.random.Generator(np.random.Philox(seed)).permutation(numbers)[: 4 * excerpts]  # half of them may be too short
    return [corpus.piece(int(number)) for number in drawn]


def made_pieces(
    model: Checkpoint,
    human: Sequence[Piece],
    *,
    excerpts: int = 400,
    bars: int = 8,
    seed: int = 0,
    sampling: Sampling | None = None,
    guard: bool | None = None,
    on_progress: OnProgress = silent,
) -> list[Composition]:
    """Pieces of a model's own, none picked, enough for so many excerpts. They are asked to be three times as long as an excerpt of
    so many bars, by the notes that half of the human pieces have in a bar. Raises as `compose`."""
    seen = as_encoded([beginning(piece, LONGER * bars) for piece in human[:200]], model.encoding, "human pieces", on_progress)
    if not seen:
        raise CorpusError(f"the encoding {model.encoding.key!r} keeps nothing of the human pieces")
    notes = max(1, round(LONGER * bars * float(np.nanmedian(table(seen, ["notes_per_bar"])))))
    count, made = int(np.ceil(SPARE * excerpts / MOST_OF_A_PIECE)), []
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        step = partial(_counted, on_progress, first, size, count)
        batch = seed + first // BATCH
        made += compose(model, notes=notes, count=size, seed=batch, sampling=sampling, guard=guard, on_progress=step)
    return made


def _counted(on_progress: OnProgress, first: int, size: int, count: int, done: int, of: int) -> None:
    on_progress("composing", first + size * done // max(of, 1), count)
