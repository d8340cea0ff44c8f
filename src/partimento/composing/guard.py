"""The repetition guard: which pitches would repeat too much, and what people would have repeated by now.

Two human pieces are the measure of each sequence. As long as it repeats no more of itself than the upper one, everything may be
drawn; above that, pitches that would end a run of eight notes that came before are masked; and at any time those that would keep a
figure of up to four bars going round for longer than 99 of 100 human pieces do. Where it repeats less than the lower one, what
followed when it was as it is now is made likelier, the more it lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
import numpy.typing as npt

from partimento.analysis.repetition import GRID, LENGTHS, PERIODS, RUN, Habits
from partimento.composing.sampler import Bools, Constraint, Floats, Prefix
from partimento.encodings import Cursor
from partimento.instruments import DRUMS
from partimento.piece import nearest_line

MOST_LAG = 512  # notes of a figure; a longer one is no loop
STRENGTH = 30.0  # nats by which each field of a repetition is likelier, for the share that is lacking; twice that in a long one
STRONGEST = 6.0
MOST_EVENTS = 4096  # events that are remembered
NEAREST = 8 * GRID  # what is repeated lies two bars of 4/4 back or more: people hardly ever repeat a bar twice in a row


class Guard(Constraint):
    """That of sequence `number` of a run; a `cursor` without onsets has none (`can_guard`)."""

    def __init__(self, cursor: Cursor, habits: Habits) -> None:
        self.cursor, self.habits = cursor, habits
        self.repeats, self.repetition = Repeats(habits, 0.5), RepetitionBias()

    def of(self, cursor: Cursor, number: int) -> Guard:
        """That of sequence `number`, which begins with the same events, on its own cursor."""
        twin, place = copy(self), place_of(number)
        twin.cursor, twin.repetition = cursor, self.repetition.copy()
        twin.repeats = self.repeats.copy(self.habits, (1 + place) / 2, place)
        return twin

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        note = self.cursor.next_note(drawn)
        if note is None:
            return allowed
        banned = self.repeats.banned(self._twelfths(note.onset_tick), note.chord)
        return without(allowed, [note.id_of(pitch) for pitch in banned])

    def bias(self, logits: Floats, drawn: Prefix) -> Floats:
        if pull := self.repeats.pull:
            event, length = self.repetition.following()
            if length and event[: len(drawn)] == drawn:
                logits = logits.copy()
                logits[event[len(drawn)]] += pull * (1 + min(length, RUN) / RUN)
        return logits

    def push(self, event: Sequence[int]) -> None:
        here = self.cursor
        for note in here.notes_begun:
            if note.program != DRUMS:
                self.repeats.push(note.pitch, self._twelfths(note.onset))
        self.repetition.push(event, (here.tick - here.bar_tick, self._twelfths(here.tick)))

    def _twelfths(self, tick: int) -> int:
        return int(nearest_line(tick, self.cursor.ticks_per_quarter, GRID))


def can_guard(cursor: Cursor) -> bool:
    """Whether an encoding says when its notes begin."""
    return cursor.ticks_per_quarter > 0


def without(allowed: Bools, ids: Sequence[int]) -> Bools:
    """The mask [S] less these ids, unless that leaves none."""
    kept = allowed.copy()
    kept[[at for at in ids if 0 <= at < len(kept)]] = False
    return kept if kept.any() else allowed


def place_of(number: int) -> float:
    """Where among human pieces sequence `number` of a run lies: 1/2, 1/4, 3/4, ..., evenly, however many there are (van der
    Corput 1935). It repeats no less than this one, and no more than the one halfway up from there: so sequences repeat about as
    much as people do, and as differently, whatever the model, while one that repeats as people do is rarely held back."""
    place, step, number = 0.0, 0.5, number + 1
    while number:
        place, step, number = place + step * (number & 1), step / 2, number >> 1
    return place


class Repeats:
    """The notes of one sequence so far, and how much of them is repeated. `place` and `least` (0..1) are where the human pieces
    stand among all that it should repeat no more and no less than."""

    def __init__(self, habits: Habits, place: float, least: float = 0.0) -> None:
        self._measure(habits, place, least)
        self._loops = [(GRID * period, GRID * limit) for period, limit in zip(PERIODS, habits.loops, strict=True)]
        self._shortest = min(limit for _, limit in self._loops)
        self.notes = self.repeated = 0
        self._pitch = 0
        self._recent: tuple[int, ...] = ()  # the last steps, with which one more makes a run
        self._seen: dict[tuple[int, ...], set[int]] = {}
        self._steps = np.zeros(256, np.int64)
        self._onsets = np.zeros(256, np.int64)
        self._same = np.zeros(MOST_LAG, np.int64)  # how many of the last steps are those 1, 2, .. steps before

    def _measure(self, habits: Habits, place: float, least: float) -> None:
        lengths = np.arange(LENGTHS[-1] + 1)
        self._limits = np.interp(lengths, LENGTHS, habits.share(place)).tolist()
        floor = np.interp(lengths, LENGTHS, habits.share(least)) if least else np.zeros(len(lengths))
        self._floor = (floor * np.minimum(1, lengths / LENGTHS[0])).tolist()  # at first there is little to repeat

    def copy(self, habits: Habits, place: float, least: float) -> Repeats:
        """Another sequence that begins with the same notes, measured by other pieces."""
        twin = copy(self)
        twin._measure(habits, place, least)
        twin._seen = {recent: set(steps) for recent, steps in self._seen.items()}
        twin._steps, twin._onsets, twin._same = self._steps.copy(), self._onsets.copy(), self._same.copy()
        return twin

    def push(self, pitch: int, onset: int) -> None:
        """Takes in a note: its MIDI pitch, and its onset in twelfths of a quarter, not before that of the last one."""
        if self.notes == len(self._onsets):
            self._steps, self._onsets = (np.concatenate([one, np.zeros_like(one)]) for one in (self._steps, self._onsets))
        if self.notes:
            self._step(self._wait(onset) << 8 | (pitch - self._pitch + 128))
        self._onsets[self.notes] = onset
        self._pitch = pitch
        self.notes += 1

    def banned(self, onset: int, chord: Sequence[int] = ()) -> set[int]:
        """The pitches that a note at `onset` should not have, after those of the `chord` that begin with it; perhaps none."""
        if not self.notes:
            return set()
        recent, pitch, wait = self._recent, self._pitch, self._wait(onset)
        for one in chord:
            recent, pitch, wait = (*recent, wait << 8 | (one - pitch + 128))[2 - RUN :], one, 0
        steps = set() if chord else self._loop_steps(onset)
        if self._share(1 + len(chord)) > self._limits[min(self.notes + 1 + len(chord), LENGTHS[-1])]:
            steps |= self._seen.get(recent, set())
        return {pitch + (step & 255) - 128 for step in steps if step >> 8 == wait}

    @property
    def pull(self) -> float:
        """Nats by which a repetition should be likelier, in each field of an event."""
        lacks = self._floor[min(self.notes, LENGTHS[-1])] - self.share
        return float(np.clip(STRENGTH * lacks, 0, STRONGEST))

    @property
    def share(self) -> float:
        """The share of the notes that ended a run that came before."""
        return self._share(0)

    def _share(self, more: int) -> float:
        return (self.repeated + more) / max(1, self.notes + more - RUN + 1)

    def _wait(self, onset: int) -> int:
        return onset - int(self._onsets[self.notes - 1])

    def _step(self, step: int) -> None:
        at = self.notes - 1  # steps so far
        before = self._before(at)
        same = self._same[: len(before)]
        same += 1
        same *= before == step
        self._steps[at] = step
        if len(self._recent) == RUN - 2:
            seen = self._seen.setdefault(self._recent, set())
            self.repeated += step in seen
            seen.add(step)
        self._recent = (*self._recent, step)[2 - RUN :]

    def _before(self, at: int) -> npt.NDArray[np.int64]:
        """The steps 1, 2, .. before step `at`."""
        return self._steps[max(0, at - MOST_LAG) : at][::-1]

    def _loop_steps(self, onset: int) -> set[int]:
        at = self.notes - 1
        before = self._before(at)
        lasts = onset - self._onsets[at - self._same[: len(before)]]
        if lasts.max(initial=0) <= self._shortest:
            return set()
        period = onset - self._onsets[self.notes - len(before) : self.notes][::-1]
        too_long = [(period <= most) & (lasts > limit) for most, limit in self._loops]
        return set(before[np.logical_or.reduce(too_long)].tolist())


class RepetitionBias:
    """What came next when a piece was as it is now: the event after the longest stretch of events that ends like the last ones, at
    the same place of a bar. It holds the events of one sequence so far."""

    def __init__(self) -> None:
        self._events: list[tuple[int, ...]] = []
        self._codes = np.zeros(MOST_EVENTS, np.int64)
        self._same = np.zeros(MOST_EVENTS, np.int64)  # how many of the last events are those 1, 2, .. events before
        self._ticks = np.zeros(MOST_EVENTS, np.int64)
        self._found: tuple[tuple[int, ...], int] | None = None  # since the last event

    def push(self, event: Sequence[int], place: tuple[int, int]) -> None:
        """Takes in an event, and where it lies: in its bar, and from the beginning, in twelfths of a quarter."""
        count = len(self._events)
        self._found = None
        if count == MOST_EVENTS:
            return
        code = hash((place[0], *event))
        same = self._same[:count]
        same += 1
        same *= self._codes[:count][::-1] == code
        self._codes[count], self._ticks[count] = code, place[1]
        self._events.append(tuple(event))

    def copy(self) -> RepetitionBias:
        """Another sequence that begins with the same events."""
        twin = copy(self)
        twin._events = list(self._events)
        twin._codes, twin._same, twin._ticks = self._codes.copy(), self._same.copy(), self._ticks.copy()
        return twin

    def following(self) -> tuple[tuple[int, ...], int]:
        """The event that followed such a stretch, the latest of equals, and how many events long it is: none, and 0, where even the
        last event is new, or too much came before to be remembered."""
        if self._found is None:
            self._found = self._find()
        return self._found

    def _find(self) -> tuple[tuple[int, ...], int]:
        count = len(self._events)
        near = count - int(np.searchsorted(self._ticks[:count], self._ticks[count - 1] - NEAREST, side="right")) if count else 0
        if near >= count or count == MOST_EVENTS:
            return (), 0
        lag = near + int(np.argmax(self._same[near - 1 : count - 1]))
        length = int(self._same[lag - 1])
        return (self._events[count - lag] if length else ()), length
