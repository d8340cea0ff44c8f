"""A sequence that finds no way on goes back and tries again; it does not lose the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from partimento.composing.sampler import Bools, Constraint, NoWayOn, Prefix, Run
from partimento.composing.sampling import Sampling
from partimento.encodings import Cursor, Events, make
from partimento.testing.rules import EvenGenerator

SCORE = make("notes:profile=score")


class Trap(Constraint):
    """Once a low note has been drawn nothing may follow the twelfth event."""

    def __init__(self, is_set: bool, always: bool) -> None:
        self.is_set, self.always, self.low, self.events = is_set, always, False, 0

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        shut = self.is_set and self.events >= 12 and (self.low or self.always)
        return np.zeros_like(allowed) if shut else allowed

    def push(self, event: Sequence[int]) -> None:
        self.events += 1
        self.low |= self.events > 6 and event[0] == 6 and event[2] < 20


def run_of(always: bool = False) -> Run:
    def constraints(cursor: Cursor, number: int) -> Sequence[Constraint]:
        return [Trap(number == 1, always)]

    before = np.zeros((0, len(SCORE.fields)), SCORE.dtype)
    return Run(EvenGenerator(SCORE.fields, end=-20.0), SCORE, before, SCORE.cursor(), constraints, Sampling(), 24)


def drawn(run: Run, seed: int) -> list[Events | None]:
    return run.drawn(seed, 3, lambda events: None)


def test_it_goes_back_and_tries_again() -> None:
    retried = 0
    for seed in range(8):
        found = drawn(run_of(), seed)
        stuck: set[int] = set()
        steps = np.stack(list(run_of().steps(seed, range(3), stuck=stuck)), axis=1)
        retried += bool(stuck)
        for number, events in enumerate(found):
            assert events is not None
            assert SCORE.notes_in(events) == 24
            assert np.array_equal(events, steps[number][: len(events)]) == (number not in stuck)
        again = drawn(run_of(), seed)
        assert all(np.array_equal(one, other) for one, other in zip(found, again, strict=True))  # type: ignore[arg-type]
    assert retried >= 2


def test_one_without_any_way_on_is_left_out_alone() -> None:
    found = drawn(run_of(always=True), 1)
    assert [one is None for one in found] == [False, True, False]
    with pytest.raises(NoWayOn):
        list(run_of(always=True).steps(1, range(3)))
