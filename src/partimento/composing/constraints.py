"""The course of one sequence: what its head, its rules, its guard and its ending together leave to be drawn. It draws nothing."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from partimento.analysis.human_reference import beside
from partimento.analysis.repetition import HABITS, RUN, Habits
from partimento.composing.ears import Ear, NotesEar, ear_of, has_ear
from partimento.composing.ending import Ending
from partimento.composing.guard import Guard
from partimento.composing.preamble import Head, can_state
from partimento.composing.provenance import Options, Trained
from partimento.composing.repetition_bias import Echo
from partimento.composing.rules import Place
from partimento.composing.rules.base import Bools
from partimento.composing.rules.masks import Masks
from partimento.composing.rules.state import State
from partimento.encodings import Encoding, Events
from partimento.encodings.tasks import NOTE_BY_NOTE


@dataclass(frozen=True)
class Heard:
    """What the guard must know of the events before the first one drawn, the same for all sequences."""

    ear: Ear
    notes: list[tuple[int, int]]
    echo: Echo

    @classmethod
    def of(cls, encoding: Encoding, before: Events) -> Heard | None:
        """None where no ear hears the encoding."""
        state = State(encoding.layout) if isinstance(encoding, NOTE_BY_NOTE) else None
        ear, notes, echo = ear_of(encoding, state), [], Echo()
        if ear is None:
            return None
        for event in before.tolist():
            if state is not None:
                state.push(event)
            if (note := ear.heard(event)) is not None:
                notes.append(note)
            echo.push(event, ear.place())
        return cls(ear, notes, echo)


class Course:
    """Sequence `number` of a run, after the events `before`, under rules of its own."""

    def __init__(
        self, encoding: Encoding, before: Events, options: Options, number: int, masks: Masks | None, heard: Heard | None = None
    ) -> None:
        self.encoding, self.masks = encoding, masks
        self.state: State | None = None
        if self.masks is not None:
            self.state = self.masks.state
        elif isinstance(encoding, NOTE_BY_NOTE):
            self.state = State(encoding.layout)
            for event in before.tolist():
                self.state.push(event)
        self.head: Head | None = None
        if not len(before) and self.masks is None and can_state(encoding, options.conditions):
            self.head = Head(encoding, options.conditions)
        self.ending = Ending(self.state, options.notes) if options.ends and self.state is not None else None
        self.ear: Ear | None = None
        self.guard: Guard | None = None
        if options.guard is not None and heard is not None:
            place = _place(number)
            self.guard, self.echo = Guard(options.guard, (1 + place) / 2, place), heard.echo.copy()
            for note in heard.notes:
                self.guard.push(*note)
            self.ear = copy(heard.ear)
            if isinstance(self.ear, NotesEar) and self.state is not None:
                self.ear.state = self.state

    def _hear(self, event: list[int]) -> None:
        if self.ear is not None and self.guard is not None:
            if (note := self.ear.heard(event)) is not None:
                self.guard.push(*note)
            self.echo.push(event, self.ear.place())

    def push(self, event: list[int]) -> None:
        """Takes in the event that was drawn."""
        if self.head is not None:
            self.head.push(event)
        if self.masks is not None:
            self.masks.push(event)
        elif self.state is not None:
            self.state.push(event)
        self._hear(event)
        if self.ending is not None and (last_bar := self.ending.close(firmly=self.masks is None)) is not None:
            self.masks = self.masks or Masks([], self.ending.state, frozenset(), drums=True, fields=self.encoding.fields)
            self.masks.add(last_bar)

    def narrowed(self, legal: Bools, drawn: tuple[int, ...], banned: set[int]) -> Bools:
        """What of the legal ids of field `len(drawn)` may be drawn; none only where the rules, or `banned`, leave none."""
        allowed = legal.copy() if self.masks is None else legal & self.masks.allowed(drawn)
        allowed[list(banned)] = False
        if self.head is not None:
            allowed = self.head.narrowed(allowed, drawn)
        if self.ending is not None and not drawn:
            allowed = self.ending.narrowed(allowed, legal)
        if self.ear is not None and self.guard is not None and (onset := self.ear.onset(drawn)) is not None:
            allowed = _without(allowed, [pitch + self.ear.zero for pitch in self.guard.banned(onset)])
        return allowed

    def led(self, logits: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[Any]:
        """Log-probabilities of field `len(drawn)` as the guard and the ending want them."""
        if self.guard is not None and (pull := self.guard.pull):
            echo, length = self.echo.following()
            if length and echo[: len(drawn)] == drawn:
                logits = logits.copy()
                logits[echo[len(drawn)]] += pull * (1 + min(length, RUN) / RUN)
        return logits if drawn or self.ending is None else self.ending.led(logits)

    def needs_drums(self, drawn: tuple[int, ...]) -> bool:
        return self.masks is not None and self.masks.needs_drums(drawn)


def guarded(guard: bool | Habits, encoding: Encoding, checkpoint: Trained | None = None) -> Habits | None:
    """The habits by which sequences of an encoding are guarded, with True those beside the checkpoint; None for none."""
    if not has_ear(encoding) or guard is False:
        return None
    if guard is not True:
        return guard
    reference = None if checkpoint is None else beside(checkpoint.path.parent, checkpoint.metadata)
    return (None if reference is None else reference.habits) or HABITS


def may_end(encoding: Encoding) -> bool:
    """Whether pieces of an encoding can be led to an end."""
    return isinstance(encoding, NOTE_BY_NOTE)


def courses(encoding: Encoding, before: Events, options: Options, place: Place | None = None) -> list[Course]:
    """One for each sequence; none where there is nothing to follow. `before` is what each begins with; of a task's second half
    what it begins with, and its place. Raises `InvalidOption` where the rules contradict each other."""
    follows = options.rules is not None or options.guard is not None or options.ends
    if not follows and (len(before) or not can_state(encoding, options.conditions)):
        return []
    first = None if options.rules is None else options.rules.masks(encoding, before, place)
    masks = [None if first is None else first.copy() for _ in range(options.count)]
    heard = None if options.guard is None else Heard.of(encoding, before)
    return [Course(encoding, before, options, number, own, heard) for number, own in enumerate(masks)]


def _without(allowed: Bools, ids: list[int]) -> Bools:
    """Less these ids, unless that leaves none."""
    kept = allowed.copy()
    kept[[at for at in ids if 0 <= at < len(kept)]] = False
    return kept if kept.any() else allowed


def _place(number: int) -> float:
    """Where among human pieces sequence `number` of a run stands: 1/2, 1/4, 3/4, ..., evenly, however many there are (van der
    Corput 1935). It repeats no less than this one, and no more than the one halfway up from there: so sequences repeat about as
    much as people do, and as differently, whatever the model, while one that repeats as people do is rarely held back."""
    place, step, number = 0.0, 0.5, number + 1
    while number:
        place, step, number = place + step * (number & 1), step / 2, number >> 1
    return place
