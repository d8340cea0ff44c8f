"""The scores of `models/key_scores.py` without torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.encodings import Context
from partimento.models.config import ModelConfig
from partimento.models.engine.matrix import PRODUCTS, Floats, address
from partimento.models.engine.tensors import Tensors
from partimento.models.field_sizes import NEAR, OCTAVE
from partimento.native import Native

_GELU = Native("partimento.models.engine.loops.head_loops:gelu_all", "fn", [PRODUCTS, "partimento.models.engine.matrix"])


class KeyScores:
    """A score for each id of each key. Both convolutions are products of windows with a matrix."""

    def __init__(
        self, config: ModelConfig, keys: int, choices: int, columns: list[int], sizes: list[int], tensors: Tensors
    ) -> None:
        self.keys, self.columns, self.size, width, name = keys, columns, config.embedding, config.width, "heads.shared"
        self._tables = [tensors.floats(f"{name}.tables.{n}.weight", one, self.size) for n, one in enumerate(sizes)]
        self._near = tensors.convolution(f"{name}.near", width, self.size, 2 * NEAR + 1)
        self._octaves = tensors.convolution(f"{name}.octaves", width, self.size, OCTAVE, bias=False)
        self._own = tensors.floats(f"{name}.own", width, keys).T
        self._whole = tensors.matrix(f"{name}.whole", width, width)
        self._mix = tensors.convolution(f"{name}.mix", width, width, 1)
        self._project = tensors.convolution(f"{name}.project", choices, width, 1)

    @classmethod
    def of(cls, config: ModelConfig, choices: list[int], columns: tuple[Context, ...], tensors: Tensors) -> KeyScores | None:
        """Those of fields that are alike and of which the columns [..., C] tell; None where there are none."""
        keys = len(choices)
        own = [number for number, column in enumerate(columns) if column.kind == "field"]
        if not own or len(set(choices)) > 1:
            return None
        return cls(config, keys, choices[0], own, [columns[number].size for number in own[::keys]], tensors)

    def __call__(self, h_ND: Floats, context_NC: npt.NDArray[np.int64]) -> Floats:
        """Scores [N, K, S] of S ids a key."""
        said = context_NC[:, self.columns].reshape(len(h_ND), len(self._tables), self.keys)
        e_NKE = self._tables[0][said[:, 0]]
        for block, table in enumerate(self._tables[1:], 1):
            e_NKE = e_NKE + table[said[:, block]]
        padded = np.pad(e_NKE, [(0, 0), (0, -self.keys % OCTAVE), (0, 0)])
        octaves = padded.reshape(len(h_ND), -1, OCTAVE, self.size).sum(1) * np.float32(OCTAVE / self.keys)
        around = self._octaves(_windows(np.concatenate([octaves, octaves[:, :-1]], 1), OCTAVE))  # from each class up to the next
        near = self._near(_windows(np.pad(e_NKE, [(0, 0), (NEAR, NEAR), (0, 0)]), 2 * NEAR + 1))
        u = near + np.tile(around, (1, -(-self.keys // OCTAVE), 1))[:, : self.keys] + self._own
        u = _gelu(u + self._whole(h_ND)[:, None])
        return self._project(u + _gelu(self._mix(u)))


def _windows(rows_NKE: Floats, size: int) -> Floats:
    """Windows of `size` rows, each as one vector, earliest first: [N, K - size + 1, size * E]."""
    windows = np.lib.stride_tricks.sliding_window_view(rows_NKE, size, axis=1)  # [N, windows, E, size]
    return np.ascontiguousarray(windows.transpose(0, 1, 3, 2)).reshape(*windows.shape[:2], -1)


def _gelu(x: Floats) -> Floats:
    x = np.ascontiguousarray(x)
    _GELU.call(address(x), x.size)
    return x
