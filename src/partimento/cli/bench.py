"""`partimento bench`: the published benchmarks, exactly as they are defined, with any recipe or model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.screen import Flag, Screen, counted, duration, positive, short
from partimento.errors import InvalidOption, UnknownName

if TYPE_CHECKING:
    from partimento.corpus import Encoded
    from partimento.evaluation.protocol import Figures
    from partimento.models.checkpoint import Checkpoint
    from partimento.models.config import Recipe

PARTS = ("valid", "test")
PROTOCOLS = ("jsb",)


def bench(
    protocol: str,
    data: Path,
    *,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    recipe: str = "lstm_slots",
    model: Annotated[tuple[Path, ...], Parameter(show_default=False)] = (),
    depth: int | None = None,
    seeds: int = 3,
    minutes: float | None = None,
    steps: int | None = None,
    threads: int = 0,
    json: Flag = False,
) -> None:
    """Trains on a published data set and scores the valid and test parts as its protocol says.

    jsb: the JSB chorales in sixteenths, nats a note (one voice in one sixteenth, 47
    symbols). DATA is Jsb16thSeparated.json, or the zip that holds it. The split is the
    published one; training is chosen on valid, and test is scored once a seed.

    Examples:
      partimento bench jsb jsb-chorales.zip --out jsb
      partimento bench jsb jsb-chorales.zip --out gru --recipe gru_voices --seeds 1 --minutes 20
      partimento bench jsb jsb-chorales.zip --model jsb/seed-0

    With --json: protocol, sha256 of the data, unit, baseline, runs (recipe, seed,
    checkpoint, parameters, steps, seconds, valid and test, each with micro,
    piece_mean, interval, pieces, units), mean of the runs (valid, test), seconds.

    Parameters
    ----------
    protocol
        jsb.
    data
        The file of the data set.
    out
        The folder of the runs, one for each seed; started again, it goes on where it was.
    recipe
        What to train; its encoding becomes the protocol's, and nothing but notes is given to it.
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
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    if protocol not in PROTOCOLS:
        raise UnknownName("protocol", protocol, PROTOCOLS)
    for option, value in (("--seeds", seeds), ("--minutes", minutes), ("--steps", steps)):
        if value is not None:
            positive(option, value)
    if out is None and not model:
        raise InvalidOption("--out is missing: the folder for the runs; or give a trained --model")
    from partimento.evaluation import chorales
    from partimento.models.checkpoint import Checkpoint
    from partimento.training.process import thread_count

    encoded, digest = chorales.read(data)
    screen.say(f"   {short(data)}: sha256 {digest}")
    held = chorales.HoldLast(chorales.pieces_of(encoded.part("train")))
    baseline = {name: chorales.figures(held.score(chorales.pieces_of(encoded.part(name))), encoded.part(name)) for name in PARTS}
    if model:
        checkpoints = [Checkpoint.load(path) for path in model]
    else:
        assert out is not None
        chosen = _recipe(recipe, depth)
        checkpoints = [
            _trained(screen, _seeded(chosen, seed), encoded, out / f"seed-{seed}", digest, threads, minutes, steps)
            for seed in range(seeds)
        ]
    with thread_count(threads):
        runs = [(checkpoint, _scored(checkpoint, encoded)) for checkpoint in checkpoints]
    _show(screen, runs, baseline)
    mean = {name: sum(found[name].micro for _, found in runs) / len(runs) for name in PARTS}
    told = [_told(checkpoint) | {name: found[name].to_json() for name in PARTS} for checkpoint, found in runs]
    screen.result(
        {
            "protocol": protocol,
            "sha256": digest,
            "unit": "nats a note",
            "baseline": {name: baseline[name].to_json() for name in PARTS},
            "runs": told,
            "mean": mean,
            "seconds": screen.seconds,
        }
    )


def _recipe(name: str, depth: int | None) -> Recipe:
    """The recipe as the protocol allows it: in its encoding, with no key, length or other label of the piece as input."""
    from partimento.models.recipes import recipe as named

    chosen = named(name, depth)
    return replace(chosen, encoding="slots", model=replace(chosen.model, conditions=False))


def _seeded(recipe: Recipe, seed: int) -> Recipe:
    return replace(recipe, training=replace(recipe.training, seed=seed))


def _trained(
    screen: Screen, recipe: Recipe, encoded: Encoded, out: Path, digest: str, threads: int, minutes: float | None, steps: int | None
) -> Checkpoint:
    from partimento.cli.train import _teller
    from partimento.models.checkpoint import Checkpoint
    from partimento.training.plan import plan as make_plan
    from partimento.training.train import train as run_training

    plan = make_plan(recipe, encoded, threads=threads)
    screen.say(
        f"   {recipe.name}, seed {recipe.training.seed}: {counted(plan.parameters, 'parameter')}, "
        f"about {duration(plan.epoch_seconds)} an epoch"
    )
    with screen.progress() as tell:
        result = run_training(
            recipe,
            encoded,
            out,
            metadata={"data": digest, "licences": ["JSB chorales (benchmark P1)"]},
            threads=threads,
            on_progress=_teller(screen, tell, plan.steps),
            budget_seconds=None if minutes is None else 60 * minutes,
            max_steps=steps,
        )
    return Checkpoint.load(result.path)


def _scored(checkpoint: Checkpoint, encoded: Encoded) -> dict[str, Figures]:
    """The protocol's figures of valid and test. Raises `InvalidOption` for a model of another encoding, or that is told more."""
    from partimento.evaluation import chorales

    if checkpoint.encoding != encoded.encoding or checkpoint.recipe.model.conditions:
        raise InvalidOption(f"{checkpoint.path}: not trained for this protocol; train it with partimento bench")
    parts = {name: encoded.part(name) for name in PARTS}
    predictor = checkpoint.predictor()
    return {name: chorales.figures(predictor.score(chorales.pieces_of(part)), part) for name, part in parts.items()}


def _told(checkpoint: Checkpoint) -> dict[str, Any]:
    training = checkpoint.metadata["training"]
    return {
        "recipe": checkpoint.recipe.name,
        "seed": checkpoint.recipe.training.seed,
        "checkpoint": str(checkpoint.path),
        "parameters": checkpoint.model.parameter_count,
        "steps": training["best_step"],
        "seconds": round(float(training["seconds"]), 3),
    }


def _show(screen: Screen, runs: list[tuple[Checkpoint, dict[str, Figures]]], baseline: dict[str, Figures]) -> None:
    """A row for each run, its interval over pieces, and the baseline."""
    screen.say(f"\n{'nats a note':<26}{'valid':>22}{'(piece mean)':>14}{'test':>22}{'(piece mean)':>14}")
    rows = [(f"{checkpoint.recipe.name}, seed {checkpoint.recipe.training.seed}", found) for checkpoint, found in runs]
    for name, found in [*rows, ("hold the last note", baseline)]:
        cells = []
        for part in PARTS:
            interval = found[part].interval()
            cells.append(f"{interval.mean:>12.4f} ± {(interval.high - interval.low) / 2:.4f}{found[part].piece_mean:>14.4f}")
        screen.say(f"{name:<26}" + " ".join(cells))
    if len(runs) > 1:
        means = [sum(found[part].micro for _, found in runs) / len(runs) for part in PARTS]
        screen.say(f"{'mean of the seeds':<26}{means[0]:>12.4f}{'':>24}{means[1]:>12.4f}")
    screen.say("\n± is half of the 95% bootstrap interval over pieces. Rests count, there is no end symbol, nothing is transposed.")
    screen.say(
        "Each note is predicted from all slots before and the voices above it; nothing else is given but the place in the beat."
    )
