"""`partimento train`: a corpus becomes a model."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.places import RUN_FILE
from partimento.cli.reference import make_reference
from partimento.cli.screen import IS_FIRST, Flag, Screen, check_parents, counted, duration, not_negative, positive, short
from partimento.errors import InvalidOption, TrainingDiverged
from partimento.files import write_atomic

if TYPE_CHECKING:
    from partimento.corpus import Corpus, Encoded
    from partimento.encodings.conditions import Conditions
    from partimento.models.checkpoint import Checkpoint
    from partimento.models.config import Recipe
    from partimento.training.train import Progress

FINE = 0.25  # of the rate that a model was trained with, when it goes on


def train(
    corpus: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    recipe: str | None = None,
    encoding: str | None = None,
    only: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    start: Annotated[Path | None, Parameter(name="--from")] = None,
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
    threads: int = 0,
    json: Flag = False,
) -> None:
    """Trains a model on a corpus until it stops getting better on the validation split.

    Stopped or killed at any moment, the same command goes on where it was. The run ends in one file,
    OUT/model.safetensors, and OUT/history.jsonl tells how it went; OUT/reference.safetensors
    holds what music of the model is laid beside: the training pieces, indexed, and
    what human pieces measure.

    Examples:
      partimento train corpus --out run
      partimento train corpus --recipe seed_joint --out joint --minutes 10
      partimento train corpus --out keys --encoding melody:pitch=piano,chord=top
      partimento train corpus --recipe lstm_notes --only genre=folk --out folk
      partimento train my-corpus --from run --out mine

    On several GPUs or machines: torchrun --nproc-per-node 4 -m partimento train ...

    With --json: checkpoint, recipe, steps, epochs, seconds, valid_bits_per_note,
    stopped (plateau, schedule, epochs, steps or budget), parameters, notes.

    Parameters
    ----------
    corpus
        A folder that partimento build made.
    out
        The folder of the run.
    recipe
        seed_pair (the default), seed_joint, lstm_voices, gru_voices, lstm_notes, convolution_notes or transformer_notes.
    encoding
        Another encoding than the recipe's, with its options.
    only
        Learn from these pieces alone: composer=, genre=, title= or licence= and names; may be given several times.
    start
        Go on from this model: its recipe and weights, on this corpus, at a quarter of its rate; new composers and
        genres join the old ones.
    split_method
        How pieces fall into splits: by works (honest), or by windows, which leaks: it repeats the usual mistake of
        drawing windows at random.
    minutes
        Stop after this time at the latest.
    steps
        Stop after this many steps at the latest.
    epochs
        Stop after this many passes at the latest.
    depth
        One dial for the size: it sets width, layers, rate and batch of recipes that have it; 4 by default.
    width
        Units of the backbone.
    layers
        Layers of the backbone.
    dropout
        Share of units left out in training.
    learning_rate
        The highest rate of the schedule.
    schedule
        How the rate falls: plateau (when valid stops gaining), or over --steps: cosine, or trapezoid.
    batch
        Segments in a step.
    seed
        Another seed gives another run.
    threads
        Threads of torch; 0 takes one for each core. The same number gives the same bits.
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    not_negative("--threads", threads)
    for option, value in (("--minutes", minutes), ("--steps", steps)):
        if value is not None:
            positive(option, value)
    from partimento.corpus import Corpus
    from partimento.models.checkpoint import Checkpoint
    from partimento.models.recipes import recipe as named

    begun = None if start is None else Checkpoint.load(start)
    if begun is None:
        chosen = named(recipe or "seed_pair", depth)
    else:
        if clashing := [name for name, value in (("--recipe", recipe), ("--depth", depth), ("--encoding", encoding)) if value]:
            raise InvalidOption(f"{clashing[0]} does not go with --from, which brings its own; leave it out")
        slower = replace(begun.recipe.training, learning_rate=begun.recipe.training.learning_rate * FINE)
        chosen = replace(begun.recipe, training=slower)
    model: dict[str, Any] = {"width": width, "layers": layers, "dropout": dropout}
    training: dict[str, Any] = {"epochs": epochs, "learning_rate": learning_rate, "batch": batch, "seed": seed}
    training |= {} if schedule is None else {"schedule": schedule, "steps": steps or 0}
    chosen = replace(
        chosen,
        encoding=encoding or chosen.encoding,
        model=chosen.model.changed(**{name: value for name, value in model.items() if value is not None}),
        training=replace(chosen.training, **{name: value for name, value in training.items() if value is not None}),
    )
    opened = Corpus.open(corpus)
    result = learn(
        screen,
        opened,
        chosen,
        out,
        only=only,
        start=begun,
        split_method=split_method,
        threads=threads,
        minutes=minutes,
        steps=steps,
    )
    if IS_FIRST:
        with screen.progress() as tell:
            make_reference(screen, opened, out, {"only": only}, tell)
    why = {
        "plateau": "no more gain on valid",
        "schedule": "all steps of the schedule done",
        "epochs": "all epochs done",
        "steps": "all steps done",
        "budget": "time is up",
    }
    screen.say(
        f"{result['valid_bits_per_note']:.3f} bits a note on valid after {result['steps']:,} steps, "
        f"{result['epochs']:.1f} epochs and {duration(result['seconds'])} ({why.get(result['stopped'], result['stopped'])})"
    )
    screen.say(f"\nThe model: {short(Path(result['checkpoint']))}")
    screen.say(
        f"Next: partimento evaluate {short(out)} {short(corpus)}\n      partimento compose {short(out)} --notes 200 -o new.mid"
    )
    screen.result(result)


def learn(
    screen: Screen,
    corpus: Corpus,
    recipe: Recipe,
    out: Path,
    *,
    only: Sequence[str] = (),
    start: Checkpoint | None = None,
    split_method: str = "works",
    threads: int = 0,
    minutes: float | None = None,
    steps: int | None = None,
) -> dict[str, Any]:
    """Says what the training will take, trains, and gives the documented keys of `train --json`."""
    from partimento.training.plan import plan as make_plan
    from partimento.training.train import train as run_training

    if out.exists() and not out.is_dir():
        raise InvalidOption(f"--out {out}: a file is in the way")
    check_parents("--out", out)
    if out.resolve() == corpus.folder.resolve():
        raise InvalidOption(f"--out {out}: that is the corpus; choose another folder for the run")
    encoded = corpus.encoded(recipe.encoding, _vocabulary(corpus, start) if recipe.model.conditions else None)
    if only:
        encoded = encoded.only(corpus.matching(only))
    with screen.progress() as tell:
        plan = make_plan(recipe, encoded, split_method=split_method, threads=threads, on_progress=tell)
    screen.say(
        f"   {recipe.name} on {short(corpus.folder)}: {counted(plan.parameters, 'parameter')}, "
        f"{counted(plan.notes, 'note')} to learn from"
    )
    screen.say(
        f"   about {duration(plan.epoch_seconds)} an epoch at {plan.notes_per_second:,.0f} notes a second, "
        f"{plan.memory_bytes / 2**20:,.0f} MB beside the corpus"
    )
    place = json_module.dumps({"corpus": str(corpus.folder.resolve())}).encode() + b"\n"
    try:
        with screen.progress() as tell:
            result = run_training(
                recipe,
                encoded,
                out,
                split_method=split_method,
                start=start,
                metadata=_metadata(corpus, encoded, only, start),
                threads=threads,
                on_step=teller(screen, tell, plan.steps),
                budget_seconds=None if minutes is None else 60 * minutes,
                max_steps=steps,
                on_progress=tell,
            )
    except TrainingDiverged:
        write_atomic(out / RUN_FILE, place)
        raise
    if IS_FIRST:
        write_atomic(out / RUN_FILE, place)  # not before: the folder may hold the run of another corpus
    return {
        "checkpoint": str(result.path),
        "recipe": recipe.name,
        "steps": result.step,
        "epochs": round(result.epoch, 3),
        "seconds": round(result.seconds, 3),
        "valid_bits_per_note": result.valid_bits,
        "stopped": result.stopped,
        "parameters": plan.parameters,
        "notes": plan.notes,
    }


def _vocabulary(corpus: Corpus, start: Checkpoint | None) -> Conditions:
    """The names that the model will know: those of the corpus, after those of the model it goes on from."""
    own = corpus.vocabulary()
    old = None if start is None else start.vocabulary
    return own if old is None else old.extended(own.composers, own.genres)


def _metadata(corpus: Corpus, encoded: Encoded, only: Sequence[str], start: Checkpoint | None) -> dict[str, Any]:
    """What the checkpoint says of its data."""
    rows = [row for row, split in zip(corpus.rows, encoded.splits.tolist(), strict=True) if split == 0]
    before = [] if start is None else start.metadata.get("licences") or []
    licences = {row.about.licence or "not stated" for row in rows} | set(before)
    told = {
        "fingerprint": corpus.fingerprint,
        "licences": sorted(licences),
        "pieces": len(rows),
        "notes": sum(row.notes for row in rows),
    }
    if only:
        told["only"] = list(only)
    if start is not None:
        told["from"] = {"sha256": start.sha256, "fingerprint": start.metadata.get("fingerprint", "")}
    return told


def teller(screen: Screen, tell: Any, steps_of_epoch: int) -> Any:
    """Progress as a bar for each epoch, and a line whenever the validation split was scored."""
    seen = [float("nan")]

    def on_progress(progress: Progress) -> None:
        if progress.warning:
            screen.errors.print(f"warning: {progress.warning}", markup=False)
            return
        done = int((progress.epoch - int(progress.epoch)) * steps_of_epoch)
        tell(f"epoch {int(progress.epoch) + 1}", done, steps_of_epoch)
        if progress.valid_bits == progress.valid_bits and progress.valid_bits != seen[0]:
            seen[0] = progress.valid_bits
            screen.errors.print(
                f"  {duration(progress.seconds):>7}  step {progress.step:,}  epoch {progress.epoch:.2f}  "
                f"train {progress.train_bits:.3f}  valid {progress.valid_bits:.3f}  best {progress.best_bits:.3f} bits a note  "
                f"{progress.notes_per_second:,.0f} notes/s",
                markup=False,
            )

    return on_progress
