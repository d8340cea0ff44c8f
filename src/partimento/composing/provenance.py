"""How a piece was made, as JSON that travels in its file, and back: what was given, the model, the options. It draws nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import partimento
from partimento.composing.rules.spec import Rules
from partimento.composing.sampling import Sampling
from partimento.encodings import Encoding, Events
from partimento.errors import CheckpointError, InvalidOption
from partimento.models.predictor import Predictor
from partimento.piece import Piece

MAX_NOTES = 100_000


class Trained(Protocol):
    """What composing needs of a `Checkpoint`."""

    @property
    def path(self) -> Path: ...
    @property
    def sha256(self) -> str: ...
    @property
    def metadata(self) -> Any: ...
    @property
    def recipe(self) -> Any: ...
    @property
    def encoding(self) -> Encoding: ...
    def predictor(self) -> Predictor: ...


@dataclass(frozen=True)
class Options:
    """All that `compose` is asked for beside the model and what is given; `to_json` leaves out what is not asked for."""

    notes: int
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    count: int = 1
    rules: Rules | None = None
    conditions: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def most(self) -> int:
        """How many new notes there may be: as many as asked for, or as come before the end that the rules say."""
        return MAX_NOTES if self.rules is not None and self.rules.say_the_end else self.notes

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"notes": self.notes, "sampling": self.sampling.to_json(), "seed": self.seed, "count": self.count}
        if self.rules is not None:
            told["rules"] = self.rules.to_json()
        return told | ({"conditions": dict(self.conditions)} if self.conditions else {})

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Options:
        """What `to_json` wrote. Raises `KeyError`, `TypeError` or `ValueError` for anything else, and `InvalidOption`."""
        notes, seed, count = (told[key] for key in ("notes", "seed", "count"))
        rules = Rules.from_json(told["rules"]) if "rules" in told else None
        return cls(notes, Sampling(**told["sampling"]), seed, count, rules, dict(told.get("conditions", {})))


@dataclass(frozen=True)
class Start:
    """The given events, what their piece is called, and its licence."""

    events: Events
    title: str
    licence: str

    def to_json(self) -> dict[str, Any]:
        data = base64.b64encode(np.ascontiguousarray(self.events).tobytes()).decode("ascii")
        page = {"title": self.title, "licence": self.licence}
        return {"events": data, "dtype": self.events.dtype.str, "shape": list(self.events.shape), **page}

    @classmethod
    def from_json(cls, given: dict[str, Any], encoding: Encoding) -> Start:
        dtype = np.dtype(given["dtype"])
        if dtype.kind != "u":
            raise ValueError("dtype")
        try:
            flat = np.frombuffer(base64.b64decode(given["events"], validate=True), dtype)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
        return cls(given_events(flat.reshape(given["shape"]), encoding), str(given["title"]), str(given["licence"]))


def note_of(checkpoint: Trained, start: Start | None, options: Options, index: int) -> str:
    """The JSON from which piece `index` of a run can be made again; it names the run, not where a person keeps it."""
    note = {
        "partimento": partimento.__version__,
        "model": {"name": "/".join(Path(checkpoint.path).parts[-2:]), "sha256": checkpoint.sha256},
        "encoding": checkpoint.encoding.key,
        "given": None if start is None else start.to_json(),
        "options": options.to_json() | {"index": index},
    }
    return json.dumps(note, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def read_note(made: str, checkpoint: Trained) -> tuple[Start | None, Options, int]:
    """What was given, the options and the number of the piece that was `made` so.

    Raises `CheckpointError` when it was another model, `InvalidOption` when `made` is not a note of `compose`.
    """
    try:
        note = json.loads(made)
        sha256, name, told, given = str(note["model"]["sha256"]), str(note["model"]["name"]), note["options"], note["given"]
        if sha256 != checkpoint.sha256:
            raise CheckpointError(
                f"the piece was made by {name} (sha256 {sha256}); {checkpoint.path} is another model "
                f"(sha256 {checkpoint.sha256}): load the first one"
            )
        start = None if given is None else Start.from_json(given, checkpoint.encoding)
        options, index = Options.from_json(told), told["index"]
        if type(index) is not int or type(options.count) is not int or not 0 <= index < options.count:
            raise ValueError("index")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidOption(
            f"this is not a note of how a piece was made ({error!r}); take it from the title page of a composed piece"
        ) from None
    return start, options, index


def given_events(given: npt.NDArray[Any] | list[Any] | None, encoding: Encoding) -> Events:
    """Events [T, F] in the encoding's own type, checked: every id one that an event may have."""
    fields = encoding.fields
    array = np.zeros((0, len(fields)), np.int64) if given is None else np.asarray(given)
    if array.ndim != 2 or array.shape[1] != len(fields) or array.dtype.kind not in "iu":
        raise InvalidOption(
            f"given events are {array.dtype}{list(array.shape)}; they must be whole numbers [events, {len(fields)}]"
        )
    for column, one in enumerate(fields):
        least = 0 if one.optional else 1
        if len(array) and not least <= int(array[:, column].min()) <= int(array[:, column].max()) < one.size:
            raise InvalidOption(
                f"a given event has a {one.name} outside {least}..{one.size - 1}; encode it with {encoding.key!r}"
            )
    return array.astype(encoding.dtype)


def called(piece: Piece) -> str:
    return piece.about.title or Path(piece.about.source).stem


def title_of(checkpoint: Trained, start: Start | None, seed: int, index: int) -> str:
    recipe = checkpoint.recipe
    name = str(getattr(recipe, "name", recipe))
    return f"{f'After {start.title}' if start and start.title else name}, seed {seed}, number {index + 1}"


def licence_of(checkpoint: Trained, start: Start | None) -> str:
    """Licences of the training corpus, then that of the given piece, each once."""
    licences = checkpoint.metadata.get("licences") or checkpoint.metadata.get("licence") or []
    parts = [licences] if isinstance(licences, str) else [str(part) for part in licences]
    parts += [start.licence] if start else []
    return "; ".join(dict.fromkeys(part for part in parts if part))
