"""Weights in 8 bits: each row of a matrix as whole numbers from -127 to 127, and one scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

SCALE = ":scale"  # what the name of a tensor's scales [rows] ends with
SMALLEST = 4096  # numbers of a tensor that is worth it

Arrays = Mapping[str, npt.NDArray[Any]]


def in_eight_bits(arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    """The same weights, each matrix [N, ...] of floats as bytes with scales [N] in single precision; vectors and small ones as
    they are."""
    small: dict[str, npt.NDArray[Any]] = {}
    for name, array in arrays.items():
        if array.dtype.kind != "f" or array.ndim < 2 or array.size < SMALLEST:
            small[name] = array
            continue
        rows = np.asarray(array, np.float32).reshape(len(array), -1)
        scale = np.abs(rows).max(1) / np.float32(127)
        whole = np.rint(rows / np.where(scale == 0, 1, scale)[:, None])
        small[name], small[name + SCALE] = whole.astype(np.int8).reshape(array.shape), scale.astype(np.float32)
    return small


def in_single_precision(arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    """Weights as `in_eight_bits` gives them, multiplied out: arrays [N, ...] of floats; others as they are."""
    whole: dict[str, npt.NDArray[Any]] = {}
    for name, array in arrays.items():
        if name.endswith(SCALE):
            continue
        scale = arrays.get(name + SCALE)
        if scale is not None:
            array = array.astype(np.float32) * scale.reshape(-1, *[1] * (array.ndim - 1))
        whole[name] = array.astype(np.float32) if array.dtype.kind == "f" else array
    return whole


def numbers_in(arrays: Arrays) -> int:
    """How many weights there are, in arrays of any shape [...]."""
    return sum(array.size for name, array in arrays.items() if not name.endswith(SCALE))
