"""Composes pieces: pushes what is given through a model, then draws events one by one. It knows no model from the inside.

The same model, options, seed and number give the same notes: each sequence has a random stream of its own, and `compose`
computes on one thread, since sums that are shared among threads differ in the last bit. They are the same on one kind of
processor and one version of torch; another may round otherwise.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.events import draw_event
from partimento.composing.guidance import Guided, check_guidance
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
from partimento.composing.rules.masks import Masks
from partimento.composing.rules.spec import Rules
from partimento.composing.sampling import Sampling, Uniforms
from partimento.encodings import Encoding, Events
from partimento.errors import CheckpointError, InvalidOption, InvalidPiece
from partimento.formats import read
from partimento.models.predictor import Beginning
from partimento.piece import About, Piece

MAX_COUNT = 4096
_EVENTS_PER_NOTE = 64  # events that are no notes end somewhere, whatever a model draws


@dataclass(frozen=True)
class Composition:
    """A piece of given and new notes, its `events` [T, F], and `made`: the JSON from which `again` makes the same piece.

    `made` is also `piece.about.made`. `given_until_tick` is where the given notes end and the new ones begin; `new_notes` counts
    those.
    """

    piece: Piece
    events: Events
    made: str
    given_until_tick: int
    new_notes: int


def stream(
    predictor: Beginning,
    encoding: Encoding,
    *,
    given: npt.NDArray[Any] | list[Any] | None = None,
    notes: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
) -> Generator[Events, None, None]:
    """Events [B, F] of `count` sequences, each step as it is drawn, until every one has at least `notes` new notes or has
    ended (or 64 events for each of the notes). `rules` that say where the music ends (bars, a rhythm) go before `notes`.

    `given` are events [T, F] before the first one drawn. A sequence with its notes goes on until all have theirs; after
    its end it is zeros. Closing the stream frees all it holds. Options are checked at once, not at the first step. Raises
    `InvalidOption`, and `CheckpointError` for a model of other fields.
    """
    options = Options(notes, sampling or Sampling(), seed, count, rules)
    return _stream(predictor, encoding, given_events(given, encoding), options)


def _stream(predictor: Beginning, encoding: Encoding, before: Events, options: Options) -> Generator[Events, None, None]:
    for option, value, most in (("notes", options.notes, MAX_NOTES), ("count", options.count, MAX_COUNT)):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise InvalidOption(f"{option} is {value!r}; it must be a whole number from 1 to {most}")
    options.sampling.check([field.name for field in encoding.fields])
    if tuple(predictor.fields) != tuple(encoding.fields):
        raise CheckpointError(
            f"the model does not predict the fields of the encoding {encoding.key!r}; load it with its own encoding"
        )
    masks = []
    if options.rules is not None:
        before = before if len(before) else options.rules.head(encoding)
        first = options.rules.masks(encoding, before)
        masks = [first.copy() for _ in range(options.count)]
    return _steps(predictor, encoding, before, options, masks)


def compose(
    model: Trained | str | os.PathLike[str],
    *,
    given: Piece | str | os.PathLike[str] | None = None,
    notes: int = 200,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
    conditions: Mapping[str, str | float] | None = None,
    guidance: float = 1.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Composition]:
    """`count` pieces of `notes` new notes each by a model (a checkpoint, or the path of one or of its run), after those of `given`
    (a piece, or the path of a score), under `rules`. `on_progress(done, of)` counts notes.

    `conditions` are wishes for the whole piece, in the words of the model's `vocabulary`: composer, genre, key, meter, tempo,
    density, length. `guidance` above 1 presses them harder (`guidance.py`); 1 leaves them to the model.

    A piece that ends earlier, where the encoding has an event for that, has fewer; the end of `given` is left out. A piece
    is what the encoding keeps of it, the given notes too. Torch computes on one thread meanwhile. Raises
    `InvalidOption`, and `InvalidPiece` when the encoding keeps no note of `given`.
    """
    checkpoint = _loaded(model)
    start = None
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
    options = Options(notes, sampling or Sampling(), seed, count, rules, dict(conditions or {}), guidance)
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
    encoding, predictor = checkpoint.encoding, _under(checkpoint, options.conditions, options.guidance)
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
        compositions.append(Composition(replace(encoding.decode(events), about=about), events, note, until, new_notes))
    return compositions


def _loaded(model: Trained | str | os.PathLike[str]) -> Trained:
    if not isinstance(model, (str, os.PathLike)):
        return model
    from partimento.models.checkpoint import Checkpoint  # here, since it loads torch

    return Checkpoint.load(os.fspath(model))


def _under(checkpoint: Trained, conditions: Mapping[str, str | float], guidance: float) -> Beginning:
    """The model under conditions, pressed by guidance. Raises `InvalidOption` where it knows none, and `UnknownName`."""
    check_guidance(guidance, bool(conditions))
    if not conditions:
        return checkpoint.predictor()
    told: Any = checkpoint
    if getattr(told, "vocabulary", None) is None:
        raise InvalidOption(f"{checkpoint.path} knows no conditions such as {next(iter(conditions))}; train a recipe that does")
    wanted = told.vocabulary.named(**conditions)
    if guidance == 1:
        under: Beginning = told.predictor(wanted)
        return under
    return Guided(told.predictor(np.stack([wanted, np.zeros_like(wanted)])), guidance)


def _steps(
    predictor: Beginning,
    encoding: Encoding,
    before: Events,
    options: Options,
    masks: list[Masks],
) -> Generator[Events, None, None]:
    count = options.count
    uniforms = Uniforms(options.seed, count)
    session = predictor.begin(count, before)
    here = encoding.cursor()
    for event in before.tolist():
        here.push(event)
    cursors = [here.copy() for _ in range(count)]
    missing = np.full(count, options.most)
    ended = np.full(count, here.ended)
    for _ in range(_EVENTS_PER_NOTE * options.most):
        events: Events = draw_event(session, encoding, cursors, ended, options.sampling, uniforms, masks)
        yield events
        missing -= [encoding.notes_in(events[b : b + 1]) for b in range(count)]
        for b, event in enumerate(events.tolist()):
            if not ended[b]:
                cursors[b].push(event)
                if masks:
                    masks[b].push(event)
                ended[b] = cursors[b].ended
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
