"""The encoding `voices`: a row for each step of a grid, a field for each voice that says what it sings: chorales and the like.

Which notes of a keyboard piece make a line is decided here, by pitch.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context, Encoding, Events, Field, Pitches, option
from partimento.encodings.cursor import Cursor
from partimento.encodings.pitch_ids import pitch_range, transposed
from partimento.encodings.voices.context import context, context_fields
from partimento.encodings.voices.cursor import VoicesCursor
from partimento.piece import NOTE, Array, Piece, Track, nearest_line

REST, HOLD, FIRST_PITCH = 1, 2, 3  # ids; a pitch is its MIDI number + 3
GRIDS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48)
VOICES = (1, 2, 3, 4, 5, 6, 7, 8)
NAMES = {1: ("melody",), 2: ("soprano", "bass"), 3: ("soprano", "alto", "bass"), 4: ("soprano", "alto", "tenor", "bass")}
MAX_STEPS = 2**16

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Voices(Encoding):
    """Options: `grid` is the number of steps a quarter, `voices` the number of voices, highest first."""

    grid: int = option(4, GRIDS)
    voices: int = option(4, VOICES)

    name: ClassVar[str] = "voices"
    keeps: ClassVar[str] = "one line of pitches a voice, onsets and ends on the grid, repeated notes, rests"
    drops: ClassVar[str] = (
        "times off the grid, notes beyond one a voice at a time, velocity, instruments, drums, tempos, meters, keys, "
        "silence at the end, steps after the 65,536th"
    )

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field(name, 128 + FIRST_PITCH) for name in self.voice_names)

    @property
    def voice_names(self) -> tuple[str, ...]:
        return NAMES.get(self.voices) or tuple(f"voice{number}" for number in range(1, self.voices + 1))

    def encode(self, piece: Piece) -> Events:
        notes, voice = self._voices_of(piece)
        # by voice and step, the highest note of a step last, of unisons the shortest
        order = np.lexsort([-notes["duration"], notes["pitch"], notes["onset"], voice])
        notes, voice = notes[order], voice[order]
        place = voice * MAX_STEPS + notes["onset"]
        last = np.append(place[1:] != place[:-1], True)[: len(place)]
        notes, voice, place = notes[last], voice[last], place[last]
        length = notes["duration"].astype(np.int64)
        if len(notes):  # a note ends where the next one of its voice begins
            same = voice[1:] == voice[:-1]
            length[:-1] = np.where(same, np.minimum(length[:-1], np.diff(place)), length[:-1])
        steps = int((notes["onset"] + length).max()) if len(notes) else 0
        events = np.full((steps, self.voices), REST, np.uint8)
        row = np.repeat(notes["onset"], length) + np.arange(int(length.sum())) - np.repeat(np.cumsum(length) - length, length)
        events[row, np.repeat(voice, length)] = HOLD
        events[notes["onset"], voice] = notes["pitch"] + FIRST_PITCH
        return events

    def _voices_of(self, piece: Piece) -> tuple[Array, Ints]:
        """Notes in steps, and the voice of each.

        As many tracks as voices (drums do not count) are the voices; of more tracks, the first that have notes. Fewer are
        taken together and split by pitch.
        """
        tracks = [number for number, track in enumerate(piece.tracks) if not track.is_drum]
        line = on_grid(piece, self.grid)
        if len(tracks) != self.voices:
            filled = set(np.unique(line["track"]).tolist())
            tracks = [number for number in tracks if number in filled]
        by_pitch = len(tracks) < self.voices
        voice_of = np.full(len(piece.tracks), -1, np.int64)
        voice_of[tracks if by_pitch else tracks[: self.voices]] = 0 if by_pitch else np.arange(self.voices)
        line = line[voice_of[line["track"]] >= 0] if len(line) else line
        if by_pitch:
            line = line[np.lexsort([line["duration"], -line["pitch"].astype(np.int64), line["onset"]])]
            voice = split_by_pitch(line, self.voices)
            return line[voice >= 0], voice[voice >= 0]
        return line, voice_of[line["track"]] if len(line) else np.zeros(0, np.int64)

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        events = np.asarray(events).reshape(-1, self.voices)
        columns = events.T
        voice, step = np.nonzero(columns >= FIRST_PITCH)
        # a note lasts up to the next row of its voice that is no hold
        other_voice, other_step = np.nonzero(np.pad(columns, ((0, 0), (0, 1)), constant_values=REST) != HOLD)
        rows = len(events) + 1
        place = other_voice * rows + other_step
        until = place[np.searchsorted(place, voice * rows + step, side="right")]
        notes = np.zeros(len(voice), NOTE)
        notes["onset"], notes["duration"], notes["track"] = step, until - voice * rows - step, voice
        notes["pitch"] = columns[voice, step] - FIRST_PITCH
        notes["velocity"] = 80
        return Piece(notes, tuple(Track(0, False, name) for name in self.voice_names), self.grid)

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        legal = np.full(FIRST_PITCH + 128, len(history) < MAX_STEPS)
        legal[0] = False
        if not len(history) or history[-1, len(drawn)] == REST:
            legal[HOLD] = False
        return legal

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        """Onsets: a note of one voice counts once however many steps it is held."""
        return int(np.count_nonzero(np.asarray(events) >= FIRST_PITCH))

    def sounding(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The MIDI pitch that each voice sings in each step, held or new, -1 for a rest: int64 [T, V], the form in which
        the JSB chorales are benchmarked (with `grid` 4)."""
        events = np.asarray(events).astype(np.int64)
        since = np.where(events != HOLD, np.arange(len(events))[:, None], 0)
        np.maximum.accumulate(since, axis=0, out=since)
        held = np.take_along_axis(events, since, axis=0)
        return np.where(held >= FIRST_PITCH, held - FIRST_PITCH, -1)

    @property
    def context_fields(self) -> tuple[Context, ...]:
        return context_fields(self.voice_names, self.grid)

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        return context(self.sounding(events), np.asarray(events) != HOLD, self.grid)

    def cursor(self) -> Cursor:
        return VoicesCursor(self, self.grid, FIRST_PITCH, 0, HOLD)

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        bass = self.voices - 1
        references = [(f, bass) if f < bass else (f,) for f in range(self.voices)]
        return tuple(Pitches(f, FIRST_PITCH, 0, references[f], tuple(range(f)), HOLD) for f in range(self.voices))

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return pitch_range(events, FIRST_PITCH, 0)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        return transposed(events, semitones, FIRST_PITCH, 127 + FIRST_PITCH)


def on_grid(piece: Piece, grid: int) -> Array:
    """The notes [M] in steps, onsets and ends on the nearest one, within the first `MAX_STEPS`."""
    ticks = piece.ticks_per_quarter
    onset = piece.notes["onset"].astype(np.int64)
    end = onset + piece.notes["duration"]
    onset, end = (nearest_line(tick, ticks, grid) for tick in (onset, end))
    inside = onset < MAX_STEPS
    notes: Array = piece.notes[inside].copy()
    notes["onset"] = onset[inside]
    notes["duration"] = np.maximum(1, np.minimum(end, MAX_STEPS)[inside] - notes["onset"])
    return notes


def split_by_pitch(notes: Array, voices: int) -> Ints:
    """A voice for each note, [N], given by onset, higher notes first; -1 for those that find none.

    The notes of one onset take, in their order, those voices in which nothing is held that sang nearest before (at first: evenly
    from C5 down to C3). Of more notes than free voices the highest ones and the lowest are kept.
    """
    voice = np.full(len(notes), -1, np.int64)
    onset, end, pitch = (column.tolist() for column in (notes["onset"], notes["onset"] + notes["duration"], notes["pitch"]))
    until = [0] * voices
    sang = np.linspace(72, 48, voices).tolist()
    first = 0
    while first < len(onset):
        stop = first
        while stop < len(onset) and onset[stop] == onset[first]:
            stop += 1
        chord = [at for at in range(first, stop) if at == first or pitch[at] != pitch[at - 1]]
        free = [number for number in range(voices) if until[number] <= onset[first]]
        if len(chord) > len(free):
            chord = chord[: len(free) - 1] + chord[-1:] if free else []
        if len(chord) < len(free):
            ways = list(combinations(free, len(chord)))
            costs = [sum(abs(sang[number] - pitch[at]) for at, number in zip(chord, way, strict=True)) for way in ways]
            free = list(ways[costs.index(min(costs))])
        for at, number in zip(chord, free, strict=True):
            voice[at], until[number], sang[number] = number, end[at], pitch[at]
        first = stop
    return voice
