"""A card: what music is like, and how much of it is copied, beside human music. It knows figures and intervals, no files.

Every row is a figure of a piece (`statistics.py`, `originality.py`), averaged over pieces; intervals are bootstraps over pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.figures import of_piece as statistics
from partimento.analysis.originality import WINDOWS, Finding
from partimento.bootstrap import Interval
from partimento.piece import Piece

RESAMPLES = 1000
COPYING = ("longest_run_notes", *(f"copied_{bars}_bars" for bars in WINDOWS), *(f"copied_line_{bars}_bars" for bars in WINDOWS))
ROWS = (*statistics.NAMES, *COPYING)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One figure: its mean over the files and over human pieces, each with its 95% interval.

    `floor` is what two sets of human pieces of these sizes differ by in 95 of 100 draws; `inside` says whether the files
    differ from the human pieces by no more. `others` are means of further sets, with `inside` for each.
    """

    name: str
    files: Interval
    human: Interval
    floor: float
    inside: bool
    others: dict[str, tuple[Interval, bool]]

    def to_json(self) -> dict[str, Any]:
        """Stable keys: name, files, human (mean, low, high), floor, inside, others (name to mean, low, high, inside)."""
        others = {name: interval.to_json() | {"inside": inside} for name, (interval, inside) in self.others.items()}
        figures = {"files": self.files.to_json(), "human": self.human.to_json(), "others": others}
        return {"name": self.name, **figures, "floor": self.floor, "inside": self.inside}


def figures(pieces: Sequence[Piece], findings: Sequence[Finding]) -> Floats:
    """The figures of pieces [P, len(ROWS)]; not a number where a piece has none."""
    copied = [[one.longest_notes, *one.share.values(), *one.line_share.values()] for one in findings]
    return np.concatenate([statistics.table(pieces), np.array(copied, np.float64).reshape(len(pieces), len(COPYING))], axis=1)


def card(files: Floats, human: Floats, others: dict[str, Floats] | None = None, *, seed: int = 0) -> list[Row]:
    """The rows of a card from `figures` of the files, of human pieces and of further sets. The same for the same `seed`.

    Intervals are the percentile bootstrap over pieces (Efron and Tibshirani 1993, chapter 13).
    """
    chance = np.random.Generator(np.random.Philox(seed))
    means = _means(human, len(human), chance)
    sets = {"": files, **(others or {})}
    drawn = {name: (_means(table, len(table), chance), _floor(human, len(table), chance)) for name, table in sets.items()}

    def judged(name: str, at: int) -> tuple[Interval, float, bool]:
        own, floor = drawn[name]
        interval, human_mean = _interval(sets[name][:, at], own[:, at]), float(np.nanmean(human[:, at]))
        return interval, float(floor[at]), bool(abs(interval.mean - human_mean) <= floor[at])

    rows = []
    with np.errstate(invalid="ignore"):
        for at, name in enumerate(ROWS):
            interval, floor, inside = judged("", at)
            beside = {other: judged(other, at)[::2] for other in others or {}}
            rows.append(Row(name, interval, _interval(human[:, at], means[:, at]), floor, inside, beside))
    return rows


def _floor(human: Floats, size: int, chance: np.random.Generator) -> Floats:
    """The 95th percentile of the distance of means between `size` human pieces and as many as there are."""
    return np.nanpercentile(np.abs(_means(human, size, chance) - _means(human, len(human), chance)), 95, axis=0)


def _means(table: Floats, size: int, chance: np.random.Generator) -> Floats:
    """Means over `size` pieces drawn with replacement [RESAMPLES, K]; what is not a number does not count."""
    means = np.empty((RESAMPLES, table.shape[1]))
    known = ~np.isnan(table)
    for at in range(RESAMPLES):
        drawn = chance.integers(len(table), size=size)
        with np.errstate(invalid="ignore"):
            means[at] = np.nansum(table[drawn], axis=0) / known[drawn].sum(axis=0)
    return means


def _interval(values: Floats, means: Floats) -> Interval:
    if np.isnan(values).all():
        return Interval(np.nan, np.nan, np.nan)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return Interval(float(np.nanmean(values)), float(low), float(high))
