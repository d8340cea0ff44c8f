"""Sets of pieces come with their shares of an epoch; which pieces is a function of the epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partimento.corpus.encoded import Encoded
from partimento.corpus.segments import Segments, times
from partimento.errors import InvalidOption
from partimento.models.config import TrainingConfig
from tests.training.tiny import tiny_encoded

NAMES = ("big", "small", "rest")


def encoded() -> Encoded:
    data = tiny_encoded(60)
    return replace(data, sets=tuple(NAMES[0] if i < 40 else NAMES[1] if i < 48 else NAMES[2] for i in range(60)))


def share_of_events(segments: Segments, data: Encoded, epochs: int) -> dict[str, float]:
    events = dict.fromkeys(NAMES, 0)
    for epoch in range(epochs):
        for index in range(segments.count(epoch)):
            for number, first, last in segments.places(epoch, index):
                events[data.sets[number]] += last - first
    return {name: count / sum(events.values()) for name, count in events.items()}


def test_sets_have_their_shares() -> None:
    data = encoded()
    split = data.split("train")
    segments = Segments(split, 4, 32, seed=1, shares={"small": 0.5, "big": 0.2})
    found = share_of_events(segments, data, 60)
    assert found == pytest.approx({"big": 0.2, "small": 0.5, "rest": 0.3}, abs=0.03)
    again = Segments(split, 4, 32, seed=1, shares={"small": 0.5, "big": 0.2})
    assert again.places(7, 0) == segments.places(7, 0)


def test_an_epoch_stays_as_long_as_the_corpus() -> None:
    split = encoded().split("train")
    events = np.diff(split.encoded.offsets)[split.pieces]
    for shares in ({"small": 0.5}, {"big": 0.0}, {"big": 0.2, "small": 0.2, "rest": 0.1}):
        assert (times(split, shares) * events).sum() == pytest.approx(events.sum())
    assert (times(split, {"big": 1.0}) > 0).sum() == sum(split.encoded.sets[number] == "big" for number in split.pieces)


def test_what_is_no_weight() -> None:
    assert TrainingConfig(weights=" a = 0.25, b c=0.5 ,").shares() == {"a": 0.25, "b c": 0.5}
    for wrong in ("a", "=0.5", "a=much", "a=-0.1", "a=0.7, b=0.7"):
        with pytest.raises(InvalidOption, match="weight"):
            TrainingConfig(weights=wrong)
    with pytest.raises(InvalidOption, match="'none' has no piece"):
        times(encoded().split("train"), {"none": 0.5})
