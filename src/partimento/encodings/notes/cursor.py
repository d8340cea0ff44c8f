"""The cursor of `notes`: what is known and what may follow at the end of a growing sequence, without walking all of it.

It says the same as `context.context` and `Notes.allowed` of the whole; what may follow is the business of `legal.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from partimento.encodings.cursor import NextNote
from partimento.encodings.notes import legal
from partimento.encodings.notes.context import BARS, BEATS, TICKS, context_fields
from partimento.encodings.notes.field_masks import FieldMasks
from partimento.encodings.notes.layout import LONGEST, MOST_PARTS, Profile
from partimento.encodings.notes.position import Position
from partimento.encodings.pitch_ids import WIDEST
from partimento.encodings.texture import NoteRule
from partimento.instruments import DRUMS

PITCH_IDS = range(1, 129)


class NotesCursor(Position):
    """A position that answers as a cursor."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile)
        self._columns = len(context_fields(profile))

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
            row[7:12] = (
                self.bar % BARS + 1,
                min(beat, BEATS - 1) + 1,
                min(tick, TICKS - 1) + 1,
                min(self.numerator, BEATS),
                self.denominator.bit_length(),
            )
        if self.profile.parts:
            first, most = (12 if self.profile.beats else 7), MOST_PARTS
            count = len(self.parts)
            row[first] = self.parts[self.played - 1] if self.played else 0
            row[first + 1 : first + 1 + count] = self.parts
            row[first + 1 + most : first + 1 + most + count] = self.part_pitch
            row[first + 1 + 2 * most : first + 1 + 2 * most + count] = [
                min(max(end - self.tick, 0), LONGEST) for end in self.part_end
            ]
        return row

    def next_note(self, drawn: tuple[int, ...]) -> NextNote | None:
        return NextNote(self.tick + drawn[1] - 1, PITCH_IDS, 0) if len(drawn) == 2 and drawn[0] == self.note_id else None

    def masks(self, rules: Sequence[NoteRule], players: frozenset[int], fixed: frozenset[str], start_tick: int = 0) -> FieldMasks:
        return FieldMasks(rules, self, self.profile, self.fields, fixed, DRUMS in players, start_tick)

    def allowed(self, drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        return legal.allowed(self, drawn)

    @property
    def ended(self) -> bool:
        return self.last == "end"
