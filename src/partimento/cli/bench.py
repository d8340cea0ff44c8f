"""`partimento bench`: the published benchmarks, exactly as they are defined, with any recipe or model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.bench_judge import bench_judge
from partimento.cli.bench_notation import bench_notation
from partimento.cli.screen import Flag, Screen, counted, duration, positive, short
from partimento.errors import InvalidOption, UnknownName

if TYPE_CHECKING:
    from partimento.benchmarks.protocol import Benchmark, Figures
    from partimento.models.checkpoint import Checkpoint
    from partimento.models.config import Recipe

SPLITS = ("valid", "test")
PROTOCOLS = {"jsb": "lstm_slots", "frames": "lstm_frames"}  # and the recipes that are trained by default
INDEPENDENT = "gru_rolls"  # on row A of frames


def bench(
    protocol: str,
    data: Path,
    corpus: Path | None = None,
    *,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    recipe: str | None = None,
    dataset: Annotated[str, Parameter(name="--set")] = "jsb_chorales",
    row: str = "B",
    model: Annotated[tuple[Path, ...], Parameter(show_default=False)] = (),
    depth: int | None = None,
    seeds: int = 3,
    minutes: float | None = None,
    steps: int | None = None,
    threads: int = 0,
    split: str = "test",
    only: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    every: int = 1,
    workers: int = 1,
    excerpts: int = 400,
    bars: int = 8,
    seed: int = 0,
    json: Flag = False,
) -> None:
    """Trains on a published data set and scores its valid and test splits; or measures notation, or asks a judge.

    jsb: the JSB chorales in sixteenths, nats per note (one voice in one sixteenth, 47
    symbols). DATA is Jsb16thSeparated.json, or the zip that holds it. The split is the
    published one; training is chosen on valid, and test is scored once a seed.

    frames: four sets of piano rolls, nats a frame. DATA is the JSON file of one set, or
    the zip that holds them. --row A has keys that are independent within a frame, --row B
    the exact chain rule.

    notation: what the page is made by, against scores that state it: spelling, key
    signatures, hands, voices, meters, note values, chord symbols. DATA is a folder or zip
    of MusicXML, Humdrum, or MIDI. Nothing is trained.

    judge: whether boosted trees can tell a model's excerpts from human ones (LightGBM,
    the extra chorale). DATA is a model, whose pieces are composed, or a folder of pieces;
    CORPUS has the human ones. 0.5: they cannot.

    Examples:
      partimento bench jsb jsb-chorales.zip --out jsb
      partimento bench jsb jsb-chorales.zip --out record --recipe memory_slots
      partimento bench jsb jsb-chorales.zip --out gru --recipe gru_voices --seeds 1 --minutes 20
      partimento bench jsb jsb-chorales.zip --model jsb/seed-0
      partimento bench notation openscore-lieder.zip --every 5 --only spelling
      partimento bench judge run corpus --bars 16
      partimento bench frames rolls.zip --set nottingham --out nottingham

    With --json: protocol, sha256 of the data, unit, baseline, runs (recipe, seed,
    checkpoint, parameters, steps, seconds, valid and test, each with micro,
    piece_mean, interval, pieces, units), mean of the runs (valid, test), together
    (several runs as one predictor, the mean of their probabilities: valid, test),
    seconds. Of notation: protocol, split, scores, refused, tasks (task, unit, pieces,
    works, figures, worst, seconds, failed, published), seconds. Of judge: protocol, split,
    encoding, bars, seed, excerpts and pieces (human, made), area and floor (mean, low,
    high), tells (name, gain, human, made, area), kept (folder or null), seconds.

    Parameters
    ----------
    protocol
        jsb, frames, notation or judge.
    data
        The file of the data set; of judge, a model, or pieces that are composed already.
    corpus
        Of judge: the corpus with the human pieces.
    out
        The folder of the runs, one for each seed; started again, it goes on where it was.
    recipe
        What to train; its encoding becomes the protocol's, and nothing but notes is given to it. By default
        lstm_slots, lstm_frames, or gru_rolls for row A.
    dataset
        Of frames: jsb_chorales, nottingham, musedata or piano_midi_de.
    row
        Of frames: A or B.
    model
        Score these trained models instead; may be given several times.
    depth
        The size of the recipe.
    seeds
        How many runs.
    minutes
        Stop each run after this time at the latest.
    steps
        Stop each run after this many steps at the latest.
    threads
        Threads of torch; 0 takes one for each core.
    split
        Of notation: train, valid, test or all, by work. Of judge: that of the human pieces.
    only
        Of notation: these tasks alone, of spelling, signature, hands, voices, parts, bars, values, chords.
    every
        Of notation: every so many of the scores.
    workers
        Of notation: processes that read.
    excerpts
        Of judge: how many of each side, at most two from a piece.
    bars
        Of judge: their length.
    seed
        Of judge: of composing, and of what is drawn.
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    if protocol == "notation":
        bench_notation(screen, data, split=split, only=only, every=every, workers=workers)
        return
    if protocol == "judge":
        bench_judge(screen, data, corpus, excerpts=excerpts, bars=bars, seed=seed, split=split)
        return
    if protocol not in PROTOCOLS:
        raise UnknownName("protocol", protocol, (*PROTOCOLS, "notation", "judge"))
    for option, value in (("--seeds", seeds), ("--minutes", minutes), ("--steps", steps)):
        if value is not None:
            positive(option, value)
    if out is None and not model:
        raise InvalidOption("--out is missing: the folder for the runs; or give a trained --model")
    from partimento.benchmarks import jsb as chorales
    from partimento.benchmarks import pianorolls
    from partimento.models.checkpoint import Checkpoint
    from partimento.models.recipes import recipe as named
    from partimento.models.threads import thread_count

    chosen = named(recipe or (INDEPENDENT if (protocol, row) == ("frames", "A") else PROTOCOLS[protocol]), depth)
    benchmark = chorales.benchmark(data) if protocol == "jsb" else pianorolls.benchmark(data, dataset, row)
    screen.say(f"   {short(data)}: sha256 {benchmark.sha256}")
    if model:
        checkpoints = [Checkpoint.load(path) for path in model]
    else:
        assert out is not None
        chosen = benchmark.allowed(chosen)
        checkpoints = [
            _trained(screen, _seeded(chosen, seed), benchmark, out / f"seed-{seed}", threads, minutes, steps)
            for seed in range(seeds)
        ]
    with thread_count(threads):
        runs = [(checkpoint, _scored([checkpoint], benchmark)) for checkpoint in checkpoints]
        together = _scored(checkpoints, benchmark) if len(checkpoints) > 1 else None
    _show(screen, runs, together, benchmark)
    mean = {name: sum(found[name].micro for _, found in runs) / len(runs) for name in SPLITS}
    told = [_told(checkpoint) | {name: found[name].to_json() for name in SPLITS} for checkpoint, found in runs]
    screen.result(
        {
            "protocol": benchmark.name,
            "sha256": benchmark.sha256,
            "unit": benchmark.unit,
            "baseline": {name: benchmark.baselines[name].to_json() for name in SPLITS},
            "runs": told,
            "mean": mean,
            "together": None if together is None else {name: together[name].to_json() for name in SPLITS},
            "seconds": screen.seconds,
        }
    )


def _seeded(recipe: Recipe, seed: int) -> Recipe:
    return replace(recipe, training=replace(recipe.training, seed=seed))


def _trained(
    screen: Screen, recipe: Recipe, benchmark: Benchmark, out: Path, threads: int, minutes: float | None, steps: int | None
) -> Checkpoint:
    from partimento.cli.train import stepping
    from partimento.models.checkpoint import Checkpoint
    from partimento.training.plan import plan as make_plan
    from partimento.training.train import train as run_training

    with screen.progress() as on_progress:
        plan = make_plan(recipe, benchmark.encoded, threads=threads, on_progress=on_progress)
    screen.say(
        f"   {recipe.name}, seed {recipe.training.seed}: {counted(plan.parameters, 'parameter')}, "
        f"about {duration(plan.epoch_seconds)} an epoch"
    )
    with screen.progress() as on_progress:
        result = run_training(
            recipe,
            benchmark.encoded,
            out,
            metadata={"benchmark": benchmark.name, "data": benchmark.sha256, "licences": [f"benchmark data: {benchmark.name}"]},
            threads=threads,
            on_step=stepping(screen, on_progress, [plan.steps]),
            budget_seconds=None if minutes is None else 60 * minutes,
            max_steps=steps,
            on_progress=on_progress,
        )
    return Checkpoint.load(result.path)


def _scored(checkpoints: list[Checkpoint], benchmark: Benchmark) -> dict[str, Figures]:
    """The protocol's figures of valid and test, of several models as one. Raises `InvalidOption` for a model of another encoding,
    or that is told more."""
    for checkpoint in checkpoints:
        if checkpoint.recipe != benchmark.allowed(checkpoint.recipe):
            raise InvalidOption(f"{checkpoint.path}: not trained for this protocol; train it with partimento bench")
    predictors = [checkpoint.predictor() for checkpoint in checkpoints]
    return {name: benchmark.figures(predictors, name) for name in SPLITS}


def _told(checkpoint: Checkpoint) -> dict[str, Any]:
    training = checkpoint.metadata["training"]
    return {
        "recipe": checkpoint.recipe.name,
        "seed": checkpoint.recipe.training.seed,
        "checkpoint": str(checkpoint.path),
        "parameters": checkpoint.parameter_count,
        "steps": training["best_step"],
        "seconds": round(float(training["seconds"]), 3),
    }


def _show(
    screen: Screen, runs: list[tuple[Checkpoint, dict[str, Figures]]], together: dict[str, Figures] | None, benchmark: Benchmark
) -> None:
    """A row for each run with its intervals over pieces, then all as one, the baseline, and what a reader must know."""
    beside = list(next(iter(benchmark.baselines.values())).beside)
    heads = [f"{split}{', ' + name.replace('_', ' ') if name else ''}" for split in SPLITS for name in ("", "piece mean", *beside)]
    rows = [[benchmark.unit, *heads]]
    named = [(f"{checkpoint.recipe.name}, seed {checkpoint.recipe.training.seed}", found) for checkpoint, found in runs]
    as_one = [] if together is None else [("all as one predictor", together)]
    for name, found in [*named, *as_one, (benchmark.baseline, benchmark.baselines)]:
        cells = [name]
        for split in SPLITS:
            one, interval = found[split], found[split].interval()
            cells.append(f"{one.micro:.4f} ± {(interval.high - interval.low) / 2:.4f}")
            cells += [f"{value:.4f}" for value in (one.piece_mean, *one.beside.values())]
        rows.append(cells)
    if len(runs) > 1:
        mean = {split: sum(found[split].micro for _, found in runs) / len(runs) for split in SPLITS}
        blank = [""] * (len(heads) // 2 - 1)
        rows.append(["mean of the seeds", f"{mean['valid']:.4f}", *blank, f"{mean['test']:.4f}", *blank])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    screen.say()
    for row in rows:
        screen.say(
            "  ".join(
                cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )
    screen.say("\n± is half of the 95% bootstrap interval over pieces.")
    if together is not None:
        screen.say("All as one predictor: the mean of their probabilities.")
    if any(getattr(checkpoint.recipe.model, "memory", False) for checkpoint, _ in runs):
        screen.say("Models with a memory look things up in the training pieces, which published ones do not.")
    for caveat in benchmark.caveats:
        screen.say(caveat)
