"""`partimento evaluate` and `partimento compare`: how well models predict held-out music, beside the baselines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partimento.cli.music import MANIFEST
from partimento.cli.screen import Flag, Problem, Screen, duration, positive, typed

if TYPE_CHECKING:
    from partimento.likelihood.of_corpus import Evaluation


def evaluate(
    model: Path | None = None,
    corpus: Path | None = None,
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
    """Scores a model on the test split of a corpus: bits per note, accuracy and nats for each field, with intervals.

    Examples:
      partimento evaluate run corpus
      partimento evaluate corpus
      partimento evaluate run corpus --context 32
      partimento evaluate run corpus --split valid --no-baselines

    With --json, of the model: name, split_method, leaks, split, context, pieces, notes,
    bits_per_note (mean, low, high), accuracy and nats (field to the same
    three), encoding, keeps, drops, same_corpus, seconds; and baselines, a list
    of the same.

    Parameters
    ----------
    model
        A run, a checkpoint, or the name of a model that comes with the package; the house model where a corpus comes first.
    corpus
        A folder that partimento build made; by default the one that the run was trained on.
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
    from partimento.likelihood.of_corpus import evaluate as score

    screen = Screen(json)
    if context is not None:
        positive("--context", context)
    if model is None:
        raise Problem("evaluate: CORPUS is missing; see partimento evaluate --help")
    if corpus is None and (model / MANIFEST).is_file():
        model, corpus = None, model
    with screen.progress() as on_progress:
        found = score(
            model,
            corpus,
            split=split,
            split_method=split_method,
            context=context,
            only=only,
            conditions=conditions,
            baselines=baselines,
            threads=threads,
            on_progress=on_progress,
        )
    _show(screen, found)
    if split_method in (None, "works") and not found.rows[0].leaks:
        screen.say(f"\nNext: {typed('partimento', 'compose', *([model] if model else []), '--notes', '200', '-o', 'new.mid')}")
    first, *rest = found.to_json()
    screen.result(first | {"seconds": screen.seconds, "baselines": rest})


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
    from partimento.likelihood.of_corpus import compare as score

    screen = Screen(json)
    with screen.progress() as on_progress:
        found = score(
            *runs,
            corpus=corpus,
            split=split,
            split_method=split_method,
            context=context,
            only=only,
            conditions=conditions,
            baselines=baselines,
            threads=threads,
            on_progress=on_progress,
        )
    _show(screen, found, markdown)
    differences = found.differences()
    for one in differences[: len(found.models) - 1]:
        gap = one.bits_per_note
        screen.say(f"{one.name} less {one.than}: {gap.mean:+.3f} bits per note (95%: {gap.low:+.3f} to {gap.high:+.3f})")
    screen.result(
        {
            "rows": found.to_json(),
            "differences": [one.to_json() for one in differences],
            "corpus": str(found.corpus),
            "seconds": screen.seconds,
        }
    )


def _show(screen: Screen, found: Evaluation, markdown: bool = False) -> None:
    from partimento.likelihood.table import markdown_table

    screen.say(markdown_table(found.rows) if markdown else str(found))
    screen.say(f"Scored in {duration(screen.seconds)}.")
