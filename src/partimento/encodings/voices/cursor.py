"""The cursor of encodings of parallel voices: it holds what each voice sings, not the whole history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Encoding
from partimento.encodings.cursor import HistoryCursor, NextNote, Note
from partimento.encodings.pitch_ids import interval_id
from partimento.encodings.voices.context import LONGEST


class VoicesCursor(HistoryCursor):
    """What `context` says at the end of voices whose ids from `first` on are pitches from `lowest` up. The id `hold` goes on with
    what a voice sings; without one (-1), the same id again does. `columns` are the events', highest voice first."""

    def __init__(
        self, encoding: Encoding, grid: int, first: int, lowest: int, hold: int = -1, columns: Sequence[int] | None = None
    ) -> None:
        super().__init__(encoding)
        self.columns = columns
        self.grid, self.first, self.lowest, self.hold = grid, first, lowest, hold
        voices, self._size = len(encoding.fields), encoding.fields[0].size
        self._last: Sequence[int] = [hold] * voices
        self._sounding, self._sang = [-1] * voices, [-1] * voices
        self._moved, self._since = [0] * voices, [1] * voices
        self._ids: Sequence[int] = [-1] * voices  # of the last event, in the order of its fields
        self.ticks_per_quarter = grid

    def push(self, event: Sequence[int]) -> None:
        super().push(event)
        begun = [self._pitch(number, now) for number, now in enumerate(event)]
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
        self._moved = [interval_id(now - old) if now != old >= 0 else moved for moved, now, old in steps]
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
        ids = range(self.first, self._size)
        return NextNote(self.tick, ids, self.lowest, tuple(one for one in chord if one is not None), self._held(len(drawn)))

    def context(self) -> npt.NDArray[np.uint8]:
        beat, step = divmod(self._length, self.grid)
        row = [pitch + 1 for pitch in self._sang] + [step + 1, beat % 4 + 1, beat % 3 + 1]
        if not self._length:
            return np.array(row + [0] * (3 * len(self._sang) - 1), np.uint8)
        *upper, bass = self._sounding
        over = [interval_id(pitch - bass) if pitch >= 0 and bass >= 0 else 0 for pitch in upper]
        return np.array(row + self._moved + over + self._since, np.uint8)
