"""Rules of time: how many bars, how many notes at once, whose rhythm. They know no pitch, but for the tonic at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partimento.composing.rules.base import Bools, Ints, Rule, classes
from partimento.composing.rules.state import Note, State
from partimento.instruments import DRUMS


@dataclass(frozen=True)
class Bars(Rule):
    """The piece ends on the bar line `end_tick`: a note of the last bar, which begins at `last_bar_tick`, ends there, none later;
    or all that sounds is held until then.

    With a `tonic` (a pitch class) the lowest of the pitched notes that end there is one.
    """

    last_bar_tick: int
    end_tick: int
    tonic: int | None = None

    drums_too = True

    def _closing(self, state: State) -> list[Note]:
        closing = [note for note in state.sounding if note.end == self.end_tick]
        return closing if self.tonic is None else [note for note in closing if note.program != DRUMS]

    def _is_met(self, state: State) -> bool:
        """A note of the last bar closes; or all that sounds is held to the end, so that there may be no room for another."""
        held = all(note.end == self.end_tick for note in state.sounding)
        return (state.moment >= self.last_bar_tick or held) and bool(self._closing(state))

    def onsets(self, state: State, ticks: Ints) -> Bools:
        return ticks < self.end_tick

    def deadline(self, state: State) -> int | None:
        return None if self._is_met(state) else self.end_tick - 1

    def _is_last_chance(self, state: State, onset: int) -> bool:
        return onset >= self.end_tick - 1 and not self._is_met(state)

    def pitches(self, state: State, onset: int) -> Bools:
        if self.tonic is None or not self._is_last_chance(state, onset):
            return np.ones(128, bool)
        return np.asarray(classes(1 << self.tonic))

    def programs(self, state: State, onset: int, pitch: int) -> Bools:
        allowed = np.ones(129, bool)
        allowed[DRUMS] = self.tonic is None or not self._is_last_chance(state, onset)
        return allowed

    def ends(self, state: State, onset: int, pitch: int, ends: Ints) -> Bools:
        allowed = ends <= self.end_tick
        if self.tonic is not None and pitch % 12 != self.tonic:
            lowest = min((note.pitch for note in self._closing(state)), default=128)
            if pitch < lowest:
                allowed &= ends != self.end_tick
        return allowed

    def may_end(self, state: State) -> bool:
        return self._is_met(state)


@dataclass(frozen=True)
class Polyphony(Rule):
    """At most `most` pitched notes sound at once."""

    most: int

    def onsets(self, state: State, ticks: Ints) -> Bools:
        ends = np.array([note.end for note in state.pitched(state.tick)], np.int64)
        return np.asarray((ends[None] > ticks[:, None]).sum(1) < self.most)


@dataclass(frozen=True)
class Rhythm(Rule):
    """Notes begin at all of these onsets and nowhere else, and end at the tick given for each; several may begin at one.

    With `limited` polyphony, several only where they end before the next onset, so that there always is room for that one.
    """

    onset_ticks: tuple[int, ...]
    end_ticks: tuple[int, ...]
    limited: bool = False

    drums_too = True

    def _next(self, state: State) -> int:
        """Which onset comes after the moment of the last note."""
        return int(np.searchsorted(self.onset_ticks, state.moment, side="right"))

    def onsets(self, state: State, ticks: Ints) -> Bools:
        number = self._next(state)
        allowed = np.isin(ticks, self.onset_ticks[number : number + 1])
        if number > 0 and self.onset_ticks[number - 1] == state.moment:
            overlaps = number < len(self.onset_ticks) and self.end_ticks[number - 1] > self.onset_ticks[number]
            allowed |= (ticks == state.moment) & (not (self.limited and overlaps))
        return allowed

    def deadline(self, state: State) -> int | None:
        number = self._next(state)
        return self.onset_ticks[number] if number < len(self.onset_ticks) else None

    def ends(self, state: State, onset: int, pitch: int, ends: Ints) -> Bools:
        number = int(np.searchsorted(self.onset_ticks, onset))
        return np.asarray(ends == self.end_ticks[number])

    def may_end(self, state: State) -> bool:
        return self._next(state) == len(self.onset_ticks)
