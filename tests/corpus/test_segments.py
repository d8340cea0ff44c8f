"""Segments: every event once an epoch, with the event before it, at random access, in little memory."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.corpus.encoded import Encoded
from partimento.corpus.segments import Segments
from partimento.encodings import make


def numbered(lengths: list[int]) -> Encoded:
    """Pieces whose events tell piece and place, as far as ids go."""
    pieces = [np.stack([np.arange(n) % 12 + 1, np.full(n, i % 5 + 1)], 1) for i, n in enumerate(lengths)]
    return Encoded.of(make("melody"), pieces, [0] * len(lengths))


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 70), min_size=1, max_size=12).filter(any),
    batch=st.integers(1, 5),
    segment=st.integers(1, 40),
    seed=st.integers(0, 99),
    split_method=st.sampled_from(["works", "windows"]),
)
def test_every_event_once_an_epoch(lengths: list[int], batch: int, segment: int, seed: int, split_method: str) -> None:
    encoded = numbered(lengths)
    split = encoded.split("train", split_method)
    segments = Segments(split, batch, segment, seed)
    expected: Counter[Any] = Counter()
    for number in split.pieces:
        piece = encoded.piece(int(number))
        before = np.concatenate([np.zeros((1, 2), piece.dtype), piece[:-1]])
        for was, event in zip(before[split.targets(int(number))], piece[split.targets(int(number))], strict=True):
            expected[*was.tolist(), *event.tolist()] += 1
    for epoch in (0, 1):
        seen: Counter[Any] = Counter()
        for index in range(segments.count(epoch)):
            inputs, targets, mask = segments.batch(epoch, index)
            assert inputs.shape == targets.shape == (*mask.shape, 2)
            assert mask.size <= max(batch * segment, segment)
            assert mask.shape[1] <= segment
            for was, event in zip(inputs[mask], targets[mask], strict=True):
                seen[*was.tolist(), *event.tolist()] += 1
        assert seen == expected


def test_random_access_gives_the_same_batches() -> None:
    split = numbered([300, 50, 7, 1000]).split("train")
    there = Segments(split, 4, 32, 5)
    whole = [there.batch(epoch, index) for epoch in range(3) for index in range(there.count(epoch))]
    places = [(epoch, index) for epoch in range(3) for index in range(there.count(epoch))]
    order = np.random.default_rng(0).permutation(len(places))
    for at in order:
        again = Segments(split, 4, 32, 5).batch(*places[at])
        assert all(np.array_equal(one, two) for one, two in zip(whole[at], again, strict=True))


def test_epochs_and_seeds_differ() -> None:
    split = numbered([300, 50, 7, 1000]).split("train")
    one = Segments(split, 4, 32, 5).batch(0, 0)[1]
    for seed, epoch in ((5, 1), (6, 0)):
        other = Segments(split, 4, 32, seed).batch(epoch, 0)[1]
        assert one.shape != other.shape or not np.array_equal(one, other)


def test_padding_is_small() -> None:
    chance = np.random.default_rng(0)
    segments = Segments(numbered(chance.integers(1, 900, 200).tolist()).split("train"), 16, 64, 0)
    masks = [segments.batch(0, index)[2] for index in range(segments.count(0))]
    assert sum(mask.sum() for mask in masks) / sum(mask.size for mask in masks) > 0.97


@pytest.mark.parametrize("length", [1, 64, 65])
def test_edges(length: int) -> None:
    segments = Segments(numbered([length]).split("train"), 1, 64, 0)
    assert sum(int(segments.batch(0, index)[2].sum()) for index in range(segments.count(0))) == length
