"""`partimento demo`: the whole way once, on music that is already there: build, train, evaluate, compose."""

from __future__ import annotations

import sys
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
    style: Annotated[Path | None, Parameter(show_default=False)] = None,
    minutes: float = 1.5,
    count: int = 8,
    notes: int = 120,
    seed: int = 1,
    sources: Annotated[tuple[str, ...], Parameter(show_default=" ".join(SOURCES))] = SOURCES,
    json: Flag = False,
) -> None:
    """Shows what there is: pieces by the house model, then the whole way once from scores to a model and new music, in minutes.

    The house model writes four pieces and completes a tune. The whole way begins with Bach's chorales and a book of fiddle
    tunes, which are already there. At last the house model can take on the style of your own pieces, in five minutes.

    Examples:
      partimento demo
      partimento demo --style my-pieces
      partimento demo --out try --minutes 10

    With --json: house (of each piece asked, files, notes, bits_per_note, originality;
    null where this copy has no weights), build, train, rows (each with the keys of
    evaluate), files, rolls, style (the keys of train, or null), seconds.

    Parameters
    ----------
    out
        The folder for all of it.
    style
        A folder of your own scores, for five minutes of their style at the end; without it you are asked, on a terminal.
    minutes
        The time for the training from nothing.
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
    from partimento.formats.sources import list_items

    screen = Screen(json)
    for option, value in (("--minutes", minutes), ("--count", count), ("--notes", notes)):
        positive(option, value)
    not_negative("--seed", seed)
    if out.is_file():
        raise InvalidOption(f"--out {out}: a file is in the way")
    check_parents("--out", out)
    corpus = out / "corpus"
    list_items(sources)  # refused before anything is written
    house = _house(screen, out, seed)
    built = _build(screen, sources, corpus)
    trained = _train(screen, corpus, out / "run", minutes)
    rows = _evaluate(screen, corpus, trained.path)
    files, rolls = _compose(screen, trained.path, out, count, notes, seed)
    screen.say(f"\nAll of it took {duration(screen.seconds)} and is in {short(out)}/.")
    styled = _style(screen, style, out) if house is not None else None
    screen.say("Now your own music:")
    screen.say("  partimento train FOLDER --out mine --minutes 5   # the house model takes on its style")
    screen.say("  partimento compose mine --notes 200 -o new.mid")
    screen.say("  partimento build FOLDER --out corpus             # or a model of your own, from nothing")
    screen.say("  partimento train corpus --from nothing --out run")
    screen.say("  partimento evaluate run corpus")
    music = {"files": [str(file) for file in files], "rolls": [str(file) for file in rolls]}
    told = {"house": house, "build": built, "train": trained.to_json(), "rows": rows} | music
    screen.result(told | {"style": styled, "seconds": screen.seconds})


def _house(screen: Screen, out: Path, seed: int) -> list[dict[str, Any]] | None:
    """What the house model writes; None, said in one line, where this copy has no weights."""
    from partimento.cli.demo_house import perform
    from partimento.models.shipped import HOUSE, SHIPPED

    if SHIPPED[HOUSE].is_there:
        return perform(screen, out / HOUSE, seed)
    screen.say("This copy comes without the weights of the house model (a release has them); so only a model from nothing:\n")
    return None


def _style(screen: Screen, style: Path | None, out: Path) -> dict[str, Any] | None:
    """Five minutes of style with the scores of a folder: of `style`, or of the one that is named when asked, on a terminal."""
    from partimento.cli.train import learn

    if style is None and not screen.as_json and sys.stdin.isatty() and sys.stdout.isatty():
        screen.say("\nFive minutes of style: a folder of your own scores (10 or more), or just Enter to end here.")
        style = Path(named) if (named := input("> ").strip()) else None
    if style is None:
        return None
    trained = learn(screen, style, None, out=out / "style", minutes=5)
    screen.say(f"   {trained}, in {duration(trained.result.seconds)}")
    return trained.to_json()


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
