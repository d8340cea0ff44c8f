"""How many notes a second are supervised: full sequences with a loss at every note, against windows of 32 with one target each.

One run, the same model, interleaved repeats, one thread; prints JSON. `python bench/training.py [repeats] [seconds]`
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from partimento.corpus.encoded import Encoded
from partimento.corpus.segments import Segments
from partimento.encodings import make
from partimento.models.model import Model
from partimento.models.recipes import recipe
from partimento.training.batches import Batch
from partimento.training.optimise import Stepper, build

WINDOW = 32
WINDOW_BATCHES = (64, 256, 1024)


def some_music(notes: int) -> Encoded:
    """Random events: the time of a step does not depend on what they are."""
    chance = np.random.default_rng(0)
    lengths = chance.integers(300, 5000, notes // 2650)
    pieces = [np.stack([chance.integers(1, 13, n), chance.integers(1, 6, n)], 1).astype(np.uint8) for n in lengths]
    return Encoded.of(make("melody"), pieces, [0] * len(pieces))


def full_sequences(encoded: Encoded, name: str) -> Iterator[Batch]:
    training = recipe(name).training
    segments = Segments(encoded.split("train"), training.batch, training.segment, training.seed)
    for index in range(segments.count(0)):
        inputs, targets, mask = segments.batch(0, index)
        yield Batch(torch.from_numpy(inputs), torch.from_numpy(targets), torch.from_numpy(mask))


def windows(encoded: Encoded, batch: int) -> Iterator[Batch]:
    """Windows at random places; only the note after each is a target, as in the seed."""
    chance = np.random.default_rng(0)
    mask_BT = torch.zeros(batch, WINDOW, dtype=torch.bool)
    mask_BT[:, -1] = True
    while True:
        start = chance.integers(0, len(encoded.events) - WINDOW - 1, batch)
        both = torch.from_numpy(encoded.events[start[:, None] + np.arange(WINDOW + 1)].astype(np.int64))
        yield Batch(both[:, :-1], both[:, 1:], mask_BT)


def supervised_notes_per_second(name: str, batches: Iterator[Batch], seconds: float, *, last_only: bool) -> float:
    made = recipe(name)
    model, optimiser = build(made, make(made.encoding))
    stepper = Stepper(model, optimiser, made.training)
    if last_only:  # the head is spared the positions that have no loss
        model.loss = lambda before_BTF, target_BTF, *_, **__: _last(model, before_BTF, target_BTF)  # type: ignore
    notes, started = 0, 0.0
    for number, batch in enumerate(batches):
        if number == 2:  # the first steps allocate
            notes, started = 0, time.perf_counter()
        stepper.step(replace(batch, mask=batch.mask[:, -1:]) if last_only else batch, 1e-3)
        notes += batch.events
        if number >= 4 and time.perf_counter() - started >= seconds:
            break
    return notes / (time.perf_counter() - started)


def _last(model: Model, before_BTF: torch.Tensor, target_BTF: torch.Tensor) -> torch.Tensor:
    h_BTD, _ = model(before_BTF)
    loss: torch.Tensor = model.heads.loss(h_BTD[:, -1:], target_BTF[:, -1:])
    return loss


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3.0
    torch.set_num_threads(1)
    encoded = some_music(1_000_000)
    answer: dict[str, object] = {"threads": 1, "window": WINDOW, "repeats": repeats, "torch": torch.__version__}
    for name in ("seed_pair", "seed_joint"):
        full: list[float] = []
        windowed: dict[int, list[float]] = {batch: [] for batch in WINDOW_BATCHES}
        for _ in range(repeats):
            full.append(supervised_notes_per_second(name, full_sequences(encoded, name), seconds, last_only=False))
            for batch, rates in windowed.items():
                rates.append(supervised_notes_per_second(name, windows(encoded, batch), seconds, last_only=True))
        medians = {batch: statistics.median(rates) for batch, rates in windowed.items()}
        best = max(medians, key=lambda batch: medians[batch])
        ratios = [one / other for one, other in zip(full, windowed[best], strict=True)]
        answer[name] = {
            "full_notes_per_second": round(statistics.median(full)),
            "window_notes_per_second": {str(batch): round(rate) for batch, rate in medians.items()},
            "best_window_batch": best,
            "ratio": round(statistics.median(ratios), 1),
            "ratio_range": [round(min(ratios), 1), round(max(ratios), 1)],
        }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
