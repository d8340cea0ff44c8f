"""How well the house model predicts music of each set that it has never seen, beside models of equal size and time.

`train` makes what stands beside it: the same architecture by the recipe of before (AdamW, single precision, dropout 0.1, a rate
that falls when valid stops gaining), and a Transformer over REMI tokens (MidiTok), each with the same music, weights of sets and
processor time. `score` prints bits per note, all tokens of a note summed, on the test works of the corpus by set, and on sets that
are no part of it. Works of those that are also in the corpus are found by the search for duplicates and left out.

python bench/house_scores.py train CORPUS FOLDER [--minutes 98] [--depth 4] [--weight polish-scores=0.45 ...]
python bench/house_scores.py score CORPUS [--data DATA] [--model house NAME=RUN ...] [--pieces 60] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import partimento
from partimento.corpus import Corpus
from partimento.corpus.duplicates import Sketch, content_hash, works
from partimento.corpus.encoded import LEFT_OUT, SPLITS, Encoded, Split
from partimento.likelihood.bits_per_note import Row, evaluate
from partimento.models.baselines import fit
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import ModelConfig, Recipe
from partimento.models.predictor import Predictor
from partimento.models.recipes import recipe as named
from partimento.models.threads import thread_count

OUTSIDE = {"nottingham": "/midi/", "piano-midi-de": ".mid", "kern-mozart-sonatas": "/krn/"}  # the folder that is taken of each
NGRAM, NGRAM_ENCODING = "n-gram", "notes:profile=score"
REMI = "miditok:REMI"


def before(depth: int) -> Recipe:
    """The house model's architecture and encoding by the recipe of before."""
    recipe = named("transformer_tasks", depth)
    assert isinstance(recipe.model, ModelConfig)
    training = replace(recipe.training, optimiser="adamw", precision="single", schedule="plateau")
    encoding = "tasks:profile=score,parts=yes"
    return Recipe("before", encoding, replace(recipe.model, dropout=0.1), training)


def remi(depth: int) -> Recipe:
    """A Transformer of that size over REMI tokens, by the recipe of today."""
    return replace(named("transformer_notes", depth), name="remi", encoding=REMI)


def train(options: argparse.Namespace) -> None:
    shares = dict(weight.split("=") for weight in options.weight)
    weights = {name: float(share) for name, share in shares.items()} or None
    for made in (before, remi):
        recipe = made(options.depth)
        trained = partimento.train(
            options.corpus,
            recipe,
            out=options.folder / recipe.name,
            minutes=options.minutes,
            threads=options.threads,
            weights=weights,
        )
        print(trained, flush=True)


def splits(corpus: Corpus, most: int) -> dict[str, list[int]]:
    """The rows of test pieces of each set, `most` of each, evenly over all."""
    sets = corpus.sets()
    found = {}
    for name in sorted(set(sets)):
        rows = [at for at, row in enumerate(corpus.rows) if sets[at] == name and SPLITS[row.split] == "test"]
        found[name] = rows if len(rows) <= most else [rows[at * len(rows) // most] for at in range(most)]
    return {name: rows for name, rows in found.items() if rows}


def outside(data: Path, corpus: Corpus, folder: Path, most: int) -> Iterator[tuple[str, Corpus, list[int], int]]:
    """Each set that is no part of the corpus, `most` rows of it without the works of the corpus, and how many of these it had."""
    learnt = [at for at, row in enumerate(corpus.rows) if SPLITS[row.split] == "train"]
    sketches = [Sketch.of(corpus.piece(at)) for at in learnt]
    hashes = [content_hash(corpus.piece(at)) for at in learnt]
    for name, inner in OUTSIDE.items():
        archive, only = data / f"{name}.zip", folder / f"{name}.txt"
        with zipfile.ZipFile(archive) as files:
            only.write_text("".join(f"{file}\n" for file in files.namelist() if inner in file), encoding="utf-8")
        other = partimento.build(archive, out=folder / name, only=only, workers=1)
        pieces = [other.piece(at) for at in range(len(other))]
        named_works = works(sketches + [Sketch.of(piece) for piece in pieces], hashes + [content_hash(piece) for piece in pieces])
        known = set(named_works[: len(learnt)])
        rows = [at for at in range(len(other)) if named_works[len(learnt) + at] not in known]
        common = len(other) - len(rows)
        yield name, other, rows if len(rows) <= most else [rows[at * len(rows) // most] for at in range(most)], common


def of_rows(encoded: Encoded, rows: list[int]) -> Split:
    """Some pieces as a test split of their own."""
    chosen = np.full(len(encoded.splits), LEFT_OUT, np.uint8)
    chosen[rows] = SPLITS.index("test")
    return replace(encoded, splits=chosen).split("test")


def models(options: argparse.Namespace, corpus: Corpus) -> dict[str, tuple[Predictor, str]]:
    """Each model as a predictor, with its encoding's key."""
    found: dict[str, tuple[Predictor, str]] = {}
    for words in options.model:
        name, _, place = words.partition("=")
        checkpoint = Checkpoint.load(place or name)
        found[name] = (checkpoint.predictor(), checkpoint.encoding.key)
    if not options.no_ngram:
        encoded = corpus.encoded(NGRAM_ENCODING)
        split = encoded.split("train")
        chosen = np.random.default_rng(0).permutation(split.pieces)[: options.ngram_pieces]
        targeted = ((encoded.piece(int(at)), split.targets(int(at))) for at in chosen)
        found[NGRAM] = (fit("ngram", encoded.encoding.fields, targeted), NGRAM_ENCODING)
    return found


def score(options: argparse.Namespace) -> None:
    corpus = Corpus.open(options.corpus)
    known = models(options, corpus)
    with tempfile.TemporaryDirectory() as made, thread_count(options.threads):
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        groups = [(name, corpus, rows, 0) for name, rows in splits(corpus, options.pieces).items()]
        if options.data is not None:
            groups += list(outside(options.data, corpus, folder, options.pieces))
        print("| set | pieces | left out | " + " | ".join(known) + " |\n|---|---:|---:|" + "---:|" * len(known))
        told = []
        for name, of, rows, common in groups:
            cells: list[str] = []
            for model, (predictor, key) in known.items():
                row: Row = evaluate(predictor, of_rows(of.encoded(key), rows), name=model)
                cells.append(f"{row.bits_per_note.mean:.3f} ± {(row.bits_per_note.high - row.bits_per_note.low) / 2:.3f}")
                told.append({"set": name, "model": model, "left_out": common} | row.to_json())
            print(f"| {name} | {len(rows)} | {common} | " + " | ".join(cells) + " |", flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(required=True)
    training = what.add_parser("train")
    training.add_argument("corpus", type=Path)
    training.add_argument("folder", type=Path)
    training.add_argument("--minutes", type=float, default=98)
    training.add_argument("--depth", type=int, default=4)
    training.add_argument("--weight", nargs="*", default=[])
    training.set_defaults(run=train)
    scoring = what.add_parser("score")
    scoring.add_argument("corpus", type=Path)
    scoring.add_argument("--data", type=Path, help="the archives of the sets that are no part of the corpus")
    scoring.add_argument("--model", nargs="+", default=["house"])
    scoring.add_argument("--pieces", type=int, default=60, help="of each set")
    scoring.add_argument("--ngram-pieces", type=int, default=2000, help="that the n-gram counts")
    scoring.add_argument("--no-ngram", action="store_true")
    scoring.add_argument("--folder", type=Path, help="keeps the outside sets as corpora")
    scoring.add_argument("--json", type=Path)
    scoring.set_defaults(run=score)
    for one in (training, scoring):
        one.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
