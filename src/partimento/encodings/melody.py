"""The encoding `melody`: parts one after another, one pitch and one of five durations for each note or chord.

It follows what the project's seed made of a file read by music21; `docs/melody.md` measures every difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Encoding, Events, Field
from partimento.errors import InvalidOption
from partimento.piece import NOTE, Piece, Track
from partimento.theory import chord_root_table

DURATIONS = ("16th", "eighth", "quarter", "half", "whole")
TICKS_PER_QUARTER = 480
DURATION_TICKS = np.array([120, 240, 480, 960, 1920])
PITCHES = {"class": 12, "piano": 88, "midi": 128}
LOWEST_PIANO_KEY = 21
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
        for option, known in (("pitch", tuple(PITCHES)), ("chord", ("root", "top", "bass"))):
            if getattr(self, option) not in known:
                raise InvalidOption(f"melody: {option} is {getattr(self, option)!r}; it must be one of {', '.join(known)}")

    @property
    def fields(self) -> tuple[Field, ...]:
        return Field("pitch", PITCHES[self.pitch] + 1), Field("duration", len(DURATIONS) + 1)

    def encode(self, piece: Piece) -> Events:
        notes = piece.notes
        drums = [number for number, track in enumerate(piece.tracks) if track.is_drum]
        if drums:
            notes = notes[~np.isin(notes["track"], drums)]
        if not len(notes):
            return np.zeros((0, 2), np.uint8)
        moment, gap = _moments(notes["track"], _nearest_twelfth(notes["onset"], piece.ticks_per_quarter))
        note_value = _note_values(notes["duration"], moment, gap, piece.ticks_per_quarter)
        # notes of one moment and one note value are a chord: after this sort they stand together, lowest first
        packed = moment << 11
        packed |= note_value.astype(np.int64) << 8
        packed |= notes["pitch"]
        packed.sort()
        chord = packed >> 8
        start = _starts(chord[1:] != chord[:-1])
        events = np.empty((len(start), 2), np.uint8)
        events[:, 0] = self._pitch_id(self._one_of_each_chord(packed & 0xFF, start))
        events[:, 1] = chord[start] & 7
        return events

    def _one_of_each_chord(self, pitch: npt.NDArray[np.int64], start: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """MIDI pitch of the note that stands for each chord; chord `i` is pitch[start[i]:start[i + 1]], ascending."""
        bass: npt.NDArray[np.int64] = pitch[start]
        if self.chord == "bass" or len(start) == len(pitch):
            return bass
        if self.chord == "top":
            top: npt.NDArray[np.int64] = pitch[np.append(start[1:], len(pitch)) - 1]
            return top
        pitch_class_set = np.bitwise_or.reduceat(_BIT_OF_PITCH[pitch], start)
        root = chord_root_table().ravel()[_BASS_ROW[bass] + pitch_class_set].astype(np.int64)
        if self.pitch == "class":
            return root
        is_root = pitch % 12 == np.repeat(root, np.diff(np.append(start, len(pitch))))
        lowest: npt.NDArray[np.int64] = np.minimum.reduceat(np.where(is_root, pitch, 127), start)
        return lowest

    def _pitch_id(self, pitch: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if self.pitch == "class":
            return _PITCH_CLASS[pitch] + 1
        if self.pitch == "midi":
            return pitch + 1
        key = pitch - LOWEST_PIANO_KEY  # outside the keyboard: the nearest octave that is on it
        key = np.where(key < 0, key % 12, np.where(key > 87, 76 + (key - 76) % 12, key))
        return key + 1

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        events = np.asarray(events).astype(np.int64).reshape(-1, 2)
        lowest = {"class": 60, "piano": LOWEST_PIANO_KEY, "midi": 0}[self.pitch]
        notes = np.zeros(len(events), NOTE)
        notes["pitch"] = events[:, 0] - 1 + lowest
        notes["velocity"] = 80
        notes["duration"] = DURATION_TICKS[events[:, 1] - 1]
        notes["onset"][1:] = np.cumsum(notes["duration"])[:-1]
        return Piece(notes, (Track(),), TICKS_PER_QUARTER)

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        legal = np.ones(self.fields[len(drawn)].size, bool)
        legal[0] = False
        return legal


_PITCH_CLASS = np.arange(128) % 12
_BIT_OF_PITCH = 1 << _PITCH_CLASS
_BASS_ROW = 4096 * _PITCH_CLASS  # where the row of a bass begins in the table of roots


def _starts(changes: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Where runs begin, given whether each element but the first differs from the one before."""
    later = np.flatnonzero(changes)
    starts = np.zeros(len(later) + 1, np.int64)
    np.add(later, 1, out=starts[1:])
    return starts


def _moments(track: npt.NDArray[Any], onset: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For notes by track and onset, in twelfths: the number of each one's moment (distinct track and onset), and for
    each moment the time to the next one of its track (-1 or less: there is none)."""
    changes = onset[1:] != onset[:-1]
    changes |= track[1:] != track[:-1]
    moment = np.zeros(len(onset), np.int64)
    np.cumsum(changes, out=moment[1:])
    start = _starts(changes)
    at, of_track = onset[start], track[start]
    gap = np.full(len(start), -1)
    gap[:-1] = np.where(of_track[1:] == of_track[:-1], at[1:] - at[:-1], -1)
    return moment, gap


def _nearest_twelfth(tick: npt.NDArray[np.int32], ticks_per_quarter: int) -> npt.NDArray[np.int64]:
    """Ticks to twelfths of a quarter on the grid of sixteenths and triplet eighths, the nearer one, sixteenths when equal."""
    quarter = tick // ticks_per_quarter
    phase = _phase_table(ticks_per_quarter)[tick - quarter * ticks_per_quarter]
    twelfth: npt.NDArray[np.int64] = quarter * np.int64(12) + phase
    return twelfth


@cache
def _phase_table(ticks_per_quarter: int) -> npt.NDArray[np.int64]:
    phase = np.arange(ticks_per_quarter) * 12.0 / ticks_per_quarter
    sixteenth, triplet = _nearest_multiple(phase, 3), _nearest_multiple(phase, 4)
    return np.where(np.abs(phase - sixteenth) <= np.abs(phase - triplet), sixteenth, triplet).astype(np.int64)


def _nearest_multiple(value: npt.NDArray[np.float64], unit: int) -> npt.NDArray[np.float64]:
    return np.floor(value / unit + 0.5) * unit


def _note_values(
    duration: npt.NDArray[np.int32], moment: npt.NDArray[np.int64], gap: npt.NDArray[np.int64], ticks_per_quarter: int
) -> npt.NDArray[np.uint8]:
    """The id 1..5 of each duration (ticks), given the gap to the next moment (twelfths of a quarter)."""
    table = _note_value_tables(ticks_per_quarter)
    row = np.where(gap > 0, _GAP_PREFERS[gap % 12], 2) * table.shape[1]
    value: npt.NDArray[np.uint8] = table.ravel()[row[moment] + np.minimum(duration, table.shape[1] - 1)]
    return value


# which grid fills a gap of 0..11 twelfths beyond whole quarters: sixteenths (0), triplet eighths (1), or the nearer one (2)
_GAP_PREFERS = np.array([2, 2, 2, 0, 1, 2, 0, 2, 1, 0, 2, 2])


@cache
def _note_value_tables(ticks_per_quarter: int) -> npt.NDArray[np.uint8]:
    """Ids 1..5 by duration in ticks, uint8[3, D]: on the grid of sixteenths, of triplet eighths, and on the nearer one."""
    length = np.arange(LONGEST_QUARTERS * ticks_per_quarter + 1) * 12.0 / ticks_per_quarter
    grids = [np.maximum(_nearest_multiple(length, unit), unit) for unit in (3, 4)]
    sixteenth, triplet = (_value_of_twelfths(grid.astype(np.int64)) for grid in grids)
    nearer = np.where(np.abs(length - grids[0]) <= np.abs(length - grids[1]), sixteenth, triplet)
    return np.stack([sixteenth, triplet, nearer])


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
