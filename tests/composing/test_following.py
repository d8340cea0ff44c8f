"""A run can be followed event by event, and where rules leave no way on it is known which of them are in the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from partimento.composing.compose import compose
from partimento.composing.following import Follower
from partimento.composing.loosening import goes_on, loosenings
from partimento.composing.preamble import stated
from partimento.composing.provenance import Options
from partimento.composing.rules import REGISTRY, Inside, Rules
from partimento.composing.windows import Window
from partimento.encodings import Events
from partimento.errors import InvalidOption
from partimento.task import Task
from tests.composing.test_tasks import SCORE, Model, song


class Noting(Follower):
    """Keeps what it sees."""

    def __init__(self, most: int = 10**9) -> None:
        self.begun: list[tuple[list[int], Events, Window | None]] = []
        self.drawn: list[list[Events]] = []
        self.most = most

    def begin(self, numbers: Sequence[int], before: Events, window: Window | None = None, place: Inside | None = None) -> None:
        self.begun.append((list(numbers), before, window))
        self.drawn.append([])

    def push(self, events: Events) -> None:
        self.drawn[-1].append(events)
        if sum(map(len, self.drawn)) >= self.most:
            raise KeyError("enough")


@pytest.mark.parametrize("write", ["bars=2-3", "bass", None])
def test_a_follower_sees_all_events_and_changes_none(write: str | None) -> None:
    options: dict[str, Any] = {"seed": 3, "count": 2, "notes": 20}
    options |= {"ending": False} if write is None else {"task": Task(song(), write)}
    noting = Noting()
    followed = compose(Model(), **options, follower=noting)
    plain = compose(Model(), **options)
    assert [one.piece for one in followed] == [one.piece for one in plain]
    for index, one in enumerate(followed):
        windows = one.windows or ((one.events, one.first_event),)
        seen = [
            (before, np.stack([step[numbers.index(index)] for step in drawn]))
            for (numbers, before, _), drawn in zip(noting.begun, noting.drawn, strict=True)
            if index in numbers
        ]
        assert len(seen) == len(windows)
        for (before, drawn), (events, first) in zip(seen, windows, strict=True):
            assert np.array_equal(before, events[:first])
            assert np.array_equal(drawn[: len(events) - first], events[first:])
    assert all((window is None) == (write is None) for _, _, window in noting.begun)


def test_a_follower_that_raises_ends_the_run() -> None:
    noting = Noting(most=5)
    with pytest.raises(KeyError, match="enough"):
        compose(Model(), task=Task(song(), "bass"), seed=1, count=2, follower=noting)
    assert sum(map(len, noting.drawn)) == 5


NOTHING = np.zeros((0, len(SCORE.fields)), SCORE.dtype)


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        (Rules(key="C major", chords="C F# G"), {"key", "chords"}),
        (Rules(key="C major", ranges="C#4-C#4"), {"key", "ranges"}),
        (Rules(key="C major", bars=4, end_on_tonic=True, chords="C G"), {"end_on_tonic", "chords", "key", "bars"}),
    ],
    ids=str,
)
def test_what_contradicts_itself_is_named(rules: Rules, found: set[str]) -> None:
    """Each option without which alone there would be a way, and no other."""
    options = Options(20, rules=rules)
    with pytest.raises(InvalidOption):
        compose(Model(), notes=20, rules=rules, ending=False)
    named = set(loosenings(SCORE, NOTHING, NOTHING, options))
    assert named <= found
    assert named >= found - {"bars"}


def test_where_there_is_a_way_there_always_is_one() -> None:
    for kind in REGISTRY:
        for example in kind.examples:
            options = Options(20, rules=Rules(**example))
            try:
                compose(Model(), notes=20, rules=options.rules, ending=False)
            except InvalidOption:
                continue
            assert goes_on(SCORE, stated(SCORE, options.rules or Rules()), NOTHING, options)
