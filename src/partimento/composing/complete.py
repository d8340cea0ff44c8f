"""Completes a task: window after window, what is written in one is fixed in the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from partimento.composing.composition import Composition
from partimento.composing.constraints import prepared
from partimento.composing.following import NOBODY, Follower
from partimento.composing.guidance import guided
from partimento.composing.players import opened
from partimento.composing.provenance import Asked, Options, Trained, licence_of, provenance_of, title_of
from partimento.composing.rules import Inside, Rules
from partimento.composing.sampler import Run, one_thread
from partimento.composing.windows import Window, generated, regions, rejoined, window
from partimento.encodings import Events
from partimento.encodings.tasks import Tasks
from partimento.errors import InvalidOption
from partimento.models.predictor import Generator
from partimento.piece import About, Piece
from partimento.task import Task

MOST_WRITTEN = 1000  # notes in one window


def complete(
    checkpoint: Trained,
    asked: Asked,
    options: Options,
    on_progress: Callable[[int, int], None] | None,
    follower: Follower = NOBODY,
) -> list[Composition | None]:
    """The pieces of a task: window after window, the first for all at once, later ones for each by itself, since each has
    other notes before it. None for one that found no way on."""
    predictor, task = guided(checkpoint, options.conditions, options.guidance), asked.task
    if not checkpoint.encoding.completes_tasks:
        raise InvalidOption(
            f"{checkpoint.path} was not trained on tasks ({checkpoint.encoding.key!r}); train the recipe transformer_tasks"
        )
    encoding = cast(Tasks, checkpoint.encoding)
    longest = int(checkpoint.recipe.training.segment)
    rules = options.rules or Rules()
    task, written_to = opened(task, encoding, rules.instruments)
    stretches = regions(task, encoding, longest)
    fixed = task.stands(options.seed)
    grid = encoding.layout.ticks_per_quarter
    on_grid = replace(task.given, notes=task.given.notes[fixed], pedals=task.given.pedals[:0]).quantise(grid)
    now: list[Piece | None] = [on_grid] * options.count
    windows: list[list[tuple[Window, Piece]]] = [[] for _ in range(options.count)]
    drawn_in: list[list[tuple[Events, int]]] = [[] for _ in range(options.count)]
    with one_thread():
        for number, bars in enumerate(stretches):
            groups = [range(options.count)] if number == 0 else [range(index, index + 1) for index in range(options.count)]
            for group in groups:
                so_far = now[group[0]]
                if so_far is None:
                    continue
                one = window(task, so_far, bars, encoding, longest, written_to)
                seed = options.seed if number == 0 else _seed(options.seed, group[0], number)
                drawn = replace(options, seed=seed, count=len(group), notes=MOST_WRITTEN, rules=rules)
                before = one.asked(encoding)
                place = one.inside(task, encoding, is_last=bars == stretches[-1])
                follower.begin(group, before, one, place)
                answers = _answers(predictor, encoding, before, drawn, place, follower)
                for index, answer in zip(group, answers, strict=True):
                    if answer is None:
                        now[index] = None
                        continue
                    written = generated(encoding, before, answer)
                    drawn_in[index].append((np.concatenate([before, answer]), len(before)))
                    windows[index].append((one, written))
                    if bars != stretches[-1]:  # for the next window alone
                        now[index] = rejoined(Task(on_grid, task.write), np.ones(len(on_grid), bool), windows[index], encoding)[0]
            if on_progress is not None:
                on_progress(number + 1, len(stretches))
    made: list[Composition | None] = []
    for index, of in enumerate(windows):
        if now[index] is None:
            made.append(None)
            continue
        piece, new = rejoined(task, fixed, of, encoding)
        note = provenance_of(checkpoint, asked, options, index)
        about = About(title=title_of(checkpoint, asked, options.seed, index), licence=licence_of(checkpoint, asked), made=note)
        events, first = drawn_in[index][-1]
        piece = replace(piece, about=about)
        made.append(
            Composition(piece, events, note, 0, int(new.sum()), first, new, tuple(drawn_in[index]), ended=encoding.ended(events))
        )
    return made


def _answers(
    predictor: Generator, encoding: Tasks, before: Events, options: Options, place: Inside, follower: Follower
) -> list[Events | None]:
    """The second halves of a task's window, each up to its end; None where there is no way on."""
    cursor, constraints = prepared(encoding, before, options, place)
    run = Run(predictor, encoding, before, cursor, constraints, options.sampling, options.most)
    return run.drawn(options.seed, options.count, follower.push)


def _seed(seed: int, index: int, number: int) -> int:
    """That of one window of one piece."""
    return int(np.random.SeedSequence(seed, spawn_key=(index, number)).generate_state(1, np.uint64)[0] >> np.uint64(1))
