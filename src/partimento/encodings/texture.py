"""The notes of a growing sequence: what sounds, in which bar, what is given around it.

It is what rules are asked with: a `NoteRule` says, in ticks and pitches, what the next note may be; what that leaves of the ids of
an event's fields is the business of the encoding (`masks`).
"""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from partimento.encodings.cursor import Cursor, Note
from partimento.instruments import DRUMS

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Texture(Cursor):
    """Grows by one event at a time. `notes` are all so far, by onset; `sounding` those of them that last beyond `last_onset`, the
    tick of the last one (-1 before the first).

    `given` are notes by onset that are not generated but stand around, as in a task; they sound as well. Those that begin in what
    is written come once more as events; `due` is the tick of the next of them.
    """

    has_bars = True  # else ticks are those of playing time
    has_instruments = True  # else all notes are of program 0
    has_parts = False  # else those who play are declared by events, before the first note
    players: Sequence[int] = range(DRUMS + 1)  # the programs of those who may play a note: of all parts, where a piece has parts
    note_id = 0  # the id of the first field of an event that is a note
    bar_id = 0  # the id of the first field of an event that begins a bar
    numerator, denominator = 4, 4
    bar_length = 0  # ticks of a bar of the meter in force
    beat_length = 0

    def __init__(self, ticks_per_quarter: int) -> None:
        self.ticks_per_quarter = ticks_per_quarter
        self.notes: list[Note] = []
        self.sounding: list[Note] = []
        self.given: Sequence[Note] = ()
        self.last_onset = self._onset_before = -1
        self._sounding_before: list[Note] = []

    @abstractmethod
    def masks(self, rules: Sequence[NoteRule], players: frozenset[int], fixed: frozenset[str], start_tick: int = 0) -> NoteMasks:
        """What the rules leave of each field of the events after this place, where only `players` (programs) play. `fixed` are the
        statements (meter, key, tempo) that must not come any more; no note begins before `start_tick`."""

    @property
    def due(self) -> int | None:
        """The tick of the given note that comes next as an event; None where none does."""
        return None

    def begin(self, note: Note) -> None:
        """Takes in a note, not earlier than the last one."""
        if note.onset > self.last_onset:
            self._sounding_before, self._onset_before, self.last_onset = self.sounding, self.last_onset, note.onset
            self.sounding = [one for one in self.sounding if one.end > note.onset]
        self.notes.append(note)
        self.sounding = [*self.sounding, note]
        self.notes_begun = (note,)

    def lengthen(self, ticks: int) -> None:
        """The last note is so much longer."""
        note = self.notes[-1]._replace(end=self.notes[-1].end + ticks)
        self.notes[-1] = note
        self.sounding = [*self.sounding[:-1], note]

    @property
    def chord_size(self) -> int:
        """How many notes have begun at the last onset."""
        return sum(note.onset == self.last_onset for note in self.sounding)

    def pitched(self, tick: int) -> list[Note]:
        """The notes that sound at a tick from now on, if no more are written; drums left out."""
        return self._pitched(self.sounding, tick)

    def outer(self, tick: int) -> tuple[int, int] | None:
        """The lowest and the highest pitch of them."""
        return _outer(self.pitched(tick))

    def outer_until(self, tick: int) -> tuple[int, int] | None:
        """The lowest and the highest pitch at the last onset before a tick, of a note that is written or given."""
        return _outer(self._pitched(self.sounding, max(self.last_onset, self._given_before(tick))))

    @property
    def outer_before(self) -> tuple[int, int] | None:
        """The lowest and the highest pitch at the onset before this one."""
        return _outer(self._pitched(self._sounding_before, max(self._onset_before, self._given_before(self.last_onset))))

    def _pitched(self, sounding: Sequence[Note], tick: int) -> list[Note]:
        given = self.given[: bisect_right(self.given, tick, key=_onset)] if self.given else ()
        return [note for note in (*given, *sounding) if note.end > tick and note.program != DRUMS]

    def _given_before(self, tick: int) -> int:
        """The last onset of a given note before a tick; -1 for none."""
        at = bisect_left(self.given, tick, key=_onset) if self.given else 0
        return self.given[at - 1].onset if at else -1

    def without_last(self) -> Self:
        """As it was when the last note was about to begin."""
        twin = self.copy()
        twin.notes.pop()
        twin.sounding = self.sounding[:-1]
        return twin

    def copy(self) -> Self:
        twin = super().copy()
        twin.notes = list(self.notes)
        return twin


class NoteRule:
    """What must hold of the next note; it restricts nothing until a method is overridden. Ticks are those of the cursor `here`.

    A rule with `drums_too` False is asked about pitched notes only, and drums are free of it. Rules are asked again for every
    field, so a note that is drawn has passed all of them.
    """

    drums_too: bool = False

    def onsets(self, here: Texture, ticks: Ints) -> Bools:
        """At which of the ticks [N] (from now on) a note may begin, bool [N]."""
        return np.ones(len(ticks), bool)

    def deadline(self, here: Texture) -> int | None:
        """The tick at which, or before which, the next note must begin; None where it need not."""
        return None

    def pitches(self, here: Texture, onset: int) -> Bools:
        """Which pitches a note there may have, bool[128]."""
        return np.ones(128, bool)

    def ends(self, here: Texture, onset: int, pitch: int, ends: Ints) -> Bools:
        """At which of the ticks [N] it may end, bool [N]."""
        return np.ones(len(ends), bool)

    def playable(self, here: Texture, onset: int) -> Bools:
        """Which of the N players `here` (drums among them) may play which pitch there, bool [N, 128], or [N, 1] where all alike."""
        return np.ones((len(here.players), 1), bool)

    def instruments(self) -> Bools:
        """Of which instruments parts may be declared, bool[129]; 128 is drums."""
        return np.ones(DRUMS + 1, bool)

    def may_end(self, here: Texture) -> bool:
        """Whether the piece may end here."""
        return True


class NoteMasks(Protocol):
    """Rules as masks over the fields of the next event, for one sequence."""

    def add(self, rule: NoteRule) -> None:
        """One more rule from now on, for drums too; meters, keys and tempos stay as they are."""

    def moved(self) -> None:
        """The cursor has been pushed."""

    def allowed(self, drawn: tuple[int, ...]) -> Bools:
        """What the rules allow of field `len(drawn)`: bool [S], S being its size."""

    def needs_drums(self, drawn: tuple[int, ...]) -> bool:
        """Whether the field about to be drawn is the instrument of a note that only drums may play."""


def texture_of(cursor: Cursor) -> Texture | None:
    """The cursor, where it tells all notes and bars; else None."""
    return cursor if isinstance(cursor, Texture) else None


def _onset(note: Note) -> int:
    return note.onset


def _outer(notes: Sequence[Note]) -> tuple[int, int] | None:
    pitches = [note.pitch for note in notes]
    return (min(pitches), max(pitches)) if pitches else None


def of_classes(mask: int) -> Any:
    """bool[128]: the pitches whose pitch class is in the 12-bit mask."""
    return (mask >> np.arange(128) % 12) & 1 == 1
