"""The reader of MIDI events: every complete event of the track chunks, and what to make of those that are not.

It knows data bytes over 127, missing ends and unfinished notes, and counts each repair; it knows no `Piece`. Compiled, so it is
imported where something is about to be read. Linear in time and memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from partimento.compiled import compiled, inlined
from partimento.errors import UnreadableFile
from partimento.piece import KEY, MAX_TICK, METER, NOTE, PEDAL, TEMPO, Array

SOUND = np.dtype([("chunk", "<i4"), ("channel", "<i4"), ("program", "<i4"), ("notes", "<i4")])  # of a program on a channel
MARKER = np.dtype([("tick", "<i4"), ("start", "<u4"), ("stop", "<u4")])  # and where its text is
REPAIRS = ("truncated", "stray bytes", "clamped", "no end of track", "lengthened", "closed", "bad tempo", "bad meter", "bad key")

_MAX_SOUNDS = 2**16  # that a note's `track` can tell apart
_LATE = MAX_TICK + 1  # for every later tick: a piece refuses it as well, and it fits
# what is found, and of how many bytes the smallest event is that says so
_ROWS = {"notes": (NOTE, 3), "sounds": (SOUND, 3), "pedals": (PEDAL, 3), "tempos": (TEMPO, 7), "meters": (METER, 6)}
_ROWS |= {"keys": (KEY, 6), "markers": (MARKER, 4)}
_TALLY = np.dtype([(name, "<i8") for name in (*_ROWS, *REPAIRS)])
# `status` of a meta event: 0xFF00 and its kind
_EVENT = np.dtype([("tick", "<i8"), ("status", "<i8"), ("first", "<i8"), ("second", "<i8")])
_IS_MARKER, _IS_END, _IS_TEMPO, _IS_METER, _IS_KEY = 0xFF06, 0xFF2F, 0xFF51, 0xFF58, 0xFF59
_SUSTAIN, _DOWN = 64, 64  # the pedal's controller, and the value from which on it is down
_CUT = -1

# What sounds of a pitch of a channel: the numbers of the first and the last of its notes (-1: none); the duration of each that
# sounds is the number of the next. Once a note had no end, its key is `alone`: then one note at most sounds, and ends at the
# next onset, which is `replaced`: an end at that tick was meant for the note before.
_KEY_STATE = np.dtype([("first", "<i4"), ("last", "<i4"), ("replaced", "<i8"), ("alone", "<i8")])


@inlined
def _number(data: Any, at: int, stop: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place after it: `_CUT` where it is cut off or has more than four bytes."""
    value = 0
    for place in range(at, min(at + 4, stop)):
        byte = int(data[place])
        value = value << 7 | byte & 127
        if byte < 128:
            return value, place + 1
    return 0, _CUT


@inlined
def _take_meta(data: Any, tick: int, status: int, start: int, stop: int, rows: Any, tally: Any) -> None:
    """Notes down a meta event whose body is data[start:stop], if it is of those that count."""
    tempos, meters, keys, markers = rows
    tick = min(tick, _LATE)
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
def _read(data: Any, at: int, stop: int, events: Any, rows: Any, tally: Any) -> tuple[int, int]:
    """Takes a chunk apart into the events of its channels and the rows of maps. The number of events, and the last tick."""
    count, tick, running = 0, 0, 0
    while at < stop:
        if data[at] < 128:  # most times are one byte
            delta, at = int(data[at]), at + 1
        else:
            delta, at = _number(data, at, stop)
        tick += delta
        if at < 0 or at >= stop or count == len(events):
            break
        status = int(data[at])
        if status >= 0x80:
            at += 1
        elif running:
            status = running
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
            event["tick"], event["status"], event["first"], event["second"] = tick, status, first, second
            count += 1
            at = after
            continue
        if status < 0xF7:
            running = 0
        if status == 0xFF and at < stop:
            status = 0xFF00 | int(data[at])
            at += 1
        if status == 0xF0 or status == 0xF7 or status >= 0xFF:
            length, start = _number(data, at, stop)
            if status == _IS_END and start != _CUT:
                return count, tick
            if start == _CUT or start + length > stop:
                break
            at = start + length
            _take_meta(data, tick, status, start, at, rows, tally)
        elif status == 0xF1 or status == 0xF3:
            at += 1
        elif status == 0xF2:
            at += 2
    else:
        tally["no end of track"] += 1
        return count, tick
    tally["truncated"] = 1
    return count, tick


@inlined
def _new_sound(sounds: Any, tally: Any, chunk: int, channel: int, program: int) -> int:
    number = int(tally["sounds"])
    sound = sounds[number]
    sound["chunk"], sound["channel"], sound["program"], sound["notes"] = chunk, channel, program, 0
    tally["sounds"] += 1
    return number


@inlined
def _play(events: Any, chunk: int, end: int, notes: Any, sounds: Any, pedals: Any, tally: Any, states: Any) -> bool:
    """Follows the events of a chunk up to its end. True when it needs another go, since keys became alone.

    A note ends with the first note-off of its key that no earlier note took, after one tick at least.
    """
    programs = np.zeros(16, np.int64)
    pedal_of = np.full(16, -1)  # which pedal of each channel is down
    sound_of = np.full(16 * 128, -1)  # by channel and program
    count, sounding = int(tally["notes"]), 0
    for event in events:
        if count == len(notes) or tally["sounds"] == len(sounds) or tally["pedals"] == len(pedals):
            break  # full
        status, tick, first, second = int(event["status"]), int(event["tick"]), int(event["first"]), int(event["second"])
        channel, kind = status & 15, status >> 4
        sound = channel << 7 | programs[channel]
        if kind == 0x9 and second > 0:
            if sound_of[sound] < 0:
                sound_of[sound] = _new_sound(sounds, tally, chunk, channel, programs[channel])
            sounds[sound_of[sound]]["notes"] += 1
            key = states[channel << 7 | first]
            if key["alone"] and key["first"] >= 0:
                before = notes[key["first"]]
                before["duration"] = min(max(tick - before["onset"], 1), _LATE)
                tally["closed"] += 1
                key["replaced"], key["first"] = tick, -1
                sounding -= 1
            note = notes[count]
            note["onset"], note["duration"], note["pitch"], note["velocity"] = min(tick, _LATE), -1, first, second
            note["track"] = sound_of[sound]
            if key["first"] < 0:
                key["first"] = count
            else:
                notes[key["last"]]["duration"] = count
            key["last"] = count
            count += 1
            sounding += 1
        elif kind == 0x9 or kind == 0x8:
            key = states[channel << 7 | first]
            if key["first"] < 0:
                continue
            if key["alone"] and key["replaced"] == tick:
                key["replaced"] = -1
                tally["closed"] -= 1
                continue
            note = notes[key["first"]]
            key["first"] = note["duration"]
            note["duration"] = min(max(tick - note["onset"], 1), _LATE)
            tally["lengthened"] += int(tick == note["onset"])
            sounding -= 1
        elif kind == 0xC:
            programs[channel] = first
        elif kind == 0xB and first == _SUSTAIN and second >= _DOWN and pedal_of[channel] < 0:
            if sound_of[sound] < 0:
                sound_of[sound] = _new_sound(sounds, tally, chunk, channel, programs[channel])
            pedal_of[channel] = tally["pedals"]
            pedal = pedals[tally["pedals"]]
            pedal["onset"], pedal["duration"], pedal["track"] = min(tick, _LATE), -1, sound_of[sound]
            tally["pedals"] += 1
        elif kind == 0xB and first == _SUSTAIN and second < _DOWN and pedal_of[channel] >= 0:
            pedal = pedals[pedal_of[channel]]
            pedal["duration"] = min(tick - pedal["onset"], _LATE)
            pedal_of[channel] = -1
    tally["notes"] = count
    again = False
    if sounding:
        for key in states:
            if key["first"] >= 0 and key["alone"]:
                note = notes[key["first"]]
                note["duration"] = min(max(end - note["onset"], 1), _LATE)
                tally["closed"] += 1
            elif key["first"] >= 0:
                key["alone"] = 1
                again = True
            key["first"] = -1
    return again


_BYTES = numba.types.Array(numba.uint8, 1, "C", readonly=True)
_EVENTS, _TALLIES, *_FOUND = (numba.from_dtype(dtype)[::1] for dtype in (_EVENT, _TALLY, *(dtype for dtype, _ in _ROWS.values())))


@compiled(_BYTES, numba.int64[:, ::1], _EVENTS, _TALLIES, numba.types.Tuple(_FOUND))  # type: ignore[no-untyped-call]
def _walk(data: Any, chunks: Any, events: Any, tallies: Any, found: Any) -> bool:
    """Reads the chunks into the arrays. False where one of them is full."""
    notes, sounds, pedals, tempos, meters, keys, markers = found
    tally = tallies[0]
    states = np.zeros(16 * 128, _KEY_STATE)
    for state in states:
        state["first"] = state["replaced"] = -1
    for chunk in range(len(chunks)):
        start, stop = chunks[chunk]
        count, end = _read(data, start, stop, events, (tempos, meters, keys, markers), tally)
        before = tallies.copy()
        if _play(events[:count], chunk, end, notes, sounds, pedals, tally, states):
            tallies[0] = before[0]
            _play(events[:count], chunk, end, notes, sounds, pedals, tally, states)
            for state in states:
                state["alone"], state["replaced"] = 0, -1
        if count == len(events) or tally["notes"] == len(notes) or tally["sounds"] == len(sounds) or tally["pedals"] == len(pedals):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Walked:
    """What was found in the chunks of a file, one after another, and how often each kind of repair was needed.

    The notes of a chunk come in the order of their onsets. The `track` of notes and pedals is the number of their sound
    (`SOUND`); the duration of a pedal that is not lifted is -1. What is later than `MAX_TICK`, or longer, is one tick beyond.
    """

    notes: Array
    sounds: Array
    pedals: Array
    tempos: Array
    meters: Array
    keys: Array
    markers: Array
    repairs: dict[str, int]


def walk(data: bytes, chunks: Sequence[tuple[int, int]], *, max_notes: int) -> Walked:
    """Reads the chunks of `data`, [start, stop) each. Raises `UnreadableFile` over `max_notes` and over 65,535 sounds."""
    most_events = 4 * max_notes + 100_000  # in a chunk; a file of nothing but controllers must not take all memory
    most = {"notes": max_notes + 1, "sounds": _MAX_SOUNDS, "pedals": most_events}
    arrays = [np.empty(min(len(data) // size + 2, most.get(name, len(data))), dtype) for name, (dtype, size) in _ROWS.items()]
    events, tally = np.empty(min(len(data) // 2 + 2, most_events), _EVENT), np.zeros(1, _TALLY)
    done = _walk(np.frombuffer(data, np.uint8), np.array(chunks, np.int64), events, tally, tuple(arrays))
    count = dict(zip(_TALLY.names or (), tally.item(), strict=True))
    if not done and count["sounds"] == _MAX_SOUNDS:
        raise UnreadableFile("too many tracks", f"{_MAX_SOUNDS} channels and programs or more")
    if not done:
        raise UnreadableFile("too many notes", f"more than {max_notes}, or more events than so many notes need")
    rows = {name: array[: count[name]] for name, array in zip(_ROWS, arrays, strict=True)}
    return Walked(**rows, repairs={name: count[name] for name in REPAIRS if count[name]})
