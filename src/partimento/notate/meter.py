"""The bars of a piece and the beats in them: a meter as a tree of spans. It knows no notes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from partimento.errors import WriteFailed
from partimento.notate.score import WHOLE, Bar
from partimento.piece import Piece

MOST_BARS = 20_000


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a bar in ticks, and the `parts` it divides into; without any it is halved."""

    start: int
    length: int
    parts: tuple[Span, ...] = ()


def is_compound(numerator: int, denominator: int) -> bool:
    """Whether beats are dotted: eighths or less in threes (6/8, 9/8, 12/16), more than one of them."""
    return denominator >= 8 and numerator % 3 == 0 and numerator > 3


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
    return math.lcm(piece.ticks_per_quarter, 96, lowest)


def bars_of(piece: Piece, divisions: int, end: int, keys: list[tuple[int, tuple[int, bool]]]) -> list[Bar]:
    """The bars up to `end`; a change of meter inside a bar cuts it, one of key holds from the nearest bar on.

    A first bar that is shorter than the next meter's is an upbeat in that meter; two bars that together make one of the meter
    before and after them are that bar, split by a repeat. Neither shows a meter of its own. Raises `WriteFailed` where a page
    would never end.
    """
    scale = divisions // piece.ticks_per_quarter
    grid = divisions // 16  # sixty-fourths: a meter may begin there
    rows = {0: (4, 4)}
    for tick, numerator, denominator in piece.meters.tolist():
        at = tick * scale
        rows[at if at % (divisions // 32) == 0 else round(at / grid) * grid] = (numerator, denominator)
    starts = sorted(at for at in rows if at < end or at == 0)
    bars: list[Bar] = []
    for at, stop in zip(starts, [*starts[1:], None], strict=True):
        numerator, denominator = rows[at]
        length = WHOLE * divisions * numerator // denominator
        last = stop if stop is not None else at + max(1, math.ceil((end - at) / length)) * length
        if (last - at) // length + len(bars) > MOST_BARS:
            raise WriteFailed(f"a score of over {MOST_BARS} bars; cut the piece first")
        while at < last:
            size = min(length, last - at)
            if size < length:
                rest = _meter_of(size, divisions, denominator)
                bars.append(Bar(at, size, 0, rest or (numerator, denominator), (0, False), partial=True))
            else:
                bars.append(Bar(at, size, 0, (numerator, denominator), (0, False)))
            at += size
    _join_split_bars(bars)
    _number(bars)
    _set_keys(bars, keys)
    return bars


def _meter_of(length: int, divisions: int, denominator: int) -> tuple[int, int] | None:
    """The meter of a bar of odd length, with the denominator that is nearest to the one in force."""
    for lower in [denominator, *(2**power for power in range(2, 8))]:
        if length * lower % (WHOLE * divisions) == 0:
            return length * lower // (WHOLE * divisions), lower
    return None


def _join_split_bars(bars: list[Bar]) -> None:
    """Marks upbeats and the halves of split bars as `partial`: bars that do not show their own meter."""
    if len(bars) > 1 and bars[0].length < bars[1].length and bars[0].meter != bars[1].meter:
        bars[0].partial = True
    for number in range(1, len(bars) - 1):
        before, this, after = bars[number - 1], bars[number], bars[number + 1]
        if this.partial or before.partial or this.meter == before.meter:
            continue
        following = bars[number + 2] if number + 2 < len(bars) else None
        if this.length + after.length == before.length and (following is None or following.meter == before.meter):
            this.partial = after.partial = True
    if (
        len(bars) > 2
        and bars[0].partial
        and bars[-1].meter != bars[-2].meter
        and bars[-1].length + bars[0].length == bars[-2].length
    ):
        bars[-1].partial = True  # the bar that completes the upbeat


def _number(bars: list[Bar]) -> None:
    """Numbers the bars and decides where a meter is written."""
    number = 0
    shown: tuple[int, int] | None = None
    for place, bar in enumerate(bars):
        upbeat = place == 0 and bar.partial and len(bars) > 1
        second_half = place > 0 and bar.partial and bars[place - 1].partial and not bars[place - 1].shown_meter
        number += not (upbeat or (second_half and place > 1))
        bar.number = number
        stated = bars[1].meter if upbeat else shown if bar.partial and place else bar.meter
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
