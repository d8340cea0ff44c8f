"""Models of genres in three ways (the genre as a condition, trained on it alone, fine-tuned to it), on test pieces of every genre.

One model learns from all pieces, conditioned on the genre (and key, meter, tempo, density, length) of most; it is scored without
but one genre, or nothing. Four learn from the pieces of one genre. Four go on from the first with the pieces of one genre, at
a quarter of the rate and for half the steps, and are scored without conditions. Trains what is missing in FOLDER and goes on
where it was; prints the table as Markdown.

python bench/genres.py CORPUS FOLDER [--steps 300] [--recipe lstm_notes] [--depth 4] [--encoding notes:profile=score]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from partimento.corpus import Corpus, Encoded
from partimento.encodings.conditions import Conditions
from partimento.likelihood.bits_per_note import evaluate
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import Recipe
from partimento.models.recipes import recipe as named
from partimento.training.train import train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--recipe", default="lstm_notes")
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--encoding", default="notes:profile=score")
    options = parser.parse_args()
    corpus = Corpus.open(options.corpus)
    genres = sorted({row.about.genre for row in corpus.rows if row.about.genre})
    known = Conditions.of((), (row.about.genre for row in corpus.rows if row.split == 0))
    whole = corpus.encoded(options.encoding, known)
    of_genre = {genre: whole.only(corpus.matching([f"genre={genre}"])) for genre in genres}
    recipe = scheduled(replace(named(options.recipe, options.depth), encoding=options.encoding), options.steps)
    alone = recipe.without_conditions()
    finer = scheduled(recipe, options.steps // 2, 0.25)

    def model(name: str, recipe: Recipe, data: Encoded, start: Checkpoint | None = None) -> Checkpoint:
        result = train(recipe, data, options.folder / name, start=start, threads=1)
        print(f"{name}: {result.step} steps, {result.seconds:.0f} s, {result.valid_bits:.3f} on valid", file=sys.stderr, flush=True)
        return Checkpoint.load(result.path)

    common = model("common", recipe, whole)
    rows = [("all genres, no condition", common.predictor())]
    rows += [(f"all genres, condition {genre}", common.predictor(known.named(genre=genre))) for genre in genres]
    rows += [(f"{genre} alone", model(f"only-{genre}", alone, data).predictor()) for genre, data in of_genre.items()]
    rows += [
        (f"fine-tuned to {genre}", model(f"fine-{genre}", finer, data, common).predictor()) for genre, data in of_genre.items()
    ]
    splits = [data.split("test") for data in of_genre.values()]
    titles = [f"{genre} ({len(split.pieces)})" for genre, split in zip(genres, splits, strict=True)]
    print("| model | " + " | ".join(titles) + " |\n|---|" + "---:|" * len(splits))
    for name, predictor in rows:
        found = [evaluate(predictor, split, name=name).bits_per_note for split in splits]
        print(f"| {name} | " + " | ".join(f"{one.mean:.3f} ± {(one.high - one.low) / 2:.3f}" for one in found) + " |", flush=True)


def scheduled(recipe: Recipe, steps: int, share: float = 1.0) -> Recipe:
    """The recipe for so many steps, at a share of its rate."""
    config = recipe.training
    config = replace(config, schedule="trapezoid", steps=steps, warmup=min(50, steps // 4), valid_every=max(25, steps // 6))
    return replace(recipe, training=replace(config, learning_rate=config.learning_rate * share))


if __name__ == "__main__":
    main()
