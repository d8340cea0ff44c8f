"""The reader of MIDI events in plain Python: the slow twin of `events.py` and `playing.py`, written in another way."""

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
    onsets: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)  # of each chunk and channel: tick, program
    repairs: Counter[str] = field(default_factory=Counter)
    truncated: bool = False


class _Cut(Exception):
    """An event runs past the end of its chunk."""


Event = tuple[int, int, int, int]  # tick, kind, and the two data bytes
Place = tuple[int, int]  # chunk, channel


def slow_walk(container: Container, *, apart: bool = False) -> Walked:
    """Reads every complete event of all track chunks; with `apart` no chunk feels what stands in another."""
    found = Walked()
    events: dict[Place, list[Event]] = {}
    ports: dict[int, int] = {}
    ends = [_walk_chunk(container.data, *bounds, number, events, ports, found) for number, bounds in enumerate(container.chunks)]
    if found.truncated:
        found.repairs["truncated"] += 1
    sounding = [place for place, rows in events.items() if any(kind == 0x9 and high for _, kind, _, high in rows)]
    for chunk, channel in sounding:
        own = events[chunk, channel]
        others = [place for place in events if place[1] == channel and place[0] != chunk and not apart]
        alone = [place for place in others if place not in sounding]

        def feels(of: Any, own: list[Event] = own, others: list[Place] = others, alone: list[Place] = alone) -> list[Event]:
            """What of other chunks holds here: of all of them, unless this chunk has such events too."""
            return [event for place in (alone if any(map(of, own)) else others) for event in events[place] if of(event)]

        felt = feels(_is_program) + [event for place in alone for event in events[place] if _is_off(event)]
        stream = sorted([(event[0], 0, event) for event in felt] + [(event[0], 1, event) for event in own], key=lambda row: row[:2])
        _play([event for _, _, event in stream], (chunk, channel), ends[chunk], found)
        here = sorted(
            [*((chunk, event) for event in own if _is_pedal(event))]
            + [(place[0], event) for place in others for event in events[place] if _is_pedal(event)],
            key=lambda row: (row[1][0], row[0]),
        )
        if any(map(_is_pedal, own)):
            here = [row for row in here if row[0] == chunk or (row[0], channel) in alone]
        _press([event for _, event in here], (chunk, channel), found)
    return found


def _is_program(event: Event) -> bool:
    return event[1] == 0xC


def _is_off(event: Event) -> bool:
    return event[1] == 0xB and event[2] in (120, 123, 124, 125, 126, 127)


def _is_pedal(event: Event) -> bool:
    return event[1] == 0xB and event[2] in (SUSTAIN, 121)


def _play(stream: list[Event], place: Place, end: int, found: Walked) -> None:
    program = 0
    of_pitch: dict[int, list[tuple[int, int, int]]] = {}  # (tick, velocity or 0 for off or -1 for all off, program)
    for event in stream:
        tick, kind, low, high = event
        if kind == 0xC:
            program = low
        elif kind in (0x8, 0x9):
            of_pitch.setdefault(low, []).append((tick, high if kind == 0x9 else 0, program))
            if kind == 0x9 and high:
                found.onsets.setdefault(place, []).append((tick, program))
        elif _is_off(event):
            for rows in of_pitch.values():
                rows.append((tick, -1, program))
    for pitch, rows in of_pitch.items():
        _pair(rows, pitch, end, place, found)


def _press(stream: list[Event], place: Place, found: Walked) -> None:
    """Each pedal belongs to the program of the first note from there on, or else to that of the last."""
    notes = found.onsets[place]
    pressed = -1
    for tick, _, low, value in [*stream, (-1, 0, 0, 0)]:
        down = low == SUSTAIN and value >= DOWN
        if down and pressed < 0:
            pressed = tick
        elif not down and pressed >= 0:
            program = next((program for onset, program in notes if onset >= pressed), notes[-1][1])
            duration = tick - pressed if tick >= 0 else -1
            found.pedals.setdefault((*place, program), []).append((pressed, duration))
            pressed = -1


def _walk_chunk(
    data: bytes, at: int, stop: int, number: int, found_events: dict[Place, list[Event]], ports: dict[int, int], found: Walked
) -> int:
    tick, status, ended, after_end = 0, 0, False, False
    kind, channel, width, port = 0, 0, 0, 0
    try:
        while at < stop:
            delta, at = _varlen(data, at, stop, found)
            if at >= stop:
                raise _Cut
            tick += delta
            byte = data[at]
            if byte >= 0x80:
                if byte >= 0xF0:
                    at, meta, body = _system(data, at, stop, tick, found)
                    status = 0 if (byte < 0xF8 and byte != 0xF7) or meta == 0x2F else status
                    ended = ended or meta == 0x2F
                    port = body[0] & 127 if meta == 0x21 and len(body) == 1 else port
                    continue
                status, kind, channel, width = byte, byte >> 4, byte & 15, _DATA_BYTES[byte >> 4]
                at += 1
            elif not status:
                if ended:
                    return tick
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
            found.repairs["early end of track"] += ended and not after_end
            after_end = ended
            place = (number, ports.setdefault(port, len(ports)) << 4 | channel)
            found_events.setdefault(place, []).append((tick, kind, low, high))
    except _Cut:
        found.truncated = found.truncated or not ended
    else:
        found.repairs["no end of track"] += not ended
    return tick


def _system(data: bytes, at: int, stop: int, tick: int, found: Walked) -> tuple[int, int, bytes]:
    """Past one meta, exclusive or system event; notes down what it says. The place after it, its kind (-1: no meta) and body."""
    byte = data[at]
    if byte not in (0xFF, 0xF0, 0xF7):
        return at + 1 + _SYSTEM_BYTES.get(byte, 0), -1, b""
    at += 1
    kind = -1
    if byte == 0xFF:
        if at >= stop:
            raise _Cut
        kind, at = data[at], at + 1
    length, at = _varlen(data, at, stop, found)
    if kind == 0x2F:
        return at + length, kind, b""
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
    return at + length, kind, body


def _note_down(rows: list[Any], row: tuple[int, ...], good: bool, found: Walked, repair: str) -> None:
    if good:
        rows.append(row)
    else:
        found.repairs[repair] += 1


def _varlen(data: bytes, at: int, stop: int, found: Walked) -> tuple[int, int]:
    """A number of at most 28 bits, however many bytes of nothing it begins with, up to eight in all."""
    value, start = 0, at
    for byte in data[at : min(at + 8, stop)]:
        at += 1
        value = value << 7 | byte & 127
        if value >= 1 << 28:
            break
        if byte < 128:
            found.repairs["long number"] += at - start > 4
            return value, at
    raise _Cut  # cut off, or more than the format allows


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
        if velocity > 0:
            waiting.append((tick, velocity, program))
        elif velocity < 0:
            done += [(onset, max(tick, onset + 1), loud, of) for onset, loud, of in waiting[first:]]
            first = len(waiting)
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
        if velocity > 0:
            if sounding is not None:
                done.append((sounding[0], max(tick, sounding[0] + 1), *sounding[1:]))
                repairs["closed"] += 1
                replaced = tick
            sounding = (tick, velocity, program)
        elif velocity < 0:
            if sounding is not None:
                done.append((sounding[0], max(tick, sounding[0] + 1), *sounding[1:]))
            sounding = None
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
