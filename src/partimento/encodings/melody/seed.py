"""The encoding `melody`: parts one after another, one pitch and one of five durations for each note or chord.

It follows what the project's seed made of a file read by music21; `docs/melody.md` measures every difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Encoding, Events, Field
from partimento.encodings.cursor import HistoryCursor, NextNote, Note
from partimento.errors import InvalidOption
from partimento.piece import NOTE, Piece, Track
from partimento.theory import chord_root_table

DURATIONS = ("16th", "eighth", "quarter", "half", "whole")
TICKS_PER_QUARTER = 480
DURATION_TICKS = np.array([120, 240, 480, 960, 1920])
PITCHES = {"class": 12, "piano": 88, "midi": 128}
CHORDS = ("root", "top", "bass")
LOWEST_PIANO_KEY = 21
LOWEST = {"class": 60, "piano": LOWEST_PIANO_KEY, "midi": 0}  # the MIDI pitch of the first id
LONGEST_QUARTERS = 33  # nothing longer than a dotted longa has a note value of its own


@dataclass(frozen=True)
class Melody(Encoding):
    """Options: `pitch` is `class` (in octave 4), `piano` (88 keys) or `midi`; `chord` keeps its `root`, `top` or `bass`."""

    pitch: str = "class"
    chord: str = "root"

    name: ClassVar[str] = "melody"
    keeps: ClassVar[str] = "one pitch for each note or chord, its note value (16th to whole), the order within a part"
    drops: ClassVar[str] = (
        "rests, onsets, chord notes but one, dots and tuplets, octaves unless asked for, velocity, instruments, drums"
    )

    def __post_init__(self) -> None:
        for option, known in (("pitch", tuple(PITCHES)), ("chord", CHORDS)):
            if getattr(self, option) not in known:
                raise InvalidOption(f"melody: {option} is {getattr(self, option)!r}; it must be one of {', '.join(known)}")

    @property
    def fields(self) -> tuple[Field, ...]:
        return Field("pitch", PITCHES[self.pitch] + 1), Field("duration", len(DURATIONS) + 1)

    def encode(self, piece: Piece) -> Events:
        from partimento.encodings.melody.loop import encode  # here, since it takes a while to load

        events: Events = encode(
            piece.notes,
            np.array([track.is_drum for track in piece.tracks], bool),
            nearest_twelfth(piece.ticks_per_quarter),
            note_values(piece.ticks_per_quarter),
            chord_root_table(),
            tuple(PITCHES).index(self.pitch),
            CHORDS.index(self.chord),
        )
        return events

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        events = np.asarray(events).astype(np.int64).reshape(-1, 2)
        notes = np.zeros(len(events), NOTE)
        notes["pitch"] = events[:, 0] - 1 + LOWEST[self.pitch]
        notes["velocity"] = 80
        notes["duration"] = DURATION_TICKS[events[:, 1] - 1]
        notes["onset"][1:] = np.cumsum(notes["duration"])[:-1]
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
        legal = np.ones(self.fields[len(drawn)].size, bool)
        legal[0] = False
        return legal

    def cursor(self) -> MelodyCursor:
        return MelodyCursor(self, [0, *DURATION_TICKS.tolist()], self.pitch)


class MelodyCursor(HistoryCursor):
    """Notes, rests and ties, each of `length` [durations + 1] in ticks, one after another; only notes have the ids of pitches."""

    ticks_per_quarter = TICKS_PER_QUARTER

    def __init__(self, encoding: Melody, length: Sequence[int], pitch: str) -> None:
        super().__init__(encoding)
        self._length_of, self._lowest, self._highest = length, LOWEST[pitch], PITCHES[pitch]

    def push(self, event: Sequence[int]) -> None:
        super().push(event)
        end = self.tick + self._length_of[event[1]]
        is_note = 0 < event[0] <= self._highest
        self.notes_begun = [Note(self.tick, end, event[0] - 1 + self._lowest)] if is_note else []
        self.tick, self.bar_tick = end, end - end % (4 * TICKS_PER_QUARTER)

    def next_note(self, drawn: tuple[int, ...]) -> NextNote | None:
        return None if drawn else NextNote(self.tick, range(1, self._highest + 1), self._lowest)


@cache
def nearest_twelfth(ticks_per_quarter: int) -> npt.NDArray[np.int64]:
    """For each of Q ticks of a quarter the twelfth that is its place on the grid of sixteenths and triplet eighths, int64 [Q]."""
    phase = np.arange(ticks_per_quarter) * 12.0 / ticks_per_quarter
    sixteenth, triplet = _nearest_multiple(phase, 3), _nearest_multiple(phase, 4)
    nearer = np.where(np.abs(phase - sixteenth) <= np.abs(phase - triplet), sixteenth, triplet)
    return nearer.astype(np.int64)


def _nearest_multiple(value: npt.NDArray[np.float64], unit: int) -> npt.NDArray[np.float64]:
    return np.floor(value / unit + 0.5) * unit


@cache
def note_values(ticks_per_quarter: int) -> npt.NDArray[np.uint8]:
    """Ids 1..5 by duration in ticks and grid, uint8[D, 3]; the last row is the same on each."""
    length = np.arange(LONGEST_QUARTERS * ticks_per_quarter + 1) * 12.0 / ticks_per_quarter
    grids = [np.maximum(_nearest_multiple(length, unit), unit) for unit in (3, 4)]
    sixteenth, triplet = (_value_of_twelfths(grid.astype(np.int64)) for grid in grids)
    nearer = np.where(np.abs(length - grids[0]) <= np.abs(length - grids[1]), sixteenth, triplet)
    return np.stack([sixteenth, triplet, nearer], axis=1)


def _value_of_twelfths(twelfths: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The id of the note value that writes a length of twelfths of a quarter: music21's `duration.type`, reduced to five."""
    length = np.arange(int(twelfths.max()) + 1)
    table = np.full(len(length), 3, np.uint8)  # what one note cannot write counts as a quarter
    for exponent, value in enumerate((1, 2, 3, 4, 5, 5, 5, 5, 5)):  # sixteenth .. duplex maxima
        plain = 3 * 2**exponent
        # thirds of a quarter between two plain values are written as a tuplet of the longer one
        table[(length > plain // 2) & (length < plain) & (length % 3 != 0)] = value
        for dots in range(5):
            dotted, rest = divmod(plain * (2 ** (dots + 1) - 1), 2**dots)
            if rest == 0 and dotted < len(table):
                table[dotted] = value
    return table[twelfths]
