"""The rule of a task: notes are written inside of the region, and none into one that stands. It knows ticks, no fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from partimento.composing.rules.base import Bools, Ints, Rule
from partimento.composing.rules.state import State

CHORD = 10  # notes written at one moment: as many as fingers; what stands next may leave a model no other moment


@dataclass(frozen=True)
class Inside(Rule):
    """Notes begin from `start_tick` on and end by `end_tick`. `stands` are the onsets and ends, [N, 2] by onset, of notes of each
    pitch in the tracks that are written to: none begins while one sounds, or is held into it. Something sounds after `last_tick`,
    so that the answer does not stop short."""

    start_tick: int
    end_tick: int
    stands: Mapping[int, Ints]
    last_tick: int = 0

    drums_too = True

    def onsets(self, state: State, ticks: Ints) -> Bools:
        room = (ticks >= self.start_tick) & (ticks < self.end_tick)
        return np.asarray(room & ((ticks > state.moment) | (state.begun < CHORD)))

    def pitches(self, state: State, onset: int) -> Bools:
        free = np.ones(128, bool)
        for pitch, rows in self.stands.items():
            free[pitch] = not ((rows[:, 0] <= onset) & (rows[:, 1] > onset)).any()
        for note in state.sounding:  # nor twice at once, which a file could not tell
            free[note.pitch] &= note.end <= onset
        return free

    def ends(self, state: State, onset: int, pitch: int, ends: Ints) -> Bools:
        rows = self.stands.get(pitch)
        later = [] if rows is None else rows[rows[:, 0] > onset, 0]
        return np.asarray(ends <= min([self.end_tick, *later]))

    def deadline(self, state: State) -> int | None:
        return None if self.may_end(state) else self.end_tick - 1

    def may_end(self, state: State) -> bool:
        """Something is written, and sounds so late."""
        sounds = state.moment >= self.last_tick or any(note.end > self.last_tick for note in state.sounding)
        return state.moment >= self.start_tick and sounds
