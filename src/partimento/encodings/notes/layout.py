"""What the events of `notes` are made of: profiles, kinds, fields and their sizes, and how a note is packed into a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Field
from partimento.instruments import DRUMS

Ints = npt.NDArray[np.int64]

LONGEST = 192  # ticks that the fields time and duration reach alone; in a profile with beats four quarters
LAST_TICK = 2**24 - 1  # two days at 120 quarters a minute; no event is later
VELOCITY_STEP = 4  # as Oore et al. 2018, section 3; levels are 1, 4, 8 .. 124, 127, so that 64, 80 and the like are exact
VELOCITIES = 33
KINDS = ("bar", "wait", "meter", "key", "tempo", "note", "tie", "end")  # those of one moment stand in this order
KINDS_WITHOUT_BEATS = ("wait", "note", "tie", "end")
MAPS = ("meter", "key", "tempo")
MOST_PARTS = 24  # as many as 99% of the pieces of openscore-quartets, openscore-lieder, mutopia and polish-scores have
PITCHED, DRUM_PART = 1, 2  # the ids of the duration of a `part` event
NUMERATORS, DENOMINATORS, KEYS, TEMPOS = 128, 8, 30, 128
START_METER = (4, 4)
CLASSES = 24  # classes of tempo in an octave: 2.9% apart
START_TEMPO = 70  # the id of 120 quarters a minute; ids reach from 16 to 640


@dataclass(frozen=True)
class Bits:
    """Where the fields of a note lie in its packed number, below tick (24 bits), rank (2) and pitch or value (7): its `duration`
    less one tick (8 bits), `velocity` (6), `tie` (8), and `last` (8), the instrument or the part less one."""

    duration: int
    velocity: int
    last: int
    tie: int


INSTRUMENT_BITS = Bits(22, 16, 8, 0)
PART_BITS = Bits(6, 0, 22, 14)  # by pitch and part, and of those of both the longest last


@dataclass(frozen=True)
class Profile:
    """A grid of `ticks_per_quarter`, and which parts of the music have their events and fields.

    Without `beats` a tick is 10 ms of playing time, written as a fiftieth of a quarter at 120 a minute; without `instrument`
    all notes but the drums are of program 0. With `parts` the tracks are declared first, each with its instrument, and notes name
    their part; without, they name their instrument, if there is one to name.
    """

    ticks_per_quarter: int
    beats: bool
    velocity: bool
    instrument: bool
    parts: bool = False

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        return ("part",) * self.parts + (KINDS if self.beats else KINDS_WITHOUT_BEATS)

    def kind(self, name: str) -> int:
        """The id of a kind; 99, which no event has, for one that the profile lacks."""
        return self.kinds.index(name) + 1 if name in self.kinds else 99

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        fields = [
            Field("kind", len(self.kinds) + 1),
            Field("time", LONGEST + 1, optional=True),
            Field("pitch", 128 + 1, optional=True),
            Field("duration", LONGEST + 1, optional=True),
        ]
        if self.velocity:
            fields.append(Field("velocity", VELOCITIES + 1, optional=True))
        if self.parts:
            fields.append(Field("part", MOST_PARTS + 1, optional=True))
        elif self.instrument:
            fields.append(Field("instrument", DRUMS + 2, optional=True))
        return tuple(fields)

    @property
    def bits(self) -> Bits:
        return PART_BITS if self.parts else INSTRUMENT_BITS

    def ticks_of(self, kind: npt.NDArray[Any], time: Ints) -> Ints:
        """The ticks [T] that each event, of its `kind` and `time` [T], lies after the one before it; 0 for bars, whose length
        depends on the meter."""
        ticks: Ints = time - 1
        others = np.flatnonzero(kind != self.kind("note"))
        other, scale = kind[others], np.zeros(256, np.int64)
        scale[self.kind("wait")] = LONGEST
        timed = (other == self.kind("meter")) | (other == self.kind("key")) | (other == self.kind("tempo"))
        ticks[others] = np.where(timed, ticks[others], time[others] * scale[other])
        return ticks


PROFILES = {
    "score": Profile(48, beats=True, velocity=False, instrument=True),
    "piano": Profile(48, beats=True, velocity=True, instrument=False),
    "ensemble": Profile(48, beats=True, velocity=True, instrument=True),
    "performance": Profile(50, beats=False, velocity=True, instrument=False),
}


def with_parts(profile: str) -> Profile:
    return replace(PROFILES[profile], parts=True)


def tempo_id(qpm: npt.NDArray[np.float64]) -> Ints:
    """The ids 1..128 [N] of the nearest tempo classes of quarters a minute [N]."""
    steps = np.floor(np.log2(qpm / 120.0) * CLASSES + 0.5)
    return np.asarray(np.clip(steps + START_TEMPO, 1, TEMPOS), np.int64)


def tempo_qpm(ids: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Quarters a minute [N] of the classes of some ids [N]."""
    qpm: npt.NDArray[np.float64] = 120.0 * np.exp2((ids.astype(np.float64) - START_TEMPO) / CLASSES)
    return qpm


def velocity_id(velocity: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The ids 1..33 [N] of the nearest levels of MIDI velocities [N]."""
    ids: npt.NDArray[np.uint8] = (velocity + np.uint8(VELOCITY_STEP // 2)) // np.uint8(VELOCITY_STEP) + np.uint8(1)
    return ids


# the MIDI velocity of each id
VELOCITY_OF = np.clip((np.arange(VELOCITIES + 1) - 1) * VELOCITY_STEP, 1, 127).astype(np.uint8)
