"""Sequences drawn side by side, event after event and field by field, within their constraints.

What a sequence is held to is a list of `Constraint` objects, whether rules, guard or ending.
"""

from __future__ import annotations

import sys
from collections import abc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.sampling import Sampling, Uniforms, draw, weights
from partimento.encodings import Cursor, Encoding, Events
from partimento.errors import InvalidOption
from partimento.models.predictor import Generator, Session

EVENTS_FOR_A_NOTE = 64  # events that are no notes end somewhere, whatever a model draws
BACK = 8  # events that a sequence without a way on takes back at first; twice as many each time
TRIES = 6
MOST_REJECTIONS = 20  # of an event, for one field: a model may know nothing else

Prefix = tuple[int, ...]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]


class NoWayOn(InvalidOption):
    """What a sequence is held to leaves no next event."""


class Constraint:
    """What holds one sequence to something; it does nothing until a method is overridden. `drawn` are the fields of the next event
    that are drawn already.

    Constraints are asked one after another, each with what the one before has left. They read the state of the sequence from its
    cursor, which is moved on over an event before they take it in.
    """

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        """Of the ids `allowed` in field `len(drawn)`, bool [S], those that may be drawn; `allowed` itself stays as it is."""
        return allowed

    def bias(self, logits: Floats, drawn: Prefix) -> Floats:
        """Log-probabilities [S] of field `len(drawn)` as they should be; `logits` itself stays as it is."""
        return logits

    def is_loophole(self, drawn: Prefix) -> bool:
        """Whether what the masks leave of field `len(drawn)` is a way around them: then an event is kept only as often as the model
        itself would go that way."""
        return False

    def push(self, event: Sequence[int]) -> None:
        """Takes in the event [F] that was drawn."""


class Law(Constraint):
    """What the encoding allows."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        return np.asarray(allowed & self.cursor.allowed(drawn))


class Row:
    """One sequence: its cursor, what it is held to, and what of its next event has proved to lead nowhere."""

    def __init__(self, encoding: Encoding, cursor: Cursor, constraints: Sequence[Constraint]) -> None:
        self.fields, self.cursor = encoding.fields, cursor
        self.constraints = (Law(cursor), *constraints)
        self.ended = cursor.ended
        self.stuck = False  # no event may follow
        self._banned: dict[Prefix, set[int]] = {}

    def allowed(self, drawn: Prefix) -> Bools:
        """The ids that may be drawn in field `len(drawn)`, bool [S]."""
        allowed = np.ones(self.fields[len(drawn)].size, bool)
        if self._banned:
            allowed[list(self._banned.get(drawn, ()))] = False
        for one in self.constraints:
            allowed = one.mask(allowed, drawn)
        return allowed

    def biased(self, logits: Floats, drawn: Prefix) -> Floats:
        """Log-probabilities [S] of field `len(drawn)` after all constraints."""
        for one in self.constraints:
            logits = one.bias(logits, drawn)
        return logits

    def is_rejected(self, logits: Floats, allowed: Bools, drawn: Prefix, uniforms: Uniforms, number: int) -> bool:
        """Whether the event so far is not to be kept, since it goes on through a loophole more often than the model would.

        Log-probabilities [S] and what is allowed of them [S] are those of field `len(drawn)`.
        """
        if not any(one.is_loophole(drawn) for one in self.constraints):
            return False
        weight = weights(logits[None], self.cursor.allowed(drawn)[None], Sampling())[0]
        return bool(uniforms.next()[number] * weight.sum() >= weight[allowed].sum())

    def ban(self, drawn: Prefix) -> None:
        self._banned.setdefault(drawn[:-1], set()).add(drawn[-1])

    def push(self, event: Sequence[int]) -> None:
        self._banned = {}
        self.cursor.push(event)
        for one in self.constraints:
            one.push(event)
        self.ended = self.cursor.ended


def draw_event(session: Session, rows: Sequence[Row], sampling: Sampling, uniforms: Uniforms) -> npt.NDArray[np.int64]:
    """The next event of each sequence [B, F]; zeros for those that have ended.

    Where fields drawn earlier leave nothing for a later one, they are taken back and drawn anew without that choice; so no
    constraint is ever broken. A sequence for which no event at all is left is `stuck`: zeros from now on.
    """
    count = len(rows)
    going = [b for b, row in enumerate(rows) if not (row.ended or row.stuck)]
    drawn_BF = np.zeros((count, 0), np.int64)
    for field in rows[0].fields:
        logits_BS = np.array(session.logits(drawn_BF))  # a copy: constraints may change it
        allowed_BS = np.zeros((count, field.size), bool)
        allowed_BS[:, 0] = True  # of those that have ended, and for now of those that are drawn anew below
        prefixes = [tuple(row) for row in drawn_BF.tolist()]
        found = {b: rows[b].allowed(prefixes[b]) for b in going}
        for b in going:
            logits_BS[b] = rows[b].biased(logits_BS[b], prefixes[b])
        uniforms_B = uniforms.next()
        anew: dict[int, Prefix] = {}  # from where
        for b in going:
            if not found[b].any():
                anew[b] = prefixes[b]
            elif rows[b].is_rejected(logits_BS[b], found[b], prefixes[b], uniforms, b):
                anew[b] = ()
            else:
                allowed_BS[b] = found[b]
        ids_B = draw(logits_BS, allowed_BS, sampling, uniforms_B, field=field.name)
        drawn_BF = np.concatenate([drawn_BF, ids_B[:, None]], axis=1)
        for b, prefix in anew.items():
            try:
                drawn_BF[b] = _anew(session, rows[b], b, count, prefix, drawn_BF.shape[1], sampling, uniforms)
            except NoWayOn:
                rows[b].stuck, drawn_BF[b] = True, 0
        going = [b for b in going if not rows[b].stuck]
    return drawn_BF


def _anew(
    session: Session, row: Row, b: int, count: int, drawn: Prefix, size: int, sampling: Sampling, uniforms: Uniforms
) -> Prefix:
    """The first `size` fields, beginning with `drawn`; or without its last one and so on, where it leads nowhere."""
    rejections = 0
    while len(drawn) < size:
        allowed = row.allowed(drawn)
        if not allowed.any():
            if not drawn:
                raise NoWayOn("the rules leave no way on from here; try another seed, or loosen one of them")
            row.ban(drawn)
            drawn = drawn[:-1]
            continue
        logits = row.biased(session.logits(np.tile(np.array(drawn, np.int64), (count, 1)))[b], drawn)
        if rejections < MOST_REJECTIONS and row.is_rejected(logits, allowed, drawn, uniforms, b):
            rejections, drawn = rejections + 1, ()
            continue
        field = row.fields[len(drawn)]
        drawn += (int(draw(logits[None], allowed[None], sampling, uniforms.next()[b : b + 1], field=field.name)[0]),)
    return drawn


@dataclass(frozen=True)
class Run:
    """Sequences drawn side by side after the events `before` [T, F], over which `cursor` has been pushed, until each has `most`
    notes or has ended. `constraints` makes those of a sequence from its own cursor and its number.

    The model reads the same cursors, so each event is parsed once a sequence, and what is given once for all.
    """

    generator: Generator
    encoding: Encoding
    before: Events
    cursor: Cursor
    constraints: Callable[[Cursor, int], Sequence[Constraint]]
    sampling: Sampling
    most: int

    def steps(
        self, seed: int, numbers: Sequence[int], kept: Events | None = None, stuck: set[int] | None = None
    ) -> abc.Generator[Events, None, None]:
        """Events [B, F] of the sequences of these numbers, after those that are `kept` of each [K, F].

        The numbers of those that find no way on are put into `stuck`, and zeros are theirs from then on; with None that raises
        `NoWayOn`.
        """
        count, kept = len(numbers), self.before[:0] if kept is None else kept
        uniforms = Uniforms(seed, count)
        cursors = [self.cursor.copy() for _ in numbers]
        rows = [Row(self.encoding, one, self.constraints(one, number)) for one, number in zip(cursors, numbers, strict=True)]
        for row in rows:
            for event in kept.tolist():
                row.push(event)
        session = self.generator.begin(count, np.concatenate([self.before, kept]), cursors)
        missing = np.full(count, self.most - self.encoding.notes_in(kept))
        for _ in range(EVENTS_FOR_A_NOTE * self.most):
            events: Events = draw_event(session, rows, self.sampling, uniforms).astype(self.encoding.dtype)
            found = {number for number, row in zip(numbers, rows, strict=True) if row.stuck}
            if found and stuck is None:
                raise NoWayOn("the rules leave no way on from here; try another seed, or loosen one of them")
            if stuck is not None:
                stuck |= found
            yield events
            missing -= [self.encoding.notes_in(events[b : b + 1]) for b in range(count)]
            for row, event in zip(rows, events.tolist(), strict=True):
                if not (row.ended or row.stuck):
                    row.push(event)
            if all(row.ended or row.stuck or left <= 0 for row, left in zip(rows, missing, strict=True)):
                return
            session.push(events)

    def drawn(self, seed: int, count: int, on_step: Callable[[Events], None]) -> list[Events | None]:
        """The events [T, F] of each of `count` sequences, up to its last note or its end. `on_step` is given each step [B, F].

        One that finds no way on goes back some events, further each time, and tries again by itself; None where that does not help.
        """
        stuck: set[int] = set()
        steps = []
        for events in self.steps(seed, range(count), stuck=stuck):
            steps.append(events)
            on_step(events)
        found: list[Events | None] = []
        for number, events in enumerate(np.stack(steps, axis=1)):
            if number in stuck:
                events = events[: int(np.flatnonzero(events.any(axis=1)).max(initial=-1)) + 1]
            first = first_notes(events, self.most, self.encoding)
            is_whole = number not in stuck or self.encoding.notes_in(first) >= self.most
            found.append(first if is_whole else self._retried(seed, number, first))
        return found

    def _retried(self, seed: int, number: int, drawn: Events) -> Events | None:
        for tried in range(TRIES):
            kept, stuck = drawn[: max(0, len(drawn) - (BACK << tried))], set[int]()
            own = int(np.random.SeedSequence(seed, spawn_key=(number, tried)).generate_state(1, np.uint64)[0] >> np.uint64(1))
            events = [events[0] for events in self.steps(own, [number], kept, stuck)]
            if not stuck:
                return first_notes(np.concatenate([kept, events]), self.most, self.encoding)
        return None


def first_notes(events: Events, notes: int, encoding: Encoding) -> Events:
    """The events [T, F] up to the one that brings the last of `notes`, or the one that ends the piece."""
    held = 0
    for at in range(len(events)):
        held += encoding.notes_in(events[at : at + 1])
        if held >= notes or encoding.ended(events[at : at + 1]):
            return events[: at + 1]
    return events


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread; nothing where torch was never loaded, for then no model uses it."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
