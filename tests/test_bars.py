"""Bars: the contract of `bars.py` by example, and against a twin that walks from bar to bar."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.bars import BarGrid, Meters, bar_ticks, beats_in_bar, is_compound
from partimento.piece import METER, Piece, Track, note_array

QUARTER = 480
Stated = list[tuple[int, int, int]]


def in_quarters(*meters: tuple[float, int, int]) -> Stated:
    return [(round(place * QUARTER), upper, lower) for place, upper, lower in meters]


def grid(quarters: float, *meters: tuple[float, int, int]) -> BarGrid:
    return BarGrid.of_meters(in_quarters(*meters), QUARTER, round(quarters * QUARTER))


def piece(quarters: float, *meters: tuple[float, int, int], ticks_per_quarter: int = QUARTER) -> Piece:
    notes = note_array([(0, round(quarters * ticks_per_quarter), 60, 80, 0)])
    rows = [(round(place * ticks_per_quarter), upper, lower) for place, upper, lower in meters]
    return Piece(notes, (Track(),), ticks_per_quarter, meters=np.array(rows, METER))


@dataclass
class Bar:
    start: Fraction
    size: Fraction
    whole: bool
    meter: tuple[int, int]
    states: bool  # its meter
    number: int = 1


def slow_bars(meters: Stated, quarter: int, end: int) -> list[Bar]:
    """The contract, one bar after another."""
    close = Fraction(quarter, 32)
    stated = {0: (4, 4)}
    for tick, upper, lower in sorted(meters, key=lambda row: row[0]):
        if tick < max(1, end):
            last = max(stated)
            stated[last if tick - last < close else tick] = (upper, lower)
    bars: list[Bar] = []
    ticks = sorted(stated)
    for start, stop in zip(ticks, [*ticks[1:], None], strict=True):
        upper, lower = stated[start]
        length = max(Fraction(1), Fraction(4 * quarter * upper, lower))
        at = Fraction(start)
        while at == start or (at < max(1, end) if stop is None else stop - at >= close):
            is_cut = stop is not None and close <= length - (stop - at)
            bars.append(Bar(at, stop - at if is_cut else length, not is_cut, (upper, lower), at == start))  # type: ignore[operator]
            at += length
    upbeat = len(bars) > 1 and bars[0].size < bars[1].size
    number, halves = 0 if upbeat else 1, set[int]()
    for place, bar in enumerate(bars):
        before = bars[place - 1]
        can = 1 + upbeat <= place < len(bars) - 1 and place not in halves and place - 1 not in halves
        if can and before.whole and bar.states and bar.size + bars[place + 1].size == before.size:
            following = bars[place + 2] if place + 2 < len(bars) else None
            if following is None or (following.states and following.meter == before.meter):
                halves.add(place + 1)
        number += place > 0 and place not in halves
        bar.number = number
    return bars


TICKS_PER_QUARTER = (1, 3, 10, 24, 96, 480)


@st.composite
def stated_meters(draw: st.DrawFn) -> tuple[Stated, int, int]:
    """Meters at bar lines and off them, by a little or by much; a resolution, and an end."""
    quarter = draw(st.sampled_from(TICKS_PER_QUARTER))
    shift = st.sampled_from((0, 0, 0, quarter // 64, -(quarter // 40), quarter // 16, quarter // 2))
    meter = st.tuples(st.integers(1, 12), st.sampled_from((1, 2, 4, 4, 4, 8, 16, 128)))
    short = st.tuples(st.integers(1, 4), st.just(4))
    rows: Stated = []
    tick = draw(st.sampled_from((0, 0, 0, 1, quarter, 5 * quarter)))
    for _ in range(draw(st.integers(0, 6))):
        upper, lower = draw(short | meter)
        rows.append((tick, upper, lower))
        tick += draw(st.integers(1, 3)) * max(1, 4 * quarter * upper // lower) + draw(shift)
        tick = max(tick, rows[-1][0])
    return rows, quarter, draw(st.integers(0, tick + 4 * quarter))


@settings(max_examples=400, deadline=None)
@given(stated=stated_meters())
def test_the_grid_is_that_of_a_walk_from_bar_to_bar(stated: tuple[Stated, int, int]) -> None:
    meters, quarter, end = stated
    found, slow = BarGrid.of_meters(meters, quarter, end), slow_bars(meters, quarter, end)
    assert found.count == len(slow)
    assert found.lines[:-1].tolist() == [-(-bar.start // 1) for bar in slow]
    assert found.lines[-1] >= end
    assert found.numbers.tolist() == [bar.number for bar in slow]
    assert (found.upbeat, found.last_number) == (slow[0].number == 0, slow[-1].number)
    ticks = np.arange(0, min(int(found.lines[-1]), 5000))
    starts = [bar.start for bar in slow]
    place = np.searchsorted(np.array([float(start) for start in starts]), ticks, side="right") - 1
    assert found.bar_at(ticks).tolist() == place.tolist()
    assert found.number_at(ticks).tolist() == [slow[one].number for one in place]
    row = found.row(ticks)
    in_force = list(zip(found.numerator[row].tolist(), found.denominator[row].tolist(), strict=True))
    assert in_force == [slow[one].meter for one in place]
    for tick in ticks[:: max(1, len(ticks) // 50)].tolist():
        bar = slow[place[tick]]
        after = tick - bar.start
        beat = max(Fraction(1), Fraction(4 * quarter * bar.meter[0], bar.meter[1])) / beats_in_bar(*bar.meter)
        number, which, rest = found.position(tick)
        assert (number, which, rest) == (bar.number, after // beat + 1, float(after % beat))
        assert found.in_bar(tick) == float(after)


@settings(max_examples=200, deadline=None)
@given(stated=stated_meters())
def test_numbers_lead_to_bars_and_back(stated: tuple[Stated, int, int]) -> None:
    grid = BarGrid.of_meters(*stated)
    numbers = grid.numbers.tolist()
    for number in set(numbers):
        assert grid.place_of(number) == numbers.index(number)
        start, stop = grid.span(number, number)
        assert start == grid.lines[numbers.index(number)]
        assert stop == grid.lines[len(numbers) - numbers[::-1].index(number)]
    assert grid.place_of(-5) == 0
    assert grid.place_of(grid.last_number + 3) == grid.count + 2
    length = grid.bar[-1]
    assert grid.tick_of(grid.count + 2) - grid.lines[-1] == pytest.approx(2 * length, abs=1)


@settings(max_examples=100, deadline=None)
@given(several=st.lists(stated_meters(), min_size=1, max_size=4))
def test_the_meters_of_many_pieces_are_those_of_each(several: list[tuple[Stated, int, int]]) -> None:
    pieces = [Piece(note_array([]), (), quarter, meters=np.array(rows, METER)) for rows, quarter, _ in several]
    ends = [end for _, _, end in several]
    together = Meters.of_all(pieces, ends)
    grids = [BarGrid.of(one, end) for one, end in zip(pieces, ends, strict=True)]
    ticks = np.concatenate([np.arange(0, max(1, end), max(1, end // 40)) for end in ends])
    which = np.repeat(np.arange(len(ends)), [len(np.arange(0, max(1, end), max(1, end // 40))) for end in ends])
    for name in ("bars_at", "bar_at", "pulses_at", "in_bar"):
        found = getattr(together, name)(ticks, which)
        alone = [getattr(grids[one], name)(tick) for tick, one in zip(ticks.tolist(), which.tolist(), strict=True)]
        assert found.tolist() == alone, name


def test_free_music_is_in_4_4() -> None:
    free = grid(9)
    assert (free.count, free.last_number, free.upbeat) == (3, 3, False)
    assert free.lines.tolist() == [0, 1920, 3840, 5760]
    assert free.bars_at(2400) == 1.25


def test_a_piece_without_notes_has_one_bar() -> None:
    assert grid(0).lines.tolist() == [0, 1920]
    assert grid(0, (0, 3, 4), (3, 2, 4)).lines.tolist() == [0, 1440]


def test_4_4_holds_until_a_first_meter_that_is_stated_late() -> None:
    """Then four bars of 3/4: five in all."""
    late = grid(16, (4, 3, 4))
    assert late.lines.tolist() == [0, 1920, 3360, 4800, 6240, 7680]
    assert late.bars_at(16 * QUARTER) == 5


def test_a_meter_off_a_bar_line_cuts_the_bar_before_it() -> None:
    cut = grid(12, (0, 4, 4), (6, 3, 4))
    assert cut.lines.tolist() == [0, 1920, 2880, 4320, 5760]
    assert cut.numbers.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("off", [-14, -1, 1, 14])
def test_a_meter_that_misses_a_bar_line_by_a_little_adds_no_bar(off: int) -> None:
    missed = BarGrid.of_meters([(0, 4, 4), (3840 + off, 3, 4)], QUARTER, 3840 + 2880)
    assert missed.count == 4 + (off < 0)  # the end is left behind too
    assert missed.numbers.tolist() == list(range(1, missed.count + 1))
    assert missed.lines[2] == 3840 + off
    assert missed.bar_at(3840 + off - 1) == 1
    assert missed.in_bar(3840 + off - 1) == 1920 + off - 1
    assert missed.number_at(3840 + off) == 3
    assert not BarGrid.of_meters([(0, 4, 4), (1920 + off, 2, 2)], QUARTER, 3840).upbeat


def test_a_128th_note_is_no_near_miss() -> None:
    """15 ticks off a bar line, on either side, or off another meter."""
    assert BarGrid.of_meters([(0, 4, 4), (1935, 3, 4)], QUARTER, 3375).lines.tolist() == [0, 1920, 1935, 3375]
    assert BarGrid.of_meters([(0, 4, 4), (1905, 3, 4)], QUARTER, 3345).lines.tolist() == [0, 1905, 3345]
    assert BarGrid.of_meters([(0, 4, 4), (1905, 3, 4)], QUARTER, 3345).bar[0] == 1920
    assert BarGrid.of_meters([(0, 4, 4), (15, 3, 4)], QUARTER, 1455).lines.tolist() == [0, 15, 1455]


def test_a_line_between_two_ticks_is_at_the_later_one() -> None:
    assert BarGrid.of_meters([(0, 5, 16)], 10, 37).lines.tolist() == [0, 13, 25, 38]


def test_a_beat_is_counted_from_one() -> None:
    assert grid(8).position(round(5.25 * QUARTER)) == (2, 2, 120.0)


def test_meters_from_the_end_on_say_nothing() -> None:
    assert BarGrid.of(piece(4, (0, 4, 4), (20, 3, 4))).lines.tolist() == [0, 1920]
    assert BarGrid.of(piece(4, (0, 4, 4), (4, 3, 4))).span(2, 2) == (1920, 3840)
    assert not BarGrid.of(piece(1, (0, 1, 4), (1, 4, 4))).upbeat  # nothing follows it


def test_an_upbeat_is_bar_0() -> None:
    for meters in ([(0, 1, 4), (1, 4, 4)], [(0, 4, 4), (1, 4, 4)]):  # a meter of its own, or the first bar cut short
        upbeat = grid(17, *meters)
        assert upbeat.upbeat
        assert upbeat.numbers.tolist() == [0, 1, 2, 3, 4]
        assert upbeat.span(1, 2) == (480, 480 + 3840)
        assert upbeat.span(0, 0) == (0, 480)
        assert upbeat.last_number == 4
    assert not grid(12, (0, 4, 4), (4, 3, 4)).upbeat
    assert not grid(12, (0, 2, 4), (4, 4, 4)).upbeat  # two bars of 2/4
    assert not grid(8, (0, 4, 4), (4, 2, 2)).upbeat  # as long as the second


def test_the_halves_of_a_bar_that_a_repeat_splits_share_a_number() -> None:
    """Bars of 3 + 1 quarters, of 2 + 2, and a last one; an upbeat and its completion are no such halves."""
    assert grid(16, (0, 4, 4), (4, 3, 4), (7, 1, 4), (8, 4, 4)).numbers.tolist() == [1, 2, 2, 3, 4]
    halves = grid(16, (0, 4, 4), (4, 2, 4), (8, 4, 4))
    assert halves.numbers.tolist() == [1, 2, 2, 3, 4]
    assert halves.span(2, 2) == (1920, 3840)
    assert grid(8, (0, 4, 4), (4, 2, 4)).numbers.tolist() == [1, 2, 2]
    assert grid(8, (0, 4, 4), (4, 2, 4)).span(3, 3) == (3840, 3840 + 960)
    assert grid(14, (0, 1, 4), (1, 4, 4), (9, 3, 4), (12, 2, 4)).numbers.tolist() == [0, 1, 2, 3, 4]
    assert grid(16, (0, 4, 4), (4, 3, 4), (7, 1, 4), (8, 3, 4)).numbers.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("meter", "compound", "beats"),
    [
        ((4, 4), False, 4),
        ((2, 2), False, 2),
        ((3, 8), False, 3),
        ((6, 8), True, 2),
        ((12, 16), True, 4),
        ((6, 4), False, 6),
        ((7, 8), False, 7),
    ],
)
def test_beats(meter: tuple[int, int], compound: bool, beats: int) -> None:
    assert is_compound(*meter) == compound
    assert beats_in_bar(*meter) == beats
    one = grid(24, (0, *meter))
    assert (one.compound[0], one.beats_in_bar[0]) == (compound, beats)
    ticks, place, size = one.beats()
    assert place.tolist() == [number % beats for number in range(len(ticks))]
    assert set(size.tolist()) == {beats}
    assert ticks.tolist() == [round(number * one.bar[0] / beats) for number in range(len(ticks))]
    assert ticks[-1] + one.beat[0] == one.lines[-1]  # the last bar is whole
    assert one.beats(5)[0].tolist() == ticks[:5].tolist()


def test_beats_of_a_bar_that_is_cut() -> None:
    ticks, place, _ = grid(9, (0, 4, 4), (2.5, 3, 4)).beats()
    assert (ticks / QUARTER).tolist() == [0, 1, 2, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]
    assert place.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]


def test_bars_of_whole_ticks() -> None:
    assert bar_ticks(3, 128, 48) == 4
    assert bar_ticks(1, 128, 1) == 1
    assert bar_ticks(np.array([3, 1]), np.array([4, 128]), 1).tolist() == [3, 1]


def test_a_file_that_claims_millions_of_bars_costs_nothing_until_they_are_listed() -> None:
    long = BarGrid.of_meters([(0, 1, 128)], 1, 2**30)
    assert long.count == 2**30
    assert long.span(2**29, 2**29) == (2**29 - 1, 2**29)
    assert len(long.beats(100)[0]) == 100
