"""Small networks that were learned from scores, read from files beside this one and run with numpy. They know numbers only.

Each file says in its header what it was trained on, by which command, and under which licences (`card`). `bench/learn.py`
makes them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Layers = tuple[tuple[Floats, Floats], ...]
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Network:
    """Layers of weights [I, O] and biases [O], with a rectifier between them."""

    layers: Layers

    def __call__(self, rows: Floats) -> Floats:
        """The outputs [N, O] of inputs [N, I]."""
        for number, (weight, bias) in enumerate(self.layers):
            if number:
                rows = np.maximum(rows, 0, out=rows)
            rows = rows @ weight
            rows += bias
        return rows


@cache
def network(name: str) -> Network:
    """The network of this name: "keys", "spelling", "hands" or "hands-again"."""
    from safetensors.numpy import load_file

    tensors = load_file(FOLDER / f"{name}.safetensors")
    count = len(tensors) // 2
    return Network(tuple((tensors[f"{at}.weight"], tensors[f"{at}.bias"]) for at in range(count)))


def card(name: str) -> dict[str, Any]:
    """What a network was made of: data, licences, command, date, and how it did."""
    from safetensors import safe_open

    with safe_open(str(FOLDER / f"{name}.safetensors"), "numpy") as opened:
        found: dict[str, Any] = json.loads(opened.metadata()["card"])
    return found
