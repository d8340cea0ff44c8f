"""The encoding `slots`: four voices in sixteenths, the pitch that each sings or its rest, as the JSB chorales are benchmarked.

The outer voices are drawn first: soprano, bass, alto, tenor. It says what sounds, not what begins: a repeated note is a long one.
Whole music is the business of `voices`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Context, Encoding, Events, Field, Pitches
from partimento.encodings.cursor import Cursor
from partimento.encodings.pitch_ids import pitch_range, transposed
from partimento.encodings.voices.context import context, context_fields
from partimento.encodings.voices.cursor import VoicesCursor
from partimento.encodings.voices.encoding import MAX_STEPS, NAMES, Voices
from partimento.piece import NOTE, Piece, Track

GRID, VOICES = 4, 4
REST, FIRST_PITCH = 1, 2  # ids
LOWEST, HIGHEST = 36, 81  # MIDI pitches: all that the chorales use
SYMBOLS = HIGHEST - LOWEST + 2
ORDER = [0, 3, 1, 2]  # in which the voices, numbered from the top, are drawn: that of the fields
TOP_DOWN = [0, 2, 3, 1]  # the fields, highest voice first


@dataclass(frozen=True)
class Slots(Encoding):
    """No options."""

    name: ClassVar[str] = "slots"
    keeps: ClassVar[str] = "what each of four voices sings in each sixteenth"
    drops: ClassVar[str] = (
        "where a repeated note begins, times off the grid, notes beyond one a voice at a time, octaves outside 36..81, velocity, "
        "instruments, drums, tempos, meters, keys, silence at the end, steps after the 65,536th"
    )

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(Field(NAMES[VOICES][voice], SYMBOLS + 1) for voice in ORDER)

    def encode(self, piece: Piece) -> Events:
        voices = Voices(GRID, VOICES)
        pitch = voices.sounding(voices.encode(piece))[:, ORDER]
        octaves = np.where(pitch < LOWEST, LOWEST - pitch + 11, np.minimum(HIGHEST - pitch, 0)) // 12
        return np.where(pitch < 0, REST, pitch + 12 * octaves - LOWEST + FIRST_PITCH).astype(np.uint8)

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        columns = np.asarray(events).reshape(-1, VOICES)[:, TOP_DOWN].T
        begins = np.ones(columns.shape, bool)
        begins[:, 1:] = columns[:, 1:] != columns[:, :-1]
        voice, step = np.nonzero(begins)
        end = np.append(step[1:], 0)
        end[np.append(voice[1:] != voice[:-1], True)[: len(voice)]] = columns.shape[1]
        kept = columns[voice, step] >= FIRST_PITCH
        notes = np.zeros(int(kept.sum()), NOTE)
        notes["onset"], notes["duration"], notes["track"] = step[kept], (end[: len(step)] - step)[kept], voice[kept]
        notes["pitch"] = columns[voice, step][kept].astype(np.int64) + LOWEST - FIRST_PITCH
        notes["velocity"] = 80
        return Piece(notes, tuple(Track(0, False, name) for name in NAMES[VOICES]), GRID)

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        legal = np.full(SYMBOLS + 1, len(history) < MAX_STEPS)
        legal[0] = False
        return legal

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        """Changes to a pitch; of a stretch of a piece, those within it and what it begins with."""
        events = np.asarray(events)
        return int(np.count_nonzero(self._begins(events) & (events >= FIRST_PITCH)))

    @staticmethod
    def _begins(events: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        begins = np.ones(events.shape, bool)
        begins[1:] = events[1:] != events[:-1]
        return begins

    @property
    def context_fields(self) -> tuple[Context, ...]:
        return context_fields(NAMES[VOICES], GRID)

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        events = np.asarray(events).astype(np.int64)[:, TOP_DOWN]
        return context(np.where(events >= FIRST_PITCH, events + LOWEST - FIRST_PITCH, -1), self._begins(events), GRID)

    def cursor(self) -> Cursor:
        return VoicesCursor(self, GRID, FIRST_PITCH, LOWEST, columns=TOP_DOWN)

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        bass = VOICES - 1
        references = [(voice, bass) if voice < bass else (voice,) for voice in ORDER]  # columns of the context, highest voice first
        return tuple(Pitches(f, FIRST_PITCH, LOWEST, references[f], tuple(range(f))) for f in range(VOICES))

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return pitch_range(events, FIRST_PITCH, LOWEST)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        return transposed(events, semitones, FIRST_PITCH, SYMBOLS)
