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
        is_drum = [track.is_drum for track in piece.tracks]
        if any(is_drum):
            notes = notes.take(np.flatnonzero(~np.array(is_drum)[notes["track"]]))
        if not len(notes):
            return np.zeros((0, 2), np.uint8)
        onset = notes["onset"].copy()  # contiguous, since it is read twice
        moment, grid = _moments(notes["track"], _nearest_twelfth(onset, piece.ticks_per_quarter))
        packed = _note_values(notes["duration"], grid, piece.ticks_per_quarter)
        # notes of one moment and one note value are a chord: after this sort they stand together, lowest first
        packed <<= 8
        packed |= notes["pitch"]
        moment <<= 11
        packed |= moment
        packed.sort(kind="stable")  # stable: twice as fast, since they are nearly in order
        chord = packed >> 8
        packed &= 0xFF
        start = _is_first(chord).nonzero()[0]
        events = np.empty((len(start), 2), np.uint8)
        events[:, 0] = self._pitch_id(self._one_of_each_chord(packed, start))
        events[:, 1] = chord.take(start) & 7
        return events

    def _one_of_each_chord(self, pitch: npt.NDArray[np.int64], start: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """MIDI pitch of the note that stands for each chord; chord `i` is pitch[start[i]:start[i + 1]], ascending.

        Where only the pitch class counts, any pitch of that class.
        """
        chosen = pitch.take(start)
        if self.chord == "bass" or len(start) == len(pitch):
            return chosen
        stop = np.empty_like(start)
        stop[:-1], stop[-1] = start[1:], len(pitch)
        if self.chord == "top":
            return pitch.take(stop - 1)
        several = (stop - start > 1).nonzero()[0]  # a fifth of all chords as a rule; a single note is its own root
        bounds = np.empty((len(several), 2), np.int64)
        start.take(several, out=bounds[:, 0], mode="clip")
        stop.take(several, out=bounds[:, 1], mode="clip")
        bits = np.empty(len(pitch) + 1, np.int64)  # one more, since the last chord ends there
        _BIT_OF_PITCH.take(pitch, out=bits[:-1], mode="clip")
        pitch_class_set = np.bitwise_or.reduceat(bits, bounds.ravel())[::2]
        pitch_class_set += _BASS_ROW.take(chosen.take(several))
        chosen[several] = chord_root_table().take(pitch_class_set)
        if self.pitch == "class":
            return chosen
        is_root = _PITCH_CLASS.take(pitch) == np.repeat(_PITCH_CLASS.take(chosen), stop - start)
        lowest: npt.NDArray[np.int64] = np.minimum.reduceat(np.where(is_root, pitch, 127), start)
        return lowest

    def _pitch_id(self, pitch: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        if self.pitch == "class":
            return _PITCH_CLASS.take(pitch) + 1
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


_PITCH_CLASS = np.arange(128) % 12
_ZERO = np.zeros(1, np.int64)
_BIT_OF_PITCH = 1 << _PITCH_CLASS
_BASS_ROW = 4096 * _PITCH_CLASS  # where the row of a bass begins in the table of roots


def _is_first(value: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each element begins a run of equal ones."""
    first = np.empty(len(value), bool)
    first[0] = True
    np.not_equal(value[1:], value[:-1], out=first[1:])
    return first


def _moments(track: npt.NDArray[Any], onset: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For notes by track and onset, in twelfths: the number of each one's moment (distinct track and onset, from 1 on), and
    the grid it is measured on, chosen by the gap to the next moment of its track."""
    first = _is_first(onset)
    first_of_track = _is_first(track).nonzero()[0] if track[0] != track[-1] else _ZERO
    first[first_of_track] = True
    moment = np.add.accumulate(first, dtype=np.int64)
    at = onset.take(first.nonzero()[0])
    gap = at[1:] - at[:-1]
    gap -= gap // 12 * 12  # faster than %
    grid = np.empty(len(at) + 1, np.int64)  # of each moment
    _GAP_PREFERS.take(gap, out=grid[1:-1], mode="clip")
    grid[moment.take(first_of_track) - 1] = NEARER  # the last moments of the tracks before have no gap; nor has
    grid[-1] = NEARER
    return moment, grid.take(moment)


def _nearest_twelfth(tick: npt.NDArray[np.int32], ticks_per_quarter: int) -> npt.NDArray[Any]:
    """Ticks to twelfths of a quarter on the grid of sixteenths and triplet eighths, the nearer one, sixteenths when equal."""
    table = _phase_table(ticks_per_quarter)
    quarter = tick // ticks_per_quarter
    twelfth = table.take(tick - quarter * ticks_per_quarter)
    twelfth += quarter * table.dtype.type(12)
    return twelfth


@cache
def _phase_table(ticks_per_quarter: int) -> npt.NDArray[Any]:
    phase = np.arange(ticks_per_quarter) * 12.0 / ticks_per_quarter
    sixteenth, triplet = _nearest_multiple(phase, 3), _nearest_multiple(phase, 4)
    nearer = np.where(np.abs(phase - sixteenth) <= np.abs(phase - triplet), sixteenth, triplet)
    return nearer.astype(np.int64 if ticks_per_quarter < 12 else np.int32)  # below 12 there are more twelfths than ticks


def _nearest_multiple(value: npt.NDArray[np.float64], unit: int) -> npt.NDArray[np.float64]:
    return np.floor(value / unit + 0.5) * unit


def _note_values(duration: npt.NDArray[np.int32], grid: npt.NDArray[np.int64], ticks_per_quarter: int) -> npt.NDArray[np.int64]:
    """The id 1..5 of each duration (ticks) on its grid."""
    table = _note_value_table(ticks_per_quarter)
    grid += duration * np.int64(3)
    return table.take(grid, mode="clip").astype(np.int64)  # clip: what is longer is as the longest


SIXTEENTHS, TRIPLETS, NEARER = range(3)  # the grids
# which one fills a gap of 0..11 twelfths beyond whole quarters
_GAP_PREFERS = np.array([2, 2, 2, 0, 1, 2, 0, 2, 1, 0, 2, 2])


@cache
def _note_value_table(ticks_per_quarter: int) -> npt.NDArray[np.uint8]:
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
