"""Where a growing sequence of `notes` events stands: tick, bar, meter, what was said last, and what that tells a model.

It says the same as `notes_time.walk` and `notes_context.context` of the whole; what may follow is the business of
`notes_legal.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from partimento.encodings import notes_legal
from partimento.encodings.cursor import NextNote, Note
from partimento.encodings.lines import WIDEST
from partimento.encodings.notes_context import BARS, BEATS, TICKS, context_fields
from partimento.encodings.notes_layout import LONGEST, MAPS, START_METER, START_TEMPO, Profile
from partimento.encodings.notes_masks import FieldMasks
from partimento.encodings.texture import NoteRule, Texture
from partimento.instruments import DRUMS


class NotesCursor(Texture):
    """`last` is the kind of the last event ("" at first) and `last_time` its time; `note` is the last event's note, tied or not.

    `tie_due` is the least tie that must follow, where that note is the one before it once more, which was tied; otherwise 0.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile.ticks_per_quarter)
        self.profile, self.fields = profile, profile.fields
        self.has_bars, self.has_instruments = profile.beats, profile.instrument
        self.end_id, self.bar_id, self._note_id = profile.kind("end"), profile.kind("bar"), profile.kind("note")
        self.tick = self.bar = self.bar_tick = 0
        self.key, self.tempo = 0, START_TEMPO
        self._turn(*START_METER)
        self.last, self.last_time = "", 0
        self.note: Sequence[int] | None = None
        self.tie_due = self._tie = 0
        self._moment = -1  # of the last pitched note
        self._pitches = (0, 0, 0, 0)  # of the last pitched note, the one before, the first of its moment, the last before that
        self._silent = 0  # the tick at which all of them have ended
        self._columns = len(context_fields(profile))

    def _turn(self, numerator: int, denominator: int) -> None:
        self.numerator, self.denominator = numerator, denominator
        whole = 4 * self.profile.ticks_per_quarter
        self.bar_length, self.beat_length = max(1, numerator * whole // denominator), max(1, whole // denominator)

    def push(self, event: Sequence[int]) -> None:
        self._push(event)

    def _push(self, event: Sequence[int], given: bool = False) -> None:
        """Moves on over an event; a note that is `given` is none of those written, and no tie of it may follow."""
        kind, time = self.profile.kinds[event[0] - 1] if event[0] else "", event[1]
        tied = self.last == "tie"
        self.tie_due, self.notes_begun = 0, ()
        if kind == "note":
            self.tick += time - 1
            if not given:
                program = event[-1] - 1 if self.profile.instrument else 0
                self.begin(Note(self.tick, self.tick + event[3], event[2] - 1, program))
            if tied and time == 1 and self.note is not None and list(event[2:]) == list(self.note[2:]):
                self.tie_due = self._tie
            self.note = event
            if not (self.profile.instrument and event[-1] == DRUMS + 1):
                self._sound(event[2], event[3])
        elif kind == "tie":
            self._tie = event[3]
            if self.notes:
                self.lengthen(LONGEST * event[3])
        else:
            self.note = None
            if kind == "bar":
                self.bar += time
                self.bar_tick += time * self.bar_length
                self.tick = self.bar_tick
            elif kind == "wait":
                self.tick += time * LONGEST
            elif kind in MAPS:
                self.tick += time - 1
                if kind == "key":
                    self.key = event[2]
                elif kind == "tempo":
                    self.tempo = event[2]
                else:
                    self.bar += self.tick > self.bar_tick
                    self.bar_tick = self.tick
                    self._turn(event[2], 1 << max(0, event[3] - 1))
        self.last, self.last_time = kind, time
        if given:
            self.last, self.note = "given", None  # so that a written note after it may have any pitch
        if not self.has_bars:
            self.bar_tick = self.tick

    def _sound(self, pitch: int, duration: int) -> None:
        last, _, bass, top = self._pitches
        if self.tick != self._moment:
            self._moment, bass, top = self.tick, pitch, last
        self._pitches = pitch, last, bass, top
        self._silent = max(self._silent, self.tick + duration)

    def context(self) -> npt.NDArray[np.uint8]:
        row = np.zeros(self._columns, np.uint8)
        if not self.last:
            return row
        pitch, before, bass, top = self._pitches
        if pitch:
            row[:7] = (
                pitch,
                bass,
                top,
                *(min(max(pitch - other, -WIDEST), WIDEST) + WIDEST + 1 if other else 0 for other in (before, bass, top)),
                min(max(self._silent - self.tick, 0), LONGEST),
            )
        if self.profile.beats:
            beat, tick = divmod(max(0, self.tick - self.bar_tick), self.beat_length)
            row[7:] = (
                self.bar % BARS + 1,
                min(beat, BEATS - 1) + 1,
                min(tick, TICKS - 1) + 1,
                min(self.numerator, BEATS),
                self.denominator.bit_length(),
            )
        return row

    def next_note(self, drawn: tuple[int, ...]) -> NextNote | None:
        return NextNote(self.tick + drawn[1] - 1, 1) if len(drawn) == 2 and drawn[0] == self._note_id else None

    def masks(self, rules: Sequence[NoteRule], players: frozenset[int], fixed: frozenset[str], start_tick: int = 0) -> FieldMasks:
        return FieldMasks(rules, self, self.profile, self.fields, fixed, DRUMS in players, start_tick)

    def allowed(self, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        return notes_legal.allowed(self, drawn)

    @property
    def ended(self) -> bool:
        return self.last == "end"
