"""Bars that are shorter or longer than their meter, and what meter they have."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.formats.repeats import Marks
from partimento.formats.ties import Place

Meter = tuple[int, int]
_SHORT = 32  # a bar that differs from its meter by less than a 32nd of a quarter has it: some programs round tuplets


@dataclass(slots=True)
class Bar:
    """From one bar line to the next. `goes_on`: a sign inside the bar cuts it here, and the next one is its other half."""

    start: Place
    stop: Place
    marks: Marks = field(default_factory=Marks)
    goes_on: bool = False


def bar_length(content: Place, meter: Meter, unit: int = 1) -> Place:
    """The length of a bar whose longest voice lasts `content`; an empty one lasts as its meter says."""
    nominal = nominal_length(meter, unit)
    return nominal if not content or -unit < (content - nominal) * _SHORT < unit else content


def nominal_length(meter: Meter, unit: int) -> Place:
    """How long a bar of a meter is; exact for units that are a multiple of 32, as whole numbers are."""
    return Fraction(4 * meter[0] * unit, meter[1]) if unit == 1 else 4 * meter[0] * unit // meter[1]


def true_meters(bars: list[Bar], meters: dict[Place, Meter], unit: int) -> dict[Place, Meter]:
    """The meters with an upbeat, and any other bar that is shorter or longer than its meter, as a meter of its own."""
    if not bars or bars[0].start != 0 or not meters:
        return meters
    places = sorted(meters)
    result: dict[Place, Meter] = {}
    for start, stop in _whole(bars):
        at = bisect.bisect_left(places, stop)
        meter = meters[places[at - 1]] if at else (4, 4)
        length, nominal = stop - start, nominal_length(meter, unit)
        last = stop == bars[-1].stop and length < nominal  # a last bar cut short is nobody's meter
        if length != nominal and not last:
            lower = max(4, 4 * unit // math.gcd(int(length), 4 * unit))
            upper, rest = divmod(int(length) * lower, 4 * unit)
            if lower > 128 or lower & (lower - 1) or rest or not 0 < upper < 256:
                return meters
            meter = (upper, lower)
        result[start] = meter
    return result


def _whole(bars: list[Bar]) -> list[tuple[int, int]]:
    """Start and stop of each bar, with the halves of a bar that a sign cuts as one."""
    whole: list[tuple[int, int]] = []
    goes_on = False
    for bar in bars:
        if goes_on:
            whole[-1] = (whole[-1][0], int(bar.stop))
        else:
            whole.append((int(bar.start), int(bar.stop)))
        goes_on = bar.goes_on
    return whole
