"""How well models predict the held-out pieces of a corpus, beside the baselines: rows, what sets them apart, and a table.

A model that has seen what is scored is refused, or warned of, here.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from partimento.corpus import SPLIT_METHODS, SPLITS, Corpus, Split
from partimento.corpus.store import MANIFEST
from partimento.encodings import Events
from partimento.errors import InvalidOption, UnknownName
from partimento.likelihood import bits_per_note
from partimento.likelihood.bits_per_note import Difference, Row
from partimento.likelihood.table import markdown_table, text_table
from partimento.models.baselines import BASELINES, fit
from partimento.models.checkpoint import Checkpoint
from partimento.models.shipped import model_file, place_of
from partimento.models.threads import thread_count
from partimento.models.whereabouts import corpus_of
from partimento.progress import OnProgress, silent

log = logging.getLogger(__name__)
ModelOrPath = Checkpoint | str | os.PathLike[str]


@dataclass(frozen=True)
class Evaluation:
    """Models and baselines scored on the same pieces of a corpus. Printed, it is a table; a notebook shows it as one.

    `rows` hold those of the `models` first (one for each context), then those of the baselines. `same_corpus` says of each row of
    a model whether it was trained on this very corpus. `seconds` is the time all of it took.
    """

    rows: tuple[Row, ...]
    same_corpus: tuple[bool, ...]
    corpus: Path
    seconds: float

    @property
    def models(self) -> tuple[Row, ...]:
        """The rows of models, without the baselines."""
        return self.rows[: len(self.same_corpus)]

    @property
    def bits_per_note(self) -> float:
        """That of the first row; less is better."""
        return self.rows[0].bits_per_note.mean

    def differences(self) -> list[Difference]:
        """Each row but the first less the first, paired by piece. Raises `InvalidOption` where they scored other pieces."""
        return bits_per_note.compare(self.rows)

    def to_json(self) -> list[dict[str, Any]]:
        """The stable keys of each row, and of those of models `same_corpus`."""
        same = [{"same_corpus": one} for one in self.same_corpus] + [{}] * (len(self.rows) - len(self.same_corpus))
        return [row.to_json() | more for row, more in zip(self.rows, same, strict=True)]

    def __str__(self) -> str:
        return text_table(self.rows)

    def _repr_markdown_(self) -> str:
        return markdown_table(self.rows)


def evaluate(
    model: ModelOrPath | None = None,
    corpus: Corpus | str | os.PathLike[str] | None = None,
    *,
    split: str = "test",
    split_method: str | None = None,
    context: int | None = None,
    only: str | Sequence[str] = (),
    conditions: bool = False,
    baselines: bool = True,
    threads: int = 0,
    on_progress: OnProgress = silent,
) -> Evaluation:
    """Scores the house model, another one, or the run in a folder, on a split of a corpus: bits per note and accuracy, with
    intervals.

    ```python
    print(partimento.evaluate("run", "corpus"))
    ```

    As `compare` with one model and one context.
    """
    model = model_file() if model is None else model
    contexts = () if context is None else (context,)
    more: dict[str, Any] = {"only": only, "conditions": conditions, "baselines": baselines, "threads": threads}
    return compare(model, corpus=corpus, split=split, split_method=split_method, context=contexts, on_progress=on_progress, **more)


def compare(
    *models: ModelOrPath,
    corpus: Corpus | str | os.PathLike[str] | None = None,
    split: str = "test",
    split_method: str | None = None,
    context: int | Sequence[int] = (),
    only: str | Sequence[str] = (),
    conditions: bool = False,
    baselines: bool = True,
    threads: int = 0,
    on_progress: OnProgress = silent,
) -> Evaluation:
    """Scores several models, or runs by their folders, on the same pieces, the four baselines beside them.

    ```python
    both = partimento.compare("pair", "joint", corpus="corpus")
    print(both)
    for one in both.differences():
        print(one.name, one.bits_per_note.mean)
    ```

    `corpus` is by default the one that the first run was trained on. `split` is train, valid or test; `split_method`, by default
    what the first model was trained with, works or windows (which leaks). `context` limits each prediction to so many events
    before it (0: all); several give a row each. `only` keeps to pieces such as "genre=folk". With `conditions` models are given
    composer, genre, key and so on of each piece.

    A model that was trained with windows is not scored by works: it has seen what would be scored. A model that was trained on
    another corpus is warned of. Raises `InvalidOption`, `UnknownName`, `CheckpointError` and `CorpusError`.
    """
    started = time.monotonic()
    if not models:
        raise InvalidOption("there is nothing to compare; name at least one run")
    for one in models:
        if not isinstance(one, Checkpoint) and (Path(one) / MANIFEST).is_file():
            raise InvalidOption(f"{os.fspath(one)} is a corpus, not a run; give it as the corpus (--corpus), and runs to be scored")
    for kind, value, known in (("split", split, SPLITS), ("split method", split_method or SPLIT_METHODS[0], SPLIT_METHODS)):
        if value not in known:
            raise UnknownName(kind, value, known)
    sizes = [context] if isinstance(context, int) else list(context)
    if wrong := [size for size in sizes if size < 0]:
        raise InvalidOption(f"{wrong[0]} is below 0, which means all earlier events", option="context")
    if not isinstance(corpus, Corpus):
        first = models[0].path if isinstance(models[0], Checkpoint) else place_of(models[0])
        corpus = Corpus.open(corpus_of(first) if corpus is None else os.fspath(corpus))
    opened = corpus
    checkpoints = [one if isinstance(one, Checkpoint) else Checkpoint.load(one) for one in models]
    method = split_method or split_method_of(checkpoints[0])
    chosen = [only] if isinstance(only, str) else list(only)

    def scored(key: str) -> Split:
        encoded = opened.encoded(key)
        return (encoded.only(opened.matching(chosen)) if chosen else encoded).split(split, method)

    rows, same = [], []
    with thread_count(threads):
        for checkpoint in checkpoints:
            refuse_leaks(checkpoint, method)
            is_same = _is_same_corpus(checkpoint, opened)
            held_out = scored(checkpoint.encoding.key)
            predictor = checkpoint.predictor(_conditions(opened, checkpoint)[held_out.pieces] if conditions else None)
            name = _name_of(checkpoint, len(checkpoints))
            for size in [one or None for one in sizes] or [None]:
                stage = _stage(on_progress, name if size is None else f"{name}, context {size}")
                rows.append(bits_per_note.evaluate(predictor, held_out, context=size, name=name, on_progress=stage))
                same.append(is_same)
        for name in BASELINES if baselines else ():
            encoded = opened.encoded(checkpoints[0].encoding.key)
            fitted = fit(name, encoded.encoding.fields, _targeted(encoded.split("train", method)))
            held_out = scored(checkpoints[0].encoding.key)
            rows.append(bits_per_note.evaluate(fitted, held_out, name=name, on_progress=_stage(on_progress, name)))
    return Evaluation(tuple(rows), tuple(same), opened.folder, round(time.monotonic() - started, 3))


def split_method_of(checkpoint: Checkpoint) -> str:
    """The split method that a model was trained with; older ones call it split."""
    training = checkpoint.metadata.get("training", {})
    return str(training.get("split_method", training.get("split", "works")))


def refuse_leaks(checkpoint: Checkpoint, split_method: str) -> None:
    """Raises `InvalidOption` where a row that says `works` would not be honest; warns where one that leaks is asked for."""
    trained = split_method_of(checkpoint)
    if split_method == trained:
        return
    seen = (
        f"{checkpoint.path} was trained with the split method {trained}, so it has seen much of what the split method "
        f"{split_method} scores"
    )
    if split_method == "works":
        raise InvalidOption(f"{seen}; train it with --split-method works, or score it with --split-method {trained}")
    log.warning("%s; train it with --split-method %s to repeat what others report", seen, split_method)


def _is_same_corpus(checkpoint: Checkpoint, corpus: Corpus) -> bool:
    if checkpoint.metadata.get("fingerprint") == corpus.fingerprint:
        return True
    log.warning(
        "%s was trained on another corpus; if pieces of this one were in it, these scores are too good", checkpoint.path.parent
    )
    return False


def _conditions(corpus: Corpus, checkpoint: Checkpoint) -> npt.NDArray[Any]:
    """The conditions of every piece of the corpus, in the model's words."""
    if checkpoint.vocabulary is None:
        raise InvalidOption(f"{checkpoint.path} knows no conditions; leave them out, or train a recipe that does")
    return corpus.conditions(checkpoint.vocabulary)


def _targeted(split: Split) -> Iterator[tuple[Events, npt.NDArray[Any]]]:
    return ((split.encoded.piece(number), split.targets(number)) for number in split.pieces.tolist())


def _name_of(checkpoint: Checkpoint, models: int) -> str:
    """The recipe's name, with the run's where several share it."""
    return checkpoint.recipe.name if models == 1 else f"{checkpoint.recipe.name} ({checkpoint.path.parent.resolve().name})"


def _stage(on_progress: OnProgress, stage: str) -> Callable[[int, int], None]:
    return lambda done, total: on_progress(stage, done, total)
