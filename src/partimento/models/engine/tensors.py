"""The tensors of a checkpoint as the engine takes them: each by its name, in the shape that its config asks for, none left over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.errors import CheckpointError
from partimento.models.eight_bits import SCALE
from partimento.models.engine.matrix import Floats, Matrix


class Tensors:
    """Arrays by name, of which each is taken once. Those of 8 bits have their scales beside them."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self._left = dict(arrays)

    def floats(self, name: str, *shape: int) -> Floats:
        """An array in single precision, of that shape [...]. Raises `CheckpointError`."""
        values, scale = self._take(name, shape)
        return np.asarray(values, np.float32) if scale is None else values * scale.reshape(-1, *[1] * (len(shape) - 1))

    def matrix(self, name: str, rows: int, depth: int, bias: bool = False) -> Matrix:
        """The linear layer `name`.weight [rows, depth], and `name`.bias [rows]."""
        values, scale = self.quantised(f"{name}.weight", rows, depth)
        return Matrix(values, scale, self.floats(f"{name}.bias", rows) if bias else None)

    def quantised(self, name: str, *shape: int) -> tuple[npt.NDArray[Any], Floats | None]:
        """An array of that shape [...] as it is kept, and where it is of bytes the scales of its rows [N]."""
        return self._take(name, shape)

    def convolution(self, name: str, rows: int, channels: int, reach: int, bias: bool = True) -> Matrix:
        """The weights [rows, channels, reach] as a matrix of rows of `reach` times `channels`, the earliest step first."""
        values, scale = self.quantised(f"{name}.weight", rows, channels, reach)
        flat = np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(rows, -1)
        return Matrix(flat, scale, self.floats(f"{name}.bias", rows) if bias else None)

    def has(self, name: str) -> bool:
        return name in self._left

    def done(self) -> None:
        """Raises `CheckpointError` where there are tensors that nothing asked for."""
        if self._left:
            raise CheckpointError(f"its weights do not fit its recipe ({', '.join(sorted(self._left)[:3])} are of no use)")

    def _take(self, name: str, shape: tuple[int, ...]) -> tuple[npt.NDArray[Any], Floats | None]:
        values, scale = self._left.pop(name, None), self._left.pop(name + SCALE, None)
        if values is None or values.shape != shape or (scale is not None and scale.shape != shape[:1]):
            found = "missing" if values is None else f"of the shape {list(values.shape)}"
            raise CheckpointError(f"its weights do not fit its recipe ({name} is {found}; {list(shape)} is needed)")
        return values, None if scale is None else np.asarray(scale, np.float32)
