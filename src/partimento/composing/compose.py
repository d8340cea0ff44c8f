"""Composes pieces: pushes what is given through a model, then draws events one by one. It knows no model from the inside.

The same model, options, seed and number give the same notes: each sequence has a random stream of its own, and `compose`
computes on one thread, since sums that are shared among threads differ in the last bit. They are the same on one kind of
processor and one version of torch; another may round otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.course import Course, courses, guarded, may_end
from partimento.composing.events import draw_event
from partimento.composing.provenance import (
    MAX_NOTES,
    Options,
    Start,
    Trained,
    called,
    given_events,
    licence_of,
    note_of,
    read_note,
    title_of,
)
from partimento.composing.rules.spec import Rules
from partimento.composing.sampling import Sampling, Uniforms
from partimento.encodings import Encoding, Events
from partimento.errors import CheckpointError, InvalidOption, InvalidPiece
from partimento.evaluation.repetition import Habits
from partimento.models.predictor import Predictor
from partimento.piece import About, Piece

MAX_COUNT = 4096
_EVENTS_PER_NOTE = 64  # events that are no notes end somewhere, whatever a model draws


@dataclass(frozen=True)
class Composition:
    """A piece of given and new notes, its `events` [T, F], and `made`: the JSON from which `again` makes the same piece.

    `made` is also `piece.about.made`. `given_until_tick` is where the given notes end and the new ones begin; `new_notes` counts
    those; `first_event` is the first of the events that was drawn.
    """

    piece: Piece
    events: Events
    made: str
    given_until_tick: int
    new_notes: int
    first_event: int = 0


def stream(
    predictor: Predictor,
    encoding: Encoding,
    *,
    given: npt.NDArray[Any] | list[Any] | None = None,
    notes: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
    guard: bool | Habits = True,
    ending: bool = False,
) -> Iterator[Events]:
    """Events [B, F] of `count` sequences, each step as it is drawn, until every one has at least `notes` new notes or has
    ended (or 64 events for each of the notes). `rules` that say where the music ends (bars, a rhythm) go before `notes`.

    `guard` and `ending` as in `compose`, without habits of its own to be found. `given` are events [T, F] before the first
    one drawn. A sequence with its notes goes on until all have theirs; after its end it is zeros. Options are checked at
    once, not at the first step. Raises `InvalidOption`, and `CheckpointError` for a model of other fields.
    """
    habits, ending = guarded(guard, encoding), ending and may_end(encoding)
    options = Options(notes, sampling or Sampling(), seed, count, rules, guard=habits, ending=ending)
    return _stream(predictor, encoding, given_events(given, encoding), options)


def _stream(predictor: Predictor, encoding: Encoding, before: Events, options: Options) -> Iterator[Events]:
    for option, value, most in (("notes", options.notes, MAX_NOTES), ("count", options.count, MAX_COUNT)):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise InvalidOption(f"{option} is {value!r}; it must be a whole number from 1 to {most}")
    options.sampling.check([field.name for field in encoding.fields])
    if tuple(predictor.fields) != tuple(encoding.fields):
        raise CheckpointError(
            f"the model does not predict the fields of the encoding {encoding.key!r}; load it with its own encoding"
        )
    if options.rules is not None and not len(before):
        before = options.rules.head(encoding)
    return _steps(predictor, encoding, before, options, courses(encoding, before, options))


def compose(
    checkpoint: Trained,
    *,
    given: Piece | None = None,
    notes: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
    conditions: Mapping[str, str | float] | None = None,
    guard: bool | Habits = True,
    ending: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Composition]:
    """`count` pieces of `notes` new notes each, after those of `given`, under `rules`. `on_progress(done, of)` counts notes.

    `conditions` are wishes for the whole piece, in the words of the model's `vocabulary`: composer, genre, key, meter, tempo,
    density, length.

    The `guard` keeps pieces from repeating themselves more than people do: by the habits given; or with True by those beside the
    checkpoint, or by general ones. With `ending`, `notes` is a wish: pieces of the encoding `notes` end within a quarter of it
    where music ends, on a bar line that nothing crosses, at the latest at the next such.

    A piece that ends earlier, where the encoding has an event for that, has fewer; the end of `given` is left out. A piece
    is what the encoding keeps of it, the given notes too. Torch computes on one thread meanwhile. Raises
    `InvalidOption`, and `InvalidPiece` when the encoding keeps no note of `given`.
    """
    start = None
    if given is not None:
        events = checkpoint.encoding.encode(given)
        if checkpoint.encoding.ended(events):
            events = events[:-1]
        if not len(events):
            raise InvalidPiece(
                f"{called(given) or 'the given piece'} has no notes that {checkpoint.encoding.key!r} keeps; give another"
            )
        start = Start(events, called(given), given.about.licence)
    habits = guarded(guard, checkpoint.encoding, checkpoint)
    ending = ending and may_end(checkpoint.encoding)
    options = Options(notes, sampling or Sampling(), seed, count, rules, dict(conditions or {}), habits, ending)
    return _compose(checkpoint, start, options, on_progress)


def again(made: str, checkpoint: Trained) -> Composition:
    """The composition that says of itself that it was `made` so: the same notes, and the same bytes once written.

    The model may lie elsewhere now, so `made` is kept as it was. All pieces of that run are made anew and the one is taken,
    since the arithmetic of a batch depends on its size. Raises `CheckpointError` when it was another model,
    `InvalidOption` when `made` is not a note of `compose`.
    """
    start, options, index = read_note(made, checkpoint)
    one = _compose(checkpoint, start, options)[index]
    return replace(one, piece=replace(one.piece, about=replace(one.piece.about, made=made)), made=made)


def _compose(
    checkpoint: Trained, start: Start | None, options: Options, on_progress: Callable[[int, int], None] | None = None
) -> list[Composition]:
    encoding, predictor = checkpoint.encoding, under(checkpoint, options.conditions)
    before = np.zeros((0, len(encoding.fields)), encoding.dtype) if start is None else start.events
    if start is None and options.rules is not None:
        before = options.rules.head(encoding)
    with _one_thread():
        steps = []
        held = np.zeros(options.count, np.int64)
        for step in _stream(predictor, encoding, before, options):
            steps.append(step)
            if on_progress is not None:
                held += [encoding.notes_in(step[b : b + 1]) for b in range(options.count)]
                on_progress(min(int(held.min()), options.notes), options.notes)
    new_BTF = np.stack(steps, axis=1)
    until = encoding.decode(before).end_tick if len(before) else 0
    compositions = []
    for index in range(options.count):
        events = np.concatenate([before, _first_notes(new_BTF[index], options.most, encoding)])
        note = note_of(checkpoint, start, options, index)
        about = About(title=title_of(checkpoint, start, options.seed, index), licence=licence_of(checkpoint, start), made=note)
        new_notes = encoding.notes_in(events[len(before) :])
        piece = replace(encoding.decode(events), about=about)
        compositions.append(Composition(piece, events, note, until, new_notes, len(before)))
    return compositions


def under(checkpoint: Trained, conditions: Mapping[str, str | float]) -> Predictor:
    """The model under conditions. Raises `InvalidOption` where it knows none, and `UnknownName`."""
    if not conditions:
        return checkpoint.predictor()
    told: Any = checkpoint
    if getattr(told, "vocabulary", None) is None:
        raise InvalidOption(f"{checkpoint.path} knows no conditions such as {next(iter(conditions))}; train a recipe that does")
    under: Predictor = told.predictor(told.vocabulary.named(**conditions))
    return under


def _steps(
    predictor: Predictor,
    encoding: Encoding,
    before: Events,
    options: Options,
    followed: list[Course],
) -> Iterator[Events]:
    fields, count = encoding.fields, options.count
    uniforms = Uniforms(options.seed, count)
    session = predictor.begin(count)
    for event in before:
        session.push(np.broadcast_to(event, (count, len(fields))))
    history_BTF = np.repeat(before[None], count, axis=0)
    length = len(before)
    missing = np.full(count, options.most)
    ended = np.full(count, encoding.ended(before))
    for _ in range(_EVENTS_PER_NOTE * options.most):
        if length == history_BTF.shape[1]:  # doubled when full, so that a long stream does not copy itself at every step
            history_BTF = np.concatenate([history_BTF, np.zeros((count, max(256, length), len(fields)), encoding.dtype)], axis=1)
        events: Events = draw_event(session, encoding, history_BTF[:, :length], ended, options.sampling, uniforms, followed)
        history_BTF[:, length] = events
        length += 1
        yield events
        missing -= [encoding.notes_in(events[b : b + 1]) for b in range(count)]
        for b, course in enumerate(followed):
            if not ended[b]:
                course.push(events[b].tolist())
        ended |= [encoding.ended(events[b : b + 1]) for b in range(count)]
        if (ended | (missing <= 0)).all():
            return
        session.push(events)


def _first_notes(events: Events, notes: int, encoding: Encoding) -> Events:
    """The events up to the one that brings the last of `notes`, or the one that ends the piece."""
    held = 0
    for at in range(len(events)):
        held += encoding.notes_in(events[at : at + 1])
        if held >= notes or encoding.ended(events[at : at + 1]):
            return events[: at + 1]
    return events


@contextmanager
def _one_thread() -> Iterator[None]:
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
