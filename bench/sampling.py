"""How to draw, chosen by the judge on valid pieces: python bench/sampling.py MODEL CORPUS [--excerpts 150] [--bars 8] [--seed 0]

Composes with each setting, all with the same seed, and prints the area under the judge's curve (0.5: it cannot tell) with its
interval, empty bars, the share of pieces that end by themselves, and the first things that give the setting away. Run it once, and
report the chosen setting on test: the least of many areas is too good by chance.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from partimento.analysis.figures.measures import table
from partimento.benchmarks.judge.judge import judge
from partimento.benchmarks.judge.made import human_pieces, made_pieces
from partimento.composing.sampling import Sampling
from partimento.corpus import Corpus
from partimento.models.checkpoint import Checkpoint

HEADER = "| setting | area | interval | empty bars | ended | given away by |\n|---|---:|---:|---:|---:|---|"
RHYTHM = ("kind", "time", "duration")  # fields that say what comes and when


def settings(fields: list[str]) -> dict[str, tuple[Sampling, bool | None]]:
    """Sampling and guard (None: as by default) of each setting, by name."""
    rhythm, rest = [name for name in fields if name in RHYTHM], [name for name in fields if name not in RHYTHM]
    return {
        "temperature 1": (Sampling(), None),
        "temperature 1, no guard": (Sampling(), False),
        "temperature 0.95": (Sampling(0.95), None),
        "temperature 0.9": (Sampling(0.9), None),
        "0.9 for kinds and times": (Sampling(dict.fromkeys(rhythm, 0.9)), None),
        "0.9 for all but kinds and times": (Sampling(dict.fromkeys(rest, 0.9)), None),
        "min_p 0.02": (Sampling(min_p=0.02), None),
        "min_p 0.05": (Sampling(min_p=0.05), None),
        "top_p 0.98": (Sampling(top_p=0.98), None),
        "temperature 0.95, min_p 0.02": (Sampling(0.95, min_p=0.02), None),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--excerpts", type=int, default=150)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", help="the settings of these names alone")
    options = parser.parse_args()
    model = Checkpoint.load(options.model)
    human = human_pieces(Corpus.open(options.corpus), "valid", options.excerpts, options.seed)
    asked = {"excerpts": options.excerpts, "bars": options.bars, "seed": options.seed}
    print(HEADER)
    for name, (sampling, guard) in settings([field.name for field in model.encoding.fields]).items():
        if options.only and name not in options.only:
            continue
        made = made_pieces(model, human, sampling=sampling, guard=guard, **asked)
        found = judge(human, pieces := [one.piece for one in made], model.encoding, **asked)
        empty = float(np.nanmean(table(pieces, ["empty_bars"])))
        ended = sum(one.ended for one in made) / len(made)
        interval = f"{found.area.low:.3f} to {found.area.high:.3f}"
        tells = ", ".join(tell.name for tell in found.tells[:4])
        print(f"| {name} | {found.area.mean:.3f} | {interval} | {empty:.1%} | {ended:.0%} | {tells} |", flush=True)


if __name__ == "__main__":
    main()
