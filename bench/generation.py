"""How fast a model composes: notes a second alone and in batches of 64, and the time from process start to the first note.

Usage: python bench/generation.py MODEL [--notes N] [--repeats R]. Prints one JSON object. Times are medians of the repeats
(the best of `first_note_seconds` too, since a first start may read files that later ones find in memory).
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time

FIRST_NOTE = """
import sys
from partimento.composing.compose import compose
from partimento.models.checkpoint import Checkpoint
compose(Checkpoint.load(sys.argv[1]), notes=1)
"""
BATCH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--notes", type=int, default=512, help="notes of each piece")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    first = [_first_note_seconds(options.model) for _ in range(options.repeats)]

    import torch

    from partimento.composing.compose import compose
    from partimento.models.checkpoint import Checkpoint

    checkpoint = Checkpoint.load(options.model)
    compose(checkpoint, notes=16)
    rates = {}
    for count in (1, BATCH):
        seconds = []
        for _ in range(options.repeats):
            start = time.perf_counter()
            compose(checkpoint, notes=options.notes, count=count)
            seconds.append(time.perf_counter() - start)
        rates[count] = count * options.notes / statistics.median(seconds)
    result = {
        "model": checkpoint.path.name,
        "sha256": checkpoint.sha256,
        "recipe": checkpoint.recipe.name,
        "notes": options.notes,
        "notes_per_second_alone": round(rates[1], 1),
        f"notes_per_second_batch_{BATCH}": round(rates[BATCH], 1),
        "first_note_seconds": round(statistics.median(first), 3),
        "first_note_seconds_best": round(min(first), 3),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    print(json.dumps(result, indent=1))


def _first_note_seconds(model: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", FIRST_NOTE, model], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
