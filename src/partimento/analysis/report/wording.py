"""Facts and numbers as people read them. It finds none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partimento.analysis.figures.registry import FIGURES


@dataclass(frozen=True)
class Fact:
    """A headline and a sentence or two; `figure`, (kind, symbols), is drawn beside it where there is one."""

    headline: str
    text: str
    figure: tuple[str, tuple[int, ...]] | None = None


def percent(share: float) -> str:
    """A share as people read it."""
    if 0 < share < 0.0005:
        return "<0.1%"
    return f"{100 * share:.0f}%" if share >= 0.0995 or share == 0 else f"{100 * share:.1f}%"


def short(number: float) -> str:
    """A count in a few letters: 12,000 is 12k."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def figure_text(name: str, value: float) -> str:
    """The value of one of `FIGURES` as people read it."""
    if FIGURES[name].share and np.isfinite(value):
        return percent(value) if value >= 0 else f"−{abs(100 * value):.{int(value > -0.0995)}f}%"
    return number(value)


def number(value: float) -> str:
    """A number with three digits that count."""
    if not np.isfinite(value):
        return "–"
    size = abs(value)
    if 0 < size < 0.001:
        return "<0.001" if value > 0 else "−0.000"
    text = f"{size:,.0f}" if size >= 100 else f"{size:.3g}" if size >= 0.01 or not size else f"{size:.1g}"
    return f"−{text}" if value < 0 else text


def per_thousand(share: float) -> str:
    """How many in a thousand."""
    return number(round(1000 * share, 1))
