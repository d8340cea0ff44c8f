"""A card: what music is like, and how much of it is copied, beside human music.

Every row is a figure of a piece (`figures/registry.py`) or of what is copied in it, averaged over pieces; intervals are
bootstraps over pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.figures.figure import Figure
from partimento.analysis.figures.measures import table
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.originality import WINDOWS, Finding
from partimento.bootstrap import Interval
from partimento.piece import Piece

RESAMPLES = 1000

Floats = npt.NDArray[np.float64]
Findings = Sequence[Finding]


def _longest_run(findings: Findings) -> Floats:
    """The notes of the longest verbatim run, drums not counted."""
    return np.array([one.longest_notes for one in findings], np.float64)


def _copied(bars: int, of_any_track: bool) -> Callable[[Findings], Floats]:
    def share(findings: Findings) -> Floats:
        return np.array([(one.line_share if of_any_track else one.share)[bars] for one in findings], np.float64)

    where = "of any track or of the whole texture" if of_any_track else "of the whole texture"
    share.__doc__ = f"The share of the notes that lie in verbatim runs {where} of at least {bars} bar{'s' * (bars > 1)}."
    return share


def _bars(bars: int) -> str:
    return f"{bars} bar{'s' * (bars > 1)}"


COPYING: dict[str, Figure[Findings]] = {
    figure.name: figure
    for figure in (
        Figure("longest_run_notes", _longest_run, "longest verbatim run", "notes", 1),
        *(Figure(f"copied_{n}_bars", _copied(n, False), f"notes in runs of {_bars(n)}", "%", 1, share=True) for n in WINDOWS),
        *(
            Figure(f"copied_line_{n}_bars", _copied(n, True), f"the same in any track, {_bars(n)}", "%", 1, share=True)
            for n in WINDOWS
        ),
    )
}
OF_PIECES = {name: figure for name, figure in FIGURES.items() if figure.in_card}
ROWS: dict[str, Figure[Any]] = {**OF_PIECES, **COPYING}


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


def figures(pieces: Sequence[Piece], findings: Findings) -> Floats:
    """The figures of pieces [P, len(ROWS)]; not a number where a piece has none."""
    copied = np.stack([figure.of(findings) for figure in COPYING.values()], axis=1)
    return np.concatenate([table(pieces, list(OF_PIECES)), copied], axis=1)


def card(files: Floats, human: Floats, others: dict[str, Floats] | None = None, *, seed: int = 0) -> list[Row]:
    """The rows of a card from `figures` of the files, of human pieces and of further sets. The same for the same `seed`.

    Intervals are the percentile bootstrap over pieces (Efron and Tibshirani 1993, chapter 13).

    Tables are float64 [P, len(ROWS)], a row for each piece.
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
