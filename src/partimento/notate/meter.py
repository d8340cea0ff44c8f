"""The bars of a piece and the beats in them: a meter as a tree of spans."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from partimento.bars import BarGrid, is_compound
from partimento.errors import WriteFailed
from partimento.notate.score import WHOLE, Bar
from partimento.notate.tuplets import kinds_in
from partimento.piece import Piece

MOST_BARS = 20_000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a bar in ticks, and the `parts` it divides into; without any it is halved."""

    start: int
    length: int
    parts: tuple[Span, ...] = ()


@cache
def beats_of(numerator: int, denominator: int) -> tuple[int, ...]:
    """The beats of a bar, each in units of the denominator: 4/4 has (1, 1, 1, 1), 6/8 (3, 3), 7/8 (2, 2, 3), 3/8 (3,)."""
    if is_compound(numerator, denominator):
        return (3,) * (numerator // 3)
    if denominator >= 8:
        if numerator == 3:
            return (3,)
        threes = numerator % 2 if numerator > 1 else 0
        return (2,) * ((numerator - 3 * threes) // 2) + (3,) * threes if numerator > 1 else (1,)
    return (1,) * numerator


@cache
def tree_of(numerator: int, denominator: int, whole: int) -> Span:
    """The bar as a tree down to its beats, in ticks of which `whole` make a whole note."""
    unit = whole // denominator
    edges = [0]
    for beat in beats_of(numerator, denominator):
        edges.append(edges[-1] + beat * unit)

    def group(first: int, last: int) -> Span:
        start, length, count = edges[first], edges[last] - edges[first], last - first
        if count == 1:
            size = length // unit
            return Span(start, length, _leaves(start, unit, size) if size > 1 else ())
        if count == 3 and length == 3 * (edges[first + 1] - edges[first]):
            return Span(start, length, tuple(group(at, at + 1) for at in range(first, last)))
        middle = first + -(-count // 2)
        return Span(start, length, (group(first, middle), group(middle, last)))

    return group(0, len(edges) - 1)


def _leaves(start: int, unit: int, count: int) -> tuple[Span, ...]:
    return tuple(Span(start + number * unit, unit) for number in range(count))


def divisions_of(piece: Piece) -> int:
    """Divisions of a quarter in which all ticks, and the subdivisions that notation needs, are whole numbers."""
    lowest = max([4, *piece.meters["denominator"].tolist()])
    return math.lcm(piece.ticks_per_quarter, 96, lowest, *kinds_in(piece))


def bars_of(piece: Piece, divisions: int, end: int, keys: list[tuple[int, tuple[int, bool]]]) -> list[Bar]:
    """The bars up to `end`, as `bars.py` counts them; a change of key holds from the nearest bar on.

    An upbeat, the bar that completes it, the halves of a bar that a repeat splits and bars that are cut short show no meter of
    their own. Raises `WriteFailed` where a page would never end.
    """
    scale = divisions // piece.ticks_per_quarter
    fine = divisions // 16  # sixty-fourths: a meter may begin there
    rows = []
    for tick, numerator, denominator in piece.meters.tolist():
        at = tick * scale
        rows.append((at if at % (divisions // 32) == 0 else round(at / fine) * fine, numerator, denominator))
    grid = BarGrid.of_meters(rows, divisions, end)
    if grid.count > MOST_BARS:
        raise WriteFailed(f"a score of over {MOST_BARS} bars; cut the piece first")
    bars: list[Bar] = []
    row = np.repeat(np.arange(len(grid.tick)), grid.bars)
    for number, at, size, numerator, denominator in zip(
        grid.numbers.tolist(),
        grid.lines.tolist(),
        np.diff(grid.lines).tolist(),
        grid.numerator[row].tolist(),
        grid.denominator[row].tolist(),
        strict=False,
    ):
        meter, is_cut = (numerator, denominator), size < WHOLE * divisions * numerator // denominator
        if is_cut:
            meter = _meter_of(size, divisions, denominator) or meter
        bars.append(Bar(at, size, number, meter, (0, False), partial=is_cut))
    _mark_partial(bars, grid.upbeat)
    _show_meters(bars, grid.upbeat)
    _set_keys(bars, keys)
    return bars


def _meter_of(length: int, divisions: int, denominator: int) -> tuple[int, int] | None:
    """The meter of a bar of odd length, with the denominator that is nearest to the one in force."""
    for lower in [denominator, *(2**power for power in range(2, 8))]:
        if length * lower % (WHOLE * divisions) == 0:
            return length * lower // (WHOLE * divisions), lower
    return None


def _mark_partial(bars: list[Bar], upbeat: bool) -> None:
    """Marks an upbeat, the bar that completes it, and the halves of split bars, which share a number."""
    bars[0].partial |= upbeat
    for one, other in pairwise(bars):
        if one.number == other.number:
            one.partial = other.partial = True
    if len(bars) > 2 and bars[0].partial and bars[-1].meter != bars[-2].meter:
        bars[-1].partial |= bars[-1].length + bars[0].length == bars[-2].length


def _show_meters(bars: list[Bar], upbeat: bool) -> None:
    """Decides where a meter is written."""
    shown: tuple[int, int] | None = None
    for place, bar in enumerate(bars):
        stated = bars[1].meter if upbeat and place == 0 else shown if bar.partial and place else bar.meter
        bar.shown_meter = stated if stated != shown else None
        shown = stated


def _set_keys(bars: list[Bar], keys: list[tuple[int, tuple[int, bool]]]) -> None:
    """Each bar gets the last key stated by its middle; the first bar the first one."""
    at = np.array([start for start, _ in keys])
    row = np.searchsorted(at, [bar.start + bar.length // 2 for bar in bars], side="right") - 1
    before: tuple[int, bool] | None = None
    for bar, number in zip(bars, row.tolist(), strict=True):
        bar.key = keys[max(number, 0)][1]
        bar.new_key = bar.key != before
        before = bar.key
