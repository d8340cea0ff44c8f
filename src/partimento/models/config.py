"""What a model and its training are, as small frozen values with a JSON form."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from partimento.errors import CheckpointError, InvalidOption, UnknownName
from partimento.models.families import FIRST, FamilyConfig, family

SCHEDULES = ("plateau", "cosine", "trapezoid", "auto")
OPTIMISERS = ("adamw", "muon", "low_rank")
PRECISIONS = ("single", "bfloat16", "auto")
T = TypeVar("T")


def _later(default: Any, was: str = "") -> Any:
    """An entry that files of the first version lack: its default is what they meant. `was` is its name in older files."""
    return field(default=default, metadata={"later": True, "was": was})


@dataclass(frozen=True)
class ModelConfig(FamilyConfig):
    """A backbone between embeddings and heads, all by name.

    `inputs`: how an event enters, `fields` (an embedding for each field, side by side), `summed` (their sum), or `joint` (one
    for each combination of ids).
    `heads`: how the next one leaves, see `models/heads.py`. `width` is the backbone's, `embedding` that of each table.
    `queries`, `keys` (0: as many) and `span` (0: all) are the transformer's: heads, those with keys of their own, and how
    many events each one sees. What an encoding says of the place, of intervals, of the pitches that still count and of the
    time since something changed enters with `place`, `intervals`, `sounding` and `since`,
    what it says of parts with `parts`; `interval_logits` adds to the score
    of each pitch those of its intervals, `key_scores` to the scores of all fields those of one network that looks at what
    is said of a field and of its neighbours. With `conditions` what stands at the head of a piece enters at every step.
    """

    backbone: str = "lstm"
    inputs: str = "fields"
    heads: str = "chained"
    width: int = 256
    layers: int = 1
    embedding: int = 64
    dropout: float = 0.0
    queries: int = _later(4)
    keys: int = _later(0)
    span: int = _later(0)
    place: bool = _later(False)
    intervals: bool = _later(False)
    sounding: bool = _later(False)
    since: bool = _later(False)
    interval_logits: bool = _later(False)
    conditions: bool = _later(False)
    key_scores: bool = _later(False, was="shared_logits")
    parts: bool = _later(False)

    def __post_init__(self) -> None:
        check_types(self)
        # upper ends: what a damaged or hostile file may ask for
        check_range(self, width=(1, 16384), layers=(1, 256), embedding=(1, 16384), dropout=(0.0, 0.95))
        check_range(self, queries=(1, 1024), keys=(0, 1024), span=(0, 2**20))

    def without_conditions(self) -> ModelConfig:
        return replace(self, conditions=False)


@dataclass(frozen=True)
class TrainingConfig:
    """How the weights are found.

    `batch` segments of at most `segment` events make a step at `learning_rate`, reached after `warmup` steps, by `optimiser`:
    `adamw`, `muon` for the matrices of the backbone and AdamW for the rest, or `low_rank` for changes of low rank of all matrices
    and AdamW for the rest. `precision` is that of matrix products on a
    processor, `single` or `bfloat16`, or `auto` for the faster one (on a GPU they are in bfloat16 in any case). What `schedule`
    says follows: `plateau`, or over `steps` down to zero: `cosine`, or `trapezoid` (constant, then linear over the share
    `cooldown` of the steps); `auto` is a trapezoid over the time or the steps that a run is given, and `plateau` in a run that is
    given neither. Every `valid_every` steps (and at least once an epoch) `valid_events` events of the valid
    split are scored. With `plateau`, after `patience` validations that gain less than `min_gain` bits per note the rate is
    multiplied by `decay`; when this has happened `decays` times and would again, or after `epochs`, training ends. The
    defaults were found on 5.9 million notes of classical music (see `LOG.md`): smaller batches gain more a note and cost no
    speed on a CPU.

    `accumulate` computes a step in so many slices, for the memory's sake. After more than `skips` steps in a row whose loss
    or gradient is no number, training ends. `average` is the decay of an exponential moving average of the weights, which is
    then what is validated and kept (0: none). `smoothing` is the share of a target given to all ids alike; `noise` that of
    ids read as unknown; `transpose` the largest shift of a segment in semitones; `louder` and `faster` likewise in levels of
    velocity and tempo; `drop` the share of instruments left out (one stays); `omit` that of conditions (each alone, and all at
    once); `tasks` the share of segments that become tasks: given notes, then notes to write, which alone are learned.
    `weights` names sets of pieces with their shares of an epoch ("chorales=0.2, songs=0.5"): pieces are repeated or left out, by
    chance, until sets have them. Other sets divide the rest as their sizes are.
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
    schedule: str = _later("plateau")
    steps: int = _later(0)
    cooldown: float = _later(0.3)
    accumulate: int = _later(1)
    skips: int = _later(0)
    average: float = _later(0.0)
    smoothing: float = _later(0.0)
    noise: float = _later(0.0)
    transpose: int = _later(0)
    louder: int = _later(0)
    faster: int = _later(0)
    drop: float = _later(0.0)
    omit: float = _later(0.25)
    tasks: float = _later(0.0)
    optimiser: str = _later("adamw")
    precision: str = _later("single")
    weights: str = _later("")

    def __post_init__(self) -> None:
        check_types(self)
        big = 2**31
        for name, known in (("schedule", SCHEDULES), ("optimiser", OPTIMISERS), ("precision", PRECISIONS)):
            if getattr(self, name) not in known:
                raise UnknownName(name, getattr(self, name), known)
        if self.schedule in ("cosine", "trapezoid") and not self.steps:
            raise InvalidOption(f"the schedule {self.schedule!r} needs to know its steps")
        check_range(self, batch=(1, big), segment=(1, big), learning_rate=(0.0, 10.0), weight_decay=(0.0, 10.0), clip=(1e-6, 1e9))
        check_range(self, warmup=(0, big), valid_every=(1, big), valid_events=(1, 2**60), patience=(1, big), decay=(0.0, 1.0))
        check_range(self, decays=(0, 1000), min_gain=(0.0, 100.0), epochs=(1, big), seed=(0, 2**63 - 1))
        check_range(self, steps=(0, big), cooldown=(0.0, 1.0), accumulate=(1, 4096), skips=(0, big), average=(0.0, 0.999999))
        check_range(self, smoothing=(0.0, 0.5), noise=(0.0, 0.9), transpose=(0, 12), louder=(0, 16), faster=(0, 24))
        check_range(self, drop=(0.0, 1.0), omit=(0.0, 1.0), tasks=(0.0, 1.0))
        if not 0 <= sum(self.shares().values()) <= 1 + 1e-9:
            raise InvalidOption(f"weights are {self.weights!r}; together they must be at most 1", option="weight")

    def shares(self) -> dict[str, float]:
        """`weights` by name. Raises `InvalidOption` for what is no name and share."""
        shares = {}
        for entry in filter(None, (part.strip() for part in self.weights.split(","))):
            name, _, value = (part.strip() for part in entry.rpartition("="))
            try:
                shares[name] = float(value)
            except ValueError:
                name = ""
            if not name or not 0 <= shares[name] <= 1:
                raise InvalidOption(
                    f"{entry!r} is no weight; give the name of a set and its share, such as songs=0.4", option="weight"
                )
        return shares


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run besides the data: `encoding` is a key that `encodings.make` reads."""

    name: str
    encoding: str = "melody"
    model: FamilyConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def without_conditions(self) -> Recipe:
        """The same recipe for a model that is told no conditions."""
        return replace(self, model=self.model.without_conditions())

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
                model=_of(_kind(rows["model"]), rows["model"], "recipe's model"),
                training=_of(TrainingConfig, rows["training"], "recipe's training"),
            )
        except (InvalidOption, UnknownName) as error:
            raise CheckpointError(f"the recipe cannot work: {error}") from None


def _kind(rows: Any) -> Any:
    """Which config a JSON object is of: those of other families than the first say so. Raises `UnknownName`."""
    name = str(rows.get("family", FIRST)) if isinstance(rows, dict) else FIRST
    return family(name).config_class()


def _of(kind: type[T], rows: Any, place: str) -> T:
    rows = _renamed(kind, rows)
    _check_keys(kind, rows, place)
    return kind(**rows)


def _renamed(kind: Any, rows: Any) -> Any:
    """The entries by their names of today; an older name beside today's stays, and is unknown."""
    older = {entry.metadata["was"]: entry.name for entry in fields(kind) if entry.metadata.get("was")}
    if not isinstance(rows, dict):
        return rows
    return {older[name] if name in older and older[name] not in rows else name: value for name, value in rows.items()}


def _check_keys(kind: Any, rows: Any, place: str) -> None:
    known = {entry.name: entry.metadata.get("later", False) for entry in fields(kind)}
    if not isinstance(rows, dict):
        raise CheckpointError(f"the {place} is not a JSON object")
    if unknown := set(rows) - set(known):
        raise CheckpointError(f"the {place} has {', '.join(sorted(unknown))}, unknown to this version; update partimento")
    if missing := {name for name, later in known.items() if not later} - set(rows):
        raise CheckpointError(f"the {place} lacks {', '.join(sorted(missing))}")


def check_types(config: Any) -> None:
    """Each value has the type of its default; an int will do for a float."""
    for entry in fields(config):
        value, kind = getattr(config, entry.name), type(entry.default)
        if kind is float and type(value) is int:
            object.__setattr__(config, entry.name, float(value))
        elif type(value) is not kind:
            raise InvalidOption(f"{entry.name} is {value!r}; it must be of type {kind.__name__}")


def check_range(config: Any, **ranges: tuple[float, float]) -> None:
    for name, (low, high) in ranges.items():
        value = getattr(config, name)
        if not low <= value <= high:
            raise InvalidOption(f"{name} is {value}; it must be {low}..{high}")
