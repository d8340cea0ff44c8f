"""Where the bars and beats of a piece lie, and how it breaks into systems. It draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.piece import Piece

Floats = npt.NDArray[np.float64]

MOST_BARS = 20_000  # past this the grid is thinned: a file may claim billions of bars
MOST_SYSTEMS = 8
COLUMNS_IN_A_SYSTEM = 56  # different onsets
BARS_IN_A_SYSTEM = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)


@dataclass(frozen=True)
class Bars:
    """The grid of a piece in ticks: bar `i` starts at `ticks[i]`, has the number `numbers[i]` and ends where the next starts.

    `ticks` [N + 1] ends with the end of the last bar; `beats` [M] are the beats that start no bar.
    """

    ticks: Floats
    numbers: npt.NDArray[np.int64]
    beats: Floats


def bars_of(piece: Piece) -> Bars:
    """The bars up to the end of the last note, by the meters; a change of meter starts a bar. Beats are lower numbers of
    the meter, three of them where eighths or less come in threes (6/8, 9/8, 12/8)."""
    meters = [(int(row["tick"]), int(row["numerator"]), int(row["denominator"])) for row in piece.meters]
    end = max(piece.end_tick, 1)
    if not meters or meters[0][0] > 0:
        meters.insert(0, (0, 4, 4))
    meters = list({meter[0]: meter for meter in meters if meter[0] < end}.values())  # the last of several at one tick holds
    # many changes of meter: only as many as the grid may have bars
    meters = meters[:: max(1, len(meters) * 2 // MOST_BARS)]
    spans = [
        (stop - start, 4.0 * piece.ticks_per_quarter / lower * upper)
        for (start, upper, lower), stop in zip(meters, _ends(meters, end), strict=True)
    ]
    total = sum(-(-span // bar) for span, bar in spans)
    stride = max(1, int(total // MOST_BARS))
    ticks: list[Floats] = []
    numbers: list[npt.NDArray[np.int64]] = []
    beats: list[Floats] = []
    number, after = 1, 0.0
    for (start, upper, lower), (span, bar) in zip(meters, spans, strict=True):
        count = max(1, int(-(-span // bar)))
        at = np.arange(0, count, stride)
        ticks.append(np.asarray(start + at * bar, np.float64))
        numbers.append(number + at)
        number += count
        after = start + (at[-1] + stride) * bar
        beat_count = upper // 3 if lower >= 8 and upper % 3 == 0 and upper > 3 else upper
        if stride == 1 and beat_count > 1:
            inside = (start + at[:, None] * bar + np.arange(1, beat_count) * (bar / beat_count)).ravel()
            beats.append(inside[inside < start + span] if start + span < end else inside)
    return Bars(np.append(np.concatenate(ticks), after), np.concatenate(numbers), np.concatenate([*beats, np.zeros(0)]))


def systems_of(piece: Piece, bars: Bars) -> list[tuple[int, int]]:
    """Ranges of bars [first, last), one for each system: as few bars as let the notes be read and make at most
    `MOST_SYSTEMS` systems."""
    count = len(bars.numbers)
    columns = len(np.unique(piece.notes["onset"]))
    least = -(-count // MOST_SYSTEMS)
    readable = max(size for size in BARS_IN_A_SYSTEM if size <= max(1, COLUMNS_IN_A_SYSTEM * count // columns))
    size = next((size for size in (readable, *BARS_IN_A_SYSTEM) if size >= least), least)
    size = -(-count // -(-count // size))  # as many systems, evenly filled
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def _ends(meters: list[tuple[int, int, int]], end: int) -> list[int]:
    return [meter[0] for meter in meters[1:]] + [end]


def label_stride(count: int, most: int) -> int:
    """Every how many of `count` things to show so that at most `most` are: a power of two."""
    return 1 << max(0, -(-count // most) - 1).bit_length()
