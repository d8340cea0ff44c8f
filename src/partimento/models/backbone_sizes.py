"""What of the backbones does not stand in their config, for torch and for the engine."""

from __future__ import annotations

import math

from partimento.errors import InvalidOption
from partimento.models.config import ModelConfig

BASE = 10_000.0  # the slowest rotation of positions takes about so many steps, as in Su et al. 2021
KERNEL = 3  # steps that a convolution looks at
CYCLE = 8  # dilations 1, 2 .. 128, and again: 511 steps back after one cycle


def hidden_size(width: int) -> int:
    """8/3 of the width: as many weights as a plain layer of four times the width (Shazeer 2020)."""
    return 8 * math.ceil(width / 3)


def dilation(layer: int) -> int:
    """How far apart the steps are that a layer of a convolution looks at."""
    return int(2 ** (layer % CYCLE))


def grouped(config: ModelConfig) -> tuple[int, int]:
    """The size of a transformer's heads, and how many have keys of their own. Raises `InvalidOption` where sizes do not fit."""
    keys = config.keys or config.queries
    if config.width % (2 * config.queries) or config.queries % keys:
        raise InvalidOption(
            f"width {config.width}, queries {config.queries}, keys {keys}: each query needs an even share of the width, "
            "and each key the same number of queries"
        )
    return config.width // config.queries, keys
