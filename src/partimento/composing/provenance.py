"""How a piece was made, as JSON that travels in its file, and back: what was given, the model, the options. It draws nothing."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from partimento.analysis.repetition import Habits
from partimento.composing.rules import Rules
from partimento.composing.sampling import Sampling
from partimento.encodings import Encoding, Events
from partimento.errors import CheckpointError, InvalidOption, InvalidPiece, UnreadableFile
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.models.families import TORCH
from partimento.models.predictor import Generator
from partimento.piece import Piece
from partimento.task import Region, Task
from partimento.version import VERSION

MAX_NOTES = 100_000
MOST_BYTES = 2**26  # of a MIDI file within a note of how a piece was made


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
    def predictor(self) -> Generator: ...


@dataclass(frozen=True)
class Options:
    """All that `compose` is asked for beside the model and what is given; `to_json` leaves out what is not asked for."""

    notes: int
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    count: int = 1
    rules: Rules | None = None
    conditions: Mapping[str, str | float] = field(default_factory=dict)
    guidance: float = 1.0
    guard: Habits | None = None
    ending: bool = False
    filled: bool = True  # bars are filled as `rules/time.py` says; not in notes of earlier versions

    @property
    def most(self) -> int:
        """How many new notes there may be: as many as asked for, or as come before the end that the rules, or the model, say."""
        if self.rules is not None and self.rules.say_the_end:
            return MAX_NOTES
        return 2 * self.notes + 64 if self.ending else self.notes

    @property
    def ends(self) -> bool:
        """Whether `notes` is a target near which the music is to end; the rules go before."""
        return self.ending and not (self.rules is not None and self.rules.say_the_end)

    def to_json(self) -> dict[str, Any]:
        record: dict[str, Any] = {"notes": self.notes, "sampling": self.sampling.to_json(), "seed": self.seed, "count": self.count}
        if self.rules is not None:
            record["rules"] = self.rules.to_json()
        record |= {"conditions": dict(self.conditions)} if self.conditions else {}
        record |= {"guidance": self.guidance} if self.guidance != 1 else {}
        record |= {"guard": self.guard.to_json()} if self.guard is not None else {}
        return record | ({"ending": True} if self.ending else {}) | ({"filled": True} if self.filled else {})

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Options:
        """What `to_json` wrote. Raises `KeyError`, `TypeError` or `ValueError` for anything else, and `InvalidOption`."""
        notes, seed, count = (record[key] for key in ("notes", "seed", "count"))
        rules = Rules.from_json(record["rules"]) if "rules" in record else None
        guard = Habits.from_json(record["guard"]) if "guard" in record else None
        conditions, guidance = dict(record.get("conditions", {})), float(record.get("guidance", 1.0))
        sampling, ending = Sampling(**record["sampling"]), bool(record.get("ending"))
        filled = bool(record.get("filled"))
        return cls(notes, sampling, seed, count, rules, conditions, guidance, guard, ending, filled)


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


@dataclass(frozen=True)
class Asked:
    """A task whose piece is what a MIDI file can say of it, what it is called, and its licence."""

    task: Task
    title: str
    licence: str

    @classmethod
    def of(cls, task: Task) -> Asked:
        """Raises `InvalidPiece` where the piece has no notes, so that nothing is given."""
        if not len(task.given):
            raise InvalidPiece("the piece of the task has no notes; to begin from nothing, compose without one")
        piece, _ = piece_from_midi(midi_from_piece(task.given))
        return cls(Task(piece, task.write), called(task.given), task.given.about.licence)

    def to_json(self) -> dict[str, Any]:
        data = base64.b64encode(zlib.compress(midi_from_piece(self.task.given), 9)).decode("ascii")
        return {"midi": data, "write": self.task.write.to_json(), "title": self.title, "licence": self.licence}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Asked:
        """Raises `ValueError`, `TypeError` or a `PartimentoError` for what `to_json` did not write."""
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(base64.b64decode(record["midi"], validate=True), MOST_BYTES)
        except (binascii.Error, zlib.error) as error:
            raise ValueError(str(error)) from None
        piece, _ = piece_from_midi(data)
        return cls(Task(piece, Region.from_json(record["write"])), str(record["title"]), str(record["licence"]))


Given = Start | Asked


def provenance_of(checkpoint: Trained, start: Given | None, options: Options, index: int) -> str:
    """The JSON from which piece `index` of a run can be made again; it names the run, not where a person keeps it."""
    note = {
        "partimento": VERSION,
        "model": {"name": "/".join(Path(checkpoint.path).parts[-2:]), "sha256": checkpoint.sha256},
        "encoding": checkpoint.encoding.key,
        "given": None if start is None else start.to_json(),
        "options": options.to_json() | {"index": index},
    }
    engine = getattr(checkpoint, "engine", None)  # what is not neural has none
    note |= {} if engine is None else {"engine": engine}
    return json.dumps(note, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def read_provenance(made: str, checkpoint: Trained) -> tuple[Given | None, Options, int]:
    """What was given, the options and the number of the piece that was `made` so.

    Raises `CheckpointError` when it was another model, `InvalidOption` when `made` is not a note of `compose`.
    """
    try:
        note = json.loads(made)
        sha256, name, record, given = str(note["model"]["sha256"]), str(note["model"]["name"]), note["options"], note["given"]
        if sha256 != checkpoint.sha256:
            raise CheckpointError(
                f"the piece was made by {name} (sha256 {sha256}); {checkpoint.path} is another model "
                f"(sha256 {checkpoint.sha256}): load the first one"
            )
        start: Given | None = None
        if given is not None:
            start = Asked.from_json(given) if "midi" in given else Start.from_json(given, checkpoint.encoding)
        options, index = Options.from_json(record), record["index"]
        if type(index) is not int or type(options.count) is not int or not 0 <= index < options.count:
            raise ValueError("index")
    except (ValueError, KeyError, TypeError, RecursionError, UnreadableFile) as error:
        raise InvalidOption(
            f"this is not a note of how a piece was made ({error!r}); take it from the title page of a composed piece"
        ) from None
    return start, options, index


def engine_of(made: str) -> str:
    """The engine by which a piece was `made`; notes of the first version say none, and had torch alone."""
    note = json.loads(made)
    return str(note.get("engine", TORCH)) if isinstance(note, dict) else TORCH


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
            raise InvalidOption(f"a given event has a {one.name} outside {least}..{one.size - 1}; encode it with {encoding.key!r}")
    return array.astype(encoding.dtype)


def called(piece: Piece) -> str:
    return piece.about.title or Path(piece.about.source).stem


def title_of(checkpoint: Trained, start: Given | None, seed: int, index: int) -> str:
    recipe = checkpoint.recipe
    name = str(getattr(recipe, "name", recipe))
    begun = "" if start is None else f"After {start.title}" if isinstance(start, Start) else f"In {start.title}"
    return f"{begun if start and start.title else name}, seed {seed}, number {index + 1}"


def licence_of(checkpoint: Trained, start: Given | None) -> str:
    """Licences of the training corpus, then that of the given piece, each once."""
    licences = checkpoint.metadata.get("licences") or checkpoint.metadata.get("licence") or []
    parts = [licences] if isinstance(licences, str) else [str(part) for part in licences]
    parts += [start.licence] if start else []
    return "; ".join(dict.fromkeys(part for part in parts if part))
