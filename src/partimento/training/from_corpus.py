"""A corpus becomes a model in a folder: its recipe, what the checkpoint says of its data, and the human reference beside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from partimento import encodings
from partimento.analysis.human_reference import make_reference
from partimento.corpus import Corpus, Encoded
from partimento.corpus.from_sources import build
from partimento.corpus.store import MANIFEST
from partimento.encodings.conditions import Conditions
from partimento.errors import CorpusError, InvalidOption, TrainingDiverged
from partimento.files import check_parents, named_path
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import Recipe
from partimento.models.recipes import recipe as named
from partimento.models.whereabouts import note_corpus
from partimento.progress import OnProgress, silent
from partimento.training.plan import Plan
from partimento.training.plan import plan as make_plan
from partimento.training.process import is_first
from partimento.training.style import Start, adapted, begun_from
from partimento.training.train import Progress, TrainResult
from partimento.training.train import train as run_training

DEFAULT_RECIPE, WITHOUT_TASKS = "transformer_tasks", "transformer_notes"  # the second for encodings that complete no tasks
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
    start: Start = None,
    adapt: str = "all",
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

    `corpus` may be a folder of scores, which becomes a corpus in `out` first. Without a recipe, an encoding or a size training goes
    on from the house model; with `start` from that one, a model or its path or name; with "nothing" from none. It is then by that
    model's recipe, as few pieces want it: `adapt` says whether "few" of the weights may move, or "all" (`style.py`).

    `recipe` is a name (`partimento train --help` lists them; `transformer_tasks` where a model begins from nothing and none is
    named) or a `Recipe`; the arguments after it change it: another `encoding`, the dial `depth`, or `width`, `layers`, `dropout`,
    `learning_rate`, `schedule`, `batch` and `seed` one by one, and `weights`: sets of pieces (the first folder of their names, or
    genres) with their shares of what is learned.
    `only` keeps to pieces such as "genre=folk". `minutes`, `steps` and `epochs` are the most it takes. `split_method`
    "windows" leaks, as published figures often do. `threads`: 0 leaves torch's choice; the same number gives the same weights.

    `on_plan(recipe, plan)` is called before the first step, with what an epoch will take; `on_step` with where the
    training stands; `on_progress` with other work that takes long.

    Raises `CorpusError`, `UnknownName`, `InvalidOption`, `CheckpointError` where the folder holds another training,
    `TrainingDiverged`, `WriteFailed`, and `KeyboardInterrupt` on SIGTERM and SIGINT.
    """
    corpus = _opened(corpus, Path(out), on_progress)
    begun = begun_from(start, fresh=any(one is not None for one in (recipe, encoding, depth, width, layers)))
    model = {"width": width, "layers": layers, "dropout": dropout}
    training: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate, "batch": batch, "seed": seed}
    if weights is not None:
        training["weights"] = ", ".join(f"{name}={share}" for name, share in weights.items())
    training |= {} if schedule is None else {"schedule": schedule, "steps": steps or 0}
    for name, value in (("minutes", minutes), ("steps", steps)):
        if value is not None and not value > 0:
            raise InvalidOption(f"{value} is not more than 0", option=name)
    chosen = _chosen(recipe, begun, depth, encoding, adapt)
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
            metadata=metadata_of(corpus, encoded, only, begun),
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


def _opened(corpus: Corpus | str | os.PathLike[str], out: Path, on_progress: OnProgress) -> Corpus:
    """The corpus itself, or that of a folder of scores, which is made in the folder of the run. Raises `CorpusError`."""
    if isinstance(corpus, Corpus):
        return corpus
    place = named_path(corpus)
    is_music = place.is_file() or (place.is_dir() and not (place / MANIFEST).exists() and not any(place.glob("*.parquet")))
    if not is_music:
        return Corpus.open(place)
    try:
        return build(place, out=out / "corpus", on_progress=on_progress)
    except CorpusError as error:
        with contextlib.suppress(OSError):  # it was not there before, or holds something
            out.rmdir()
        raise CorpusError(f"{place}: no corpus, and none can be made of it: {error}") from None


def _chosen(recipe: str | Recipe | None, begun: Checkpoint | None, depth: int | None, encoding: str | None, adapt: str) -> Recipe:
    """The recipe that is named, or that of the model to go on from, as `adapted`."""
    if begun is None:
        default = WITHOUT_TASKS if encoding and not encodings.make(encoding).completes_tasks else DEFAULT_RECIPE
        return recipe if isinstance(recipe, Recipe) else named(recipe or default, depth)
    if clashing := [name for name, value in (("recipe", recipe), ("depth", depth), ("encoding", encoding)) if value]:
        raise InvalidOption("a model to go on from brings its own; leave one of them out", option=clashing[0])
    return adapted(begun.recipe, adapt)


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


def metadata_of(corpus: Corpus, encoded: Encoded, only: Sequence[str] = (), begun: Checkpoint | None = None) -> dict[str, Any]:
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
