"""What sounds: the notes, programs and pedals that the events of all chunks make together.

A channel is one channel for all chunks, as a player has it: programs, pedals and "all notes off" that stand in a chunk of their
own act on the others, in the order of time. Where several chunks have notes on one channel, each that states its own program
keeps to it, and so with pedals: programs that export each part on channel 1 mean it so. Compiled, linear but for a search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from partimento.compiled import compiled, inlined
from partimento.errors import UnreadableFile
from partimento.formats.midi.events import EVENT, EVENT_REPAIRS, LATE, read_events
from partimento.piece import NOTE, PEDAL, Array

SOUND = np.dtype([("chunk", "<i4"), ("channel", "<i4"), ("program", "<i4"), ("notes", "<i4")])  # of a program on a channel
REPAIRS = (*EVENT_REPAIRS, "lengthened", "closed")

_MAX_SOUNDS = 2**16  # that a note's `track` can tell apart
_TALLY = np.dtype([(name, "<i8") for name in ("notes", "sounds", "pedals", "lengthened", "closed")])
_OFF, _ON, _CONTROL, _PROGRAM = 0x8, 0x9, 0xB, 0xC
_PEDAL = _CONTROL
_SUSTAIN, _DOWN = 64, 64  # the pedal's controller, and the value from which on it is down
_SOUND_OFF, _RESET, _NOTES_OFF = 120, 121, 123  # and those above, which say so too (MIDI 1.0, "Channel Mode Messages")

# Events that other chunks feel: a program, a pedal (`value` is how far down) or an "off". `place` is channel and tick; `alone`
# are those of chunks that have no notes on the channel.
_FELT = np.dtype([("place", "<i8"), ("chunk", "<i4"), ("kind", "u1"), ("value", "u1"), ("alone", "?"), ("spare", "u1")])
# What sounds of a pitch of a channel: the numbers of the first and the last of its notes (-1: none); the duration of each that
# sounds is the number of the next. Once a note had no end, its key is `alone`: then one note at most sounds, and ends at the
# next onset, which is `replaced`: an end at that tick was meant for the note before.
_KEY_STATE = np.dtype([("first", "<i4"), ("last", "<i4"), ("replaced", "<i8"), ("alone", "<i8")])
# What holds on a channel, valid for `chunk`: the program, since when, whether it is of its own, the next "off" of others.
_CHANNEL_STATE = np.dtype(
    [("chunk", "<i8"), ("program", "<i8"), ("since", "<i8"), ("own", "<i8"), ("sounding", "<i8"), ("off", "<i8")]
)


@inlined
def _is_off(kind: int, first: int) -> bool:
    return kind == _CONTROL and (first == _SOUND_OFF or first >= _NOTES_OFF)


@inlined
def _after(felt: Any, place: int) -> int:
    """The number of rows at or before a place."""
    low, high = 0, len(felt)
    while low < high:
        middle = (low + high) // 2
        if felt[middle]["place"] <= place:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def _program(state: Any, channel: int, tick: int, programs: Any, programs_alone: Any) -> int:
    """The program of a note: the chunk's own, unless one of a chunk without notes came later."""
    felt = programs_alone if state["own"] else programs
    before = _after(felt, channel << 32 | min(tick, LATE)) - 1
    if before >= 0 and felt[before]["place"] >> 32 == channel and (felt[before]["place"] & 0xFFFFFFFF) > state["since"]:
        return int(felt[before]["value"])
    return int(state["program"])


@inlined
def _silence(channel: int, tick: int, notes: Any, states: Any, channels: Any) -> None:
    """Ends all that sounds on a channel."""
    for pitch in range(128):
        key = states[channel << 7 | pitch]
        number = int(key["first"])
        while number >= 0:
            note = notes[number]
            number = -1 if key["alone"] else int(note["duration"])
            note["duration"] = min(max(tick - note["onset"], 1), LATE)
        key["first"] = -1
    channels[channel]["sounding"] = 0


@inlined
def _silence_from_others(channel: int, tick: int, notes: Any, states: Any, channels: Any, offs: Any) -> None:
    """Ends what the "off" of chunks without notes ends by `tick`."""
    state = channels[channel]
    while state["off"] < len(offs) and offs[state["off"]]["place"] <= channel << 32 | min(tick, LATE):
        if state["sounding"]:
            _silence(channel, offs[state["off"]]["place"] & 0xFFFFFFFF, notes, states, channels)
            state["off"] += 1
        else:
            state["off"] = _after(offs, channel << 32 | min(tick, LATE))


@inlined
def _play(
    events: Any, chunk: int, end: int, felt: Any, notes: Any, sounds: Any, sound_of: Any, tally: Any, states: Any, channels: Any
) -> bool:
    """Follows the events of a chunk up to its end. True when it needs another go, since keys became alone.

    A note ends with the first note-off of its key that no earlier note took, after one tick at least.
    """
    programs, programs_alone, offs = felt
    for event in events:
        state = channels[event["channel"]]
        if state["chunk"] != chunk:
            state["chunk"], state["program"], state["since"], state["own"], state["sounding"] = chunk, 0, -1, 0, 0
            state["off"] = _after(offs, event["channel"] << 32) if len(offs) else 0
        if event["kind"] == _PROGRAM:
            state["own"] = 1
    count = int(tally["notes"])
    for event in events:
        if count == len(notes) or tally["sounds"] == len(sounds):
            tally["notes"] = count
            return False  # full
        kind, channel, tick = int(event["kind"]), int(event["channel"]), int(event["tick"])
        first, second = int(event["first"]), int(event["second"])
        state = channels[channel]
        if len(offs):
            _silence_from_others(channel, tick, notes, states, channels, offs)
        if kind == _ON and second > 0:
            program = int(state["program"])
            if len(programs):
                program = _program(state, channel, tick, programs, programs_alone)
            sound = channel << 7 | program
            number = sound_of[sound]
            if number < 0 or number >= tally["sounds"] or sounds[number]["chunk"] != chunk:
                sound_of[sound] = tally["sounds"]
                new = sounds[tally["sounds"]]
                new["chunk"], new["channel"], new["program"], new["notes"] = chunk, channel, program, 0
                tally["sounds"] += 1
            sounds[sound_of[sound]]["notes"] += 1
            key = states[channel << 7 | first]
            if key["alone"] and key["first"] >= 0:
                before = notes[key["first"]]
                before["duration"] = min(max(tick - before["onset"], 1), LATE)
                tally["closed"] += 1
                key["replaced"], key["first"] = tick, -1
                state["sounding"] -= 1
            note = notes[count]
            note["onset"], note["duration"], note["pitch"], note["velocity"] = min(tick, LATE), -1, first, second
            note["track"] = sound_of[sound]
            if key["first"] < 0:
                key["first"] = count
            else:
                notes[key["last"]]["duration"] = count
            key["last"] = count
            count += 1
            state["sounding"] += 1
        elif kind in (_ON, _OFF):
            key = states[channel << 7 | first]
            if key["first"] < 0:
                continue
            if key["alone"] and key["replaced"] == tick:
                key["replaced"] = -1
                tally["closed"] -= 1
                continue
            note = notes[key["first"]]
            key["first"] = note["duration"]
            note["duration"] = min(max(tick - note["onset"], 1), LATE)
            tally["lengthened"] += int(tick == note["onset"])
            state["sounding"] -= 1
        elif kind == _PROGRAM:
            state["program"], state["since"] = first, min(tick, LATE)
        elif state["sounding"] and _is_off(kind, first):
            _silence(channel, tick, notes, states, channels)
    tally["notes"] = count
    return _end(events, end, notes, tally, states, channels, offs)


@inlined
def _end(events: Any, end: int, notes: Any, tally: Any, states: Any, channels: Any, offs: Any) -> bool:
    """What still sounds at the end of a chunk ends there, where its key is alone; else its key becomes alone, which is answered."""
    again = False
    for event in events:
        channel = int(event["channel"])
        if len(offs):
            _silence_from_others(channel, LATE, notes, states, channels, offs)
        if channels[channel]["sounding"] == 0 or event["kind"] != _ON:
            continue
        key = states[channel << 7 | event["first"]]
        if key["first"] >= 0 and key["alone"]:
            note = notes[key["first"]]
            note["duration"] = min(max(end - note["onset"], 1), LATE)
            tally["closed"] += 1
        elif key["first"] >= 0:
            key["alone"] = 1
            again = True
        key["first"] = -1
    for event in events:
        channels[event["channel"]]["chunk"] = -1
    return again


_EVENTS, _TALLIES, _NOTES, _SOUNDS, _PEDALS, _FELTS = (
    numba.from_dtype(dtype)[::1] for dtype in (EVENT, _TALLY, NOTE, SOUND, PEDAL, _FELT)
)
_BOUNDS = numba.int64[:, ::1]


@compiled(_EVENTS, _BOUNDS, numba.int64, numba.types.Tuple([_FELTS] * 3), _NOTES, _SOUNDS, _TALLIES)  # type: ignore[no-untyped-call]
def _notes(events: Any, bounds: Any, ports: int, felt: Any, notes: Any, sounds: Any, tallies: Any) -> bool:
    """Finds the notes of the chunks. False where an array is full."""
    states = np.zeros(ports * 16 * 128, _KEY_STATE)
    for key in states:
        key["first"] = key["replaced"] = -1
    channels = np.zeros(ports * 16, _CHANNEL_STATE)
    for state in channels:
        state["chunk"] = -1
    sound_of = np.full(ports * 16 * 128, -1)  # by channel and program
    tally = tallies[0]
    for chunk in range(len(bounds)):
        start, stop, end = bounds[chunk]
        before = tallies.copy()
        if _play(events[start:stop], chunk, end, felt, notes, sounds, sound_of, tally, states, channels):
            tallies[0] = before[0]
            _play(events[start:stop], chunk, end, felt, notes, sounds, sound_of, tally, states, channels)
            for event in events[start:stop]:
                if event["kind"] == _ON:
                    key = states[event["channel"] << 7 | event["first"]]
                    key["alone"], key["replaced"] = 0, -1
        if tally["notes"] == len(notes) or tally["sounds"] == len(sounds):
            return False
    return True


@compiled(_EVENTS, _BOUNDS, numba.int64, _FELTS)
def _survey(events: Any, bounds: Any, ports: int, rows: Any) -> tuple[int, bool]:
    """Fills `rows` with what other chunks may feel, in file order; their number, and whether two chunks share a channel."""
    count, shared = 0, False
    user = np.full(ports * 16, -1)  # the last chunk that used each channel
    sounds = np.full(ports * 16, -1)  # and that had notes on it
    for chunk in range(len(bounds)):
        start, stop, _ = bounds[chunk]
        first_row = count
        for event in events[start:stop]:
            channel, kind, first = int(event["channel"]), int(event["kind"]), int(event["first"])
            value = int(event["second"])
            if kind == _ON and value > 0:
                sounds[channel] = chunk
            elif kind == _PROGRAM:
                value = first
            elif kind == _CONTROL and first in (_SUSTAIN, _RESET):
                kind, value = _PEDAL, value if first == _SUSTAIN else 0
            elif _is_off(kind, first):
                kind = _OFF
            else:
                continue
            shared = shared or (user[channel] >= 0 and user[channel] != chunk)
            user[channel] = chunk
            if kind != _ON:
                row = rows[count]
                row["place"], row["chunk"], row["kind"], row["value"] = channel << 32 | min(event["tick"], LATE), chunk, kind, value
                count += 1
        for row in rows[first_row:count]:
            row["alone"] = sounds[row["place"] >> 32] != chunk
    return count, shared


@compiled(_FELTS, numba.int64[:, ::1], _PEDALS, _TALLIES)
def _press(felt: Any, listeners: Any, pedals: Any, tallies: Any) -> bool:
    """The pedals that each of the `listeners` [listener, 5] feels; False where there are too many.

    A listener is a chunk and a channel, the rows of `felt` of the channel, and whether it feels none but its own pedals; so does
    one that has some of its own. The `track` of a pedal is the number of its listener; what is not lifted lasts -1.
    """
    count, effort = 0, 4 * len(pedals) + 4 * len(felt)
    for number in range(len(listeners)):
        chunk, _, start, stop, own = listeners[number]
        down = -1
        effort -= stop - start
        if effort < 0:
            return False
        for row in felt[start:stop]:
            if own or row["chunk"] == chunk:
                own = 1
                break
        for row in felt[start:stop]:
            if own and row["chunk"] != chunk and not row["alone"]:
                continue
            tick = row["place"] & 0xFFFFFFFF
            if row["value"] >= _DOWN and down < 0:
                if count == len(pedals):
                    return False
                down = count
                pedal = pedals[count]
                pedal["onset"], pedal["duration"], pedal["track"] = tick, -1, number
                count += 1
            elif row["value"] < _DOWN and down >= 0:
                pedals[down]["duration"] = tick - pedals[down]["onset"]
                down = -1
    tallies[0]["pedals"] = count
    return True


@dataclass(frozen=True, slots=True)
class Played:
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


def play(data: bytes, chunks: Sequence[tuple[int, int]], *, max_notes: int, apart: bool = False) -> Played:
    """Reads the chunks of `data`, [start, stop) each; with `apart` none feels what stands in another.

    Raises `UnreadableFile` over `max_notes` and over 65,535 sounds.
    """
    most_events = 4 * max_notes + 100_000  # a file of nothing but controllers must not take all memory
    events, bounds, ports, maps, repairs = read_events(data, list(chunks), most_events=most_events)
    notes = np.empty(min(len(events), max_notes) + 1, NOTE)
    sounds, tally = np.empty(min(len(events) + 1, _MAX_SOUNDS), SOUND), np.zeros(1, _TALLY)
    felt, pressing = _felt(events, bounds, ports, apart)
    done = len(events) < most_events and _notes(events, bounds, ports, felt, notes, sounds, tally)
    if not done and tally["sounds"][0] == _MAX_SOUNDS:
        raise UnreadableFile("too many tracks", f"{_MAX_SOUNDS} channels and programs or more")
    notes, sounds = notes[: tally["notes"][0]], sounds[: tally["sounds"][0]]
    pedals = np.zeros(0, PEDAL)
    if done and len(pressing) and len(notes):
        listeners, of_sound = _listeners(sounds, pressing, apart)
        pedals = np.empty(min(len(pressing) * len(listeners), most_events), PEDAL)
        done = _press(pressing, listeners, pedals, tally)
        pedals = _on_sounds(pedals[: tally["pedals"][0]], notes, of_sound)
    if not done:
        raise UnreadableFile("too many notes", f"more than {max_notes}, or more events than so many notes need")
    repairs |= {name: int(tally[name][0]) for name in ("lengthened", "closed") if tally[name][0]}
    return Played(notes, sounds, pedals, **maps, repairs=repairs)


def _felt(events: Array, bounds: Array, ports: int, apart: bool) -> tuple[tuple[Array, Array, Array], Array]:
    """The programs, those of chunks without notes and their "off", as far as other chunks feel them; and all pedals."""
    none = np.zeros(0, _FELT)
    rows = np.empty(len(events), _FELT)
    count, shared = _survey(events, bounds, ports, rows)
    if not count:
        return (none, none, none), none
    rows = rows[:count]
    rows = rows[rows["place"].argsort(kind="stable")]
    kind = rows["kind"]
    pressing = rows[kind == _PEDAL]
    if apart or not shared:
        pressing["alone"] = False
        return (none, none, none), pressing
    programs = rows[kind == _PROGRAM]
    return (programs, programs[programs["alone"]], rows[(kind == _OFF) & rows["alone"]]), pressing


def _listeners(sounds: Array, pressing: Array, apart: bool) -> tuple[Array, Array]:
    """Each chunk and channel that has notes, as `_press` takes them (int64 [listeners, 5]), and the listener of each sound."""
    part = sounds["chunk"].astype(np.int64) << 16 | sounds["channel"]
    parts, of_sound = np.unique(part, return_inverse=True)
    channel = parts & 0xFFFF
    own = np.full(len(parts), apart)
    start, stop = np.searchsorted(np.ascontiguousarray(pressing["place"]), [channel << 32, channel + 1 << 32])
    return np.ascontiguousarray(np.stack([parts >> 16, channel, start, stop, own], axis=1).astype(np.int64)), of_sound


def _on_sounds(pedals: Array, notes: Array, of_sound: Array) -> Array:
    """The pedals, each with the sound of the first note of its listener from there on, or else of its last."""
    if of_sound[-1] == len(of_sound) - 1 and len(np.unique(of_sound)) == len(of_sound):  # each listener has one sound
        pedals["track"] = np.argsort(of_sound)[pedals["track"]]
        return pedals
    key = of_sound[notes["track"]].astype(np.int64) << 32 | notes["onset"]
    order = np.argsort(key, kind="stable")
    key = key[order]
    pressed = pedals["track"].astype(np.int64) << 32 | pedals["onset"]
    at = np.searchsorted(key, pressed)
    found = at < len(key)
    found[found] = key[at[found]] >> 32 == pedals["track"][found]
    pedals["track"] = notes["track"][order[np.where(found, at, at - 1)]]
    return pedals
