"""What a model and its training are, as small frozen values with a JSON form. It knows no tensor and no data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from partimento.errors import CheckpointError, InvalidOption

T = TypeVar("T")


@dataclass(frozen=True)
class ModelConfig:
    """A backbone between embeddings and heads, all by name.

    `inputs`: how an event enters, `fields` (an embedding for each field) or `joint` (one for each combination of ids).
    `heads`: how the next one leaves, see `models/heads.py`. `width` is the backbone's, `embedding` that of each table.
    """

    backbone: str = "lstm"
    inputs: str = "fields"
    heads: str = "independent"
    width: int = 256
    layers: int = 1
    embedding: int = 64
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _check_types(self)
        # upper ends: what a damaged or hostile file may ask for
        _check_range(self, width=(1, 16384), layers=(1, 256), embedding=(1, 16384), dropout=(0.0, 0.95))


@dataclass(frozen=True)
class TrainingConfig:
    """How the weights are found.

    `batch` segments of at most `segment` events make a step. AdamW at `learning_rate`, reached after `warmup` steps.
    Every `valid_every` steps (and at least once an epoch) `valid_events` events of the valid part are scored; after
    `patience` validations that gain less than `min_gain` bits a note the rate is multiplied by `decay`; when this has
    happened `decays` times and would again, or after `epochs`, training ends. The defaults were found on 5.9 million notes
    of classical music (see `LOG.md`): smaller batches gain more a note and cost no speed on a CPU.
    """

    batch: int = 16
    segment: int = 256
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    warmup: int = 200
    valid_every: int = 700
    valid_events: int = 150_000
    patience: int = 2
    decay: float = 0.3
    decays: int = 2
    min_gain: float = 0.005
    epochs: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        _check_types(self)
        big = 2**31
        _check_range(self, batch=(1, big), segment=(1, big), learning_rate=(0.0, 10.0), weight_decay=(0.0, 10.0), clip=(1e-6, 1e9))
        _check_range(self, warmup=(0, big), valid_every=(1, big), valid_events=(1, 2**60), patience=(1, big), decay=(0.0, 1.0))
        _check_range(self, decays=(0, 1000), min_gain=(0.0, 100.0), epochs=(1, big), seed=(0, 2**63 - 1))


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run besides the data: `encoding` is a key that `encodings.make` reads."""

    name: str
    encoding: str = "melody"
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """The recipe that `to_json` wrote. Raises `CheckpointError` when it is no recipe of this version."""
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise CheckpointError(f"the recipe is not JSON ({error}); train again or take another checkpoint") from None
        _check_keys(cls, rows, "recipe")
        try:
            return cls(
                name=str(rows["name"]),
                encoding=str(rows["encoding"]),
                model=_of(ModelConfig, rows["model"], "recipe's model"),
                training=_of(TrainingConfig, rows["training"], "recipe's training"),
            )
        except InvalidOption as error:
            raise CheckpointError(f"the recipe cannot work: {error}") from None


def _of(kind: type[T], rows: Any, place: str) -> T:
    _check_keys(kind, rows, place)
    return kind(**rows)


def _check_keys(kind: Any, rows: Any, place: str) -> None:
    known = {entry.name for entry in fields(kind)}
    if not isinstance(rows, dict):
        raise CheckpointError(f"the {place} is not a JSON object")
    if unknown := set(rows) - known:
        raise CheckpointError(f"the {place} has {', '.join(sorted(unknown))}, unknown to this version; update partimento")
    if missing := known - set(rows):
        raise CheckpointError(f"the {place} lacks {', '.join(sorted(missing))}")


def _check_types(config: Any) -> None:
    """Each value has the type of its default; an int will do for a float."""
    for entry in fields(config):
        value, kind = getattr(config, entry.name), type(entry.default)
        if kind is float and type(value) is int:
            object.__setattr__(config, entry.name, float(value))
        elif type(value) is not kind:
            raise InvalidOption(f"{entry.name} is {value!r}; it must be of type {kind.__name__}")


def _check_range(config: Any, **ranges: tuple[float, float]) -> None:
    for name, (low, high) in ranges.items():
        value = getattr(config, name)
        if not low <= value <= high:
            raise InvalidOption(f"{name} is {value}; it must be {low}..{high}")
