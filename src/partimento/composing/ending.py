"""A real ending for so many notes, more or less: when a piece of `notes` may end, must end, and how it is led there.

From three quarters of the notes on it may end, whenever the model says so. Where nothing is cut (all notes end with a bar), the
end is made the likelier the longer the piece is: it takes from the chance of a further bar. When all notes are there, the next
bar line that no sounding note crosses is the last, as under the rule of a number of bars (`rules/time.py`). Where there are no
other rules, what sounds in the second half of the last bar is held to its end. So no note is cut off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from partimento.composing.rules.time import Bars
from partimento.composing.sampler import Bools, Constraint, Floats, Prefix
from partimento.encodings import Cursor
from partimento.encodings.texture import Ints, NoteMasks, NoteRule, Texture, texture_of
from partimento.instruments import DRUMS

EARLIEST, LATEST = 0.75, 1.25  # of the notes asked for
CLOSING = 0.5  # of the way from the earliest to the latest: from there on the last bar is the next one that can be
SOON = 12  # quarters
CHORD = 6  # notes of the last one
FULL = 2.0  # nats by which the end is likelier for each note that is held to it
RISE = 12.0  # nats by which the end has become likelier at the latest: an end of one in 100,000 is then as likely as not


@dataclass(frozen=True)
class LastBar(Bars):
    """As `Bars`; the last note begins at `half_tick`, a beat before it, or earlier, and what sounds later sounds to the end."""

    half_tick: int = 0
    beat_ticks: int = 1

    def onsets(self, here: Texture, ticks: Ints) -> Bools:
        """Which of the onsets at these `ticks` [K] leave the last bar whole: before its half, or on it, or in the chord that
        has begun. Bool [K]."""
        room = (ticks <= self.half_tick - self.beat_ticks) | (ticks == self.half_tick)
        return np.asarray(room & ((ticks > here.last_onset) | (here.chord_size < CHORD)))

    def deadline(self, here: Texture) -> int | None:
        return None if self.is_met(here) else self.half_tick

    def ends(self, here: Texture, onset: int, pitch: int, ends: Ints) -> Bools:
        """Which of the `ends` [K], in ticks, of a note leave the last bar whole: before its half or at its end. Bool [K]."""
        return np.asarray((ends <= self.half_tick) | (ends == self.end_tick))


@dataclass(frozen=True)
class LastChord(NoteRule):
    """No more notes but those that the end needs, the last ones of the last bar: what is written is longer than was asked for."""

    closing: Bars

    drums_too = True

    def onsets(self, here: Texture, ticks: Ints) -> Bools:
        due = self.closing.deadline(here)
        return np.asarray(ticks == due) if due is not None and due >= here.tick else np.ones(len(ticks), bool)


class RuleMasks(Constraint):
    """What rules leave, of the sequence `here`: those of `masks`, if there are any, and those that are added later."""

    def __init__(self, here: Texture, masks: NoteMasks | None) -> None:
        self.here, self.masks = here, masks

    def add(self, rule: NoteRule) -> None:
        """One more rule from now on, for drums too."""
        if self.masks is None:
            self.masks = self.here.masks([], frozenset({DRUMS}), frozenset())
        self.masks.add(rule)

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        return allowed if self.masks is None else np.asarray(allowed & self.masks.allowed(drawn))

    def is_loophole(self, drawn: Prefix) -> bool:
        return self.masks is not None and self.masks.needs_drums(drawn)

    def push(self, event: Sequence[int]) -> None:
        if self.masks is not None:
            self.masks.moved()


class Closing(Constraint):
    """Leads the sequence `here` to its end once the `bars` asked for are full: when only notes that begin with the last ones are
    left beside the end, the end is as likely as all that cannot come any more, and likelier for each note that is held to it."""

    def __init__(self, here: Texture, bars: Bars) -> None:
        self.here, self.bars = here, bars

    def bias(self, logits: Floats, drawn: Prefix) -> Floats:
        """Log-probabilities [S] of the next kind of event."""
        here, end_id = self.here, self.here.end_id
        if drawn or not here.notes or here.tick < self.bars.latest or not self.bars.is_met(here):
            return logits
        weight = np.exp(logits.astype(np.float64) - logits.max())
        others = weight.sum() - weight[here.note_id]
        held = sum(note.end == self.bars.end_tick for note in here.sounding)
        biased = logits.copy()
        biased[end_id] = logits.max() + np.log(max(others, weight[here.note_id] * math.exp(-FULL))) + FULL * max(0, held - 1)
        return biased


class Ending(Constraint):
    """Of a sequence that goes on from `here`, under `rules`: about `notes` more."""

    def __init__(self, here: Texture, notes: int, rules: RuleMasks) -> None:
        self.here, self.asked_for, self.before, self.rules = here, notes, len(here.notes), rules
        self.closing: Bars | None = None
        self.is_long = False

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        """Which kinds of event may come next, bool [S]: not the end too early, nothing else when it is overdue. Where rules
        leave nothing (as many notes as may sound, all of them held for long) the piece ends if it is whole: with a bar."""
        if drawn:
            return allowed
        end = np.arange(len(allowed)) == self.here.end_id
        if not allowed.any():
            return np.asarray(self.here.allowed(()) & end) if self.is_whole else allowed
        kept = allowed
        if self.progress < 0:
            kept = allowed & ~end
        elif self.progress >= 1 and allowed[self.here.end_id]:
            kept = end
        return np.asarray(kept) if kept.any() else allowed

    def push(self, event: Sequence[int]) -> None:
        if (last_bar := self.close(firmly=self.rules.masks is None)) is not None:
            self.rules.add(last_bar)
        if self.closing is not None and self.progress >= 1 and not self.is_long:
            self.is_long = True
            self.rules.add(LastChord(self.closing))

    @property
    def progress(self) -> float:
        """Below 0 too early to end; from `CLOSING` on late."""
        written = len(self.here.notes) - self.before
        return (written / self.asked_for - EARLIEST) / (LATEST - EARLIEST)

    @property
    def is_whole(self) -> bool:
        """Whether the notes so far end with a bar; without bars always."""
        here = self.here
        return not here.has_bars or (self._until() - here.bar_tick) % here.bar_length == 0

    def close(self, firmly: bool) -> Bars | None:
        """The rule that the piece ends with the first bar that ends when no note so far sounds any more, or later: when it is late
        for the first time, in music with bars. `firmly`: what sounds in its second half sounds until it ends; rules of harmony may
        leave no such note."""
        here = self.here
        if self.closing is not None or self.progress < CLOSING or not here.has_bars:
            return None
        until = self._until()
        bars = max(1, math.ceil((until - here.bar_tick) / here.bar_length))
        begin = here.bar_tick + (bars - 1) * here.bar_length
        if firmly and max(until, here.tick) > begin:
            begin += here.bar_length
        end = begin + here.bar_length
        if end - here.tick > SOON * here.ticks_per_quarter and self.progress < 1:
            return None  # a long note sounds: the model may find an end before it does
        half = begin + here.numerator // 2 * here.beat_length
        # a note that is held until then will do
        latest = max(half, end - here.beat_length)
        self.closing = (
            LastBar(here.last_onset, end, None, half_tick=half, beat_ticks=here.beat_length)
            if firmly
            else Bars(here.last_onset, end, None, latest)
        )
        return self.closing

    def bias(self, logits: Floats, drawn: Prefix) -> Floats:
        """Log-probabilities [S] of the next kind of event, the end as likely as it should be here."""
        if drawn:
            return logits
        if self.closing is not None:
            held = sum(note.end == self.closing.end_tick for note in self.here.sounding)
            logits = logits.copy()
            logits[self.here.end_id] += FULL * held
            return logits
        if self.progress < 0 or not self.is_whole or not self.here.allowed(())[self.here.end_id]:
            return logits
        p = np.exp(logits.astype(np.float64) - logits.max())
        end = float(p[self.here.end_id])
        room = float(p[self.here.bar_id]) if self.here.has_bars else float(p.sum()) - end
        taken = room if self.progress >= 1 else min(room, end * math.expm1(RISE * self.progress))
        if self.here.has_bars:
            p[self.here.bar_id] -= taken
        elif room:
            p *= 1 - taken / room
        p[self.here.end_id] = end + taken
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(p))

    def _until(self) -> int:
        """When the last note so far ends."""
        return max((note.end for note in self.here.sounding), default=self.here.bar_tick)


def can_end(cursor: Cursor) -> bool:
    """Whether an encoding has an event for the end of a piece, and a cursor that knows its notes."""
    here = texture_of(cursor)
    return here is not None and here.end_id > 0
