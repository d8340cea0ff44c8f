"""Rules of pitch: scale, range, chords, bass line, instruments, parallel fifths. They know ticks, no fields."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from partimento.composing.rules.base import Bools, Ints, Rule, classes
from partimento.composing.rules.state import State
from partimento.instruments import DRUMS

FIFTH = 7
ALL = 0xFFF


@dataclass(frozen=True)
class Scale(Rule):
    """Every pitch class is in the 12-bit `mask`."""

    mask: int

    def pitches(self, state: State, onset: int) -> Bools:
        return np.asarray(classes(self.mask))


@dataclass(frozen=True)
class Instruments(Rule):
    """Only these programs play; 128 is drums."""

    allowed: frozenset[int]

    drums_too = True

    def programs(self, state: State, onset: int, pitch: int) -> Bools:
        return np.isin(np.arange(129), list(self.allowed))


@dataclass(frozen=True)
class Range(Rule):
    """The lowest and the highest pitch of each program; key -1 stands for all others. `players` are those that may play."""

    of_program: Mapping[int, tuple[int, int]]
    players: frozenset[int] = field(default_factory=lambda: frozenset(range(128)))

    def _of(self, program: int) -> tuple[int, int]:
        return self.of_program.get(program, self.of_program.get(-1, (0, 127)))

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest pitch that any of the players may play."""
        return min(self._of(program)[0] for program in self.players), max(self._of(program)[1] for program in self.players)

    def pitches(self, state: State, onset: int) -> Bools:
        pitch = np.arange(128)
        ranges = {self._of(program) for program in self.players}
        return np.asarray(np.logical_or.reduce([(pitch >= low) & (pitch <= high) for low, high in ranges]))

    def programs(self, state: State, onset: int, pitch: int) -> Bools:
        ranges = [self._of(program) for program in range(128)]
        return np.array([low <= pitch <= high for low, high in ranges] + [True])


@dataclass(frozen=True)
class Chords(Rule):
    """Every note belongs to the chords that sound while it does. `masks[i]` holds from `start_ticks[i]` to the next start.

    With `passing`, a note that begins off the beat and ends by the next one is free, as passing notes are.
    """

    start_ticks: tuple[int, ...]
    masks: tuple[int, ...]
    passing: bool = False

    def _at(self, tick: int) -> int:
        return bisect_right(self.start_ticks, tick) - 1

    def _mask(self, number: int) -> int:
        return self.masks[number] if number >= 0 else ALL

    def pitches(self, state: State, onset: int) -> Bools:
        if self.passing and _off_the_beat(state, onset):
            return np.ones(128, bool)
        return np.asarray(classes(self._mask(self._at(onset))))

    def ends(self, state: State, onset: int, pitch: int, ends: Ints) -> Bools:
        number = self._at(onset)
        if not self._mask(number) >> pitch % 12 & 1:
            return ends <= _next_beat(state, onset)  # a passing note
        later = range(number + 1, len(self.start_ticks))
        limit = next((self.start_ticks[n] for n in later if not self._mask(n) >> pitch % 12 & 1), None)
        return np.ones(len(ends), bool) if limit is None else ends <= limit


@dataclass(frozen=True)
class Bass(Rule):
    """At each of these ticks a note of that pitch class begins, the lowest that sounds, and none begins below it before the
    next. So that there is room, it is at most `highest`, and a note is held over such a tick only an octave or more above
    `lowest`, and only if fewer than `most` - 1 others are."""

    start_ticks: tuple[int, ...]
    pitch_classes: tuple[int, ...]
    lowest: int
    highest: int
    most: int = 128

    drums_too = True

    def _due(self, state: State, onset: int) -> int | None:
        """The number of the bass note that begins at `onset` and is not there yet."""
        number = bisect_left(self.start_ticks, onset)
        is_one = number < len(self.start_ticks) and self.start_ticks[number] == onset
        return number if is_one and state.moment < onset else None

    def deadline(self, state: State) -> int | None:
        number = bisect_right(self.start_ticks, state.moment)
        return self.start_ticks[number] if number < len(self.start_ticks) else None

    def pitches(self, state: State, onset: int) -> Bools:
        number = self._due(state, onset)
        pitch = np.arange(128)
        if number is not None:
            held = min((note.pitch for note in state.pitched(onset)), default=128)
            return np.asarray(
                (pitch % 12 == self.pitch_classes[number]) & (pitch < min(held, self.highest + 1)) & (pitch >= self.lowest)
            )
        return np.asarray(pitch >= self._floor(state, onset))

    def _floor(self, state: State, onset: int) -> int:
        """The pitch of the bass note under `onset`."""
        number = bisect_right(self.start_ticks, onset) - 1
        at = bisect_left(state.notes, self.start_ticks[max(number, 0)], key=lambda note: note.onset)
        return state.notes[at].pitch if number >= 0 and at < len(state.notes) else 0

    def ends(self, state: State, onset: int, pitch: int, ends: Ints) -> Bools:
        number = bisect_right(self.start_ticks, onset)
        if number == len(self.start_ticks):
            return np.ones(len(ends), bool)
        start = self.start_ticks[number]
        may_hold = pitch >= self.lowest + 12 and len(state.pitched(start)) < self.most - 1
        return ends <= (np.iinfo(np.int64).max if may_hold else start)

    def programs(self, state: State, onset: int, pitch: int) -> Bools:
        allowed = np.ones(129, bool)
        allowed[DRUMS] = self._due(state, onset) is None
        return allowed


@dataclass(frozen=True)
class NoParallelFifths(Rule):
    """The outer voices never move from one fifth (or twelfth, ...) to another in the same direction."""

    def pitches(self, state: State, onset: int) -> Bools:
        before = state.outer_before if onset == state.moment else state.outer_until(onset)
        if before is None or (before[1] - before[0]) % 12 != FIFTH:
            return np.ones(128, bool)
        now = state.outer(onset)
        pitch = np.arange(128)
        low, high = (pitch, pitch) if now is None else (np.minimum(pitch, now[0]), np.maximum(pitch, now[1]))
        together = (low - before[0]) * (high - before[1]) > 0
        return np.asarray(~(together & ((high - low) % 12 == FIFTH)))


def _off_the_beat(state: State, onset: int) -> bool:
    return (onset - state.bar_tick) % state.bar_length % state.beat_length != 0


def _next_beat(state: State, onset: int) -> int:
    beat = state.beat_length
    within = (onset - state.bar_tick) % state.bar_length
    return onset - within + min((within // beat + 1) * beat, state.bar_length)
