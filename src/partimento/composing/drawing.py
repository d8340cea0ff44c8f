"""Sequences drawn side by side, event after event, from a model under conditions. It knows no piece, and no model from inside."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.constraints import Course
from partimento.composing.guidance import Guided, check_guidance
from partimento.composing.provenance import Options, Trained
from partimento.composing.sampler import draw_event
from partimento.composing.sampling import Uniforms
from partimento.encodings import Encoding, Events
from partimento.errors import InvalidOption
from partimento.models.predictor import Beginning, Predictor

EVENTS_PER_NOTE = 64  # events that are no notes end somewhere, whatever a model draws


def conditioned(checkpoint: Trained, conditions: Mapping[str, str | float]) -> Predictor:
    """The model under conditions. Raises `InvalidOption` where it knows none, and `UnknownName`."""
    told: Any = checkpoint
    found: Predictor = told.predictor(_ids(checkpoint, conditions)) if conditions else told.predictor()
    return found


def under(checkpoint: Trained, conditions: Mapping[str, str | float], guidance: float) -> Beginning:
    """As `conditioned`, pressed by guidance."""
    check_guidance(guidance, bool(conditions))
    if guidance == 1:
        return conditioned(checkpoint, conditions)
    told: Any = checkpoint
    wanted = _ids(checkpoint, conditions)
    return Guided(told.predictor(np.stack([wanted, np.zeros_like(wanted)])), guidance)


def _ids(checkpoint: Trained, conditions: Mapping[str, str | float]) -> npt.NDArray[Any]:
    told: Any = checkpoint
    if getattr(told, "vocabulary", None) is None:
        raise InvalidOption(f"{checkpoint.path} knows no conditions such as {next(iter(conditions))}; train a recipe that does")
    ids: npt.NDArray[Any] = told.vocabulary.named(**conditions)
    return ids


def steps(
    predictor: Beginning,
    encoding: Encoding,
    before: Events,
    options: Options,
    courses: list[Course],
) -> Generator[Events, None, None]:
    """Events [B, F] after those `before`, until each sequence has its notes or has ended."""
    count = options.count
    uniforms = Uniforms(options.seed, count)
    session = predictor.begin(count, before)
    here = encoding.cursor()
    for event in before.tolist():
        here.push(event)
    cursors = [here.copy() for _ in range(count)]
    missing = np.full(count, options.most)
    ended = np.full(count, here.ended)
    for _ in range(EVENTS_PER_NOTE * options.most):
        events: Events = draw_event(session, encoding, cursors, ended, options.sampling, uniforms, courses)
        yield events
        missing -= [encoding.notes_in(events[b : b + 1]) for b in range(count)]
        for b, event in enumerate(events.tolist()):
            if not ended[b]:
                cursors[b].push(event)
                if courses:
                    courses[b].push(event)
                ended[b] = cursors[b].ended
        if (ended | (missing <= 0)).all():
            return
        session.push(events)


def first_notes(events: Events, notes: int, encoding: Encoding) -> Events:
    """The events up to the one that brings the last of `notes`, or the one that ends the piece."""
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
