"""The protocol's checks of a predictor of chorales: causality, probabilities that sum to one, the uniform figure.

It knows networks and the memory, no training. All features are made anew from the changed notes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from jsb_memory import Memory
from jsb_network import SYMBOLS, Network
from jsb_past import ORDER, RANK, Symbols
from jsb_windows import Part, whole
from torch import Tensor

PIECES, CHANGES = 5, 4
CLOSE = 1e-5  # in ln p: float32 sums of other lengths


@torch.no_grad()
def log_probabilities(networks: list[Network], memory: Memory, piece: Symbols) -> Tensor:
    """ln p [T, 4, 47] under the mean of the networks, from the notes alone."""
    window = next(whole(Part.of([memory.slots(piece)], [(0, 0)])))
    mean: Tensor = torch.stack([network(**window)[0] for network in networks]).logsumexp(0) - math.log(len(networks))
    return mean


def check(networks: list[Network], memory: Memory, pieces: list[Symbols], changes: int = CHANGES, seed: int = 0) -> dict[str, Any]:
    """Changes single notes of pieces: nothing drawn before may change, something later must, and the 47 probabilities
    must sum to one. Answers what was checked; raises `AssertionError` where it does not hold."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(pieces), min(PIECES, len(pieces)), replace=False).tolist()
    farthest, off = 0.0, 0.0
    for number in chosen:
        piece = pieces[number]
        before = log_probabilities(networks, memory, piece)
        off = max(off, (before.exp().sum(-1) - 1).abs().max().item())
        for _ in range(changes):
            t, voice, changed = int(rng.integers(len(piece) - 1)), int(rng.integers(4)), piece.copy()
            changed[t, voice] = rng.choice([symbol for symbol in range(SYMBOLS) if symbol != piece[t, voice]])
            difference = (log_probabilities(networks, memory, changed) - before).abs().amax(-1)
            not_after = list(ORDER[: RANK[voice] + 1])
            earlier = torch.cat([difference[:t].flatten(), difference[t, not_after]])
            farthest = max(farthest, earlier.max().item())
            assert difference[t + 1 :].max() > CLOSE, f"piece {number}: a change at {t} changed nothing later"
    assert farthest <= CLOSE, f"a later note changed an earlier ln p by {farthest}"
    assert off <= CLOSE, f"probabilities sum to one but for {off}"
    uniform = _uniform(pieces)
    return {"pieces": chosen, "changes": changes, "earlier_ln_p_moved": farthest, "sum_off_by": off, "uniform": uniform}


def _uniform(pieces: list[Symbols]) -> float:
    nats = [piece.size * np.log(SYMBOLS) for piece in pieces]
    return float(np.sum(nats) / sum(piece.size for piece in pieces))
