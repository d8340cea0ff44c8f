"""What tells sets apart from the human one, in facts, the furthest beyond its floor first. It draws nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from partimento.analysis.exploration import Beside
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.report.wording import Fact, figure_text, per_thousand, percent

_CHANCE = " So this may be chance."


def contrast(beside: Sequence[Beside], most: int) -> list[Fact]:
    """At most so many facts: how near the sets are on the whole, what differs most, and a pattern that tells them apart."""
    figures = [figure for one in beside if (figure := _telling(one))][:1]
    return [*[_verdict(beside), *_differences(beside)][: most - len(figures)], *figures]


def _verdict(beside: Sequence[Beside]) -> Fact:
    first = beside[0]
    inside, of = first.within()
    human, other = first.human.music.name, first.other.music.name
    if not first.overlaps:
        return Fact(f"{human} and {other} cannot be compared", f"Halves of {human} give no floor; name more pieces.")
    rest = "; ".join(f"{one.other.music.name} {one.within()[0]} of {one.within()[1]}" for one in beside[1:])
    rows = {name: row for name, row in first.overlaps.items() if HISTOGRAMS[name].speaks} or first.overlaps
    nearest = max(rows, key=lambda name: rows[name].value.mean - rows[name].floor.mean)
    close = rows[nearest]
    return Fact(
        f"In {inside} of {of} statistics {other} is as near to {human} as {human} is to itself",
        f"Nearest come {HISTOGRAMS[nearest].title.lower()}: an overlap of {percent(close.value.mean)}, "
        f"where two halves of {human} have {percent(close.floor.mean)}.{f' The others: {rest}.' if rest else ''}",
    )


def _differences(beside: Sequence[Beside]) -> list[Fact]:
    """What lies furthest beyond the floor: one histogram of a section, and two figures, at most."""
    rows: list[tuple[bool, float, str, str, Beside]] = []
    for one in beside:
        for name in sorted(name for name in one.overlaps if HISTOGRAMS[name].speaks):
            row = one.overlaps[name]
            excess = (row.floor.mean - row.value.mean) / max(row.floor.mean - row.floor.low, 0.01)
            rows.append((not row.touches_floor(), excess, HISTOGRAMS[name].section, name, one))
        for name in sorted(name for name in one.figures if FIGURES[name].speaks):
            row = one.figures[name][2]
            rows.append((not row.touches_floor(), abs(row.value.mean) / max(row.floor.high, 1e-9), "figures", name, one))
    chosen: list[Fact] = []
    taken: Counter[str] = Counter()
    names: set[str] = set()
    for _, _, section, name, one in sorted(rows, key=lambda row: row[:2], reverse=True):
        if taken[section] < (2 if section == "figures" else 1) and name not in names:
            taken[section] += 1
            names.add(name)
            chosen.append((_figure_apart if section == "figures" else _distribution)(name, one))
    return chosen


def _distribution(name: str, one: Beside) -> Fact:
    histogram, row = HISTOGRAMS[name], one.overlaps[name]
    here, there = one.other.measures.share(name), one.human.measures.share(name)
    best = int(np.argmax(np.abs(here - there)))
    human, other, label = one.human.music.name, one.other.music.name, histogram.labels[best]
    return Fact(
        f"{histogram.title}, {label}: {percent(here[best])} of the {histogram.things} in {other}, "
        f"{percent(there[best])} in {human}",
        f"The two distributions overlap by {percent(row.value.mean)} ({percent(row.value.low)} to {percent(row.value.high)}); "
        f"two halves of {human} by {percent(row.floor.mean)}.{_CHANCE if row.touches_floor() else ''}",
    )


def _figure_apart(name: str, one: Beside) -> Fact:
    human, other, row = one.figures[name]
    here, there, low, high, floor = (
        figure_text(name, value) for value in (other.mean, human.mean, row.value.low, row.value.high, row.floor.high)
    )
    title = FIGURES[name].label[0].upper() + FIGURES[name].label[1:]
    return Fact(
        f"{title}: {here} in {one.other.music.name}, {there} in {one.human.music.name}",
        f"The difference is {low} to {high}; halves of {one.human.music.name} differ by up to {floor}."
        f"{_CHANCE if row.touches_floor() else ''}",
    )


def _telling(one: Beside) -> Fact | None:
    if not one.telling:
        return None
    best = max(one.telling, key=lambda telling: abs(telling.score))
    what = "rhythm" if best.kind == "rhythm" else "melodic pattern"
    here, there = per_thousand(best.share_other), per_thousand(best.share)
    return Fact(
        f"One {what} tells them apart: {here} in a thousand in {one.other.music.name}, {there} in {one.human.music.name}",
        "Of all patterns of four, it is the one whose share in a piece differs most surely.",
        (best.kind, best.symbols),
    )
