"""What a training will take, measured on a throw-away copy before it begins. It leaves torch's random state alone."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from partimento import encodings
from partimento.corpus.encoded import Encoded
from partimento.errors import InvalidOption
from partimento.models.config import Recipe
from partimento.models.threads import thread_count
from partimento.progress import OnProgress, silent
from partimento.system import peak_memory
from partimento.training.batches import batches_of
from partimento.training.optimise import Stepper, build
from partimento.training.precision import chosen as chosen_precision

STEPS = 4


@dataclass(frozen=True)
class Plan:
    """`parameters` of the model, `notes` and `steps` of an epoch, its seconds, the bytes the training adds to the process, and the
    `precision` of its matrix products."""

    parameters: int
    notes: int
    steps: int
    epoch_seconds: float
    memory_bytes: int
    notes_per_second: float
    precision: str = "single"


def plan(
    recipe: Recipe,
    encoded: Encoded,
    *,
    split_method: str = "works",
    threads: int = 0,
    steps: int = STEPS,
    on_progress: OnProgress = silent,
) -> Plan:
    """Times a few steps on a throw-away model, after one to warm up; `on_progress` is called for long work before. Memory is an
    estimate (weights, their copies, the vectors of one batch), or what these steps took, if that was more."""
    if encodings.make(recipe.encoding).key != encoded.encoding.key:
        raise InvalidOption(f"the recipe wants {recipe.encoding!r}, the corpus is encoded as {encoded.encoding.key!r}")
    config = recipe.training
    split = encoded.split("train", split_method)
    with thread_count(threads), torch.random.fork_rng():
        model, optimiser = build(recipe, encoded.encoding, encoded.vocabulary)
        batches, stepper = batches_of(model, split, config, on_progress), Stepper(model, optimiser, config)
        stepper.precision = precision = chosen_precision(config.precision, recipe.model.width, stepper.device)
        count = batches.count(0)
        for number in range(steps + 1):
            batches.batch(0, number % count)  # what is worked out once a piece is not part of an epoch
        events, seconds, largest, before = 0, 0.0, 0, peak_memory()
        for number in range(steps + 1):
            started = time.perf_counter()
            batch = batches.batch(0, number % count)
            stepper.step(batch, 1e-4)
            if number:  # the first one allocates
                seconds += time.perf_counter() - started
                events += batch.mask.numel()
            largest = max(largest, batch.mask.numel())
    parameters = model.parameter_count
    # weights, gradients, two moments, the best copy, one copy while saving; gates and vectors of each layer, both ways
    memory = 6 * 4 * parameters + largest * 4 * recipe.model.layers * 12 * recipe.model.width
    memory = max(memory, peak_memory() - before)
    rate = events / max(1e-9, seconds)
    lengths = encoded.offsets[split.pieces + 1] - encoded.offsets[split.pieces]
    return Plan(parameters, split.events_scored, count, float(lengths.sum()) / rate, memory, rate, precision)
