"""Can a judge tell? Boosted trees over figures of music, excerpts of human pieces against excerpts that a model wrote.

Both go through the model's encoding first, begin at a bar line and lie within the first bars of their pieces, so only the music
differs. The floor is the same judge between two halves of the human pieces.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from partimento.analysis.piece_set import Floats
from partimento.bars import BarGrid
from partimento.benchmarks.judge.excerpts import as_encoded, beginning, excerpts_of, features
from partimento.benchmarks.judge.forest import area_of, told_apart
from partimento.benchmarks.judge.verdict import Tell, Verdict
from partimento.encodings import Encoding
from partimento.errors import CorpusError
from partimento.piece import Piece
from partimento.progress import OnProgress, silent

SHOWN, LEAST_PIECES = 10, 10
WITHIN = 0.75  # of the median length of made pieces


def judge(
    human: Sequence[Piece],
    made: Sequence[Piece],
    encoding: Encoding,
    *,
    excerpts: int = 400,
    bars: int = 8,
    seed: int = 0,
    on_progress: OnProgress = silent,
) -> Verdict:
    """Whether `made` pieces can be told from `human` ones by `excerpts` of each, of so many `bars`, at most two from a piece.

    All are judged within as many of their first bars as three quarters of the made pieces' median, since these are led to their
    ends there and human ones are longer. Raises `CorpusError` where
    either side has too few pieces that are long enough, `InvalidOption` without LightGBM.
    """
    chance = np.random.Generator(np.random.Philox(seed))
    written = as_encoded(made, encoding, "made pieces", on_progress)
    within = max(bars, int(WITHIN * np.median([BarGrid.of(piece).count for piece in written]))) if written else bars
    theirs = excerpts_of(written, excerpts, bars, within, chance)
    known = as_encoded([beginning(piece, within) for piece in human], encoding, "human pieces", on_progress)
    ours = excerpts_of(known, 2 * excerpts, bars, within, chance)
    for name, found, least in (("made", theirs, LEAST_PIECES), ("human", ours, 2 * LEAST_PIECES)):
        if (count := len(np.unique(found.piece))) < least:
            raise CorpusError(f"{count} {name} pieces of {bars} bars or more; the judge needs {least}")
    names, of_made = features(theirs.pieces, encoding, on_progress)
    _, of_human = features(ours.pieces, encoding, on_progress)
    half = np.isin(ours.piece, chance.permutation(np.unique(ours.piece))[::2])
    first = np.arange(min(excerpts, len(ours)))
    area, gain = told_apart(of_human[first], ours.piece[first], of_made, theirs.piece, seed, on_progress)
    floor, _ = told_apart(of_human[half], ours.piece[half], of_human[~half], ours.piece[~half], seed, on_progress)
    tells = [
        Tell(
            names[at],
            float(gain[at]),
            _mean(of_human[first, at]),
            _mean(of_made[:, at]),
            area_of(of_human[first, at], of_made[:, at]),
        )
        for at in np.argsort(-gain, kind="stable")[:SHOWN]
    ]
    pieces = (len(np.unique(ours.piece[first])), len(np.unique(theirs.piece)))
    return Verdict(bars, seed, (len(first), len(theirs)), pieces, area, floor, tells)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
