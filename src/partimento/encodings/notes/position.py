"""Where a growing sequence of `notes` events has arrived: tick, bar, meter, key, tempo, the last notes.

It says the same as `ticks.walk` of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from partimento.bars import bar_ticks
from partimento.encodings.cursor import Note
from partimento.encodings.notes.layout import DRUM_PART, LONGEST, MAPS, START_METER, START_TEMPO, Profile
from partimento.encodings.texture import Texture
from partimento.instruments import DRUMS


class Position(Texture):
    """After the events pushed so far; at first before the first one. Ticks are those of the profile's grid.

    `last` is the kind of the last event ("" at first) and `last_time` its time; `note` is the last event's note, tied or not.

    `parts` are the instruments (1..128, 129 for drums) that are declared; of each `part_pitch` is the id of its last pitch (0:
    none), and `part_end` the tick at which its notes have ended. Without parts there are none.

    `tie_due` is the least tie that must follow, where that note is the one before it once more, which was tied; otherwise 0.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__(profile.ticks_per_quarter)
        self.profile, self.fields = profile, profile.fields
        self.has_bars, self.has_instruments, self.has_parts = profile.beats, profile.instrument, profile.parts
        self.players = range(DRUMS + 1 if profile.instrument else 1)
        if profile.parts:
            self.players = ()
        self.parts: tuple[int, ...] = ()
        self.part_pitch: tuple[int, ...] = ()
        self.part_end: tuple[int, ...] = ()
        self.played = 0  # the part of the last note; 0 before the first one
        self.end_id, self.bar_id, self.note_id = (profile.kind(name) for name in ("end", "bar", "note"))
        self.tick = self.bar = self.bar_tick = 0
        self.key, self.tempo = 0, START_TEMPO
        self._turn(*START_METER)
        self.last, self.last_time = "", 0
        self.note: Sequence[int] | None = None
        self.tie_due = self._tie = 0
        self._moment = -1  # of the last pitched note
        self._pitches = (0, 0, 0, 0)  # of the last pitched note, the one before, the first of its moment, the last before that
        self._silent = 0  # the tick at which all of them have ended

    def _turn(self, numerator: int, denominator: int) -> None:
        self.numerator, self.denominator = numerator, denominator
        quarter = self.profile.ticks_per_quarter
        self.bar_length, self.beat_length = bar_ticks(numerator, denominator, quarter), bar_ticks(1, denominator, quarter)

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
                player = event[-1] - 1 if self.profile.instrument or self.profile.parts else 0
                self.begin(Note(self.tick, self.tick + event[3], event[2] - 1, self.players[player], player))
            if not self.profile.parts and tied and time == 1 and self.note is not None and list(event[2:]) == list(self.note[2:]):
                self.tie_due = self._tie
            self.note = event
            if self.instrument(event) != DRUMS + 1:
                self._sound(event[2], event[3])
            if self.profile.parts:
                self._play(event)
        elif kind == "tie":
            self._tie = event[3]
            if self.notes:
                self.lengthen(LONGEST * event[3])
            if self.profile.parts and self.note is not None:
                self._play(self.note, LONGEST * event[3])
        elif kind == "part":
            self.parts += (DRUMS + 1 if event[3] == DRUM_PART else event[2],)
            self.players = tuple(part - 1 for part in self.parts)
            self.part_pitch, self.part_end = (*self.part_pitch, 0), (*self.part_end, 0)
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

    def instrument(self, note: Sequence[int]) -> int:
        """The instrument of a note event: 1..128, or 129 for drums."""
        if self.profile.parts:
            return self.parts[note[-1] - 1]
        return note[-1] if self.profile.instrument else 1

    def _play(self, note: Sequence[int], longer: int = 0) -> None:
        self.played = note[-1]
        end = max(self.part_end[self.played - 1], self.tick + note[3] + longer)
        self.part_pitch = _with(self.part_pitch, self.played - 1, note[2])
        self.part_end = _with(self.part_end, self.played - 1, end)

    def _sound(self, pitch: int, duration: int) -> None:
        last, _, bass, top = self._pitches
        if self.tick != self._moment:
            self._moment, bass, top = self.tick, pitch, last
        self._pitches = pitch, last, bass, top
        self._silent = max(self._silent, self.tick + duration)


def _with(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    return (*values[:at], value, *values[at + 1 :])
