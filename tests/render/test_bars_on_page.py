"""Bars and beats by hand, and a grid that stays small whatever a file claims."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.piece import MAX_TICK, METER, Piece, Track, note_array
from partimento.render.bars_on_page import MOST_BARS, MOST_SYSTEMS, bars_of, label_stride, systems_of


def piece(end_tick: int, meters: list[tuple[int, int, int]] | None = None, tpq: int = 480, notes: int = 1) -> Piece:
    rows = [(at * (end_tick - 1) // notes, 1, 60, 80, 0) for at in range(notes)] + [(end_tick - 1, 1, 60, 80, 0)]
    return Piece(note_array(rows), (Track(),), tpq, meters=np.array(meters or [], METER))


def test_common_time_where_nothing_is_stated() -> None:
    bars = bars_of(piece(1920 * 2 + 1))
    assert bars.ticks.tolist() == [0, 1920, 3840, 5760]
    assert bars.numbers.tolist() == [1, 2, 3]
    assert bars.beats.tolist() == [480, 960, 1440, 2400, 2880, 3360, 4320, 4800, 5280]


def test_meters_change_even_within_a_bar() -> None:
    bars = bars_of(piece(4000, [(0, 3, 4), (1440, 6, 8), (3600, 2, 4)]))
    assert bars.ticks.tolist() == [0, 1440, 2880, 3600, 4560]
    assert bars.numbers.tolist() == [1, 2, 3, 4]
    assert bars.beats.tolist() == [480, 960, 2160, 4080]  # 6/8 has two beats; the bar cut short at 3600 has none left


def test_of_two_meters_at_one_tick_the_last_holds() -> None:
    assert bars_of(piece(1000, [(0, 4, 4), (0, 1, 4)])).ticks.tolist() == [0, 480, 960, 1440]


def test_a_first_meter_after_the_start() -> None:
    assert bars_of(piece(3000, [(1920, 1, 4)])).ticks.tolist() == [0, 1920, 2400, 2880, 3360]


def test_billions_of_bars_and_thousands_of_meters_stay_few() -> None:
    for many in (piece(MAX_TICK, [(0, 1, 128)], tpq=1), piece(10**6, [(at, 4, 4) for at in range(60_000)])):
        bars = bars_of(many)
        assert len(bars.numbers) <= MOST_BARS * 2
        assert (np.diff(bars.ticks) > 0).all()
        assert bars.ticks[-1] >= many.end_tick
        assert len(systems_of(many, bars)) <= MOST_SYSTEMS


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 33, 58, 100, 1000])
@pytest.mark.parametrize("notes", [1, 40, 400])
def test_systems_hold_all_bars_once(count: int, notes: int) -> None:
    long = piece(1920 * count, notes=notes)
    systems = systems_of(long, bars_of(long))
    assert [bar for first, last in systems for bar in range(first, last)] == list(range(count))
    assert len(systems) <= MOST_SYSTEMS
    sizes = [last - first for first, last in systems]
    assert len(set(sizes[:-1])) <= 1
    assert sizes[-1] <= sizes[0]


def test_label_stride() -> None:
    assert [label_stride(count, 24) for count in (1, 24, 25, 48, 49, 1000)] == [1, 1, 2, 2, 4, 64]
