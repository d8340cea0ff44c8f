"""What each piece of musical structure in the model is worth: JSB chorales, nats per note on valid, same steps and seed.

Prints JSON. `python bench/ablation.py jsb-chorales.zip [steps] [depth]`
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from partimento.benchmarks import jsb as chorales
from partimento.models.checkpoint import Checkpoint
from partimento.models.recipes import recipe
from partimento.training.train import train

PARTS = ("place", "intervals", "sounding", "since", "interval_logits")


def main() -> None:
    data = Path(sys.argv[1])
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    depth = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    benchmark = chorales.benchmark(data)
    full = recipe("lstm_slots", depth)
    full = replace(full, training=replace(full.training, valid_every=50, schedule="trapezoid", steps=steps, warmup=50))
    variants = {"all": {}, **{f"without {name}": {name: False} for name in PARTS}, "none": dict.fromkeys(PARTS, False)}
    answer: dict[str, object] = {"steps": steps, "depth": depth, "unit": benchmark.unit}
    for name, off in variants.items():
        made = replace(full, model=full.model.changed(**off))
        started = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            result = train(made, benchmark.encoded, Path(folder), threads=1)
            figures = benchmark.figures(Checkpoint.load(result.path).predictor(), "valid")
        half = (figures.interval().high - figures.interval().low) / 2
        row = {"valid": round(figures.micro, 4), "half_interval": round(half, 4), "seconds": round(time.process_time() - started)}
        answer[name] = row
        print(name, row, file=sys.stderr, flush=True)
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
