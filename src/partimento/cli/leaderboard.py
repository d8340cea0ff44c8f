"""`partimento leaderboard`: many recipes on one corpus under one budget, and one table of what they are worth and cost."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.screen import Flag, Screen, positive, short, typed
from partimento.cli.train import learn
from partimento.errors import InvalidOption

if TYPE_CHECKING:
    from partimento.likelihood.leaderboard import Entry
    from partimento.models.checkpoint import Checkpoint
    from partimento.models.config import Recipe

RECIPES = ("seed_pair", "lstm_notes", "transformer_notes")
PLAYED = 40  # notes composed to measure the speed


def leaderboard(
    corpus: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    recipe: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    run: Annotated[tuple[Path, ...], Parameter(show_default=False)] = (),
    minutes: float = 10.0,
    split: str = "test",
    baselines: Annotated[bool, Parameter(negative="--no-baselines", show_default=False)] = True,
    threads: int = 0,
    markdown: Flag = False,
    json: Flag = False,
) -> None:
    """Trains several recipes on one corpus, each for the same time, and prints one table: bits per note and per second of
    music, accuracy, parameters, training time and playing speed, the baselines of each encoding among them.

    Trainings that are finished are taken as they are. OUT/leaderboard.png shows quality against cost.

    Examples:
      partimento leaderboard corpus --out board --minutes 10
      partimento leaderboard corpus --out board --recipe seed_pair --recipe lstm_notes@notes:profile=score
      partimento leaderboard corpus --out board --run pair --run joint

    With --json: rows (each with the keys of evaluate, and bits_per_second,
    parameters, seconds, notes_per_second), plot, seconds.

    Parameters
    ----------
    corpus
        A folder that partimento build made.
    out
        The folder of the trainings and the plot.
    recipe
        A recipe, or RECIPE@ENCODING; may be given several times. By default seed_pair, lstm_notes and
        transformer_notes.
    run
        A finished run, instead of recipes; may be given several times.
    minutes
        The budget of each training.
    split
        train, valid or test.
    baselines
        Score the four baselines in each encoding as well.
    threads
        Threads of torch; 0 takes one for each core.
    markdown
        Print the table as Markdown.
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    positive("--minutes", minutes)
    if recipe and run:
        raise InvalidOption("--recipe trains and --run takes what is trained; give one of them")
    from partimento.corpus import Corpus
    from partimento.likelihood.leaderboard import plot, table

    opened = Corpus.open(corpus)
    chosen = [_recipe(one) for one in recipe or (() if run else RECIPES)]
    places = list(run)
    for one in chosen:
        places.append(out / f"{one.name}-{one.encoding.replace(':', '-').replace(',', '-').replace('=', '-')}")
        learn(screen, corpus, one, out=places[-1], threads=threads, minutes=minutes)
    entries: list[Entry] = []
    for key, group in _by_encoding(places).items():
        screen.say(f"   scoring on {split}: {key}")
        entries += _entries(screen, group, opened, split, baselines, threads)
    picture = out / "leaderboard.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    plot(entries, picture)
    screen.say("\n" + table(entries, markdown))
    screen.say(
        f"\nThe plot: {short(picture)}\nNext: {typed('partimento', 'compose', places[0], '--notes', '200', '-o', 'new.mid')}"
    )
    screen.result({"rows": [entry.to_json() for entry in entries], "plot": str(picture), "seconds": screen.seconds})


def _recipe(text: str) -> Recipe:
    from partimento.models.recipes import recipe as named

    name, _, encoding = text.partition("@")
    chosen = named(name)
    return replace(chosen, encoding=encoding or chosen.encoding)


def _by_encoding(places: list[Path]) -> dict[str, list[Path]]:
    from partimento.models.checkpoint import Checkpoint

    groups: dict[str, list[Path]] = {}
    for place in places:
        groups.setdefault(Checkpoint.load(place).encoding.key, []).append(place)
    return groups


def _entries(screen: Screen, places: list[Path], corpus: Any, split: str, baselines: bool, threads: int) -> list[Entry]:
    """Of runs of one encoding, then of its baselines."""
    import numpy as np

    from partimento.likelihood.leaderboard import Entry, per_second
    from partimento.likelihood.of_corpus import compare
    from partimento.models.checkpoint import Checkpoint

    seconds = np.array([row.seconds for row in corpus.rows])
    with screen.progress() as on_progress:
        more: dict[str, Any] = {"baselines": baselines, "threads": threads, "on_progress": on_progress}
        found = compare(*places, corpus=corpus, split_method="works", split=split, **more)
    entries = []
    for at, row in enumerate(found.rows):
        costs: dict[str, Any] = {}
        if at < len(places):
            checkpoint = Checkpoint.load(places[at])
            trained = float(checkpoint.metadata["training"]["seconds"])
            costs = {"parameters": checkpoint.parameter_count, "seconds": trained, "notes_per_second": _speed(checkpoint)}
        entries.append(Entry(row, per_second(row, seconds), **costs))
    return entries


def _speed(checkpoint: Checkpoint) -> float:
    """New notes a second of one piece on one thread, from the first one on."""
    from partimento.composing.compose import stream
    from partimento.models.threads import thread_count

    with thread_count(1):
        notes, started = 0, 0.0
        for event in stream(checkpoint.predictor(), checkpoint.encoding, notes=PLAYED, seed=0):
            started = started or time.perf_counter()
            notes += checkpoint.encoding.notes_in(event)
        return notes / max(1e-9, time.perf_counter() - started)
