"""The seed's wish list in one table: a recipe trained with one encoding after another on one corpus, as many steps each.

    python bench/options.py CORPUS OUT [--steps 700] [--keys melody melody:chord=top] [--recipe seed_pair]

Each run lies in a folder of its own in OUT; one that is finished is only scored again, one that was cut off goes on. All
are scored on the test split beside the last event again and the n-gram, which learns all of the training split. With
`--steps 0` only these two are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from partimento.bootstrap import Interval
from partimento.corpus import Corpus
from partimento.corpus.encoded import Split
from partimento.likelihood.bits_per_note import evaluate
from partimento.models.baselines import fit
from partimento.models.checkpoint import Checkpoint
from partimento.models.predictor import Predictor
from partimento.models.recipes import recipe
from partimento.training.train import train

KEYS = ["melody", "melody:chord=top", "melody:chord=bass", "melody:pitch=piano", "melody:pitch=piano,chord=top"]
KEYS += ["melody:pitch=midi,chord=top", "melody:durations=written", "melody:rests=yes", "melody:rests=yes,durations=written"]
KEYS += ["melody:rests=yes,durations=tied"]


def targets(split: Split) -> Iterator[tuple[Any, Any]]:
    return ((split.encoded.piece(number), split.targets(number)) for number in split.pieces.tolist())


def cell(interval: Interval, scale: float, digits: int) -> str:
    return f"{interval.mean * scale:.{digits}f} ± {(interval.high - interval.low) / 2 * scale:.{digits}f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--keys", nargs="+", default=KEYS)
    parser.add_argument("--recipe", default="seed_pair")
    options = parser.parse_args()
    corpus = Corpus.open(options.corpus)
    titles = ["encoding", "events a note", "bits per note", "pitch %", "duration %", "n-gram: bits", "pitch %", "duration %"]
    titles += ["last again: bits", "pitch %", "duration %"]
    print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|", flush=True)
    for key in options.keys:
        encoded = corpus.encoded(key)
        split = encoded.split("test")
        folder = options.out / key.replace(":", "-").replace(",", "-").replace("=", "-")
        predictors: list[Predictor] = []
        if options.steps:
            done = train(replace(recipe(options.recipe), encoding=key), encoded, folder, threads=1, max_steps=options.steps)
            predictors = [Checkpoint.load(done.path).predictor()]
        predictors += [fit(name, encoded.encoding.fields, targets(encoded.split("train"))) for name in ("ngram", "repeat_last")]
        notes = sum(encoded.encoding.notes_in(encoded.piece(number)) for number in split.pieces.tolist())
        cells = [f"`{key}`", f"{split.events_scored / notes:.2f}", *["-"] * (0 if options.steps else 3)]
        for predictor in predictors:
            row = evaluate(predictor, split, name=key)
            cells += [cell(row.bits_per_note, 1, 3), *(cell(row.accuracy[name], 100, 1) for name in ("pitch", "duration"))]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
