"""The reader of MIDI events: every complete event of the track chunks, and what to make of those that are not.

It mends data bytes over 127, missing and early ends, and counts each repair; `playing.py` decides what sounds. Compiled,
so it is imported where something is about to be read. Linear in time and memory.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from partimento.compiled import compiled, inlined
from partimento.piece import KEY, MAX_TICK, METER, TEMPO, Array

MARKER = np.dtype([("tick", "<i4"), ("start", "<u4"), ("stop", "<u4")])  # and where its text is
# of a channel: `kind` is the upper half of its status byte, `channel` counts on from port to port in the order they are named
EVENT = np.dtype([("tick", "<i8"), ("channel", "<i4"), ("kind", "u1"), ("first", "u1"), ("second", "u1"), ("spare", "u1")])
EVENT_REPAIRS = (
    *("truncated", "stray bytes", "clamped", "no end of track", "early end of track", "long number"),
    *("bad tempo", "bad meter", "bad key"),
)
LATE = MAX_TICK + 1  # for every later tick: a piece refuses it as well, and it fits

# what is found, and of how many bytes the smallest event is that says so
_ROWS = {"tempos": (TEMPO, 7), "meters": (METER, 6), "keys": (KEY, 6), "markers": (MARKER, 4)}
_TALLY = np.dtype([(name, "<i8") for name in ("events", "ports", *_ROWS, *EVENT_REPAIRS)])
# `status` of a meta event: 0xFF00 and its kind
_IS_MARKER, _IS_PORT, _IS_END, _IS_TEMPO, _IS_METER, _IS_KEY = 0xFF06, 0xFF21, 0xFF2F, 0xFF51, 0xFF58, 0xFF59
_PORTS = 128
_LARGEST = 2**28 - 1  # that the format can say, in four bytes
_LONGEST = 8  # bytes of a number that begins with bytes of nothing
_CUT = -1


@inlined
def _number(data: Any, at: int, stop: int, tally: Any) -> tuple[int, int]:
    """A number of seven bits a byte, and the place after it: `_CUT` where it is cut off or larger than the format allows."""
    value = 0
    for place in range(at, min(at + _LONGEST, stop)):
        byte = int(data[place])
        value = value << 7 | byte & 127
        if value > _LARGEST:
            break
        if byte < 128:
            tally["long number"] += int(place - at > 3)
            return value, place + 1
    return 0, _CUT


@inlined
def _take_meta(data: Any, tick: int, status: int, start: int, stop: int, rows: Any, tally: Any) -> None:
    """Notes down a meta event whose body is data[start:stop], if it is of those that count."""
    tempos, meters, keys, markers = rows
    tick = min(tick, LATE)
    first, second, third = 0, 0, 0
    if stop - start >= 2:
        first, second = int(data[start]), int(data[start + 1])
    if stop - start >= 3:
        third = int(data[start + 2])
    if status == _IS_TEMPO:
        mspq = first << 16 | second << 8 | third
        if mspq == 0 or stop - start < 3:
            tally["bad tempo"] += 1
        else:
            row = tempos[tally["tempos"]]
            row["tick"], row["qpm"] = tick, 6e7 / mspq
            tally["tempos"] += 1
    elif status == _IS_METER:
        if first == 0 or second > 7:
            tally["bad meter"] += 1
        else:
            row = meters[tally["meters"]]
            row["tick"], row["numerator"], row["denominator"] = tick, first, 1 << second
            tally["meters"] += 1
    elif status == _IS_KEY:
        fifths = first - 256 if first > 127 else first
        if abs(fifths) > 7 or second > 1 or stop - start < 2:
            tally["bad key"] += 1
        else:
            row = keys[tally["keys"]]
            row["tick"], row["fifths"], row["minor"] = tick, fifths, second == 1
            tally["keys"] += 1
    elif status == _IS_MARKER:
        row = markers[tally["markers"]]
        row["tick"], row["start"], row["stop"] = tick, start, stop
        tally["markers"] += 1


@inlined
def _read_chunk(data: Any, at: int, stop: int, events: Any, rows: Any, tally: Any, ports: Any) -> int:
    """Takes a chunk apart into the events of its channels and the rows of maps; returns its last tick.

    Where its end comes early, what follows is read as long as it is events.
    """
    tick, running, ended, port, count = 0, 0, 0, 0, int(tally["events"])
    while at < stop:
        if data[at] < 128:  # most times are one byte
            delta, at = int(data[at]), at + 1
        else:
            delta, at = _number(data, at, stop, tally)
        if at < 0 or at >= stop or count == len(events):
            break
        tick += delta
        status = int(data[at])
        if status >= 0x80:
            at += 1
        elif running:
            status = running
        elif ended:
            break  # padding, or the work of a careless hand
        else:
            tally["stray bytes"] += 1
            at += 1
            continue
        if status < 0xF0:
            running = status
            after = at + (1 if 0xC0 <= status < 0xE0 else 2)
            if after > stop:
                break
            first, second = int(data[at]), int(data[after - 1])
            if first > 127 or second > 127:
                tally["clamped"] += 1
                first, second = min(first, 127), min(second, 127)
            event = events[count]
            event["tick"], event["kind"], event["first"], event["second"] = tick, status >> 4, first, second
            if ports[port] < 0:
                ports[port] = tally["ports"]
                tally["ports"] += 1
            event["channel"] = ports[port] << 4 | status & 15
            count += 1
            at = after
            if ended == 1:
                tally["early end of track"] += 1
                ended = 2
            continue
        if status < 0xF7:
            running = 0
        if status == 0xFF and at < stop:
            status = 0xFF00 | int(data[at])
            at += 1
        if status == 0xF0 or status == 0xF7 or status >= 0xFF:
            length, start = _number(data, at, stop, tally)
            if start == _CUT or (start + length > stop and status != _IS_END):
                break
            at = start + length
            if status == _IS_END:
                ended, running = max(ended, 1), 0
            elif status == _IS_PORT and length == 1:
                port = int(data[start]) & _PORTS - 1
            else:
                _take_meta(data, tick, status, start, at, rows, tally)
        elif status == 0xF1 or status == 0xF3:
            at += 1
        elif status == 0xF2:
            at += 2
    else:
        tally["no end of track"] += int(not ended)
        ended = 1
    if not ended:
        tally["truncated"] = 1
    tally["events"] = count
    return tick


_BYTES = numba.types.Array(numba.uint8, 1, "C", readonly=True)
_EVENTS, _TALLIES, *_FOUND = (numba.from_dtype(dtype)[::1] for dtype in (EVENT, _TALLY, *(dtype for dtype, _ in _ROWS.values())))


@compiled(_BYTES, numba.int64[:, ::1], _EVENTS, _TALLIES, numba.types.Tuple(_FOUND))  # type: ignore[no-untyped-call]
def _read(data: Any, chunks: Any, events: Any, tallies: Any, found: Any) -> None:
    """Reads the chunks into the arrays; of `chunks` [chunk, 5] it sets the first event, the one after the last, the last tick."""
    tally = tallies[0]
    ports = np.full(_PORTS, -1)
    for chunk in range(len(chunks)):
        row = chunks[chunk]
        row[2] = tally["events"]
        row[4] = _read_chunk(data, row[0], row[1], events, found, tally, ports)
        row[3] = tally["events"]


def read_events(
    data: bytes, chunks: list[tuple[int, int]], *, most_events: int
) -> tuple[Array, Array, int, dict[str, Array], dict[str, int]]:
    """The events of all chunks ([E] of `EVENT`), the bounds of each chunk, the number of ports, the maps and the repairs.

    The bounds are int64 [C, 3] of C chunks: a chunk's first event, the one after its last, its last tick. Reading stops at
    `most_events`.
    """
    arrays = {name: np.empty(len(data) // size + 2, dtype) for name, (dtype, size) in _ROWS.items()}
    events, tally = np.empty(min(len(data) // 2 + 2, most_events), EVENT), np.zeros(1, _TALLY)
    table = np.zeros((len(chunks), 5), np.int64)
    table[:, :2] = chunks
    _read(np.frombuffer(data, np.uint8), table, events, tally, tuple(arrays.values()))
    count = dict(zip(_TALLY.names or (), tally.item(), strict=True))
    maps = {name: array[: count[name]] for name, array in arrays.items()}
    repairs = {name: count[name] for name in EVENT_REPAIRS if count[name]}
    return events[: count["events"]], np.ascontiguousarray(table[:, 2:]), count["ports"], maps, repairs
