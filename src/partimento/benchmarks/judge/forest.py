"""Boosted trees that tell two sets of excerpts apart, and how well they do it. Shapes: E excerpts, K figures, R resamples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from partimento.analysis.piece_set import Floats, Ints
from partimento.bootstrap import Interval
from partimento.plugins import extra
from partimento.progress import OnProgress, silent

FOLDS, RESAMPLES, ROUNDS = 5, 1000, 150
_GROWTH = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def told_apart(
    human: Floats, piece_of_human: Ints, made: Floats, piece_of_made: Ints, seed: int, on_progress: OnProgress = silent
) -> tuple[Interval, Floats]:
    """The mean over five folds by piece of the area under the curve, with its bootstrap interval over pieces, and the share of each
    figure in what the trees gain [K]; from figures [E, K] and the piece of each excerpt [E]."""
    lightgbm = extra("lightgbm", "chorale", "the judge")
    chance = np.random.Generator(np.random.Philox(seed))
    fold = [_fold(piece, chance) for piece in (piece_of_human, piece_of_made)]
    sides = (human, made)
    gain = np.zeros(human.shape[1])
    above = []  # in each fold, whether a made excerpt [E] scores above a human one [E]
    for out in range(FOLDS):
        on_progress("judging", out, FOLDS)
        table = np.concatenate([side[own != out] for side, own in zip(sides, fold, strict=True)])
        label = np.repeat([0, 1], [int((own != out).sum()) for own in fold])
        weight = len(label) / (2 * np.bincount(label))[label]  # both sides weigh the same
        trees = lightgbm.train(_GROWTH | {"seed": seed}, lightgbm.Dataset(table, label=label, weight=weight), ROUNDS)
        gain += trees.feature_importance("gain")
        above.append(_above(*(trees.predict(side[own == out], num_threads=1) for side, own in zip(sides, fold, strict=True))))
    on_progress("judging", FOLDS, FOLDS)
    rows = [[np.flatnonzero(own == out) for own in fold] for out in range(FOLDS)]
    ones = [np.ones((1, len(own))) for own in fold]
    drawn = [_weights(piece, chance) for piece in (piece_of_human, piece_of_made)]
    return Interval.of(float(_areas(above, rows, ones)[0]), _areas(above, rows, drawn)), gain / max(gain.sum(), 1e-9)


def _fold(piece: Ints, chance: np.random.Generator) -> Ints:
    """The fold of each excerpt [E]: all of a piece are in one."""
    known, place = np.unique(piece, return_inverse=True)
    fold: Ints = (chance.permutation(len(known)) % FOLDS)[place]
    return fold


def _weights(piece: Ints, chance: np.random.Generator) -> Floats:
    """How often each excerpt is drawn where pieces are drawn with replacement [R, E]."""
    known, place = np.unique(piece, return_inverse=True)
    drawn: Floats = chance.multinomial(len(known), np.full(len(known), 1 / len(known)), RESAMPLES)[:, place].astype(np.float64)
    return drawn


def _above(human: Floats, made: Floats) -> Floats:
    """1 where a made excerpt's score is above a human one's, a half where both are the same: [E, E]."""
    above: Floats = (made > human[:, None]) + 0.5 * (made == human[:, None])
    return above


def _areas(above: Sequence[Floats], rows: Sequence[Sequence[Ints]], weight: Sequence[Floats]) -> Floats:
    """The mean area of the folds under each of R weights of excerpts: [R] (Hanley and McNeil 1982: the probability that a made
    excerpt scores above a human one)."""
    areas = []
    for matrix, (human, made) in zip(above, rows, strict=True):
        left, right = weight[0][:, human], weight[1][:, made]
        total = left.sum(axis=1) * right.sum(axis=1)
        with np.errstate(invalid="ignore"):
            areas.append(((left @ matrix) * right).sum(axis=1) / np.where(total, total, np.nan))
    result: Floats = np.nanmean(areas, axis=0)
    return result


def area_of(human: Floats, made: Floats) -> float:
    """The area under the curve of one figure, of the excerpts [E] that have it; above 0.5 where made ones have more."""
    human, made = human[~np.isnan(human)], made[~np.isnan(made)]
    return float(_above(human, made).mean()) if len(human) and len(made) else 0.5
