"""A real ending for so many notes, more or less: when a piece of `notes` may end, must end, and how it is led there.

From three quarters of the notes on it may end, whenever the model says so. Where nothing is cut (all notes end with a bar), the
end is made the likelier the longer the piece is: it takes from the chance of a further bar. When all notes are there, the next
bar line that no sounding note crosses is the last, as under the rule of a number of bars (`rules/time.py`). Where there are no
other rules, what sounds in the second half of the last bar is held to its end. So no note is cut off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.rules.base import Bools, Ints
from partimento.composing.rules.state import State
from partimento.composing.rules.time import Bars

EARLIEST, LATEST = 0.75, 1.25  # of the notes asked for
CLOSING = 0.5  # of the way from the earliest to the latest: from there on the last bar is the next one that can be
OVERDUE = 1.5  # of the way from the earliest to the latest: from there on nothing is drawn but the end, as soon as it may be
SOON = 12  # quarters
CHORD = 6  # notes of the last one
FULL = 2.0  # nats by which the end is likelier for each note that is held to it
RISE = 12.0  # nats by which the end has become likelier at the latest: an end of one in 100,000 is then as likely as not

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class LastBar(Bars):
    """As `Bars`; the last note begins at `half_tick`, a beat before it, or earlier, and what sounds later sounds to the end."""

    half_tick: int = 0
    beat_ticks: int = 1

    def onsets(self, state: State, ticks: Ints) -> Bools:
        room = (ticks <= self.half_tick - self.beat_ticks) | (ticks == self.half_tick)
        return np.asarray(room & ((ticks > state.moment) | (state.begun < CHORD)))

    def deadline(self, state: State) -> int | None:
        return None if self._is_met(state) else self.half_tick

    def ends(self, state: State, onset: int, pitch: int, ends: Ints) -> Bools:
        return np.asarray((ends <= self.half_tick) | (ends == self.end_tick))


class Ending:
    """One sequence that follows `state`, which holds the notes before the first one drawn."""

    def __init__(self, state: State, notes: int) -> None:
        self.state, self.wished, self.before = state, notes, len(state.notes)
        self.end, self.bar = state.layout.kind("end"), state.layout.kind("bar")
        self.closing: Bars | None = None

    @property
    def progress(self) -> float:
        """Below 0 too early to end; from `CLOSING` on late."""
        written = len(self.state.notes) - self.before
        return (written / self.wished - EARLIEST) / (LATEST - EARLIEST)

    @property
    def is_whole(self) -> bool:
        """Whether the notes so far end with a bar; without bars always."""
        state = self.state
        return not state.layout.beats or (self._until() - state.bar_tick) % state.bar_length == 0

    def narrowed(self, allowed: Bools, legal: Bools) -> Bools:
        """Which of the allowed kinds of event may come next: not the end too early, nothing else when it is overdue. Where rules
        leave nothing (as many notes as may sound, all of them held for long) the piece ends as soon as is `legal`."""
        if not allowed.any():
            return np.asarray(legal & (np.arange(len(legal)) == self.end))
        kept = allowed.copy()
        if self.progress < 0:
            kept[self.end] = False
        elif self.progress >= OVERDUE and allowed[self.end]:
            kept[:] = False
            kept[self.end] = True
        return kept if kept.any() else allowed

    def close(self, firmly: bool) -> Bars | None:
        """The rule that the piece ends with the first bar that ends when no note so far sounds any more, or later: when it is late
        for the first time, in music with bars. `firmly`: what sounds in its second half sounds until it ends; rules of harmony may
        leave no such note."""
        state = self.state
        if self.closing is not None or self.progress < CLOSING or not state.layout.beats:
            return None
        until = self._until()
        bars = max(1, math.ceil((until - state.bar_tick) / state.bar_length))
        begin = state.bar_tick + (bars - 1) * state.bar_length
        if firmly and max(until, state.tick) > begin:
            begin += state.bar_length
        end = begin + state.bar_length
        if end - state.tick > SOON * state.layout.ticks_per_quarter and self.progress < 1:
            return None  # a long note sounds: the model may find an end before it does
        half = begin + state.meter[0] // 2 * state.beat_length
        # a note that is held until then will do
        self.closing = LastBar(state.moment, end, None, half, state.beat_length) if firmly else Bars(state.moment, end)
        return self.closing

    def led(self, logits: Floats) -> Floats:
        """Log-probabilities of the next kind of event, the end as likely as it should be here."""
        if self.closing is not None:
            held = sum(note.end == self.closing.end_tick for note in self.state.sounding)
            logits = logits.copy()
            logits[self.end] += FULL * held
            return logits
        if self.state.last_kind not in ("note", "tie") or self.progress < 0 or not self.is_whole:
            return logits
        p = np.exp(logits.astype(np.float64) - logits.max())
        end = float(p[self.end])
        room = float(p[self.bar]) if self.state.layout.beats else float(p.sum()) - end
        taken = room if self.progress >= 1 else min(room, end * math.expm1(RISE * self.progress))
        if self.state.layout.beats:
            p[self.bar] -= taken
        elif room:
            p *= 1 - taken / room
        p[self.end] = end + taken
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(p))

    def _until(self) -> int:
        """When the last note so far ends."""
        return max((note.end for note in self.state.sounding), default=self.state.bar_tick)
