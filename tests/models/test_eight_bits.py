"""Weights in 8 bits: how near they are, and what stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from partimento.models.eight_bits import SCALE, in_eight_bits, in_single_precision, numbers_in


@given(st.integers(0, 1000), st.sampled_from([(64, 80), (5, 1024), (70, 30, 3)]), st.floats(1e-6, 1e6))
def test_each_number_is_within_half_a_step(seed: int, shape: tuple[int, ...], size: float) -> None:
    weights = (np.random.default_rng(seed).standard_normal(shape) * size).astype(np.float32)
    weights[1] = 0
    small = in_eight_bits({"w": weights})
    assert small["w"].dtype == np.int8
    assert small["w"].shape == shape
    step = small["w" + SCALE].reshape(-1, *[1] * (len(shape) - 1))
    assert np.allclose(step[:, ..., 0].ravel(), np.abs(weights.reshape(len(weights), -1)).max(1) / 127)
    found = in_single_precision(small)
    assert list(found) == ["w"]
    assert (np.abs(found["w"] - weights) <= step * 0.501).all()
    assert numbers_in(small) == weights.size


def test_vectors_small_ones_and_whole_numbers_stay() -> None:
    arrays: dict[str, Any] = {"v": np.ones(9000, np.float16), "m": np.ones((3, 3), np.float32), "n": np.ones((100, 100), np.int64)}
    small = in_eight_bits(arrays)
    assert all(small[name] is array for name, array in arrays.items())
    assert in_single_precision(small)["v"].dtype == np.float32
    assert in_single_precision(small)["n"].dtype == np.int64
