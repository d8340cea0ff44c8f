"""Sequences drawn side by side, event after event and field by field, within their constraints.

What a sequence is held to is a list of `Constraint` objects, whether rules, guard or ending.
"""

from __future__ import annotations

import sys
from collections import abc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.sampling import Sampling, Uniforms, draw, weights
from partimento.encodings import Cursor, Encoding, Events
from partimento.errors import InvalidOption
from partimento.models.predictor import Generator, Session

EVENTS_FOR_A_NOTE = 64  # events that are no notes end somewhere, whatever a model draws
MOST_REJECTIONS = 20  # of an event, for one field: a model may know nothing else

Prefix = tuple[int, ...]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]


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
    constraint is ever broken. Raises `InvalidOption` where no event at all is left.
    """
    count = len(rows)
    going = [b for b, row in enumerate(rows) if not row.ended]
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
            drawn_BF[b] = _anew(session, rows[b], b, count, prefix, drawn_BF.shape[1], sampling, uniforms)
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
                raise InvalidOption("the rules leave no way on from here; try another seed, or loosen one of them")
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


def steps(
    generator: Generator,
    encoding: Encoding,
    before: Events,
    cursor: Cursor,
    constraints: Callable[[Cursor, int], Sequence[Constraint]],
    sampling: Sampling,
    seed: int,
    count: int,
    most: int,
) -> abc.Generator[Events, None, None]:
    """Events [B, F] of `count` sequences after those `before`, over which `cursor` has been pushed, until each has `most` notes or
    has ended. `constraints` makes those of a sequence from its own cursor and its number.

    The model reads the same cursors, so each event is parsed once a sequence, and what is given once for all.
    """
    uniforms = Uniforms(seed, count)
    cursors = [cursor.copy() for _ in range(count)]
    session = generator.begin(count, before, cursors)
    rows = [Row(encoding, one, constraints(one, number)) for number, one in enumerate(cursors)]
    missing = np.full(count, most)
    for _ in range(EVENTS_FOR_A_NOTE * most):
        events: Events = draw_event(session, rows, sampling, uniforms).astype(encoding.dtype)
        yield events
        missing -= [encoding.notes_in(events[b : b + 1]) for b in range(count)]
        for row, event in zip(rows, events.tolist(), strict=True):
            if not row.ended:
                row.push(event)
        if all(row.ended or left <= 0 for row, left in zip(rows, missing, strict=True)):
            return
        session.push(events)


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
