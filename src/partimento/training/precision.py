"""In what precision matrix products are computed, found by a measurement. It knows shapes and clocks; it knows no model."""

from __future__ import annotations

import functools
import time

import torch

ROWS = 2048  # of the product that is timed: about the events of a step
GAIN = 1.3  # a product must be so many times as fast before bfloat16 pays for its conversions


def chosen(wanted: str, width: int, device: torch.device) -> str:
    """`single` or `bfloat16`: what a config's `precision` means here for a model of this width. GPUs compute in bfloat16."""
    if device.type != "cpu":
        return "bfloat16"
    if wanted == "auto":
        return "bfloat16" if gain(width) >= GAIN else "single"
    return wanted


@functools.cache
def gain(width: int) -> float:
    """How many times as fast this processor multiplies in bfloat16 as in single precision, by the best of some tries."""
    seconds: dict[torch.dtype, float] = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.ones(ROWS, width, dtype=dtype), torch.ones(width, 3 * width, dtype=dtype)
        tries = []
        for _ in range(6):
            started = time.perf_counter()
            left @ right
            tries.append(time.perf_counter() - started)
        seconds[dtype] = min(tries[1:])  # the first one prepares
    return seconds[torch.float32] / max(1e-9, seconds[torch.bfloat16])
