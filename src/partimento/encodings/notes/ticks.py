"""Where the events of `notes` lie: ticks, bars and beats, derived from times and bar counts.

A meter begins a bar where it is stated; the first bar begins at tick 0, in 4/4 until a meter says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bars import bar_ticks
from partimento.encodings.notes.layout import START_METER, Ints, Profile


@dataclass(frozen=True)
class Walk:
    """The `tick` [T] of each event. Of its bar, only with beats: those events that begin one (`begins`, rows), and for
    the stretch up to the first and from each of them on [R + 1] the tick it begins at, its number and its meter."""

    tick: Ints
    begins: Ints
    bar_tick: Ints
    bar: Ints
    numerator: Ints
    denominator: Ints


def walk(events: npt.NDArray[Any], profile: Profile) -> Walk:
    """Where legal events [T, F] lie."""
    kind, time = events[:, 0], events[:, 1].astype(np.int64)
    tick = np.cumsum(profile.ticks_of(kind, time))  # so far: ticks without those that bars add
    zero = np.zeros(1, np.int64)
    if not profile.beats:
        return Walk(tick, zero[:0], zero, zero, zero + START_METER[0], zero + START_METER[1])
    meter = profile.kind("meter")
    begins = np.flatnonzero((kind == profile.kind("bar")) | (kind == meter))
    at = np.concatenate([zero, tick[begins]])
    is_meter = np.concatenate([[False], kind[begins] == meter])
    crossed = np.concatenate([zero, time[begins]])
    crossed[is_meter] = 0
    passed = np.cumsum(crossed)
    after = np.diff(at, prepend=0)  # ticks from the begin before, by times alone
    if is_meter.any():
        meters = np.flatnonzero(is_meter)
        segment = np.cumsum(is_meter)
        rows = begins[meters - 1]
        numerator = np.concatenate([[START_METER[0]], events[rows, 2].astype(np.int64)])
        denominator = np.concatenate([[START_METER[1]], 1 << (events[rows, 3].astype(np.int64) - 1)])
        length = bar_ticks(numerator, denominator, profile.ticks_per_quarter)
        passed_here = passed - np.concatenate([zero, passed[meters]])[segment]
        # how long each meter lasts: its whole bars, and what the next meter cuts of its last one
        lasts = passed_here[meters - 1] * length[:-1] + after[meters]
        start = np.concatenate([zero, np.cumsum(lasts)])
        bar_tick = start[segment] + passed_here * length[segment]
        bar = passed + np.cumsum(is_meter & (after > 0))
        numerator, denominator = numerator[segment], denominator[segment]
    else:
        numerator, denominator = np.full(len(at), START_METER[0]), np.full(len(at), START_METER[1])
        bar_tick, bar = passed * bar_ticks(numerator[:1], denominator[:1], profile.ticks_per_quarter), passed
    tick += np.repeat(bar_tick - at, np.diff(np.concatenate([zero, begins, [len(tick)]])))
    return Walk(tick, begins, bar_tick, bar, numerator, denominator)


def place(events: npt.NDArray[Any], profile: Profile) -> npt.NDArray[np.int32]:
    """Bar (from 0), beat of the bar (from 0) and tick of the beat of each event, int32 [T, 3].

    A beat is one of the meter's lower number. Without beats: second, tenth of a second, tick of 10 ms.
    """
    found = walk(events, profile)
    result = np.zeros((len(events), 3), np.int32)
    if not profile.beats:
        result[:, 0], within = np.divmod(found.tick, 100)
        result[:, 1], result[:, 2] = np.divmod(within, 10)
        return result
    stretch = np.diff(np.concatenate([[0], found.begins, [len(events)]]))
    beat_ticks = bar_ticks(np.ones(1, np.int64), found.denominator, profile.ticks_per_quarter)
    within = found.tick - np.repeat(found.bar_tick, stretch)
    result[:, 0] = np.repeat(found.bar, stretch)
    result[:, 1], result[:, 2] = np.divmod(within, np.repeat(beat_ticks, stretch))
    return result
