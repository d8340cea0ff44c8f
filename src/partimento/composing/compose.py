"""Composes pieces: pushes what is given through a model, then draws events one by one.

The same model, options, seed and number give the same notes: each sequence has a random stream of its own, and `compose`
computes on one thread, since sums that are shared among threads differ in the last bit. They are the same on one kind of
processor and one engine (compiled loops, or one version of torch); another may round otherwise.
"""

from __future__ import annotations

import os
from collections import abc
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.repetition import Habits
from partimento.composing.complete import complete
from partimento.composing.composition import Composition
from partimento.composing.constraints import ends_by_itself, habits_of, prepared
from partimento.composing.following import NOBODY, Follower
from partimento.composing.guidance import guided
from partimento.composing.preamble import beginning, spelled_out
from partimento.composing.provenance import (
    MAX_NOTES,
    Asked,
    Given,
    Options,
    Start,
    Trained,
    called,
    engine_of,
    given_events,
    licence_of,
    provenance_of,
    read_provenance,
    title_of,
)
from partimento.composing.rules import Rules
from partimento.composing.sampler import NoWayOn, Run, one_thread
from partimento.composing.sampling import Sampling
from partimento.encodings import Encoding, Events
from partimento.errors import CheckpointError, InvalidOption, InvalidPiece
from partimento.formats import read
from partimento.models.checkpoint import Checkpoint
from partimento.models.predictor import Generator
from partimento.piece import About, Piece
from partimento.task import Task

MAX_COUNT = 4096


def stream(
    predictor: Generator,
    encoding: Encoding,
    *,
    given: npt.NDArray[Any] | list[Any] | None = None,
    notes: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
    guard: bool | Habits | None = None,
    ending: bool = False,
) -> abc.Generator[Events, None, None]:
    """Events [B, F] of `count` sequences, each step as it is drawn, until every one has at least `notes` new notes or has
    ended (or 64 events for each of the notes). `rules` that say where the music ends (bars, a rhythm) go before `notes`.

    `guard` and `ending` as in `compose`, without habits of its own to be found. `given` are events [T, F] before the first
    one drawn. A sequence with its notes goes on until all have theirs; after its end it is zeros. Options are checked at
    once, not at the first step. Raises `InvalidOption`, and `CheckpointError` for a model of other fields.
    """
    habits, ending = habits_of(guard, encoding), ends_by_itself(ending, encoding)
    options = Options(notes, sampling or Sampling(), seed, count, rules, guard=habits, ending=ending)
    return _run(predictor, encoding, given_events(given, encoding), options).steps(seed, range(count))


def _run(predictor: Generator, encoding: Encoding, before: Events, options: Options) -> Run:
    for option, value, most in (("notes", options.notes, MAX_NOTES), ("count", options.count, MAX_COUNT)):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise InvalidOption(f"{option} is {value!r}; it must be a whole number from 1 to {most}")
    options.sampling.check([field.name for field in encoding.fields])
    if tuple(predictor.fields) != tuple(encoding.fields):
        raise CheckpointError(
            f"the model does not predict the fields of the encoding {encoding.key!r}; load it with its own encoding"
        )
    if not len(before):
        before = beginning(encoding, options.rules)
    cursor, constraints = prepared(encoding, before, options)
    return Run(predictor, encoding, before, cursor, constraints, options.sampling, options.most)


def compose(
    model: Trained | str | os.PathLike[str] | None = None,
    *,
    given: Piece | str | os.PathLike[str] | None = None,
    task: Task | None = None,
    notes: int = 200,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
    conditions: Mapping[str, str | float] | None = None,
    guidance: float = 1.0,
    guard: bool | Habits | None = None,
    ending: bool | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    follower: Follower = NOBODY,
) -> list[Composition]:
    """`count` pieces of `notes` new notes each by a model (a checkpoint, the path of one or of its run, a name, or nothing for
    the house model), after those of `given` (a piece, or the path of a score), under `rules`; or a `task` completed, whose region
    says how many. `on_progress(done, of)` counts notes, or windows of a task; a `follower` sees each event as it is drawn.

    `conditions` describe the whole piece, in the words of the model's `vocabulary`: composer, genre, key, meter, tempo,
    density, length. Where nothing is given, a piece states the key, meter and tempo of them before its first note (`preamble.py`).
    `guidance` above 1 presses them harder (`guidance.py`); 1 leaves them to the model.

    The `guard` keeps pieces from repeating themselves more than people do: by the habits given; or with True by those beside the
    checkpoint, or by general ones. With `ending`, `notes` is a target: pieces of the encoding `notes` end within a quarter of it
    where music ends, on a bar line that nothing crosses, at the latest at the next such.

    A piece that ends earlier, where the encoding has an event for that, has fewer; the end of `given` is left out. A piece
    is what the encoding keeps of it, the given notes too. One that rules leave no way on goes back and tries again; where that does
    not help it is left out, so there may be fewer than `count`. Torch computes on one thread meanwhile. Raises `InvalidOption`
    (`NoWayOn` where no piece is left), and `InvalidPiece` when the encoding keeps no note of `given`.
    """
    checkpoint = loaded(model)
    start: Given | None = None if task is None else Asked.of(task)
    if task is not None and given is not None:
        raise InvalidOption("a task has its own given notes; leave out one of them")
    if given is not None:
        given = given if isinstance(given, Piece) else read(given)
        events = checkpoint.encoding.encode(given)
        if checkpoint.encoding.ended(events):
            events = events[:-1]
        if not len(events):
            raise InvalidPiece(
                f"{called(given) or 'the given piece'} has no notes that {checkpoint.encoding.key!r} keeps; give another"
            )
        start = Start(events, called(given), given.about.licence)
    habits = habits_of(guard, checkpoint.encoding, checkpoint) if task is None else None
    ending = task is None and ends_by_itself(ending, checkpoint.encoding)
    options = Options(notes, sampling or Sampling(), seed, count, rules, dict(conditions or {}), guidance, habits, ending)
    made = [one for one in _compose(checkpoint, start, options, on_progress, follower) if one is not None]
    if not made:
        raise NoWayOn("the rules leave no way on, wherever it was tried again; try another seed, or loosen one of them")
    return made


def again(made: str, checkpoint: Trained) -> Composition:
    """The composition that says of itself that it was `made` so: the same notes, and the same bytes once written.

    The model may lie elsewhere now, so `made` is kept as it was; the engine is the one that it names. All pieces of that run are
    made anew and the one is taken, since the arithmetic of a batch in torch depends on its size. Raises `CheckpointError` when
    it was another model,
    `InvalidOption` when `made` is not a note of `compose`.
    """
    start, options, index = read_provenance(made, checkpoint)
    if isinstance(checkpoint, Checkpoint):
        checkpoint = checkpoint.by(engine_of(made))
    one = _compose(checkpoint, start, options)[index]
    if one is None:
        raise InvalidOption("this note is of a piece that its run did not finish; take that of a composed piece")
    return replace(one, piece=replace(one.piece, about=replace(one.piece.about, made=made)), made=made)


def _compose(
    checkpoint: Trained,
    start: Given | None,
    options: Options,
    on_progress: Callable[[int, int], None] | None = None,
    follower: Follower = NOBODY,
) -> list[Composition | None]:
    """Each of the pieces; None for one that found no way on."""
    if isinstance(start, Asked):
        return complete(checkpoint, start, options, on_progress, follower)
    encoding, predictor = checkpoint.encoding, guided(checkpoint, options.conditions, options.guidance)
    before = beginning(encoding, options.rules, options.conditions) if start is None else start.events
    held = np.zeros(options.count, np.int64)

    def on_step(step: Events) -> None:
        follower.push(step)
        if on_progress is not None:
            held[:] += [encoding.notes_in(step[b : b + 1]) for b in range(options.count)]
            on_progress(min(int(held.min()), options.notes), options.notes)

    with one_thread():
        run = _run(predictor, encoding, before, options)
        follower.begin(range(options.count), before)
        drawn = run.drawn(options.seed, options.count, on_step)
    until = encoding.decode(before).end_tick if len(before) else 0
    compositions: list[Composition | None] = []
    for index, new in enumerate(drawn):
        if new is None:
            compositions.append(None)
            continue
        events = np.concatenate([before, new])
        note = provenance_of(checkpoint, start, options, index)
        about = About(title=title_of(checkpoint, start, options.seed, index), licence=licence_of(checkpoint, start), made=note)
        new_notes = encoding.notes_in(events[len(before) :])
        piece = replace(encoding.decode(events), about=about)
        if start is None:
            piece = spelled_out(piece, options.rules, options.conditions)
        compositions.append(Composition(piece, events, note, until, new_notes, len(before), ended=encoding.ended(events)))
    return compositions


def loaded(model: Trained | str | os.PathLike[str] | None, engine: str | None = None) -> Trained:
    """A model itself, or that of a path or name; the house model for None; computed by an engine, where one is named. Raises
    `CheckpointError`, and `InvalidOption` for an engine that cannot."""
    if model is None or isinstance(model, (str, os.PathLike)):
        return Checkpoint.load(model, engine)
    return model.by(engine) if engine is not None and isinstance(model, Checkpoint) else model


__all__ = ["Composition", "again", "compose", "stream"]
