"""A corpus becomes a model in a folder: its recipe, what the checkpoint says of its data, and the human reference beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from partimento.analysis.human_reference import make_reference
from partimento.corpus import Corpus, Encoded
from partimento.encodings.conditions import Conditions
from partimento.errors import InvalidOption, TrainingDiverged
from partimento.files import check_parents, named_path
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import Recipe
from partimento.models.recipes import recipe as named
from partimento.models.whereabouts import note_corpus
from partimento.progress import OnProgress, silent
from partimento.training.plan import Plan
from partimento.training.plan import plan as make_plan
from partimento.training.process import is_first
from partimento.training.train import Progress, TrainResult
from partimento.training.train import train as run_training

DEFAULT_RECIPE = "seed_pair"
FINE = 0.25  # of the rate that a model was trained with, when it goes on
WHY = {
    "plateau": "no more gain on valid",
    "schedule": "all steps of the schedule done",
    "epochs": "all epochs done",
    "steps": "all steps done",
    "budget": "time is up",
}
OnPlan = Callable[[Recipe, Plan], None]


@dataclass(frozen=True, repr=False)
class Trained:
    """A finished training: the recipe as it was followed, what had been expected, and what came of it.

    `load()` gives the model. Printed, it says how good the model is and why its training ended.
    """

    recipe: Recipe
    plan: Plan
    result: TrainResult

    @property
    def path(self) -> Path:
        """The checkpoint: weights, recipe, encoding, fingerprint and licences of the data in one file."""
        return self.result.path

    def load(self) -> Checkpoint:
        """The model, to be scored and to compose. Raises `CheckpointError` when the file is gone or damaged."""
        return Checkpoint.load(self.path)

    def to_json(self) -> dict[str, Any]:
        """Stable keys: checkpoint, recipe, steps, epochs, seconds, valid_bits_per_note, stopped, parameters, notes."""
        result = self.result
        return {
            "checkpoint": str(result.path),
            "recipe": self.recipe.name,
            "steps": result.step,
            "epochs": round(result.epoch, 3),
            "seconds": round(result.seconds, 3),
            "valid_bits_per_note": result.valid_bits,
            "stopped": result.stopped,
            "parameters": self.plan.parameters,
            "notes": self.plan.notes,
        }

    def __str__(self) -> str:
        result = self.result
        return (
            f"{self.recipe.name}: {result.valid_bits:.3f} bits per note on valid after {result.step:,} steps and "
            f"{result.epoch:.1f} epochs ({WHY.get(result.stopped, result.stopped)})"
        )

    def __repr__(self) -> str:
        return f"<Trained {self}>"


def train(
    corpus: Corpus | str | os.PathLike[str],
    recipe: str | Recipe | None = None,
    *,
    out: str | os.PathLike[str],
    start: Checkpoint | str | os.PathLike[str] | None = None,
    encoding: str | None = None,
    only: str | Sequence[str] = (),
    split_method: str = "works",
    minutes: float | None = None,
    steps: int | None = None,
    epochs: int | None = None,
    depth: int | None = None,
    width: int | None = None,
    layers: int | None = None,
    dropout: float | None = None,
    learning_rate: float | None = None,
    schedule: str | None = None,
    batch: int | None = None,
    seed: int | None = None,
    weights: Mapping[str, float] | None = None,
    threads: int = 0,
    on_plan: OnPlan | None = None,
    on_step: Callable[[Progress], None] | None = None,
    on_progress: OnProgress = silent,
) -> Trained:
    """Trains a model on a corpus, until it stops getting better on the validation split, and keeps it in the folder `out`.

    ```python
    trained = partimento.train("corpus", "lstm_notes", out="run", minutes=30)
    print(trained)
    ```

    It does what `partimento train` does, to the same weights. Called again with the same arguments after it was stopped or killed,
    it goes on where it was; a finished training is returned at once.

    `recipe` is a name (`seed_pair` by default; `partimento train --help` lists them) or a `Recipe`; the arguments after it change
    it: another `encoding`, the dial `depth`, or `width`, `layers`, `dropout`, `learning_rate`, `schedule`, `batch` and `seed` one
    by one, and `weights`: sets of pieces (the first folder of their names, or genres) with their shares of what is learned.
    With `start`, a model or the path of one, training goes on from its weights by its recipe at a quarter of its rate.
    `only` keeps to pieces such as "genre=folk". `minutes`, `steps` and `epochs` are the most it takes. `split_method`
    "windows" leaks, as published figures often do. `threads`: 0 leaves torch's choice; the same number gives the same weights.

    `on_plan(recipe, plan)` is called before the first step, with what an epoch will take; `on_step` with where the
    training stands; `on_progress` with other work that takes long.

    Raises `CorpusError`, `UnknownName`, `InvalidOption`, `CheckpointError` where the folder holds another training,
    `TrainingDiverged`, `WriteFailed`, and `KeyboardInterrupt` on SIGTERM and SIGINT.
    """
    corpus = corpus if isinstance(corpus, Corpus) else Corpus.open(os.fspath(corpus))
    begun = start if start is None or isinstance(start, Checkpoint) else Checkpoint.load(start)
    model = {"width": width, "layers": layers, "dropout": dropout}
    training: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate, "batch": batch, "seed": seed}
    if weights is not None:
        training["weights"] = ", ".join(f"{name}={share}" for name, share in weights.items())
    training |= {} if schedule is None else {"schedule": schedule, "steps": steps or 0}
    for name, value in (("minutes", minutes), ("steps", steps)):
        if value is not None and not value > 0:
            raise InvalidOption(f"{value} is not more than 0", option=name)
    chosen = _chosen(recipe, begun, depth, encoding)
    chosen = replace(
        chosen,
        encoding=encoding or chosen.encoding,
        model=chosen.model.changed(**{name: value for name, value in model.items() if value is not None}),
        training=replace(chosen.training, **{name: value for name, value in training.items() if value is not None}),
    )
    folder, only = _folder(named_path(out), corpus), [only] if isinstance(only, str) else list(only)
    encoded = corpus.encoded(chosen.encoding, _vocabulary(corpus, begun) if chosen.model.conditions else None)
    encoded = replace(encoded, sets=corpus.sets(chosen.training.shares()))
    if only:
        encoded = encoded.only(corpus.matching(only))
    plan = make_plan(chosen, encoded, split_method=split_method, threads=threads, on_progress=on_progress)
    if on_plan is not None:
        on_plan(chosen, plan)
    try:
        result = run_training(
            chosen,
            encoded,
            folder,
            split_method=split_method,
            start=begun,
            metadata=_metadata(corpus, encoded, only, begun),
            threads=threads,
            on_step=on_step,
            budget_seconds=None if minutes is None else 60 * minutes,
            max_steps=steps,
            on_progress=on_progress,
        )
    except TrainingDiverged:
        note_corpus(folder, corpus.folder)
        raise
    if is_first():
        note_corpus(folder, corpus.folder)  # not before: the folder may hold the run of another corpus
        make_reference(corpus, folder, only, on_progress)
    return Trained(chosen, plan, result)


def _chosen(recipe: str | Recipe | None, begun: Checkpoint | None, depth: int | None, encoding: str | None) -> Recipe:
    """The recipe that is named, or that of the model to go on from, slower."""
    if begun is None:
        return recipe if isinstance(recipe, Recipe) else named(recipe or DEFAULT_RECIPE, depth)
    if clashing := [name for name, value in (("recipe", recipe), ("depth", depth), ("encoding", encoding)) if value]:
        raise InvalidOption("a model to go on from brings its own; leave one of them out", option=clashing[0])
    slower = replace(begun.recipe.training, learning_rate=begun.recipe.training.learning_rate * FINE, weights="")
    return replace(begun.recipe, training=slower)


def _folder(out: Path, corpus: Corpus) -> Path:
    if out.exists() and not out.is_dir():
        raise InvalidOption(f"{out}: a file is in the way; choose another folder for the run")
    check_parents(out)
    if out.resolve() == corpus.folder.resolve():
        raise InvalidOption(f"{out}: that is the corpus; choose another folder for the run")
    return out


def _vocabulary(corpus: Corpus, begun: Checkpoint | None) -> Conditions:
    """The names that the model will know: those of the corpus, after those of the model it goes on from."""
    own = corpus.vocabulary()
    old = None if begun is None else begun.vocabulary
    return own if old is None else old.extended(own.composers, own.genres)


def _metadata(corpus: Corpus, encoded: Encoded, only: Sequence[str], begun: Checkpoint | None) -> dict[str, Any]:
    """What the checkpoint says of its data: fingerprint, licences, pieces and notes; and of `only` and of what it goes on from."""
    rows = [row for row, split in zip(corpus.rows, encoded.splits.tolist(), strict=True) if split == 0]
    before = [] if begun is None else begun.metadata.get("licences") or []
    metadata = {
        "fingerprint": corpus.fingerprint,
        "licences": sorted({row.about.licence or "not stated" for row in rows} | set(before)),
        "pieces": len(rows),
        "notes": sum(row.notes for row in rows),
    }
    if only:
        metadata["only"] = list(only)
    if begun is not None:
        metadata["from"] = {"sha256": begun.sha256, "fingerprint": begun.metadata.get("fingerprint", "")}
    return metadata
