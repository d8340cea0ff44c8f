"""Encoded pieces and the splits that the two split methods make of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.corpus.encoded import SHARES, SPLIT_METHODS, SPLITS, Encoded, uniform_hash
from partimento.encodings import make
from partimento.errors import CorpusError, UnknownName

ENCODING = make("melody")
lengths_and_splits = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), min_size=1, max_size=12)


def encoded_of(shape: list[tuple[int, int]]) -> Encoded:
    source = np.random.default_rng(0)
    events = [source.integers(1, 6, (length, 2)).astype(np.uint8) for length, _ in shape]
    return Encoded.of(ENCODING, events, [split for _, split in shape])


def targets_of(encoded: Encoded, name: str, split_method: str) -> dict[int, npt.NDArray[np.bool_]]:
    """The scored events of each piece of a split; no piece for a split without notes."""
    try:
        split = encoded.split(name, split_method)
    except CorpusError:
        return {}
    found = {int(number): split.targets(int(number)) for number in split.pieces}
    assert split.events_scored == sum(int(targets.sum()) for targets in found.values())
    return found


@settings(max_examples=50, deadline=None)
@given(lengths_and_splits, st.sampled_from(SPLIT_METHODS))
def test_every_split_is_a_partition(shape: list[tuple[int, int]], split_method: str) -> None:
    """Each event of each piece is scored in one split and in no other."""
    encoded = encoded_of(shape)
    times = {number: np.zeros(length, int) for number, (length, _) in enumerate(shape)}
    for name in SPLITS:
        for number, targets in targets_of(encoded, name, split_method).items():
            assert targets.dtype == bool
            times[number] += targets
    assert all((count == 1).all() for count in times.values())


@settings(max_examples=50, deadline=None)
@given(lengths_and_splits)
def test_works_are_whole(shape: list[tuple[int, int]]) -> None:
    encoded = encoded_of(shape)
    for at, name in enumerate(SPLITS):
        found = targets_of(encoded, name, "works")
        assert list(found) == [number for number, (length, split) in enumerate(shape) if split == at and length]
        assert all(targets.all() for targets in found.values())


def test_windows_take_their_shares_of_every_piece() -> None:
    encoded = encoded_of([(4000, 0), (0, 1), (4000, 2)])
    for name, share in zip(SPLITS, SHARES, strict=True):
        found = targets_of(encoded, name, "windows")
        assert list(found) == [0, 2]
        for targets in found.values():
            assert targets.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 4000)), "four standard errors"


def test_pieces_and_events() -> None:
    encoded = encoded_of([(3, 0), (0, 1), (2, 2)])
    assert encoded.events.shape == (5, 2)
    assert encoded.events.dtype == ENCODING.dtype
    assert encoded.offsets.tolist() == [0, 3, 3, 5]
    assert [len(encoded.piece(number)) for number in range(3)] == [3, 0, 2]
    assert np.array_equal(np.concatenate([encoded.piece(number) for number in range(3)]), encoded.events)


def test_unknown_names_and_empty_splits() -> None:
    encoded = encoded_of([(3, 0), (0, 1)])
    with pytest.raises(UnknownName, match="unknown split 'dev'; known: test, train, valid"):
        encoded.split("dev")
    with pytest.raises(UnknownName, match="unknown split method 'random'; known: windows, works"):
        encoded.split("train", "random")
    for name in ("valid", "test"):
        with pytest.raises(CorpusError, match=f"the split '{name}'"):
            encoded.split(name)


def test_uniform_hash() -> None:
    """The first numbers of splitmix64 from state 0, as its authors' reference code gives them, and an even spread."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        states = np.arange(3, dtype=np.uint64) * step
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert uniform_hash(states).tolist() == [(value >> 11) / 2**53 for value in expected]
    spread = uniform_hash(np.arange(100_000, dtype=np.uint64))
    assert np.abs(np.histogram(spread, 10, (0, 1))[0] - 10_000).max() < 400


@pytest.mark.parametrize("split_method", SPLIT_METHODS)
@pytest.mark.parametrize("name", SPLITS)
def test_pieces_that_are_left_out_are_in_no_split(name: str, split_method: str) -> None:
    encoded = encoded_of([(50, number % 3) for number in range(9)])
    chosen = np.arange(9) < 6
    pieces = encoded.only(chosen).split(name, split_method).pieces.tolist()
    assert pieces == [number for number in range(6) if split_method == "windows" or number % 3 == SPLITS.index(name)]
