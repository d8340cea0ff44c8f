"""How far recipes come in equal processor time: valid bits per note of `notes:profile=score`, one change at a time.

`python bench/recipes.py CORPUS SECONDS [DEPTH] [VARIANT...]` trains each variant for so many seconds of processor time on one
thread, the rate falling over the second half of them, and prints a JSON line for each: bits per note on a fixed sample of valid,
of the last weights and of their moving average. Making batches counts, validation does not.
"""

from __future__ import annotations

import copy
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from partimento.corpus import Corpus
from partimento.corpus.encoded import Encoded
from partimento.models.base import predictor_of
from partimento.models.config import Recipe
from partimento.models.recipes import recipe
from partimento.training.batches import batches_of
from partimento.training.optimise import Stepper, build, follow
from partimento.training.precision import chosen
from partimento.training.schedule import Schedule
from partimento.training.validation import Sample

VALID_EVENTS = 60_000


def new(depth: int, name: str = "transformer_notes", dropout: float = 0.0, **changes: object) -> Recipe:
    made = recipe(name, depth)
    training = replace(made.training, **changes)  # type: ignore[arg-type]
    return replace(made, encoding="notes:profile=score", model=made.model.changed(dropout=dropout), training=training)


VARIANTS: dict[str, Callable[[int], Recipe]] = {
    "adamw, single, dropout 0.1": lambda depth: new(depth, dropout=0.1, optimiser="adamw", precision="single"),
    "muon alone": lambda depth: new(depth, dropout=0.1, precision="single"),
    "bfloat16 alone": lambda depth: new(depth, dropout=0.1, optimiser="adamw"),
    "no dropout alone": lambda depth: new(depth, optimiser="adamw", precision="single"),
    "muon, bfloat16, no dropout": new,
    "the same, rate x 2": lambda depth: new(depth, learning_rate=2 * new(depth).training.learning_rate),
    "the same, rate / 2": lambda depth: new(depth, learning_rate=new(depth).training.learning_rate / 2),
    "the same, dropout 0.1": lambda depth: new(depth, dropout=0.1),
    "the same, single": lambda depth: new(depth, precision="single"),
    "the same, segments of 256": lambda depth: new(depth, segment=256, batch=2 * new(depth).training.batch),
    "the same, no transposition": lambda depth: new(depth, transpose=0),
    "lstm, adamw, single, dropout 0.1": lambda depth: new(depth, "lstm_notes", 0.1, optimiser="adamw", precision="single"),
    "lstm, muon, bfloat16, no dropout": lambda depth: new(depth, "lstm_notes"),
}


def run(made: Recipe, encoded: Encoded, sample: Sample, seconds: float) -> dict[str, object]:
    config = made.training
    model, optimiser = build(made, encoded.encoding, encoded.vocabulary)
    batches = batches_of(model, encoded.split("train"), config)
    stepper = Stepper(model, optimiser, config, precision=chosen(config.precision, made.model.width, torch.device("cpu")))
    average = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    batches.batch(0, 0)  # what is worked out once
    schedule, step, notes, started, used = Schedule(), 0, 0, time.process_time(), 0.0
    while used < seconds:
        batch = batches.batch(*divmod(step, batches.count(0)))
        stepper.step(batch, schedule.learning_rate(config, step, 1 - used / seconds))
        follow(average, model.state_dict(), config.average, step)
        notes += encoded.encoding.notes_in(batch.target[batch.mask].numpy())
        step, used = step + 1, time.process_time() - started
    averaged = copy.deepcopy(model)
    averaged.load_state_dict(average)
    bits = {name: round(sample.bits(predictor_of(one, encoded.encoding)), 3) for name, one in (("last", model), ("mean", averaged))}
    return {"bits": bits, "steps": step, "notes": notes, "seconds": round(used), "precision": stepper.precision}


def main() -> None:
    corpus, seconds = Corpus.open(sys.argv[1]), float(sys.argv[2])
    depth = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    torch.set_num_threads(1)
    encoded = corpus.encoded("notes:profile=score", corpus.vocabulary())
    sample = Sample(encoded.split("valid"), VALID_EVENTS, 0)
    for name in sys.argv[4:] or VARIANTS:
        print(json.dumps({"variant": name, "depth": depth, **run(VARIANTS[name](depth), encoded, sample, seconds)}), flush=True)


if __name__ == "__main__":
    main()
