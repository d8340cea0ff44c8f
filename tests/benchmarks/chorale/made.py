"""Made chorales, and a tiny model that remembers some of them."""

from __future__ import annotations

import numpy as np
import torch

from partimento.benchmarks.chorale.boosted import Boosted
from partimento.benchmarks.chorale.config import ChoraleConfig
from partimento.benchmarks.chorale.model import Chorale
from partimento.benchmarks.chorale.past import REST, Symbols
from partimento.encodings import Events, make
from partimento.encodings.slots import FIRST_PITCH
from partimento.encodings.slots import REST as REST_ID

SLOTS = make("slots")
TINY = ChoraleConfig(width=8, embedding=8, head=8)


def chorale(seed: int, T: int = 32) -> Symbols:
    """Four lines of small steps, held for an eighth or longer, with a few rests."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-2, 3, (T // 2, 4)) * (rng.random((T // 2, 4)) < 0.6)
    lines = np.clip(np.array([36, 10, 28, 20]) + steps.cumsum(0), 0, REST - 1)
    lines[rng.random(lines.shape) < 0.05] = REST
    return np.repeat(lines, 2, 0).astype(np.int16)


def ids(symbols: Symbols) -> Events:
    """The same in the encoding `slots`."""
    return np.where(symbols == REST, REST_ID, symbols + FIRST_PITCH).astype(np.uint8)


TRAIN = [chorale(seed) for seed in range(6)]
VALID = [chorale(7), chorale(8), chorale(9, 24)]


def grown() -> Boosted:
    """The trees over them, which all models here share."""
    trees = model().trees
    assert trees is not None
    return trees


def model(seed: int = 0, config: ChoraleConfig = TINY) -> Chorale:
    """With weights that matter, in evaluation mode."""
    torch.manual_seed(seed)
    made = Chorale(config, SLOTS).eval()
    made.remember([ids(piece) for piece in TRAIN])
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)
        made.network.same_as.bias[0] += 3.0  # the last symbol again, so that it is right at times
    return made
