"""The networks that come along: small, with a card each, and computed as they are defined."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from partimento.learned import FOLDER, Network, card, network

NAMES = sorted(path.stem for path in FOLDER.glob("*.safetensors"))


def test_layers_one_after_another() -> None:
    net = Network(
        (
            (np.array([[1.0, -1.0]], np.float32), np.array([0.5, 0.0], np.float32)),
            (np.array([[2.0], [3.0]], np.float32), np.array([-1.0], np.float32)),
        )
    )
    assert net(np.array([[1.0], [-2.0]], np.float32)).tolist() == [[2.0], [5.0]]


@pytest.mark.parametrize("name", NAMES)
def test_each_file_is_small_and_says_what_it_is(name: str) -> None:
    known = card(name)
    assert (FOLDER / f"{name}.safetensors").stat().st_size < 2 << 20
    assert known["network"] == name
    assert known["licences"]
    assert set(known["trained_on"]) <= {"openscore-lieder", "polish-scores", "openscore-quartets"}
    layers = network(name).layers
    assert all(weight.dtype == np.float32 for weight, _ in layers)
    assert all(one[0].shape[1] == other[0].shape[0] for one, other in itertools.pairwise(layers))
