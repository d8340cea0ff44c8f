"""`partimento train`: a corpus becomes a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.screen import Flag, Screen, counted, duration, short, typed
from partimento.models.recipes import RECIPES
from partimento.progress import OnProgress

if TYPE_CHECKING:
    from partimento.models.config import Recipe
    from partimento.training.from_corpus import Trained
    from partimento.training.plan import Plan
    from partimento.training.train import Progress


def train(
    corpus: Path,
    *,
    out: Annotated[Path, Parameter(alias="-o")],
    recipe: str | None = None,
    encoding: str | None = None,
    only: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    start: Annotated[str | None, Parameter(name="--from")] = None,
    adapt: str = "all",
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
    weight: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    threads: int = 0,
    json: Flag = False,
) -> None:
    """Trains a model on your music until it stops getting better on the validation split.

    It goes on from the house model, which knows how music goes: five minutes give it the style of a few pieces. Where a recipe, an
    encoding or a size is named, or --from nothing, a model begins from nothing; that takes more music and more time.

    Stopped or killed at any moment, the same command goes on where it was. The run ends in one file,
    OUT/model.safetensors, and OUT/history.jsonl tells how it went; OUT/reference.safetensors
    holds what music of the model is laid beside: the training pieces, indexed, and
    what human pieces measure.

    Examples:
      partimento train my-pieces --out mine --minutes 5
      partimento train corpus --from nothing --out run
      partimento train corpus --recipe seed_pair --out pair
      partimento train corpus --recipe seed_joint --out joint --minutes 10
      partimento train corpus --recipe seed_pair --out keys --encoding melody:pitch=piano,chord=top
      partimento train corpus --recipe lstm_notes --only genre=folk --out folk
      partimento train my-corpus --from run --out mine

    On several GPUs or machines: torchrun --nproc-per-node 4 -m partimento train ...

    With --json: checkpoint, recipe, steps, epochs, seconds, valid_bits_per_note,
    stopped (plateau, schedule, epochs, steps or budget), parameters, notes.

    Parameters
    ----------
    corpus
        A corpus that partimento build made, or a folder of scores, of which a corpus is made first, in OUT/corpus.
    out
        The folder of the run.
    recipe
        {recipes}. Where a model begins from nothing, transformer_tasks by default (whole scores).
    encoding
        Another encoding than the recipe's, with its options.
    only
        Learn from these pieces alone: composer=, genre=, title= or licence= and names; may be given several times.
    start
        Go on from this model, a run or a checkpoint: its recipe and weights, at small rates; new composers and genres join the
        old ones. nothing: a new model. By default the house model, unless a recipe, an encoding or a size is named.
    adapt
        Which weights move when training goes on from a model: few (norms, biases, and changes of low rank of the
        matrices) or all.
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
        How the rate falls: plateau (when valid stops gaining), or over --steps: cosine, or trapezoid; auto: a
        trapezoid over --minutes or --steps where they are given, otherwise plateau.
    batch
        Segments in a step.
    seed
        Another seed gives another run.
    weight
        A set of pieces (the first folder of their names, or a genre) and its share of what is learned, such as songs=0.4; may
        be given several times. Other sets divide the rest.
    threads
        Threads of torch; 0 takes one for each core. The same number gives the same bits.
    json
        Print one JSON object for scripts.
    """
    from partimento.models.config import TrainingConfig

    screen = Screen(json)
    trained = learn(
        screen,
        corpus,
        recipe,
        out=out,
        start=start,
        adapt=adapt,
        encoding=encoding,
        only=only,
        split_method=split_method,
        minutes=minutes,
        steps=steps,
        epochs=epochs,
        depth=depth,
        width=width,
        layers=layers,
        dropout=dropout,
        learning_rate=learning_rate,
        schedule=schedule,
        batch=batch,
        seed=seed,
        weights=None if not weight else TrainingConfig(weights=",".join(weight)).shares(),
        threads=threads,
    )
    screen.say(str(trained).partition(": ")[2] + f", {duration(trained.result.seconds)}")
    screen.say(f"\nThe model: {short(trained.path)}")
    screen.say(f"Next: {typed('partimento', 'evaluate', out, corpus)}")
    screen.say(f"      {typed('partimento', 'compose', out, '--notes', '200', '-o', 'new.mid')}")
    screen.result(trained.to_json())


train.__doc__ = str(train.__doc__).replace("{recipes}", ", ".join(RECIPES))


def learn(screen: Screen, corpus: Path, recipe: str | Recipe | None, *, out: Path, **options: Any) -> Trained:
    """Trains, and says what it will take and how it goes."""
    from partimento.training.from_corpus import train as run_training

    steps_of_epoch = [1]

    def on_plan(chosen: Recipe, plan: Plan) -> None:
        steps_of_epoch[0] = plan.steps
        screen.say(
            f"   {chosen.name} on {short(corpus)}: {counted(plan.parameters, 'parameter')}, "
            f"{counted(plan.notes, 'note')} to learn from"
        )
        screen.say(
            f"   about {duration(plan.epoch_seconds)} an epoch at {plan.notes_per_second:,.0f} notes a second, "
            f"{plan.memory_bytes / 2**20:,.0f} MB beside the corpus, "
            f"products in {plan.precision}{' precision' if plan.precision == 'single' else ''}"
        )

    if corpus.exists():
        screen.say(f"   encoding the pieces of {short(corpus)}, and measuring what an epoch takes")
    with screen.progress() as on_progress:
        on_step = stepping(screen, on_progress, steps_of_epoch)
        return run_training(corpus, recipe, out=out, on_plan=on_plan, on_step=on_step, on_progress=on_progress, **options)


def stepping(screen: Screen, on_progress: OnProgress, steps_of_epoch: list[int]) -> Callable[[Progress], None]:
    """Progress as a bar for each epoch, and a line whenever the validation split was scored."""
    seen = [float("nan")]

    def on_step(progress: Progress) -> None:
        if progress.warning:
            screen.warn(progress.warning)
            return
        done = int((progress.epoch - int(progress.epoch)) * steps_of_epoch[0])
        on_progress(f"epoch {int(progress.epoch) + 1}", done, steps_of_epoch[0])
        if progress.valid_bits == progress.valid_bits and progress.valid_bits != seen[0]:
            seen[0] = progress.valid_bits
            screen.errors.print(
                f"  {duration(progress.seconds):>7}  step {progress.step:,}  epoch {progress.epoch:.2f}  "
                f"train {progress.train_bits:.3f}  valid {progress.valid_bits:.3f}  best {progress.best_bits:.3f} bits per note  "
                f"{progress.notes_per_second:,.0f} notes/s",
                markup=False,
            )
            if progress.valid_sets:
                each = ", ".join(f"{name or 'other'} {bits:.3f}" for name, bits in progress.valid_sets.items())
                screen.errors.print(f"           valid by set: {each}", markup=False)

    return on_step
