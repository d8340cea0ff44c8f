"""The reader of MIDI events in plain Python: the slow twin of `walk.py`, written before it and in another way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from partimento.formats.midi.container import Container

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}

SUSTAIN, DOWN = 64, 64  # the pedal's controller, and the value from which on it is down

Row = tuple[int, int, int, int]  # onset, duration, pitch, velocity


@dataclass(slots=True)
class Walked:
    """What was found: notes of each (chunk, channel, program), and the maps as (tick, values...) in file order."""

    notes: dict[tuple[int, int, int], list[Row]] = field(default_factory=dict)
    tempos: list[tuple[int, int]] = field(default_factory=list)  # microseconds a quarter
    meters: list[tuple[int, int, int]] = field(default_factory=list)  # numerator, denominator
    keys: list[tuple[int, int, int]] = field(default_factory=list)  # fifths, mode
    markers: list[tuple[int, int, int]] = field(default_factory=list)  # where the text begins and ends
    pedals: dict[tuple[int, int, int], list[tuple[int, int]]] = field(default_factory=dict)  # onset, duration (-1: not lifted)
    repairs: Counter[str] = field(default_factory=Counter)
    truncated: bool = False


class _Cut(Exception):
    """An event runs past the end of its chunk."""


def slow_walk(container: Container) -> Walked:
    """Reads every complete event of all track chunks."""
    found = Walked()
    for number, (start, stop) in enumerate(container.chunks):
        _walk_chunk(container.data, start, stop, number, found)
    if found.truncated:
        found.repairs["truncated"] += 1
    return found


def _walk_chunk(data: bytes, at: int, stop: int, number: int, found: Walked) -> None:
    tick, status, ended = 0, 0, False
    kind, channel, width = 0, 0, 0
    programs = [0] * 16
    sounding: dict[int, list[tuple[int, int, int]]] = {}  # channel << 7 | pitch: (tick, velocity or 0 for off, program)
    pressed: dict[int, tuple[int, int]] = {}  # channel: (tick, program)
    try:
        while at < stop and not ended:
            if data[at] < 128:  # most deltas are one byte
                tick += data[at]
                at += 1
            else:
                delta, at = _varlen(data, at, stop)
                tick += delta
            if at >= stop:
                raise _Cut
            byte = data[at]
            if byte >= 0x80:
                if byte >= 0xF0:
                    at, ended = _system(data, at, stop, tick, found)
                    status = 0 if byte < 0xF8 and byte != 0xF7 else status
                    continue
                status, kind, channel, width = byte, byte >> 4, byte & 15, _DATA_BYTES[byte >> 4]
                at += 1
            elif not status:
                found.repairs["stray bytes"] += 1
                at += 1
                continue
            first = at
            at += width
            if at > stop:
                raise _Cut
            low, high = data[first], data[at - 1]
            if low > 127 or high > 127:
                found.repairs["clamped"] += 1
                low, high = min(low, 127), min(high, 127)
            if kind == 0x9 or kind == 0x8:
                velocity = high if kind == 0x9 else 0
                sounding.setdefault(channel << 7 | low, []).append((tick, velocity, programs[channel]))
            elif kind == 0xC:
                programs[channel] = low
            elif kind == 0xB and low == SUSTAIN and high >= DOWN:
                pressed.setdefault(channel, (tick, programs[channel]))
            elif kind == 0xB and low == SUSTAIN and channel in pressed:
                onset, program = pressed.pop(channel)
                found.pedals.setdefault((number, channel, program), []).append((onset, tick - onset))
    except _Cut:
        found.truncated = True
    else:
        found.repairs["no end of track"] += not ended
    for channel, (onset, program) in pressed.items():
        found.pedals.setdefault((number, channel, program), []).append((onset, -1))
    for key, events in sounding.items():
        _pair(events, key & 127, tick, (number, key >> 7), found)


def _system(data: bytes, at: int, stop: int, tick: int, found: Walked) -> tuple[int, bool]:
    """Past one meta, exclusive or system event; notes down what it says. Returns the place after it and whether the track ends."""
    byte = data[at]
    if byte not in (0xFF, 0xF0, 0xF7):
        return at + 1 + _SYSTEM_BYTES.get(byte, 0), False
    at += 1
    kind = -1
    if byte == 0xFF:
        if at >= stop:
            raise _Cut
        kind, at = data[at], at + 1
    length, at = _varlen(data, at, stop)
    if kind == 0x2F:
        return at, True
    if at + length > stop:
        raise _Cut
    body = data[at : at + length]
    if kind == 0x51:
        mspq = int.from_bytes(body[:3], "big") if len(body) >= 3 else 0
        _note_down(found.tempos, (tick, mspq), mspq > 0, found, "bad tempo")
    elif kind == 0x58:
        numerator, power = (body[0], body[1]) if len(body) >= 2 else (0, 0)
        _note_down(found.meters, (tick, numerator, 1 << power), numerator > 0 and power < 8, found, "bad meter")
    elif kind == 0x59:
        fifths, minor = (body[0] - 256 if body[0] > 127 else body[0], body[1]) if len(body) >= 2 else (99, 0)
        _note_down(found.keys, (tick, fifths, minor), -7 <= fifths <= 7 and minor in (0, 1), found, "bad key")
    elif kind == 0x06:
        found.markers.append((tick, at, at + length))
    return at + length, False


def _note_down(rows: list[Any], row: tuple[int, ...], good: bool, found: Walked, repair: str) -> None:
    if good:
        rows.append(row)
    else:
        found.repairs[repair] += 1


def _varlen(data: bytes, at: int, stop: int) -> tuple[int, int]:
    value = 0
    for byte in data[at : min(at + 4, stop)]:
        at += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at
    raise _Cut  # cut off, or longer than the four bytes that the format allows


def _pair(events: list[tuple[int, int, int]], pitch: int, end: int, place: tuple[int, int], found: Walked) -> None:
    """Notes of one pitch: first in, first out; but where a note-off is missing, a new onset ends the note before it."""
    done, repairs = _first_in_first_out(events)
    if done is None:
        done, repairs = _one_at_a_time(events, end)
    found.repairs.update(repairs)
    for onset, stop, velocity, program in done:
        found.notes.setdefault((*place, program), []).append((onset, stop - onset, pitch, velocity))


Timed = tuple[int, int, int, int]  # onset, end, velocity, program


def _first_in_first_out(events: list[tuple[int, int, int]]) -> tuple[list[Timed] | None, Counter[str]]:
    """Pairs as every sequencer does; None when a note stays open. The program is that of the onset."""
    repairs: Counter[str] = Counter()
    done: list[Timed] = []
    waiting: list[tuple[int, int, int]] = []
    first = 0
    for tick, velocity, program in events:
        if velocity:
            waiting.append((tick, velocity, program))
        elif first < len(waiting):
            onset = waiting[first][0]
            done.append((onset, max(tick, onset + 1), *waiting[first][1:]))
            first += 1
            if tick == onset:
                repairs["lengthened"] += 1
    return (done if first == len(waiting) else None), repairs


def _one_at_a_time(events: list[tuple[int, int, int]], end: int) -> tuple[list[Timed], Counter[str]]:
    """At most one note sounds: ended by its note-off, by the next onset, or by the end of the track."""
    repairs: Counter[str] = Counter()
    done: list[Timed] = []
    sounding: tuple[int, int, int] | None = None
    replaced = -1  # where an onset ended a note; a note-off at the same tick was that note's own
    for tick, velocity, program in events:
        if velocity:
            if sounding is not None:
                done.append((sounding[0], max(tick, sounding[0] + 1), *sounding[1:]))
                repairs["closed"] += 1
                replaced = tick
            sounding = (tick, velocity, program)
        elif sounding is not None and tick == replaced:
            repairs["closed"] -= 1
            replaced = -1
        elif sounding is not None:
            done.append((sounding[0], max(tick, sounding[0] + 1), *sounding[1:]))
            repairs["lengthened"] += tick == sounding[0]
            sounding = None
    if sounding is not None:
        done.append((sounding[0], max(end, sounding[0] + 1), *sounding[1:]))
        repairs["closed"] += 1
    return done, +repairs
