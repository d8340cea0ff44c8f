"""What the events of `notes` say of where they are and how they move, and the same music in another key, louder, faster."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context
from partimento.encodings.notes.layout import CLASSES, LONGEST, TEMPOS, VELOCITIES, Ints, Profile
from partimento.encodings.notes.ticks import place, walk
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
    )


def context(events: npt.NDArray[Any], profile: Profile) -> npt.NDArray[np.uint8]:
    """Before each event and after the last, [T + 1, C]. Of the notes but drums: the last one's pitch, the lowest of its moment,
    the highest of the moment before, its intervals from the note before and from both; the ticks until all have ended; and
    where the last event lies."""
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
    return result


def pitched(events: npt.NDArray[Any], profile: Profile) -> npt.NDArray[np.bool_]:
    """Which events [T, F] are notes with a pitch, bool [T]: all notes but drums."""
    is_note: npt.NDArray[np.bool_] = events[:, 0] == profile.kind("note")
    return is_note & (events[:, -1] != DRUMS + 1) if profile.instrument else is_note


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
    return _reordered(moved, profile) if semitones and drums else moved


def _reordered(events: npt.NDArray[Any], profile: Profile) -> npt.NDArray[Any]:
    """Notes of a moment, each with its tie, in the order of their fields again: drums stayed where they were."""
    kind = events[:, 0]
    is_note, is_tie = kind == profile.kind("note"), kind == profile.kind("tie")
    owner = np.maximum.accumulate(np.where(is_tie, 0, np.arange(len(events))))
    follows = is_tie | (is_note & (events[:, 1] == 1))
    follows[1:] &= is_note[:-1] | is_tie[:-1]
    follows[:1] = False
    moment = np.cumsum(~follows)
    keys = [
        owner,
        *(np.where(is_note[owner], events[owner, f].astype(np.int64), 0) for f in range(events.shape[1] - 1, 1, -1)),
        moment,
    ]
    order = np.lexsort(keys)
    result = events[order]
    first = np.flatnonzero(~follows)  # the event that opens a moment keeps its time, whichever note it is now
    notes = first[is_note[first]]
    result[is_note[order], 1] = 1
    result[notes, 1] = events[notes, 1]
    return result


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
