"""What parallel lines (one pitch a voice and step) say of where they are: place, intervals, time. It knows no encoding's ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context, Encoding
from partimento.encodings.cursor import NextNote, Note, Remembering

WIDEST = 24  # semitones of an interval that are told apart
LONGEST = 32  # steps likewise


def context_fields(names: tuple[str, ...], grid: int) -> tuple[Context, ...]:
    """The columns of `context`, the voices' last pitches first."""
    return (
        *(Context(f"{name} sang", 129, "pitch") for name in names),
        Context("step of the beat", grid + 1, "place"),
        Context("beat of four", 5, "place"),
        Context("beat of three", 4, "place"),
        *(Context(f"{name} moved", 2 * WIDEST + 2, "interval") for name in names),
        *(Context(f"{name} over the bass", 2 * WIDEST + 2, "interval") for name in names[:-1]),
        *(Context(f"{name} since", LONGEST + 1, "since") for name in names),
    )


def context(sounding: npt.NDArray[np.int64], is_new: npt.NDArray[np.bool_], grid: int) -> npt.NDArray[np.uint8]:
    """Before each step and after the last, [T + 1, C], from the pitch that each voice sings in it, [T, V], -1 for a rest, and
    whether something begins there. Beats count from the first step, in bars of four and of three."""
    steps, voices = sounding.shape
    result = np.zeros((steps + 1, 4 * voices + 2), np.uint8)
    beat = np.arange(steps + 1) // grid
    result[:, voices : voices + 3] = np.stack([np.arange(steps + 1) % grid, beat % 4, beat % 3], 1) + 1
    if not steps:
        return result
    sung = _last(sounding >= 0)
    sang = np.where(sung >= 0, np.take_along_axis(sounding, np.maximum(sung, 0), 0), -1)
    before = np.concatenate([np.full((1, voices), -1), sang[:-1]])
    moved = _last((sang != before) & (before >= 0))
    moves = interval_ids(np.take_along_axis(sang - before, np.maximum(moved, 0), 0), moved >= 0)
    above, bass = sounding[:, :-1], sounding[:, -1:]
    since = np.minimum(np.arange(steps)[:, None] - _last(is_new) + 1, LONGEST)
    result[1:, :voices] = sang + 1
    result[1:, voices + 3 :] = np.concatenate([moves, interval_ids(above - bass, (above >= 0) & (bass >= 0)), since], 1)
    return result


class LinesCursor(Remembering):
    """What `context` says at the end of lines whose ids from `first` on are pitches from `lowest` up. The id `hold` goes on with
    what a voice sings; without one (-1), the same id again does. `columns` are the events', highest voice first."""

    def __init__(
        self, encoding: Encoding, grid: int, first: int, lowest: int, hold: int = -1, columns: Sequence[int] | None = None
    ) -> None:
        super().__init__(encoding)
        self.columns = columns
        self.grid, self.first, self.lowest, self.hold = grid, first, lowest, hold
        voices = len(encoding.fields)
        self._last: Sequence[int] = [hold] * voices
        self._ids: Sequence[int] = [-1] * voices  # of the last event, in the order of its fields
        self._sounding, self._sang = [-1] * voices, [-1] * voices
        self._moved, self._since = [0] * voices, [1] * voices
        self.ticks_per_quarter = grid

    def push(self, event: Sequence[int]) -> None:
        super().push(event)
        begun = [self._pitch(number, now) for number, now in enumerate(event)]  # in the order in which they are drawn
        self.notes_begun = [Note(self.tick, self.tick + 1, pitch) for pitch in begun if pitch is not None]
        self._ids = event
        self.tick += 1
        self.bar_tick = self.tick - self.tick % (4 * self.grid)
        if self.columns is not None:
            event = [event[column] for column in self.columns]
        before = self._sang
        goes_on = [now == (last if self.hold < 0 else self.hold) for now, last in zip(event, self._last, strict=True)]
        pitches = [now - self.first + self.lowest if now >= self.first else -1 for now in event]
        self._sounding = [old if same else new for same, old, new in zip(goes_on, self._sounding, pitches, strict=True)]
        self._sang = [now if now >= 0 else old for now, old in zip(self._sounding, before, strict=True)]
        steps = zip(self._moved, self._sang, before, strict=True)
        self._moved = [_interval_id(now - old) if now != old >= 0 else moved for moved, now, old in steps]
        self._since = [min(old + 1, LONGEST) if same else 1 for same, old in zip(goes_on, self._since, strict=True)]
        self._last = event

    def _pitch(self, number: int, now: int) -> int | None:
        """The pitch of the note that this id of field `number` begins."""
        return now - self.first + self.lowest if now >= self.first and now != self._held(number) else None

    def _held(self, number: int) -> int:
        """The id with which field `number` begins no note but goes on with one."""
        return self.hold if self.hold >= 0 else self._ids[number]

    def next_note(self, drawn: tuple[int, ...]) -> NextNote:
        chord = [self._pitch(number, now) for number, now in enumerate(drawn)]
        zero = self.first - self.lowest
        return NextNote(self.tick, zero, tuple(pitch for pitch in chord if pitch is not None), self._held(len(drawn)))

    def context(self) -> npt.NDArray[np.uint8]:
        beat, step = divmod(self._length, self.grid)
        row = [pitch + 1 for pitch in self._sang] + [step + 1, beat % 4 + 1, beat % 3 + 1]
        if not self._length:
            return np.array(row + [0] * (3 * len(self._sang) - 1), np.uint8)
        *upper, bass = self._sounding
        over = [_interval_id(pitch - bass) if pitch >= 0 and bass >= 0 else 0 for pitch in upper]
        return np.array(row + self._moved + over + self._since, np.uint8)


def _interval_id(semitones: int) -> int:
    return min(max(semitones, -WIDEST), WIDEST) + WIDEST + 1


def interval_ids(semitones: npt.NDArray[Any], is_known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """1..49 for an interval of -24..24 semitones, wider ones as the widest; 0 where there is none."""
    ids: npt.NDArray[np.int64] = np.where(is_known, np.clip(semitones, -WIDEST, WIDEST) + WIDEST + 1, 0)
    return ids


def _last(is_so: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """For each row the last one up to it where `is_so`, column by column; -1 where there was none."""
    rows = np.where(is_so, np.arange(len(is_so))[:, None], -1)
    return np.maximum.accumulate(rows, axis=0)


def pitch_range(events: npt.NDArray[Any], first: int, lowest: int) -> npt.NDArray[np.int64]:
    """The lowest and the highest MIDI pitch of each voice [V, 2] of ids whose pitches begin at `first` with `lowest`."""
    ids = np.asarray(events).astype(np.int64)
    low = np.where(ids >= first, ids - first + lowest, 128).min(0, initial=128)
    high = np.where(ids >= first, ids - first + lowest, -1).max(0, initial=-1)
    return np.stack([low, high], 1)


def transposed(events: npt.NDArray[Any], semitones: int, first: int, last: int) -> npt.NDArray[Any] | None:
    """Ids from `first` on moved; None where one leaves `first`..`last`."""
    events = np.asarray(events)
    is_pitch = events >= first
    moved = np.where(is_pitch, events.astype(np.int64) + semitones, first)
    if moved.size and not first <= moved.min() <= moved.max() <= last:
        return None
    return np.where(is_pitch, moved, events).astype(events.dtype)
