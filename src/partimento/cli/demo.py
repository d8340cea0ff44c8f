"""`partimento demo`: the whole way once, on music that is already there: build, train, evaluate, compose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.build import summary
from partimento.cli.screen import Flag, Screen, check_parents, counted, duration, not_negative, positive, short
from partimento.errors import InvalidOption

if TYPE_CHECKING:
    from partimento.training.from_corpus import Trained

SOURCES = ("music21:bach", "music21:ryans")


def demo(
    *,
    out: Annotated[Path, Parameter(alias="-o")] = Path("out"),
    minutes: float = 1.5,
    count: int = 8,
    notes: int = 120,
    seed: int = 1,
    sources: Annotated[tuple[str, ...], Parameter(show_default=" ".join(SOURCES))] = SOURCES,
    json: Flag = False,
) -> None:
    """Goes the whole way once: a corpus, a model, a table of scores, and new music, in a few minutes.

    It begins with Bach's chorales and a book of fiddle tunes, which are already there.

    Examples:
      partimento demo
      partimento demo --out try --minutes 10

    With --json: build, train, rows (each with the keys of evaluate), files, rolls, seconds.

    Parameters
    ----------
    out
        The folder for all of it.
    minutes
        The time for training.
    count
        How many pieces to write.
    notes
        Notes in each.
    seed
        Seed of the pieces.
    sources
        Other music to begin with.
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    for option, value in (("--minutes", minutes), ("--count", count), ("--notes", notes)):
        positive(option, value)
    not_negative("--seed", seed)
    if out.is_file():
        raise InvalidOption(f"--out {out}: a file is in the way")
    check_parents("--out", out)
    corpus = out / "corpus"
    built = _build(screen, sources, corpus)
    trained = _train(screen, corpus, out / "run", minutes)
    rows = _evaluate(screen, corpus, trained.path)
    files, rolls = _compose(screen, trained.path, out, count, notes, seed)
    screen.say(f"\nAll of it took {duration(screen.seconds)} and is in {short(out)}/.")
    screen.say("Now your own music:")
    screen.say("  partimento build FOLDER --out corpus")
    screen.say("  partimento train corpus --out run")
    screen.say("  partimento evaluate run corpus")
    screen.say("  partimento compose run --notes 200 -o new.mid")
    music = {"files": [str(file) for file in files], "rolls": [str(file) for file in rolls]}
    screen.result({"build": built, "train": trained.to_json(), "rows": rows} | music | {"seconds": screen.seconds})


def _build(screen: Screen, sources: tuple[str, ...], out: Path) -> dict[str, Any]:
    from partimento.corpus import Labels
    from partimento.corpus.build import Options, build

    start = screen.seconds
    labels = Labels.of(sets=[source.partition(":")[2] for source in sources if source.startswith("music21:")])
    screen.say(f"1. Reading {', '.join(sources)}")
    with screen.progress() as on_progress:
        corpus = build(sources, out, Options(labels=labels), on_progress)
    built = summary(corpus.report) | {"corpus": str(out), "seconds": round(screen.seconds - start, 3)}
    screen.say(
        f"   {counted(built['taken'], 'piece')}, {counted(built['notes'], 'note')}, {counted(built['works'], 'work')} "
        f"in {duration(built['seconds'])}; the report: {short(out / 'report.html')}"
    )
    return built


def _train(screen: Screen, corpus: Path, run: Path, minutes: float) -> Trained:
    from partimento.cli.train import learn

    screen.say("2. Training seed_pair, an LSTM with two inputs and two outputs")
    # a small corpus is learnt in minutes, and overlearnt soon after
    trained = learn(screen, corpus, "seed_pair", out=run, minutes=minutes, dropout=0.2)
    screen.say(f"   {trained}, in {duration(trained.result.seconds)}")
    return trained


def _evaluate(screen: Screen, corpus: Path, checkpoint: Path) -> list[dict[str, Any]]:
    from partimento.likelihood.of_corpus import evaluate

    screen.say("3. Scoring pieces it has never seen, beside the baselines\n")
    with screen.progress() as on_progress:
        found = evaluate(checkpoint, corpus, on_progress=on_progress)
    screen.say("\n".join(f"   {line}".rstrip() for line in str(found).splitlines()) + "\n")
    return [row.to_json() for row in found.rows]


def _compose(screen: Screen, checkpoint: Path, out: Path, count: int, notes: int, seed: int) -> tuple[list[Path], list[Path]]:
    from partimento.cli.compose import write_rolls
    from partimento.composing.pieces import compose

    screen.say(f"4. Writing {counted(count, 'new piece')}")
    with screen.progress() as on_progress:
        made = compose(checkpoint, notes=notes, seed=seed, count=count, on_progress=on_progress)
    files = made.write(out / "piece.mid")
    rolls = write_rolls(made, files)
    screen.say(f"   {short(files[0])} to {files[-1].name}, each with a piano roll (PNG)")
    return files, rolls
