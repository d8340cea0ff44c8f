"""How fast a model composes: notes a second alone and in batches of 64, free and under rules and guidance; and the first note.

Usage: python bench/composing.py MODEL [--notes N] [--repeats R]. Prints one JSON object. Each row of `notes_per_second` is the
best of the repeats, taken in turns on one thread, by seconds of processor time; `beside_free` is its ratio to the free row of
the same batch. Rules (a key and chords) are for models of `notes`, guidance for those that know conditions. `first_note_ms` is
the median of 20 streams of a loaded model, `first_note_seconds` that of whole processes, the start of Python and torch among it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from itertools import islice

import numpy as np

from partimento.composing.compose import stream
from partimento.composing.guidance import Guided
from partimento.composing.rules import Rules
from partimento.encodings.texture import texture_of
from partimento.models.checkpoint import Checkpoint
from partimento.models.predictor import Generator

FIRST_NOTE = "import sys, partimento; partimento.compose(sys.argv[1], notes=1)"
BATCHES = (1, 64)
RULES = Rules(key="G major", chords=("G", "C", "D7", "G"), bars=1000)
STREAMS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--notes", type=int, default=256, help="steps of each sequence")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    whole = [_process_seconds(options.model) for _ in range(options.repeats)]

    import torch

    torch.set_num_threads(1)
    checkpoint = Checkpoint.load(options.model)
    ways = _ways(checkpoint)
    first = [_first_note_ms(checkpoint) for _ in range(STREAMS)]
    best: dict[int, dict[str, float]] = {batch: dict.fromkeys(ways, 0.0) for batch in BATCHES}
    for repeat in range(options.repeats):
        for batch in BATCHES:
            for name, (predictor, rules) in ways.items():
                rate = _rate(checkpoint, predictor, rules, batch, options.notes, repeat)
                best[batch][name] = max(best[batch][name], rate)
    rows = {
        f"batch of {batch}": {
            name: {"notes_per_second": round(rate, 1), "beside_free": round(rate / rates["free"], 3)}
            for name, rate in rates.items()
        }
        for batch, rates in best.items()
    }
    result = {
        "model": checkpoint.recipe.name,
        "sha256": checkpoint.sha256,
        "parameters": checkpoint.model.parameter_count,
        "notes_per_second": rows,
        "batch_beside_alone": round(best[BATCHES[1]]["free"] / best[1]["free"], 1),
        "first_note_ms": round(statistics.median(first), 1),
        "first_note_seconds": round(statistics.median(whole), 2),
        "torch": torch.__version__,
    }
    print(json.dumps(result, indent=1))


def _ways(checkpoint: Checkpoint) -> dict[str, tuple[Generator, Rules | None]]:
    ways: dict[str, tuple[Generator, Rules | None]] = {"free": (checkpoint.predictor(), None)}
    here = texture_of(checkpoint.encoding.cursor())
    if here is not None and here.has_bars:
        ways["rules"] = (checkpoint.predictor(), RULES)
    if checkpoint.vocabulary is not None:
        wanted = checkpoint.vocabulary.named(key="G major")
        ways["guided"] = (Guided(checkpoint.predictor(np.stack([wanted, np.zeros_like(wanted)])), 1.5), None)
    return ways


def _rate(checkpoint: Checkpoint, predictor: Generator, rules: Rules | None, batch: int, steps: int, seed: int) -> float:
    """New notes a second; sequences that end early count for what they have."""
    encoding, notes = checkpoint.encoding, 0
    start = time.process_time()
    drawn = stream(predictor, encoding, notes=100_000, count=batch, seed=seed, rules=rules)
    for events in islice(drawn, steps):
        notes += sum(encoding.notes_in(events[b : b + 1]) for b in range(batch))
    return notes / (time.process_time() - start)


def _first_note_ms(checkpoint: Checkpoint) -> float:
    start = time.perf_counter()
    drawn = stream(checkpoint.predictor(), checkpoint.encoding, notes=10)
    for events in drawn:
        if checkpoint.encoding.notes_in(events):
            break
    drawn.close()
    return 1000 * (time.perf_counter() - start)


def _process_seconds(model: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST_NOTE, model], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
