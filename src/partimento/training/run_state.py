"""The whole state of a run in one file, so that a killed run goes on to the same weights.

`state-<step>.safetensors` holds the model, the optimiser, the best weights and torch's random state as tensors, and the
rest as JSON. The last three are kept; a damaged newest one is passed over, aloud.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from partimento.corpus.encoded import Encoded
from partimento.errors import CheckpointError
from partimento.models import checkpoint
from partimento.models.base import NeuralModel
from partimento.models.config import Recipe
from partimento.training.schedule import Schedule

KEPT = 3


@dataclass(frozen=True)
class HistoryRow:
    """One validation: bits per note on train since the last one, and on valid now, where they can be formed; `sets` are those on
    valid by set, where there are several."""

    step: int
    epoch: float
    notes: int
    seconds: float
    train_bits: float
    valid_bits: float
    learning_rate: float
    sets: dict[str, float] = field(default_factory=dict)


@dataclass
class RunState:
    """What a run is, beside its tensors.

    `index` is the next batch of `epoch`; `nats` and `fresh_notes` count since the last validation; `skipped` steps in a row
    were left out; `precision` is that of the matrix products, decided when the run began. `best` are the weights that were
    best on valid, `average` the moving average, where there is one.
    """

    step: int = 0
    epoch: int = 0
    index: int = 0
    notes: int = 0
    seconds: float = 0.0
    nats: float = 0.0
    fresh_notes: int = 0
    skipped: int = 0
    precision: str = ""
    schedule: Schedule = field(default_factory=Schedule)
    history: list[HistoryRow] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    average: dict[str, Tensor] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        names = ("step", "epoch", "index", "notes", "seconds", "nats", "fresh_notes", "skipped", "precision")
        rows = {name: getattr(self, name) for name in names}
        return {**rows, "schedule": self.schedule.to_json(), "history": [asdict(row) for row in self.history]}

    @classmethod
    def from_json(cls, rows: dict[str, Any]) -> RunState:
        return cls(
            **{
                **rows,
                "schedule": Schedule.from_json(rows["schedule"]),
                "history": [HistoryRow(**row) for row in rows["history"]],
            }
        )


def save_state(
    folder: Path, state: RunState, model: NeuralModel, optimiser: torch.optim.Optimizer, identity: dict[str, Any]
) -> None:
    """Writes the state of the present step and removes all but the last three. Raises `WriteFailed`; older states stay."""
    tensors: dict[str, Tensor] = {"random.torch": torch.get_rng_state()}
    if (device := next(model.parameters()).device).type == "cuda":
        tensors["random.cuda"] = torch.cuda.get_rng_state(device)
    for name, weight in {**model.state_dict(), **model.extra_tensors()}.items():
        tensors[f"model.{name}"] = weight
    for kind, weights in (("best", state.best), ("average", state.average)):
        for name, weight in weights.items():
            tensors[f"{kind}.{name}"] = weight
    for name, parameter in model.named_parameters():
        for key, value in optimiser.state[parameter].items():
            tensors[f"optimiser.{key}.{name}"] = value
    checkpoint.save(folder / f"state-{state.step}.safetensors", tensors, {"state": state.to_json(), "identity": identity})
    for path in states(folder)[KEPT:]:
        with contextlib.suppress(OSError):
            path.unlink()


def load_state(
    folder: Path, model: NeuralModel, optimiser: torch.optim.Optimizer, identity: dict[str, Any]
) -> tuple[RunState | None, list[str]]:
    """Restores the newest sound state of the folder, if there is any, and warns of damaged ones.

    Raises `CheckpointError` where the folder belongs to another run, or where states exist and all are damaged.
    """
    warnings: list[str] = []
    found = states(folder)
    for path in found:
        try:
            tensors, metadata = checkpoint.load(path)
        except CheckpointError as error:
            warnings.append(f"{error}; going on from the state before it")
            continue
        refuse_other_run(folder, metadata.get("identity"), identity)
        _restore({name: torch.from_numpy(array.copy()) for name, array in tensors.items()}, model, optimiser)
        state = RunState.from_json(metadata["state"])
        device = next(model.parameters()).device
        for kind, weights in (("best", state.best), ("average", state.average)):
            for name in _under(f"{kind}.", tensors):
                weights[name] = torch.from_numpy(tensors[f"{kind}.{name}"].copy()).to(device)
        return state, warnings
    if found:
        raise CheckpointError(f"{folder}: all {len(found)} states of this training are damaged; remove the folder to begin anew")
    return None, warnings


def refuse_other_run(folder: Path, theirs: Any, ours: dict[str, Any]) -> None:
    """Raises `CheckpointError` where a folder's run differs in recipe, data or split method."""
    theirs = dict(theirs) if isinstance(theirs, dict) else {}
    with contextlib.suppress(CheckpointError):  # an older version's recipe says less, and means the same
        theirs["recipe"] = json.loads(Recipe.from_json(json.dumps(theirs.get("recipe"))).to_json())
    theirs.setdefault("split_method", theirs.get("split"))  # its name in older runs
    differing = [key for key in ours if theirs.get(key, "") != ours[key]]
    if differing:
        what = ", ".join(f"{key.replace('_', ' ')} ({_difference(theirs.get(key), ours[key])})" for key in differing)
        raise CheckpointError(f"{folder}: holds a training with another {what}; choose another folder, or remove this one")


def states(folder: Path) -> list[Path]:
    """The state files of a run, newest first."""
    numbered = [(path.stem.removeprefix("state-"), path) for path in folder.glob("state-*.safetensors")]
    return [path for _, path in sorted(((int(step), path) for step, path in numbered if step.isdigit()), reverse=True)]


def fingerprint(encoded: Encoded) -> str:
    """SHA-256 of the events, the bounds of pieces, their splits and their conditions."""
    digest = hashlib.sha256(encoded.encoding.key.encode())
    arrays = [encoded.events, encoded.offsets, encoded.splits]
    if encoded.conditions is not None and encoded.vocabulary is not None:
        digest.update(encoded.vocabulary.to_json().encode())
        arrays.append(encoded.conditions)
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        for at in range(0, len(array), 1 << 20):
            digest.update(array[at : at + (1 << 20)].tobytes())
    return digest.hexdigest()


def _restore(tensors: dict[str, Tensor], model: NeuralModel, optimiser: torch.optim.Optimizer) -> None:
    model.load_state_dict({name: tensors[f"model.{name}"] for name in _under("model.", tensors)})
    rows: dict[str, dict[str, Tensor]] = {}
    for place in _under("optimiser.", tensors):
        key, _, name = place.partition(".")
        rows.setdefault(name, {})[key] = tensors[f"optimiser.{place}"]
    for name, parameter in model.named_parameters():
        if name in rows:
            optimiser.state[parameter] = {key: value.to(parameter.device) for key, value in rows[name].items()}
    torch.set_rng_state(tensors["random.torch"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])


def _under(prefix: str, tensors: dict[str, Any]) -> list[str]:
    return [name.removeprefix(prefix) for name in tensors if name.startswith(prefix)]


def _difference(theirs: Any, ours: Any) -> str:
    """The entries that differ, named; for plain values, both."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = [key for key in {**ours, **theirs} if theirs.get(key) != ours.get(key)]
        return ", ".join(f"{key}: {_difference(theirs.get(key), ours.get(key))}" for key in keys)
    return f"{str(theirs)[:40]} there, {str(ours)[:40]} here"
