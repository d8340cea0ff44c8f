"""The training loop: from a recipe and encoded pieces to a checkpoint, resumable at any step to the same weights."""

from __future__ import annotations

import contextlib
import copy
import json
import math
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from partimento import encodings
from partimento.corpus.encoded import Encoded
from partimento.errors import CheckpointError, InvalidOption, TrainingDiverged
from partimento.files import write_atomic
from partimento.models.base import predictor_of
from partimento.models.checkpoint import Checkpoint, save_model
from partimento.models.config import Recipe
from partimento.models.threads import thread_count
from partimento.models.whereabouts import FILE_NAME
from partimento.progress import OnProgress, silent
from partimento.system import Terminated
from partimento.training.batches import batches_of
from partimento.training.optimise import Stepper, build, follow
from partimento.training.precision import chosen as chosen_precision
from partimento.training.process import World, alone_in, signals, world
from partimento.training.run_state import HistoryRow, RunState, fingerprint, load_state, refuse_other_run, save_state, states
from partimento.training.validation import Sample

SAVE_EVERY_SECONDS = 20.0
REPORT_EVERY_SECONDS = 0.5


@dataclass(frozen=True)
class Progress:
    """Where a run stands. `train_bits` and `valid_bits`: bits per note, NaN before the first; `warning` is set where one arose.
    `valid_sets`: bits per note on valid by set of pieces, where there are several."""

    step: int
    epoch: float
    notes: int
    seconds: float
    notes_per_second: float
    train_bits: float
    valid_bits: float
    best_bits: float
    learning_rate: float
    warning: str = ""
    valid_sets: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainResult:
    """A finished run. `stopped` says why: `plateau`, `schedule` (its steps are done), `epochs`, `steps`, `budget` or `diverged`."""

    path: Path
    step: int
    epoch: float
    notes: int
    seconds: float
    valid_bits: float
    stopped: str
    warnings: tuple[str, ...] = ()


def train(
    recipe: Recipe,
    encoded: Encoded,
    folder: Path,
    *,
    split_method: str = "works",
    start: Checkpoint | None = None,
    metadata: dict[str, Any] | None = None,
    threads: int = 0,
    on_step: Callable[[Progress], None] | None = None,
    budget_seconds: float | None = None,
    max_steps: int | None = None,
    on_progress: OnProgress = silent,
) -> TrainResult:
    """Trains in `folder` and leaves `model.safetensors` (the weights that were best on valid) and `history.jsonl` there.

    A run that was killed, or stopped by SIGTERM or SIGINT (which save and raise `KeyboardInterrupt`), goes on where it was
    when called again with the same arguments; with the same `threads` on the same CPU it ends in the same bits, unless its rate
    follows the clock (schedule `auto` with `budget_seconds`). A finished run returns its result; one whose time was up goes on
    where it is given more `budget_seconds`. It begins with the weights of `start`, where one is given. `threads` = 0 leaves torch's
    choice. `metadata` goes into the checkpoint. `on_step` is called with the state of the run, twice a second at most;
    `on_progress` for work that is no step: what, how much of it, of how much. Under torchrun each process computes its rows of
    every batch, and the first one writes.

    Raises `CheckpointError` where the folder holds another run, `InvalidOption` where another training is at work in it,
    `TrainingDiverged`, `WriteFailed`, `CorpusError`.
    """
    folder = Path(folder)
    with thread_count(threads), torch.random.fork_rng(), signals() as stopped_by, world() as processes, alone_in(folder, processes):
        run = Run(recipe, encoded, folder, split_method, metadata or {}, on_step, processes, start, on_progress)
        run.budget_seconds, run.max_steps = budget_seconds, max_steps
        return run.finished() or run.go(stopped_by)


class Run:
    """One training in one folder."""

    def __init__(
        self,
        recipe: Recipe,
        encoded: Encoded,
        folder: Path,
        split_method: str,
        metadata: dict[str, Any],
        on_step: Callable[[Progress], None] | None = None,
        processes: World | None = None,
        start: Checkpoint | None = None,
        on_progress: OnProgress = silent,
    ) -> None:
        if encodings.make(recipe.encoding).key != encoded.encoding.key:
            raise InvalidOption(f"the recipe wants {recipe.encoding!r}, the corpus is encoded as {encoded.encoding.key!r}")
        vocabulary = encoded.vocabulary if recipe.model.conditions else None
        if recipe.model.conditions and vocabulary is None:
            raise InvalidOption("the recipe wants conditions; encode the corpus with a vocabulary of them")
        if vocabulary is None:
            encoded = replace(encoded, conditions=None, vocabulary=None)
        else:
            metadata = metadata | {"conditions": vocabulary.to_json()}
        self.recipe, self.config, self.folder, self.metadata = recipe, recipe.training, folder, metadata
        self.on_step, self.on_progress, self.world = on_step, on_progress, processes or World()
        self.identity = {"recipe": json.loads(recipe.to_json()), "data": fingerprint(encoded), "split_method": split_method}
        self.identity["from"] = start.sha256 if start is not None else ""
        self.encoding = encoded.encoding
        self.sample = Sample(encoded.split("valid", split_method), self.config.valid_events, self.config.seed)
        self.warnings: list[str] = []
        self.budget_seconds: float | None = None
        self.max_steps: int | None = None
        self.left: float | None = None
        self.model, self.optimiser = build(recipe, encoded.encoding, vocabulary)
        if start is not None:
            self.model.inherit(start.model.state_dict())
        if self.world.rank:
            torch.manual_seed(self.config.seed + self.world.rank)  # dropout of its own, now that the weights are the same
        self.batches = batches_of(self.model, encoded.split("train", split_method), self.config, on_progress)
        self.stepper = Stepper(self.model, self.optimiser, self.config, self.world)
        # a small corpus is validated once an epoch, but not after every handful of steps
        self.valid_every = min(self.config.valid_every, max(25, self.batches.count(0)))
        self.state = RunState()

    def finished(self) -> TrainResult | None:
        """The result of a run that has ended in this folder, or None."""
        if not (self.folder / FILE_NAME).exists():
            return None
        try:
            done = Checkpoint.load(self.folder)
        except CheckpointError as error:
            if not states(self.folder):
                raise
            self._warn(f"{error}; going on from the last state")
            return None
        refuse_other_run(self.folder, done.metadata.get("identity"), self.identity)
        told = done.metadata["training"]
        if told["stopped"] == "budget" and states(self.folder):
            if self.budget_seconds is None or self.budget_seconds > told["seconds"]:
                return None  # more time than it had: it goes on
        elif self.world.rank == 0:
            self._clean()
        return self._result(told)

    def go(self, stopped_by: list[int]) -> TrainResult:
        for leftover in self.folder.glob(".*.tmp") if self.world.rank == 0 else ():
            leftover.unlink(missing_ok=True)
        found, warnings = load_state(self.folder, self.model, self.optimiser, self.identity)
        for warning in warnings:
            self._warn(warning)
        state = self.state = found or RunState()
        self._set_precision()
        if self.config.average and not state.average:
            state.average = {name: weight.detach().clone() for name, weight in self.model.state_dict().items()}
        self._write_history()
        begun = time.monotonic()
        if self.world.rank == 0:
            self.model.prepare(self.on_progress)
        before = state.seconds = state.seconds + time.monotonic() - begun
        self._set_left()
        started = saved = reported = time.monotonic()
        notes_before = state.notes
        stopped = ""
        while not stopped:
            self._step()
            now = time.monotonic()
            state.seconds = before + now - started
            validated = state.step % self.valid_every == 0
            if validated:
                self._validate()
                state.seconds = before + time.monotonic() - started
            self._set_left()
            stopped = self._stop()
            signal_number = int(self.world.first(stopped_by[0] if stopped_by else 0))
            if validated or now - reported >= REPORT_EVERY_SECONDS:
                reported = now
                self._report((state.notes - notes_before) / max(1e-9, now - started))
            if signal_number or (not stopped and (validated or now - saved >= SAVE_EVERY_SECONDS)):
                if self.world.rank == 0:
                    save_state(self.folder, state, self.model, self.optimiser, self.identity)
                saved = time.monotonic()
            if signal_number:
                name = signal.Signals(signal_number).name
                kind = Terminated if signal_number == signal.SIGTERM else KeyboardInterrupt
                raise kind(f"stopped by {name} after step {state.step}; start the same training again to go on")
        if not state.history or state.history[-1].step != state.step:
            self._validate()
        return self._finish(stopped)

    def _set_precision(self) -> None:
        """That of the run where it has begun, whatever would be chosen here."""
        here = chosen_precision(self.config.precision, self.recipe.model.width, self.stepper.device)
        here = "bfloat16" if self.world.first(here == "bfloat16") else "single"  # the first process decides for all
        self.state.precision = self.state.precision or here
        if self.state.precision != here:
            self._warn(f"this training began with products in {self.state.precision} and goes on so; here {here} is faster")
        self.stepper.precision = self.state.precision

    def _set_left(self) -> None:
        """The share of the run that is to come; None where neither its time nor its steps are given."""
        shares = []
        if self.max_steps is not None:
            shares.append(1 - self.state.step / self.max_steps)
        if self.budget_seconds is not None:
            shares.append(1 - self.world.first(self.state.seconds) / self.budget_seconds)
        self.left = max(0.0, min(shares)) if shares else None

    def _rate(self) -> float:
        return self.state.schedule.learning_rate(self.config, self.state.step, self.left)

    def _step(self) -> None:
        """One batch: loss, gradient, a step of the weights."""
        state, config = self.state, self.config
        batch = self.batches.batch(state.epoch, state.index)
        nats, norm = self.stepper.step(batch, self._rate())
        notes = self.encoding.notes_in(batch.target[batch.mask].numpy())
        if math.isfinite(nats) and math.isfinite(norm):
            state.nats, state.fresh_notes, state.skipped = state.nats + nats, state.fresh_notes + notes, 0
            if config.average:
                follow(state.average, self.model.state_dict(), config.average, state.step)
        else:
            state.skipped += 1
            what = f"step {state.step + 1}: the loss is {nats}, its gradient's norm {norm}"
            if state.skipped > config.skips:
                self._diverge(what)
            self._warn(f"{what}; the step is left out")
        state.notes += notes
        state.step += 1
        state.index += 1
        if state.index == self.batches.count(state.epoch):
            state.epoch, state.index = state.epoch + 1, 0

    def _validate(self) -> None:
        state = self.state
        judged = self.model
        if state.average:
            judged = copy.deepcopy(self.model)
            judged.load_state_dict(state.average)
        bits, sets = self.sample.score(predictor_of(judged, self.encoding)) if self.world.rank == 0 else (0.0, {})
        valid_bits = self.world.first(bits)
        if not math.isfinite(valid_bits):
            self._diverge(f"step {state.step}: the score on valid is {valid_bits}")
        rate = state.schedule.learning_rate(self.config, state.step - 1, self.left)
        train_bits = state.nats / math.log(2) / max(1, state.fresh_notes)
        if state.schedule.judge(self.config, state.step, valid_bits):
            state.best = {name: weight.detach().clone() for name, weight in judged.state_dict().items()}
        state.nats, state.fresh_notes = 0.0, 0
        row = HistoryRow(state.step, self._epoch(), state.notes, round(state.seconds, 3), train_bits, valid_bits, rate, sets)
        state.history.append(row)
        self._write_history()

    def _stop(self) -> str:
        state = self.state
        if state.schedule.ended(self.config, state.step, self.left):
            return "schedule" if self.config.schedule in ("cosine", "trapezoid") else "plateau"
        if state.epoch >= self.config.epochs:
            return "epochs"
        if self.max_steps is not None and state.step >= self.max_steps:
            return "steps"
        return "budget" if self.left == 0 else ""

    def _finish(self, stopped: str) -> TrainResult:
        state = self.state
        told = {
            "step": state.step,
            "epoch": self._epoch(),
            "notes": state.notes,
            "seconds": state.seconds,
            "valid_bits": state.schedule.best,
            "best_step": state.schedule.best_step,
            "stopped": stopped,
            "precision": state.precision,
            "split_method": self.identity["split_method"],
            "train_events": self.batches.split.events_scored,
        }
        own = {"training": told, "identity": self.identity, "scores": {"valid_bits_per_note": state.schedule.best}}
        if self.world.rank == 0:
            save_model(self.folder / FILE_NAME, {**state.best, **self.model.extra_tensors()}, self.recipe, {**self.metadata, **own})
            if stopped == "budget":  # with more time it may go on
                save_state(self.folder, state, self.model, self.optimiser, self.identity)
            self._clean(1 if stopped == "budget" else 0)
        return self._result(told)

    def _diverge(self, what: str) -> None:
        """Keeps the best weights as the run's model, if there are any, and raises."""
        if not self.state.best:
            raise TrainingDiverged(f"{what}, before the first validation; lower the learning rate")
        self._finish("diverged")
        best = f"step {self.state.schedule.best_step} ({self.state.schedule.best:.3f} bits per note on valid)"
        kept = f"the weights of {best} are kept in {self.folder / FILE_NAME}"
        raise TrainingDiverged(f"{what}; {kept}; lower the learning rate and train in another folder")

    def _result(self, told: dict[str, Any]) -> TrainResult:
        rows = {name: told[name] for name in ("step", "epoch", "notes", "seconds", "valid_bits", "stopped")}
        return TrainResult(path=self.folder / FILE_NAME, warnings=tuple(self.warnings), **rows)

    def _epoch(self) -> float:
        return self.state.epoch + self.state.index / self.batches.count(self.state.epoch)

    def _report(self, notes_per_second: float, warning: str = "") -> None:
        if self.on_step is None or self.world.rank:
            return
        state, nan = self.state, math.nan
        last = state.history[-1] if state.history else None
        train_bits = state.nats / math.log(2) / state.fresh_notes if state.fresh_notes else last.train_bits if last else nan
        rate = self._rate()
        valid_bits, best = (last.valid_bits if last else nan), state.schedule.best
        place = (state.step, self._epoch(), state.notes, state.seconds, notes_per_second)
        self.on_step(Progress(*place, train_bits, valid_bits, best, rate, warning, last.sets if last else {}))

    def _warn(self, warning: str) -> None:
        self.warnings.append(warning)
        self._report(math.nan, warning)

    def _write_history(self) -> None:
        if self.world.rank:
            return
        rows = "".join(json.dumps(asdict(row)) + "\n" for row in self.state.history)
        write_atomic(self.folder / "history.jsonl", rows.encode())

    def _clean(self, kept: int = 0) -> None:
        for path in [*states(self.folder)[kept:], *self.folder.glob(".*.tmp")]:
            with contextlib.suppress(OSError):
                path.unlink()
