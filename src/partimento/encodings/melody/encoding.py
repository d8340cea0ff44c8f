"""The encoding `melody`: parts one after another, one pitch and one note value for each note or chord.

By default it follows what the project's seed made of a file read by music21 (`docs/melody.md` measures every difference); options
add rests, and written note values with dots, triplets and ties. How notes become events is described in `loop.py`, what writes a
length in `note_values.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Encoding, Events, Field, option
from partimento.encodings.melody.cursor import MelodyCursor
from partimento.encodings.melody.note_values import TICKS_PER_QUARTER, Values, grids, values
from partimento.piece import NOTE, Piece, Track
from partimento.theory import chord_root_table

LOWEST_PIANO_KEY = 21
PITCHES = {"class": 12, "piano": 88, "midi": 128}  # how many ids
LOWEST = {"class": 60, "piano": LOWEST_PIANO_KEY, "midi": 0}  # the MIDI pitch of the first one
CHORDS = ("root", "top", "bass")


@dataclass(frozen=True)
class Melody(Encoding):
    """Options: `pitch` is `class` (in octave 4), `piano` (88 keys) or `midi`; `chord` keeps its `root`, `top` or `bass`; `rests`
    keeps them (`yes`); `durations` are `five`, `written` or `tied`.

    A rest is an event of the pitch `rest`; with `tied`, an event of the pitch `tie` makes the one before longer.
    """

    pitch: str = option("class", PITCHES)
    chord: str = option("root", CHORDS)
    rests: str = option("no", ("no", "yes"))
    durations: str = option("five", ("five", "written", "tied"))

    name: ClassVar[str] = "melody"

    @property
    def keeps(self) -> str:  # type: ignore[override]
        of = {"five": "(16th to whole)", "written": "(32nd to breve, with dots and triplets)"}
        value = of.get(self.durations, "(32nd to breve, with dots and triplets, tied where one does not do)")
        rests = ", the silences of a part as rests" if self.rests == "yes" else ""
        return f"one pitch for each note or chord, its note value {value}{rests}, the order within a part"

    @property
    def drops(self) -> str:  # type: ignore[override]
        parts = ["onsets, rests"] if self.rests == "no" else ["onsets of what overlaps, rests below a quarter of the note before"]
        parts += ["chord notes but one"] + ["dots and tuplets"] * (self.durations == "five")
        parts += ["octaves"] * (self.pitch == "class") + ["velocity, instruments, drums"]
        return ", ".join(parts)

    @property
    def values(self) -> Values:
        return values(self.durations)

    @property
    def rest(self) -> int:
        """The id of `rest` in the field pitch; 0 without rests."""
        return PITCHES[self.pitch] + 1 if self.rests == "yes" else 0

    @property
    def tie(self) -> int:
        """The id of `tie` in the field pitch; 0 without ties."""
        return PITCHES[self.pitch] + 1 + (self.rest > 0) if self.durations == "tied" else 0

    @property
    def fields(self) -> tuple[Field, ...]:
        more = (self.rest > 0) + (self.tie > 0)
        return Field("pitch", PITCHES[self.pitch] + 1 + more), Field("duration", len(self.values.names) + 1)

    def encode(self, piece: Piece) -> Events:
        from partimento.encodings.melody.loop import encode  # here, since it takes a while to load

        is_drum = np.array([track.is_drum for track in piece.tracks], bool)
        known = self.values
        tables = (known.lines, known.lengths, known.written, known.chains, _ids(self.pitch), chord_root_table())
        line_of, lengths = grids(piece.ticks_per_quarter, self.durations)
        chord = CHORDS.index(self.chord)
        events: Events = encode(piece.notes, is_drum, line_of, lengths, *tables, chord, self.rest, self.tie)
        return events

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        events = np.asarray(events).astype(np.int64).reshape(-1, 2)
        ticks = self.values.lengths[events[:, 1]] * (TICKS_PER_QUARTER // self.values.lines)
        until = np.cumsum(ticks)
        begins = np.flatnonzero((events[:, 0] != self.tie) | (self.tie == 0))
        onset = until[begins] - ticks[begins]
        stop = np.append(onset[1:], until[-1:])[: len(onset)]
        is_note = events[begins, 0] != self.rest if self.rest else np.ones(len(begins), bool)
        notes = np.zeros(int(is_note.sum()), NOTE)
        notes["onset"], notes["duration"] = onset[is_note], (stop - onset)[is_note]
        notes["pitch"] = events[begins[is_note], 0] - 1 + LOWEST[self.pitch]
        notes["velocity"] = 80
        return Piece(notes, (Track(),), TICKS_PER_QUARTER)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        """Pitch classes go round; other pitches must stay on their keyboard."""
        highest, moved = PITCHES[self.pitch], events.copy()
        is_note = events[:, 0] <= highest
        pitch = events[is_note, 0].astype(np.int64) - 1 + semitones
        if self.pitch == "class":
            pitch %= 12
        if len(pitch) and not 0 <= pitch.min() <= pitch.max() < highest:
            return None
        moved[is_note, 0] = pitch + 1
        return moved

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        if not drawn:
            legal = np.ones(self.fields[0].size, bool)
            legal[0] = False
            for name in {self.rest, self.tie} - {0}:
                legal[name] = bool(self._durations_after(history, name).any())
            return legal
        return self._durations_after(history, drawn[0])

    def _durations_after(self, history: npt.NDArray[Any], name: int) -> npt.NDArray[np.bool_]:
        """Which durations an event of this pitch, rest or tie may have."""
        known = self.values
        legal = np.ones(len(known.lengths), bool)
        legal[0] = False
        if name not in (self.rest, self.tie):
            return legal
        start = len(history)
        while start and (start == len(history) or history[start, 0] == self.tie):
            start -= 1  # back over ties to the note or rest that they make longer
        length = int(known.lengths[history[start:, 1]].sum()) if len(history) else 0
        if name == self.rest:
            legal[1:] = 4 * known.lengths[1:] > length
            return legal & (not len(history) or int(history[start, 0]) != self.rest)
        total = length + known.lengths[1:]
        inside = total < len(known.last)
        legal[1:] = inside & (known.last[total * inside] == np.arange(1, len(total) + 1)) & (length > 0)
        return legal

    def cursor(self) -> MelodyCursor:
        ticks = self.values.lengths * (TICKS_PER_QUARTER // self.values.lines)
        return MelodyCursor(self, ticks.tolist(), LOWEST[self.pitch], PITCHES[self.pitch])

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        return int(np.count_nonzero(np.asarray(events)[:, 0] <= PITCHES[self.pitch]))


@cache
def _ids(pitch: str) -> npt.NDArray[np.uint8]:
    """The id of each MIDI pitch [128]; one off the piano has that of the nearest octave of it that is on it."""
    key = np.arange(128) - LOWEST[pitch]
    if pitch == "class":
        key %= 12
    if pitch == "piano":
        key = np.where(key < 0, key % 12, np.where(key > 87, 76 + (key - 76) % 12, key))
    return (key + 1).astype(np.uint8)
