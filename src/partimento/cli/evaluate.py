"""`partimento evaluate` and `partimento compare`: how well models foretell held-out music, beside the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.places import corpus_of
from partimento.cli.screen import Flag, Problem, Screen, Tell, duration, not_negative, positive, short
from partimento.errors import InvalidOption, UnknownName

if TYPE_CHECKING:
    from partimento.corpus import Corpus, Split
    from partimento.likelihood.bits_per_note import Row
    from partimento.models.checkpoint import Checkpoint


def evaluate(
    model: Path,
    corpus: Path,
    *,
    split_method: str | None = None,
    split: str = "test",
    context: int | None = None,
    only: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    conditions: Flag = False,
    baselines: Annotated[bool, Parameter(negative="--no-baselines", show_default=False)] = True,
    threads: int = 0,
    json: Flag = False,
) -> None:
    """Scores a model on the test split of a corpus: bits a note, accuracy and nats for each field, with intervals.

    Examples:
      partimento evaluate run corpus
      partimento evaluate run corpus --context 32
      partimento evaluate run corpus --split valid --no-baselines

    With --json, of the model: name, split_method, leaks, split, context, pieces, notes,
    bits_per_note (mean, low, high), accuracy and nats (field to the same
    three), encoding, keeps, drops, same_corpus, seconds; and baselines, a list
    of the same.

    Parameters
    ----------
    model
        A run or a checkpoint.
    corpus
        A folder that partimento build made.
    split_method
        How pieces fall into splits, works or windows; by default what the model was trained with.
    split
        train, valid or test.
    context
        How many earlier notes each prediction may see; all by default.
    only
        Score these pieces alone: composer=, genre=, title= or licence= and names; may be given several times.
    conditions
        Tell each model the composer, genre, key, meter, tempo, density and length of each piece; models that know
        none are refused.
    baselines
        Score the four baselines as well.
    threads
        Threads of torch; 0 takes one for each core.
    json
        Print one JSON object for scripts.
    """
    from partimento.corpus import Corpus

    screen = Screen(json)
    if context is not None:
        positive("--context", context)
    rows, same = score_all(
        screen, [model], Corpus.open(corpus), split_method, split, [context], baselines, threads, only, conditions
    )
    _show(screen, rows)
    if split_method in (None, "works") and not rows[0].leaks:
        screen.say(f"\nNext: partimento compose {short(model)} --notes 200 -o new.mid")
    first, rest = rows[0].to_json(), [row.to_json() for row in rows[1:]]
    screen.result(first | {"same_corpus": same[0], "seconds": screen.seconds, "baselines": rest})


def compare(
    *runs: Path,
    corpus: Path | None = None,
    split_method: str | None = None,
    split: str = "test",
    context: Annotated[tuple[int, ...], Parameter(show_default=False)] = (),
    only: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    conditions: Flag = False,
    baselines: Annotated[bool, Parameter(negative="--no-baselines", show_default=False)] = True,
    threads: int = 0,
    markdown: Flag = False,
    json: Flag = False,
) -> None:
    """Scores several runs on the same pieces and prints one table, the four baselines in it.

    Examples:
      partimento compare pair joint
      partimento compare pair joint --context 32 --context 0

    With --json: rows (each with the keys of evaluate), differences (name, than,
    bits_per_note, better: the share of resamples in which it is), corpus,
    seconds.

    Parameters
    ----------
    runs
        Runs, or checkpoints.
    corpus
        The corpus to score on; by default the one that the first run was trained on.
    split_method
        How pieces fall into splits, works or windows; by default what the first model was trained with.
    split
        train, valid or test.
    context
        How many earlier notes each prediction may see, 0 for all; may be given several times.
    only
        Score these pieces alone: composer=, genre=, title= or licence= and names; may be given several times.
    conditions
        Tell each model the composer, genre, key, meter, tempo, density and length of each piece; models that know
        none are refused.
    baselines
        Score the four baselines as well.
    threads
        Threads of torch; 0 takes one for each core.
    markdown
        Print the table as Markdown.
    json
        Print one JSON object for scripts.
    """
    from partimento.corpus import Corpus
    from partimento.likelihood.bits_per_note import compare as differences

    screen = Screen(json)
    if not runs:
        raise Problem("compare: name at least one run")
    for size in context:
        not_negative("--context", size)
    place = corpus or corpus_of(runs[0])
    contexts = [size or None for size in context] or [None]
    rows, same = score_all(
        screen, list(runs), Corpus.open(place), split_method, split, contexts, baselines, threads, only, conditions
    )
    _show(screen, rows, markdown)
    paired = differences(rows)
    for one in paired[: len(runs) * len(contexts) - 1]:
        gap = one.bits_per_note
        screen.say(f"{one.name} less {one.than}: {gap.mean:+.3f} bits a note (95%: {gap.low:+.3f} to {gap.high:+.3f})")
    found = [row.to_json() | ({"same_corpus": same[at]} if at < len(same) else {}) for at, row in enumerate(rows)]
    pairs = [{"name": d.name, "than": d.than, "bits_per_note": d.bits_per_note.to_json(), "better": d.better} for d in paired]
    screen.result({"rows": found, "differences": pairs, "corpus": str(place), "seconds": screen.seconds})


def score_all(
    screen: Screen,
    models: list[Path],
    corpus: Corpus,
    split_method: str | None = None,
    split: str = "test",
    contexts: Sequence[int | None] = (None,),
    baselines: bool = True,
    threads: int = 0,
    only: Sequence[str] = (),
    conditions: bool = False,
) -> tuple[list[Row], list[bool]]:
    """A row for each model and context, then one for each baseline; and whether each model row is of this very corpus."""
    from partimento.corpus import SPLIT_METHODS, SPLITS
    from partimento.likelihood.bits_per_note import evaluate as score
    from partimento.models.baselines import BASELINES, fit
    from partimento.models.checkpoint import Checkpoint
    from partimento.training.process import thread_count

    not_negative("--threads", threads)
    for kind, value, known in (("split", split, SPLITS), ("split method", split_method or SPLIT_METHODS[0], SPLIT_METHODS)):
        if value not in known:
            raise UnknownName(kind, value, known)
    checkpoints = [Checkpoint.load(path) for path in models]
    split_method = split_method or _method_of(checkpoints[0])
    rows, same = [], []
    with screen.progress() as tell, thread_count(threads):
        for path, checkpoint in zip(models, checkpoints, strict=True):
            _check_split(screen, path, checkpoint, split_method)
            same_corpus = _is_same_corpus(screen, path, checkpoint, corpus)
            encoded = corpus.encoded(checkpoint.encoding.key)
            scored = (encoded.only(corpus.matching(only)) if only else encoded).split(split, split_method)
            predictor = checkpoint.predictor(_told(corpus, checkpoint)[scored.pieces] if conditions else None)
            name = _name_of(path, models, checkpoint)
            for context in contexts:
                rows.append(score(predictor, scored, context=context, name=name, on_progress=_bar(tell, name, context)))
                same.append(same_corpus)
        if baselines:
            encoded = corpus.encoded(checkpoints[0].encoding.key)
            for name in BASELINES:
                fitted = fit(name, encoded.encoding.fields, _targeted(encoded.split("train", split_method)))
                scored = (encoded.only(corpus.matching(only)) if only else encoded).split(split, split_method)
                rows.append(score(fitted, scored, name=name, on_progress=_bar(tell, name, None)))
    return rows, same


def _told(corpus: Corpus, checkpoint: Checkpoint) -> Any:
    """The conditions of every piece of the corpus, in the model's words."""
    if checkpoint.vocabulary is None:
        raise InvalidOption(f"{checkpoint.path} knows no conditions; leave --conditions out, or train a recipe that does")
    return corpus.conditions(checkpoint.vocabulary)


def _targeted(split: Split) -> Any:
    return ((split.encoded.piece(number), split.targets(number)) for number in split.pieces.tolist())


def _bar(tell: Tell, name: str, context: int | None) -> Any:
    label = name if context is None else f"{name}, context {context}"
    return lambda done, of: tell(label, done, of)


def _name_of(path: Path, models: list[Path], checkpoint: Checkpoint) -> str:
    """The recipe's name, with the run's where several share it."""
    run = path.name if path.is_dir() else path.parent.resolve().name
    return checkpoint.recipe.name if len(models) == 1 else f"{checkpoint.recipe.name} ({run})"


def _method_of(checkpoint: Checkpoint) -> str:
    """The split method a model was trained with; older ones call it split."""
    training = checkpoint.metadata.get("training", {})
    return str(training.get("split_method", training.get("split", "works")))


def _check_split(screen: Screen, path: Path, checkpoint: Checkpoint, split_method: str) -> None:
    trained = _method_of(checkpoint)
    if split_method == trained:
        return
    seen = f"{path} was trained with --split-method {trained}, so it has seen much of what --split-method {split_method} scores"
    if split_method == "works":  # a row that says `works` must be honest
        raise InvalidOption(f"{seen}; train it with --split-method works, or score it with --split-method {trained}")
    screen.errors.print(f"warning: {seen}; train it with --split-method {split_method} to repeat what others report", markup=False)


def _is_same_corpus(screen: Screen, path: Path, checkpoint: Checkpoint, corpus: Corpus) -> bool:
    if checkpoint.metadata.get("fingerprint") == corpus.fingerprint:
        return True
    screen.errors.print(
        f"warning: {path} was trained on another corpus; if pieces of this one were in it, these scores are too good", markup=False
    )
    return False


def _show(screen: Screen, rows: list[Row], markdown: bool = False) -> None:
    from partimento.likelihood.table import markdown_table, text_table

    screen.say(markdown_table(rows) if markdown else text_table(rows))
    screen.say(f"Scored in {duration(screen.seconds)}.")
