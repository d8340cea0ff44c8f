"""The notes that events say, as they are drawn: pitch and onset, for encodings where they can be told. It knows no model."""

from __future__ import annotations

from typing import Protocol

from partimento.analysis.repetition import GRID
from partimento.composing.rules.state import State
from partimento.encodings import Encoding
from partimento.encodings.melody.chord_pitch import LOWEST_PIANO_KEY
from partimento.encodings.melody.encoding import DURATION_TICKS, TICKS_PER_QUARTER, Melody
from partimento.encodings.tasks import NOTE_BY_NOTE
from partimento.instruments import DRUMS
from partimento.piece import nearest_line

LOWEST = {"class": 60, "piano": LOWEST_PIANO_KEY, "midi": 0}


class Ear(Protocol):
    """Follows one sequence. Onsets are in twelfths of a quarter; `zero` is the id in the field of pitches that MIDI pitch 0 has,
    or would have."""

    zero: int

    def heard(self, event: list[int]) -> tuple[int, int] | None:
        """Takes in an event; the pitch and onset of its note, if it is a pitched one."""

    def onset(self, drawn: tuple[int, ...]) -> int | None:
        """The onset of the note whose pitch is about to be drawn; None where that is not the next field."""

    def place(self) -> tuple[int, int]:
        """Where the last event lies: in its bar (0 without bars), and from the beginning, in twelfths of a quarter."""


class NotesEar:
    """Of `notes`; the state is moved on by others, before the ear is told."""

    zero = 1

    def __init__(self, state: State) -> None:
        self.state = state

    def heard(self, event: list[int]) -> tuple[int, int] | None:
        if self.state.last_kind != "note" or self.state.notes[-1].program == DRUMS:
            return None
        return self.state.notes[-1].pitch, self._twelfths(self.state.tick)

    def onset(self, drawn: tuple[int, ...]) -> int | None:
        if len(drawn) != 2 or drawn[0] != self.state.layout.kind("note"):
            return None
        return self._twelfths(self.state.tick + drawn[1] - 1)

    def place(self) -> tuple[int, int]:
        state = self.state
        return (state.tick - state.bar_tick if state.layout.beats else 0), self._twelfths(state.tick)

    def _twelfths(self, tick: int) -> int:
        return int(nearest_line(tick, self.state.layout.ticks_per_quarter, GRID))


class MelodyEar:
    """Of `melody` in its plain form: each event is a note, and the next one begins when it ends."""

    def __init__(self, encoding: Melody) -> None:
        self.zero, self.now = 1 - LOWEST[encoding.pitch], 0

    def heard(self, event: list[int]) -> tuple[int, int]:
        onset = self.now
        self.now += int(DURATION_TICKS[event[1] - 1]) * GRID // TICKS_PER_QUARTER
        return event[0] - self.zero, onset

    def onset(self, drawn: tuple[int, ...]) -> int | None:
        return None if drawn else self.now

    def place(self) -> tuple[int, int]:
        return self.now % (4 * GRID), self.now


def has_ear(encoding: Encoding) -> bool:
    """Whether the notes of an encoding can be told as they are drawn."""
    return isinstance(encoding, NOTE_BY_NOTE) or (isinstance(encoding, Melody) and getattr(encoding, "is_plain", True))


def ear_of(encoding: Encoding, state: State | None) -> Ear | None:
    """An ear for one sequence, of `notes` with its state; None where there is none."""
    if state is not None:
        return NotesEar(state)
    return MelodyEar(encoding) if isinstance(encoding, Melody) and has_ear(encoding) else None
