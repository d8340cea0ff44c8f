"""The share of the machine's matrix-product rate that the training of a Transformer of 5 M parameters reaches.

One run: the rate of a large square product and steps of training, interleaved, on one thread; prints JSON. Products are counted by
torch, forwards and backwards. `python bench/peak.py [repeats] [depth]`
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from partimento.encodings import make
from partimento.models.recipes import recipe
from partimento.training.batches import Batch
from partimento.training.optimise import Stepper, build

SIZE = 2048


def peak() -> float:
    """Operations a second of one product, in process time: the machine is shared."""
    left, right = torch.randn(SIZE, SIZE), torch.randn(SIZE, SIZE)
    left @ right
    started = time.process_time()
    for _ in range(4):
        left @ right
    return 4 * 2 * SIZE**3 / (time.process_time() - started)


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    depth = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    torch.set_num_threads(1)
    made, encoding = recipe("transformer_notes", depth), make("notes:profile=score")
    made = made.without_conditions()
    model, optimiser = build(made, encoding)
    stepper = Stepper(model, optimiser, made.training)
    chance = np.random.default_rng(0)
    shape = (made.training.batch, made.training.segment)
    events = torch.from_numpy(np.stack([chance.integers(1, field.size, shape) for field in encoding.fields], -1))
    context = torch.from_numpy(np.stack([chance.integers(0, column.size, shape) for column in encoding.context_fields], -1))
    batch = Batch(events, events, torch.ones(shape, dtype=torch.bool), context)
    with FlopCounterMode(display=False) as counter:
        stepper.step(batch, 1e-4)
    operations = counter.get_total_flops()
    peaks, rates = [], []
    for _ in range(repeats):
        peaks.append(peak())
        started = time.process_time()
        stepper.step(batch, 1e-4)
        rates.append(operations / (time.process_time() - started))
    shares = [rate / one for rate, one in zip(rates, peaks, strict=True)]
    answer = {
        "parameters": model.parameter_count,
        "events_a_step": shape[0] * shape[1],
        "gigaflops_a_step": round(operations / 1e9, 1),
        "product_gigaflops_a_second": round(statistics.median(peaks) / 1e9, 1),
        "training_gigaflops_a_second": round(statistics.median(rates) / 1e9, 1),
        "share": round(statistics.median(shares), 3),
        "range": [round(min(shares), 3), round(max(shares), 3)],
        "threads": 1,
        "torch": torch.__version__,
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
