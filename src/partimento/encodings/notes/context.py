"""What the events of `notes` say of where they are and how they move, and the same music in another key, louder, faster."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context
from partimento.encodings.notes.declared_parts import drum_id, instruments_of, reordered
from partimento.encodings.notes.layout import CLASSES, LONGEST, MOST_PARTS, TEMPOS, VELOCITIES, Ints, Profile
from partimento.encodings.notes.ticks import Walk, place, walk
from partimento.encodings.pitch_ids import WIDEST, interval_ids
from partimento.instruments import DRUMS

BEATS, TICKS, BARS = 16, 96, 8


def context_fields(profile: Profile) -> tuple[Context, ...]:
    """The columns of `context`, the pitches first."""
    place = (
        Context("bar of eight", BARS + 1, "place"),
        Context("beat", BEATS + 1, "place"),
        Context("tick", TICKS + 1, "place"),
        Context("numerator", BEATS + 1, "place"),
        Context("denominator", 9, "place"),
    )
    return (
        Context("last pitch", 129, "pitch"),
        Context("bass", 129, "pitch"),
        Context("top before", 129, "pitch"),
        *(Context(name, 2 * WIDEST + 2, "interval") for name in ("moved", "over the bass", "from the top before")),
        Context("until silence", LONGEST + 1, "since"),
        *(place if profile.beats else ()),
        *(_of_parts() if profile.parts else ()),
    )


def _of_parts() -> tuple[Context, ...]:
    """The instrument of the last note's part; of each part its instrument, its last pitch, and the ticks until it is silent."""
    numbers = range(1, MOST_PARTS + 1)
    return (
        Context("instrument", DRUMS + 2, "instrument"),
        *(Context(f"instrument of part {number}", DRUMS + 2, "part instrument") for number in numbers),
        *(Context(f"last pitch of part {number}", 129, "part pitch") for number in numbers),
        *(Context(f"until part {number} is silent", LONGEST + 1, "part since") for number in numbers),
    )


def context(events: npt.NDArray[Any], profile: Profile) -> npt.NDArray[np.uint8]:
    """Before each event and after the last, [T + 1, C]. Of the notes but drums: the last one's pitch, the lowest of its moment,
    the highest of the moment before, its intervals from the note before and from both; the ticks until all have ended;
    where the last event lies; and what there is to say of the parts."""
    found = walk(events, profile) if len(events) else None
    result = np.zeros((len(events) + 1, len(context_fields(profile))), np.uint8)
    if found is None:
        return result
    after = result[1:]
    is_note = pitched(events, profile)
    row = np.flatnonzero(is_note)
    if len(row):
        pitch, tick = events[row, 2].astype(np.int64), found.tick[row]
        number = np.arange(len(row))
        begins = np.append(True, tick[1:] != tick[:-1])
        first = np.maximum.accumulate(np.where(begins, number, 0))
        bass, top, before = pitch[first], np.where(first > 0, pitch[first - 1], 0), np.append(0, pitch[:-1])
        intervals = [interval_ids(pitch - other, other > 0) for other in (before, bass, top)]
        silent = np.maximum.accumulate(tick + events[row, 3])
        last = np.cumsum(is_note) - 1
        known = last >= 0
        table = np.stack([pitch, bass, top, *intervals], 1)[last[known]]
        after[known, :6] = table
        after[known, 6] = np.clip(silent[last[known]] - found.tick[known], 0, LONGEST)
    if profile.beats:
        bar, beat, ticks = place(events, profile).T
        stretch = np.diff(np.concatenate([[0], found.begins, [len(events)]]))
        after[:, 7] = bar % BARS + 1
        after[:, 8], after[:, 9] = np.minimum(beat, BEATS - 1) + 1, np.minimum(ticks, TICKS - 1) + 1
        after[:, 10] = np.minimum(np.repeat(found.numerator, stretch), BEATS)
        after[:, 11] = np.log2(np.repeat(found.denominator, stretch)).astype(np.int64) + 1
    if profile.parts:
        own = len(context_fields(replace(profile, parts=False)))
        after[:, own:] = _parts_after(events, found, profile)
    return result


def _parts_after(events: npt.NDArray[Any], found: Walk, profile: Profile) -> npt.NDArray[np.uint8]:
    """The columns `_of_parts` after each event [T, 1 + 3 parts]."""
    result = np.zeros((len(events), len(_of_parts())), np.uint8)
    instruments = instruments_of(events, profile) + 1
    count = len(instruments)
    known = np.pad(instruments, (0, MOST_PARTS - count))  # of a cut history, whose parts were declared before, nothing is
    is_tie = events[:, 0] == profile.kind("tie")
    row = np.flatnonzero((events[:, 0] == profile.kind("note")) | is_tie)
    note = row - is_tie[row]
    part, pitch = events[note, -1].astype(np.int64), events[note, 2]
    end = found.tick[row] + events[note, 3]
    end[note < row] += LONGEST * events[row[note < row], 3].astype(np.int64)
    stretch = np.diff(np.append(row, len(events)))  # from a note, or its tie, up to the next one
    if len(row):
        result[row[0] :, 0] = np.repeat(known[part - 1], stretch)
    for number in range(1, count + 1):
        result[number - 1 :, number] = instruments[number - 1]
        own = np.flatnonzero(part == number)
        if len(own):
            at = row[own]
            lasts = np.diff(at, append=len(events))
            result[at[0] :, MOST_PARTS + number] = np.repeat(pitch[own], lasts)
            left = np.repeat(np.maximum.accumulate(end[own]), lasts) - found.tick[at[0] :]
            result[at[0] :, 2 * MOST_PARTS + number] = np.clip(left, 0, LONGEST)
    return result


def pitched(events: npt.NDArray[Any], profile: Profile) -> npt.NDArray[np.bool_]:
    """Which events [T, F] are notes with a pitch, bool [T]: all notes but drums."""
    is_note: npt.NDArray[np.bool_] = events[:, 0] == profile.kind("note")
    return is_note & (events[:, -1] != drum_id(events, profile)) if profile.instrument else is_note


def transposed(events: npt.NDArray[Any], semitones: int, profile: Profile) -> npt.NDArray[Any] | None:
    """Events [T, F] with all notes but drums moved, and keys with them, spelled as `Piece.transpose` does; None where a pitch would
    leave 0..127."""
    is_note = pitched(events, profile)
    pitch = events[is_note, 2].astype(np.int64) + semitones
    if len(pitch) and not 1 <= pitch.min() <= pitch.max() <= 128:
        return None
    moved = events.copy()
    moved[is_note, 2] = pitch
    if profile.beats and semitones % 12:
        is_key = events[:, 0] == profile.kind("key")
        fifths, minor = np.divmod(events[is_key, 2].astype(np.int64) - 1, 2)
        moved[is_key, 2] = 2 * ((fifths - 7 + 7 * semitones + 5) % 12 - 5 + 7) + minor + 1
    drums = bool((events[~is_note, 0] == profile.kind("note")).any())
    return reordered(moved, profile) if semitones and drums else moved


def varied(events: npt.NDArray[Any], louder: int, faster: int, profile: Profile) -> npt.NDArray[Any]:
    """Events [T, F] with velocities and tempos moved by so many classes, as far as there are any: the stated tempos, or all times
    without beats."""
    moved = events.copy()
    if louder and profile.velocity:
        has = events[:, 4] > 0
        moved[has, 4] = np.clip(events[has, 4].astype(np.int64) + louder, 1, VELOCITIES)
    if faster and profile.beats:
        is_tempo = events[:, 0] == profile.kind("tempo")
        moved[is_tempo, 2] = np.clip(events[is_tempo, 2].astype(np.int64) + faster, 1, TEMPOS)
    elif faster:
        moved[:, [1, 3]] = _hurried(events, 2 ** (-faster / CLASSES), profile)
    return moved


def _hurried(events: npt.NDArray[Any], factor: float, profile: Profile) -> Ints:
    """The fields time and duration [T, 2] at another pace, as far as each event remains what it is: there are as many waits and
    ties as before, and what is not together does not come together."""
    time, duration = events[:, 1].astype(np.int64), events[:, 3].astype(np.int64)
    row = np.flatnonzero(events[:, 0] == profile.kind("note"))
    tick = walk(events, profile).tick[row] if len(row) else row
    since = np.diff(tick, prepend=0)
    waited = since - (time[row] - 1)
    gap = np.diff(np.floor(tick * factor + 0.5).astype(np.int64), prepend=0) - waited
    time[row] = np.clip(gap, (since > 0) & (waited == 0), LONGEST - 1) + 1
    tied = np.zeros(len(events), np.int64)
    ties = np.flatnonzero(events[:, 0] == profile.kind("tie"))
    tied[ties - 1] = LONGEST * duration[ties]
    lasts = np.floor((duration + tied)[row] * factor + 0.5).astype(np.int64) - tied[row]
    duration[row] = np.clip(lasts, 1, LONGEST)
    return np.stack([time, duration], 1)
