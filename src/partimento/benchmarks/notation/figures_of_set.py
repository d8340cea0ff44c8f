"""The figures of a set: shares with intervals over works, and the pieces that come out worst."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from partimento.benchmarks.notation.tasks import TASKS, Figures
from partimento.benchmarks.notation.truth import Case
from partimento.bootstrap import Interval
from partimento.errors import PartimentoError
from partimento.progress import OnProgress

RESAMPLES = 1000
WORST = 5


@dataclass(frozen=True)
class Result:
    """One task on one set: the interval of each figure, how many units each is a share of, the worst pieces by the first figure,
    and the processor seconds that the task took."""

    task: str
    pieces: int
    works: int
    intervals: dict[str, Interval]
    units: dict[str, float]
    worst: list[tuple[str, float]]
    seconds: float
    failed: list[str]

    def to_json(self) -> dict[str, Any]:
        """Stable keys: task, unit, pieces, works, figures (each with mean, low, high, of), worst, seconds, failed, published."""
        figures = {name: {**one.to_json(), "of": self.units[name]} for name, one in self.intervals.items()}
        return {
            "task": self.task,
            "unit": TASKS[self.task].unit,
            "pieces": self.pieces,
            "works": self.works,
            "figures": figures,
            "worst": [{"name": name, "share": share} for name, share in self.worst],
            "seconds": round(self.seconds, 3),
            "failed": self.failed,
            "published": TASKS[self.task].published,
        }


def measured(name: str, cases: Sequence[Case], on_progress: OnProgress | None = None) -> Result:
    """One task over scores. A piece that a tool refuses is named in `failed` and counts as all wrong nowhere."""
    task = TASKS[name]
    rows: list[tuple[Case, Figures]] = []
    failed = []
    started = time.process_time()
    for done, case in enumerate(cases, 1):
        try:
            figures = task.run(case)
        except PartimentoError as error:
            failed.append(f"{case.name}: {error}")
            continue
        if figures:
            rows.append((case, figures))
        if on_progress is not None:
            on_progress(task.title, done, len(cases))
    seconds = time.process_time() - started
    intervals, units = {}, {}
    for figure in task.figures:
        of_figure = [(case, figures[figure]) for case, figures in rows if figures.get(figure, (0, 0))[1]]
        if of_figure:
            intervals[figure] = _interval(of_figure)
            units[figure] = sum(hits[1] for _, hits in of_figure)
    first = task.figures[0]
    shares = [(case.name, figures[first][0] / figures[first][1]) for case, figures in rows if figures.get(first, (0, 0))[1]]
    worst = sorted(shares, key=lambda row: row[1])[:WORST]
    return Result(name, len(rows), len({case.work for case, _ in rows}), intervals, units, worst, seconds, failed)


def _interval(rows: Sequence[tuple[Case, tuple[float, float]]]) -> Interval:
    """The share of all units, with its 95% percentile bootstrap over works (Efron and Tibshirani 1993, chapter 13)."""
    _, work = np.unique([case.work for case, _ in rows], return_inverse=True)
    hits = np.bincount(work, [one[0] for _, one in rows])
    units = np.bincount(work, [one[1] for _, one in rows])
    drawn = np.random.Generator(np.random.Philox(0)).integers(len(hits), size=(RESAMPLES, len(hits)))
    return Interval.of(hits.sum() / units.sum(), hits[drawn].sum(1) / np.maximum(units[drawn].sum(1), 1e-9))


def table(results: Sequence[Result]) -> list[str]:
    """Lines for people: a row for each figure."""
    rows = [("task", "figure", "%", "95% interval", "of", "works")]
    for result in results:
        for figure, one in result.intervals.items():
            title = TASKS[result.task].title if figure == next(iter(result.intervals)) else ""
            of = f"{result.units[figure]:,.0f} {TASKS[result.task].unit}" if not figure.endswith("meter") else "pieces"
            share = f"{100 * one.mean:.2f}"
            rows.append((title, figure, share, f"{100 * one.low:.1f} .. {100 * one.high:.1f}", of, f"{result.works:,}"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    right = {2, 5}
    return [
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
