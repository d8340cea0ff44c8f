"""The bars and beats of a piece: where they begin, how many there are, and the number that a page prints.

The contract:
- A meter begins a bar where it is stated. Off a bar line it cuts the bar before it short.
- 4/4 holds before the first meter, and where there is none. Of several meters at one tick the last one holds.
- A meter that misses a bar line, or another meter, by less than a 128th note is meant to stand there: it adds no bar.
- Bars reach up to the end of the last note, and there is always one. Meters from there on say nothing; beyond the end, bars go
  on in the last meter.
- Bars are as long as their meter says, exactly. Where a line falls between two ticks, the bar begins at the later one. No bar
  is shorter than a tick.
- The beat is the meter's lower number; in compound meters (6/8, 9/8, 12/16) it is three of them.
- A first bar that is shorter than the second is an upbeat and has the number 0. So bar 1 is the first full bar.
- Two bars under meters of their own that together are as long as the bar before them, and are followed by its meter or by
  nothing, are one bar that a repeat splits. They share a number. All other bars are counted, also those that are cut short.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from partimento.piece import Piece

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Ticks = npt.NDArray[Any] | int

FREE = 4, 4  # the meter where none is stated
FINEST = 128  # the largest lower number of a meter; bars are whole 128ths of a tick long
CLOSE = 32  # parts of a quarter: what is nearer stands at one place


def is_compound(numerator: int, denominator: int) -> bool:
    """Whether beats are dotted: eighths or shorter notes in threes (6/8, 9/8, 12/16), more than one of them."""
    return denominator >= 8 and numerator % 3 == 0 and numerator > 3


def beats_in_bar(numerator: int, denominator: int) -> int:
    """4 in 4/4, 2 in 2/2 and in 6/8, 7 in 7/8."""
    return numerator // 3 if is_compound(numerator, denominator) else numerator


def bar_ticks(numerator: Any, denominator: Any, ticks_per_quarter: int) -> Any:
    """The whole ticks that fit into a bar, at least one: of numbers, or of arrays [M]."""
    ticks = numerator * (4 * ticks_per_quarter) // denominator
    return np.maximum(1, ticks) if isinstance(ticks, np.ndarray) else max(1, ticks)


@dataclass(frozen=True, eq=False)
class Meters:
    """The meters in force in one piece or in several: rows [M] by piece and tick, the first of each piece at tick 0.

    Places are found for many ticks at once. `tick` may be a number or an array [N]; so may `piece`, the number of the piece
    of each tick. Bars and beats are counted from 0 in each piece.
    """

    piece: Ints
    tick: Ints  # where the meter begins
    numerator: Ints
    denominator: Ints
    bars_before: Ints
    bars: Ints  # under the meter; of the last one in a piece those up to its end
    number: Ints  # of the first bar, on the page
    step: Ints  # from the number of a bar to the next one's: 1; 0 where the two bars are the halves of one
    ticks_per_quarter: Ints

    @classmethod
    def of_all(cls, pieces: Sequence[Piece], end_ticks: Iterable[int]) -> Meters:
        """The meters of several pieces, each up to its end; the pieces may lack their notes."""
        rows = [
            (number, *row, piece.ticks_per_quarter)
            for number, (piece, end_tick) in enumerate(zip(pieces, end_ticks, strict=True))
            for row in _rows_of(piece, end_tick)
        ]
        return Meters(*np.array(rows, np.int64).reshape(-1, 9).T)

    @cached_property
    def bar(self) -> Floats:
        """The length of a full bar in ticks [M]."""
        return np.maximum(1.0, 4.0 * self.ticks_per_quarter * self.numerator / self.denominator)

    @cached_property
    def compound(self) -> npt.NDArray[np.bool_]:
        """Whether the beats of each meter are dotted [M]."""
        return np.asarray((self.denominator >= 8) & (self.numerator % 3 == 0) & (self.numerator > 3))

    @cached_property
    def beats_in_bar(self) -> Ints:
        """The beats in a full bar [M]."""
        return np.where(self.compound, self.numerator // 3, self.numerator)

    @cached_property
    def beat(self) -> Floats:
        """The length of a beat in ticks [M]."""
        length: Floats = self.bar / self.beats_in_bar
        return length

    @cached_property
    def pulse(self) -> Floats:
        """The length in ticks [M] of what is counted in where music of many meters is compared: the beat, but a quarter in 2/2 or
        3/2, so that its halves, thirds and quarters are the notes in use."""
        return np.where(self.compound, self.beat, np.minimum(self.beat, self.ticks_per_quarter))

    @cached_property
    def _pulses_before(self) -> Floats:
        pulses = np.ceil(self.bars * self.bar / self.pulse)
        total = np.cumsum(pulses) - pulses
        before: Floats = total - total[np.searchsorted(self.piece, self.piece)]
        return before

    @cached_property
    def _room(self) -> Floats:
        """The bars that fit before the next meter [M]: without end in the last one."""
        return np.where(np.diff(self.piece, append=-1) == 0, self.bars, np.inf)

    @cached_property
    def _key(self) -> Ints:
        key: Ints = self.piece << 32 | self.tick
        return key

    def row(self, tick: Ticks, piece: Ticks = 0) -> Any:
        """The meter in force at each tick, as a row [N]."""
        return np.searchsorted(self._key, piece << 32 | tick, side="right") - 1

    def bars_at(self, tick: Ticks, piece: Ticks = 0) -> Any:
        """How many bars after the beginning each tick lies, float [N]: 2.5 is the middle of the third bar."""
        row = self.row(tick, piece)
        return self.bars_before[row] + np.minimum((tick - self.tick[row]) / self.bar[row], self._room[row])

    def bar_at(self, tick: Ticks, piece: Ticks = 0) -> Any:
        """The bar of each tick, from 0, int64 [N]."""
        row = self.row(tick, piece)
        within = np.minimum(np.floor((tick - self.tick[row]) / self.bar[row]), self._room[row] - 1)
        return self.bars_before[row] + within.astype(np.int64)

    def pulses_at(self, tick: Ticks, piece: Ticks = 0) -> Any:
        """How many pulses after the beginning each tick lies, float [N]. A bar that is cut short counts as all of its pulses."""
        row = self.row(tick, piece)
        return self._pulses_before[row] + (tick - self.tick[row]) / self.pulse[row]

    def in_bar(self, tick: Ticks, piece: Ticks = 0) -> Any:
        """Ticks from the bar line to each tick, float [N]."""
        row = self.row(tick, piece)
        after = tick - self.tick[row]
        return after - np.minimum(np.floor(after / self.bar[row]), self._room[row] - 1) * self.bar[row]


@dataclass(frozen=True, eq=False)
class BarGrid(Meters):
    """The bars of one piece, up to `end_tick`. A bar has a place, from 0, and a number, which a page prints."""

    end_tick: int

    @classmethod
    def of(cls, piece: Piece, end_tick: int | None = None) -> Self:
        """The bars of a piece, up to the end of its last note or to another tick."""
        end = piece.end_tick if end_tick is None else end_tick
        return cls._of(_rows_of(piece, end), piece.ticks_per_quarter, end)

    @classmethod
    def of_meters(cls, meters: Iterable[tuple[int, int, int]], ticks_per_quarter: int, end_tick: int) -> Self:
        """The bars of meters (tick, numerator, denominator), by tick."""
        return cls._of(_rows(list(meters), ticks_per_quarter, end_tick), ticks_per_quarter, end_tick)

    @classmethod
    def _of(cls, rows: list[tuple[int, ...]], ticks_per_quarter: int, end_tick: int) -> Self:
        columns: list[Any] = list(np.array([(0, *row, ticks_per_quarter) for row in rows], np.int64).T)
        return cls(*[*columns, max(1, end_tick)])

    @property
    def count(self) -> int:
        """How many bars there are, an upbeat among them."""
        return int(self.bars_before[-1] + self.bars[-1])

    @property
    def upbeat(self) -> bool:
        """Whether the first bar is an upbeat, with the number 0."""
        return bool(self.number[0] == 0)

    @property
    def last_number(self) -> int:
        """The number of the last bar: how many bars a reader counts."""
        return int(self.number[-1] + (self.bars[-1] - 1) * self.step[-1])

    def number_of(self, bar: Any) -> Any:
        """The number of each bar [N], by its place."""
        row = np.searchsorted(self.bars_before, bar, side="right") - 1
        return self.number[row] + (bar - self.bars_before[row]) * self.step[row]

    def number_at(self, tick: Ticks) -> Any:
        """The number of the bar of each tick, int64 [N]."""
        return self.number_of(self.bar_at(tick))

    def tick_of(self, bar: Any) -> Any:
        """The tick at which each bar begins, int64 [N], by its place; also beyond the end."""
        row = np.searchsorted(self.bars_before, bar, side="right") - 1
        return self.tick[row] + np.ceil((bar - self.bars_before[row]) * self.bar[row]).astype(np.int64)

    def place_of(self, number: int) -> int:
        """The place of the first bar of this number; also beyond the end. Of a number below the first, that of the first bar."""
        if number > self.last_number:
            return self.count + number - self.last_number - 1
        number = max(number, int(self.number[0]))
        row = int(np.searchsorted(self.number, number, side="right")) - 1
        row = int(np.searchsorted(self.number, self.number[row]))  # of the halves of a bar the first
        return int(self.bars_before[row]) + number - int(self.number[row])

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The first tick of the bars of these numbers, and the one after their last."""
        return int(self.tick_of(self.place_of(first))), int(self.tick_of(self.place_of(last + 1)))

    @cached_property
    def lines(self) -> Ints:
        """The ticks of all bar lines, int64 [B + 1] of B bars; the last one is not before the end of the last note."""
        ticks: Ints = self.tick_of(np.arange(self.count + 1))
        return ticks

    @cached_property
    def numbers(self) -> Ints:
        """The number of each of B bars, int64 [B]."""
        numbers: Ints = self.number_of(np.arange(self.count))
        return numbers

    def position(self, tick: Ticks) -> tuple[Any, Any, Any]:
        """Of each tick [N] the number of its bar, its beat in the bar, from 1 (int64), and the ticks since the beat (float)."""
        within = self.in_bar(tick)
        beat = self.beat[self.row(tick)]
        number = np.floor(within / beat)
        return self.number_at(tick), number.astype(np.int64) + 1, within - number * beat

    def beats(self, most: int | None = None) -> tuple[Ints, Ints, Ints]:
        """The first `most` beats of all bars, all by default: the tick of each [B], which of its bar it is, from 0 [B], and how
        many a full bar has [B]. The last bar is whole, wherever the notes end."""
        ticks, places, sizes = [], [], []
        left = most if most is not None else 2**62
        stops = [*self.tick[1:].tolist(), int(self.tick_of(self.count))]
        columns = (self.tick.tolist(), self.bars.tolist(), self.beats_in_bar.tolist(), self.beat.tolist(), stops)
        for start, bars, in_bar, length, stop in zip(*columns, strict=True):
            number = np.arange(min(left, bars * in_bar, int(np.ceil((stop - start) / length))))
            left -= len(number)
            ticks.append(start + np.ceil(number * length).astype(np.int64))
            places.append(number % in_bar)
            sizes.append(np.full(len(number), in_bar))
        return np.concatenate(ticks), np.concatenate(places), np.concatenate(sizes)


def _rows_of(piece: Piece, end_tick: int) -> list[tuple[int, ...]]:
    return _rows(piece.meters.tolist() if len(piece.meters) else [], piece.ticks_per_quarter, end_tick)


def _rows(meters: Sequence[tuple[int, int, int]], ticks_per_quarter: int, end_tick: int) -> list[tuple[int, ...]]:
    """The columns of `Meters` between `piece` and `ticks_per_quarter`, of each meter in force."""
    stated = [(0, *FREE)]
    for tick, upper, lower in meters:
        if tick >= max(1, end_tick):
            break
        if CLOSE * (tick - stated[-1][0]) < ticks_per_quarter:
            stated[-1] = (stated[-1][0], upper, lower)
        else:
            stated.append((tick, upper, lower))
    stretches = _stretches(stated, ticks_per_quarter, max(1, end_tick))
    if len(stretches) == 1:
        return [(*stated[0], 0, stretches[0].bars, 1, 1)]
    has_upbeat = stretches[0].bars == 1 and stretches[0].last < stretches[1].first
    ends_split = _split(stretches, int(has_upbeat))
    rows: list[tuple[int, ...]] = []
    number, before = 1 - has_upbeat, 0
    for place, (meter, one) in enumerate(zip(stated, stretches, strict=True)):
        number -= place in ends_split and one.bars == 1
        step = 0 if place in ends_split and one.bars == 2 else 1
        rows.append((*meter, before, one.bars, number, step))
        number, before = number + (one.bars if step else 1), before + one.bars
    return rows


class _Stretch(NamedTuple):
    """Bars of one meter, with the lengths of a full bar and of the last one in 128ths of a tick."""

    meter: tuple[int, int]
    bars: int
    full: int
    last: int

    @property
    def first(self) -> int:
        return self.full if self.bars > 1 else self.last


def _stretches(stated: list[tuple[int, int, int]], ticks_per_quarter: int, end_tick: int) -> list[_Stretch]:
    """The bars of each meter (tick, numerator, denominator)."""
    close = FINEST * ticks_per_quarter // CLOSE
    found = []
    for (tick, upper, lower), after in zip(stated, [*stated[1:], None], strict=True):
        full = max(FINEST, 4 * FINEST * ticks_per_quarter * upper // lower)
        if after is None:
            found.append(_Stretch((upper, lower), max(1, -(-FINEST * (end_tick - tick) // full)), full, full))
            break
        bars, rest = divmod(FINEST * (after[0] - tick), full)
        is_cut = rest >= close
        found.append(_Stretch((upper, lower), max(1, bars + is_cut), full, rest if is_cut and full - rest >= close else full))
    return found


def _split(stretches: list[_Stretch], first: int) -> set[int]:
    """The stretches with which a bar ends that is split, none of them before `first`. Its halves are the two bars of one stretch,
    or the one bar of each of two."""
    found: set[int] = set()
    for place in range(first + 1, len(stretches)):
        before, halves = stretches[place - 1], stretches[place : place + (1 if stretches[place].bars == 2 else 2)]
        last = place + len(halves) - 1
        is_whole = before.last == before.full and place - 1 not in found
        if not is_whole or sum(one.bars for one in halves) != 2 or halves[0].first + halves[-1].last != before.full:
            continue
        if last + 1 == len(stretches) or stretches[last + 1].meter == before.meter:
            found.add(last)
    return found
