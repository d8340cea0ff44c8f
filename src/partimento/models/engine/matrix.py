"""Weights as the compiled loops take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.native import Native

WIDE = 64  # columns of a tile: four vectors of 16 hide the time that one addition takes
PRODUCTS = "partimento.models.engine.loops.products"
_MULTIPLY = Native(f"{PRODUCTS}:multiply", "fnlf", [__name__])

Floats = npt.NDArray[np.float32]


class Matrix:
    """The weights [N, K] of a linear layer, floats or bytes with a scale [N] for each row, and its bias [N]."""

    def __init__(self, weight: npt.NDArray[Any], scale: Floats | None = None, bias: Floats | None = None) -> None:
        self.rows, self.depth = weight.shape
        self.blocks = -(-self.rows // WIDE)
        kind = np.int8 if weight.dtype == np.int8 else np.float32
        whole = np.zeros((self.blocks * WIDE, self.depth), kind)
        whole[: self.rows] = weight
        self._kept = [
            np.ascontiguousarray(whole.reshape(self.blocks, WIDE, self.depth).transpose(0, 2, 1)),
            self._vector(np.ones(self.rows, np.float32) if scale is None else scale),
            self._vector(np.zeros(self.rows, np.float32) if bias is None else bias),
        ]
        packed, factors, added = map(address, self._kept)
        self.place = np.array([packed, self.depth, self.blocks, kind == np.int8, factors, added], np.int64)

    def _vector(self, numbers: Floats) -> Floats:
        return np.pad(np.asarray(numbers, np.float32), (0, self.blocks * WIDE - self.rows))

    def __call__(self, x: Floats) -> Floats:
        """x [..., K] @ W.T + b, [..., N]."""
        return self.padded(x)[0][..., : self.rows]

    def padded(self, x: Floats) -> tuple[Floats, int]:
        """The same in rows of whole tiles, [..., blocks * 64], and their length."""
        flat = np.ascontiguousarray(x, np.float32)
        out = np.empty((*x.shape[:-1], self.blocks * WIDE), np.float32)
        _MULTIPLY.call(address(flat), flat.size // self.depth, address(self.place), address(out))
        return out, self.blocks * WIDE


def address(array: npt.NDArray[Any]) -> int:
    """Where the numbers of an array [...] lie, which must follow C's order; it is to be kept meanwhile."""
    assert array.flags.c_contiguous
    return int(array.__array_interface__["data"][0])


def places(matrices: Sequence[Matrix]) -> npt.NDArray[np.int64]:
    """Where the numbers of some matrices lie, int64 [N, 6]. The matrices must be kept meanwhile."""
    return np.stack([matrix.place for matrix in matrices])
