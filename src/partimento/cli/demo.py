"""`partimento demo`: the whole way once, on music that is already there: build, train, evaluate, compose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from partimento.cli.build import summary
from partimento.cli.places import remember
from partimento.cli.screen import Flag, Screen, check_parents, counted, duration, not_negative, positive, short
from partimento.errors import InvalidOption

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
    corpus, built = _build(screen, sources, out)
    trained = _train(screen, corpus, out / "run", minutes)
    rows = _evaluate(screen, corpus, trained["checkpoint"])
    files, rolls = _compose(screen, trained["checkpoint"], out, count, notes, seed)
    screen.say(f"\nAll of it took {duration(screen.seconds)} and is in {short(out)}/.")
    screen.say("Now your own music:")
    screen.say("  partimento build FOLDER --out corpus")
    screen.say("  partimento train corpus --out run")
    screen.say("  partimento evaluate run corpus")
    screen.say("  partimento compose run --notes 200 -o new.mid")
    music = {"files": [str(file) for file in files], "rolls": [str(file) for file in rolls]}
    screen.result({"build": built, "train": trained, "rows": rows} | music | {"seconds": screen.seconds})


def _build(screen: Screen, sources: tuple[str, ...], out: Path) -> tuple[Any, dict[str, Any]]:
    from partimento.corpus import Labels, Options, build

    start = screen.seconds
    labels = Labels.of(sets=[source.partition(":")[2] for source in sources if source.startswith("music21:")])
    screen.say(f"1. Reading {', '.join(sources)}")
    with screen.progress() as tell:
        corpus = build(sources, out / "corpus", Options(labels=labels), tell)
    built = summary(corpus.report) | {"corpus": str(out / "corpus"), "seconds": round(screen.seconds - start, 3)}
    screen.say(
        f"   {counted(built['taken'], 'piece')}, {counted(built['notes'], 'note')}, {counted(built['works'], 'work')} "
        f"in {duration(built['seconds'])}; the report: {short(out / 'corpus' / 'report.html')}"
    )
    return corpus, built


def _train(screen: Screen, corpus: Any, run: Path, minutes: float) -> dict[str, Any]:
    from partimento.cli.train import learn
    from partimento.models.recipes import recipe

    screen.say("2. Training seed_pair, an LSTM with two inputs and two outputs")
    # a small corpus is learnt in minutes, and overlearnt soon after
    chosen = recipe("seed_pair")
    chosen = replace(chosen, model=chosen.model.changed(dropout=0.2))
    result = learn(screen, corpus, chosen, run, minutes=minutes)
    screen.say(
        f"   {result['valid_bits_per_note']:.3f} bits a note on valid after {result['epochs']:.1f} epochs "
        f"in {duration(result['seconds'])}"
    )
    return result


def _evaluate(screen: Screen, corpus: Any, checkpoint: str) -> list[dict[str, Any]]:
    from partimento.cli.evaluate import score_all
    from partimento.likelihood.table import text_table

    screen.say("3. Scoring pieces it has never seen, beside the baselines\n")
    rows, _ = score_all(screen, [Path(checkpoint)], corpus)
    screen.say("\n".join(f"   {line}".rstrip() for line in text_table(rows).splitlines()) + "\n")
    return [row.to_json() for row in rows]


def _compose(screen: Screen, checkpoint: str, out: Path, count: int, notes: int, seed: int) -> tuple[list[Path], list[Path]]:
    from partimento.cli.compose import write_all
    from partimento.composing.compose import compose
    from partimento.models.checkpoint import Checkpoint

    screen.say(f"4. Writing {counted(count, 'new piece')}")
    model = Checkpoint.load(checkpoint)
    remember(model.sha256, model.path)
    made = compose(model, notes=notes, seed=seed, count=count)
    files = [out / f"piece-{number}.mid" for number in range(1, count + 1)]
    rolls = write_all(made, files, roll=True)
    screen.say(f"   {short(files[0])} to {files[-1].name}, each with a piano roll (PNG)")
    return files, rolls
