"""Composes pieces: pushes what is given through a model, then draws events one by one. It knows no model from the inside.

The same model, options, seed and number give the same notes: each sequence has a random stream of its own, and `compose`
computes on one thread, since sums that are shared among threads differ in the last bit. They are the same on one kind of
processor and one version of torch; another may round otherwise.
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

import partimento
from partimento.composing.events import draw_event
from partimento.composing.rules.masks import Masks
from partimento.composing.rules.spec import Rules
from partimento.composing.sampling import Sampling, Uniforms
from partimento.encodings import Encoding, Events
from partimento.errors import CheckpointError, InvalidOption, InvalidPiece
from partimento.models.predictor import Predictor
from partimento.piece import About, Piece

MAX_NOTES = 100_000
MAX_COUNT = 4096
_EVENTS_PER_NOTE = 64  # events that are no notes end somewhere, whatever a model draws


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
class Composition:
    """A piece of given and new notes, its `events` [T, F], and `made`: the JSON from which `again` makes the same piece.

    `made` is also `piece.about.made`. `given_until_tick` is where the given notes end and the new ones begin; `new_notes` counts
    those.
    """

    piece: Piece
    events: Events
    made: str
    given_until_tick: int
    new_notes: int


def stream(
    predictor: Predictor,
    encoding: Encoding,
    *,
    given: npt.NDArray[Any] | list[Any] | None = None,
    notes: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
) -> Iterator[Events]:
    """Events [B, F] of `count` sequences, each step as it is drawn, until every one has at least `notes` new notes or has
    ended (or 64 events for each of the notes). `rules` that say where the music ends (bars, a rhythm) go before `notes`.

    `given` are events [T, F] before the first one drawn. A sequence with its notes goes on until all have theirs; after
    its end it is zeros. Options are checked at once, not at the first step. Raises `InvalidOption`, and `CheckpointError`
    for a model of other fields.
    """
    sampling = sampling or Sampling()
    names = [field.name for field in encoding.fields]
    for option, value, most in (("notes", notes, MAX_NOTES), ("count", count, MAX_COUNT)):
        if not isinstance(value, int) or not 1 <= value <= most:
            raise InvalidOption(f"{option} is {value!r}; it must be a whole number from 1 to {most}")
    sampling.check(names)
    if tuple(predictor.fields) != tuple(encoding.fields):
        raise CheckpointError(
            f"the model does not predict the fields of the encoding {encoding.key!r}; load it with its own encoding"
        )
    before = _given_events(given, encoding)
    masks = []
    if rules is not None:
        before = before if len(before) else rules.head(encoding)
        masks = [rules.masks(encoding, before) for _ in range(count)]
    return _steps(predictor, encoding, before, _most(notes, rules), sampling, Uniforms(seed, count), count, masks)


def compose(
    checkpoint: Trained,
    *,
    given: Piece | None = None,
    notes: int,
    sampling: Sampling | None = None,
    seed: int = 0,
    count: int = 1,
    rules: Rules | None = None,
    conditions: Mapping[str, str | float] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Composition]:
    """`count` pieces of `notes` new notes each, after those of `given`, under `rules`. `on_progress(done, of)` counts notes.

    `conditions` are wishes for the whole piece, in the words of the model's `vocabulary`: composer, genre, key, meter, tempo,
    density, length.

    A piece that ends earlier, where the encoding has an event for that, has fewer; the end of `given` is left out. A piece
    is what the encoding keeps of it, the given notes too. Torch computes on one thread meanwhile. Raises
    `InvalidOption`, and `InvalidPiece` when the encoding keeps no note of `given`.
    """
    start = None
    if given is not None:
        events = checkpoint.encoding.encode(given)
        if checkpoint.encoding.ended(events):
            events = events[:-1]
        if not len(events):
            raise InvalidPiece(
                f"{_called(given) or 'the given piece'} has no notes that {checkpoint.encoding.key!r} keeps; give another"
            )
        start = _Start(events, _called(given), given.about.licence)
    return _compose(checkpoint, start, notes, sampling or Sampling(), seed, count, rules, dict(conditions or {}), on_progress)


def again(made: str, checkpoint: Trained) -> Composition:
    """The composition that says of itself that it was `made` so: the same notes, and the same bytes once written.

    The model may lie elsewhere now, so `made` is kept as it was. All pieces of that run are made anew and the one is taken,
    since the arithmetic of a batch depends on its size. Raises `CheckpointError` when it was another model,
    `InvalidOption` when `made` is not a note of `compose`.
    """
    try:
        note = json.loads(made)
        sha256, name, options, given = str(note["model"]["sha256"]), str(note["model"]["name"]), note["options"], note["given"]
        if sha256 != checkpoint.sha256:
            raise CheckpointError(
                f"the piece was made by {name} (sha256 {sha256}); {checkpoint.path} is another model "
                f"(sha256 {checkpoint.sha256}): load the first one"
            )
        start = None if given is None else _Start.from_json(given, checkpoint.encoding)
        sampling = Sampling(**options["sampling"])
        notes, seed, count, index = (options[key] for key in ("notes", "seed", "count", "index"))
        rules = Rules.from_json(options["rules"]) if "rules" in options else None
        conditions = dict(options.get("conditions", {}))
        if type(index) is not int or type(count) is not int or not 0 <= index < count:
            raise ValueError("index")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidOption(
            f"this is not a note of how a piece was made ({error!r}); take it from the title page of a composed piece"
        ) from None
    one = _compose(checkpoint, start, notes, sampling, seed, count, rules, conditions)[index]
    return replace(one, piece=replace(one.piece, about=replace(one.piece.about, made=made)), made=made)


@dataclass(frozen=True)
class _Start:
    """The given events, what their piece is called, and its licence."""

    events: Events
    title: str
    licence: str

    def to_json(self) -> dict[str, Any]:
        data = base64.b64encode(np.ascontiguousarray(self.events).tobytes()).decode("ascii")
        page = {"title": self.title, "licence": self.licence}
        return {"events": data, "dtype": self.events.dtype.str, "shape": list(self.events.shape), **page}

    @classmethod
    def from_json(cls, given: dict[str, Any], encoding: Encoding) -> _Start:
        dtype = np.dtype(given["dtype"])
        if dtype.kind != "u":
            raise ValueError("dtype")
        try:
            flat = np.frombuffer(base64.b64decode(given["events"], validate=True), dtype)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
        return cls(_given_events(flat.reshape(given["shape"]), encoding), str(given["title"]), str(given["licence"]))


def _compose(
    checkpoint: Trained,
    start: _Start | None,
    notes: int,
    sampling: Sampling,
    seed: int,
    count: int,
    rules: Rules | None,
    conditions: dict[str, str | float],
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Composition]:
    encoding, predictor = checkpoint.encoding, _under(checkpoint, conditions)
    before = np.zeros((0, len(encoding.fields)), encoding.dtype) if start is None else start.events
    if start is None and rules is not None:
        before = rules.head(encoding)
    with _one_thread():
        steps = []
        held = np.zeros(count, np.int64)
        options: dict[str, Any] = {"notes": notes, "sampling": sampling, "seed": seed, "count": count, "rules": rules}
        for step in stream(predictor, encoding, given=before, **options):
            steps.append(step)
            if on_progress is not None:
                held += [encoding.notes_in(step[b : b + 1]) for b in range(count)]
                on_progress(min(int(held.min()), notes), notes)
    new_BTF = np.stack(steps, axis=1)
    most = _most(notes, rules)
    until = encoding.decode(before).end_tick if len(before) else 0
    made = {
        "partimento": partimento.__version__,
        # the run and its file, and no word of where a person keeps them
        "model": {"name": "/".join(Path(checkpoint.path).parts[-2:]), "sha256": checkpoint.sha256},
        "encoding": encoding.key,
        "given": None if start is None else start.to_json(),
    }
    compositions = []
    for index in range(count):
        events = np.concatenate([before, _first_notes(new_BTF[index], most, encoding)])
        options = {"notes": notes, "sampling": sampling.to_json(), "seed": seed, "count": count, "index": index}
        if rules is not None:
            options["rules"] = rules.to_json()
        options |= {"conditions": conditions} if conditions else {}
        note = json.dumps({**made, "options": options}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        about = About(title=_title(checkpoint, start, seed, index), licence=_licence(checkpoint, start), made=note)
        new_notes = encoding.notes_in(events[len(before) :])
        compositions.append(Composition(replace(encoding.decode(events), about=about), events, note, until, new_notes))
    return compositions


def _most(notes: int, rules: Rules | None) -> int:
    """How many new notes there may be: as many as asked for, or as come before the end that the rules say."""
    return MAX_NOTES if rules is not None and rules.say_the_end else notes


def _under(checkpoint: Trained, conditions: dict[str, str | float]) -> Predictor:
    """The model under conditions. Raises `InvalidOption` where it knows none, and `UnknownName`."""
    if not conditions:
        return checkpoint.predictor()
    told: Any = checkpoint
    if getattr(told, "vocabulary", None) is None:
        raise InvalidOption(f"{checkpoint.path} knows no conditions such as {next(iter(conditions))}; train a recipe that does")
    under: Predictor = told.predictor(told.vocabulary.named(**conditions))
    return under


def _steps(
    predictor: Predictor,
    encoding: Encoding,
    before: Events,
    notes: int,
    sampling: Sampling,
    uniforms: Uniforms,
    count: int,
    masks: list[Masks],
) -> Iterator[Events]:
    fields = encoding.fields
    session = predictor.begin(count)
    for event in before:
        session.push(np.broadcast_to(event, (count, len(fields))))
    history_BTF = np.repeat(before[None], count, axis=0)
    length = len(before)
    missing = np.full(count, notes)
    ended = np.full(count, encoding.ended(before))
    for _ in range(_EVENTS_PER_NOTE * notes):
        if length == history_BTF.shape[1]:  # doubled when full, so that a long stream does not copy itself at every step
            history_BTF = np.concatenate([history_BTF, np.zeros((count, max(256, length), len(fields)), encoding.dtype)], axis=1)
        events: Events = draw_event(session, encoding, history_BTF[:, :length], ended, sampling, uniforms, masks)
        history_BTF[:, length] = events
        length += 1
        yield events
        missing -= [encoding.notes_in(events[b : b + 1]) for b in range(count)]
        for b, mask in enumerate(masks):
            if not ended[b]:
                mask.push(events[b].tolist())
        ended |= [encoding.ended(events[b : b + 1]) for b in range(count)]
        if (ended | (missing <= 0)).all():
            return
        session.push(events)


def _first_notes(events: Events, notes: int, encoding: Encoding) -> Events:
    """The events up to the one that brings the last of `notes`, or the one that ends the piece."""
    held = 0
    for at in range(len(events)):
        held += encoding.notes_in(events[at : at + 1])
        if held >= notes or encoding.ended(events[at : at + 1]):
            return events[: at + 1]
    return events


def _given_events(given: npt.NDArray[Any] | list[Any] | None, encoding: Encoding) -> Events:
    """Events [T, F] in the encoding's own type, checked: every id one that an event may have."""
    fields = encoding.fields
    array = np.zeros((0, len(fields)), np.int64) if given is None else np.asarray(given)
    if array.ndim != 2 or array.shape[1] != len(fields) or array.dtype.kind not in "iu":
        raise InvalidOption(
            f"given events are {array.dtype}{list(array.shape)}; they must be whole numbers [events, {len(fields)}]"
        )
    for column, field in enumerate(fields):
        least = 0 if field.optional else 1
        if len(array) and not least <= int(array[:, column].min()) <= int(array[:, column].max()) < field.size:
            raise InvalidOption(
                f"a given event has a {field.name} outside {least}..{field.size - 1}; encode it with {encoding.key!r}"
            )
    return array.astype(encoding.dtype)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch on one thread; nothing where torch was never loaded, for then no model uses it."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _called(piece: Piece) -> str:
    return piece.about.title or Path(piece.about.source).stem


def _title(checkpoint: Trained, start: _Start | None, seed: int, index: int) -> str:
    recipe = checkpoint.recipe
    name = str(getattr(recipe, "name", recipe))
    return f"{f'After {start.title}' if start and start.title else name}, seed {seed}, number {index + 1}"


def _licence(checkpoint: Trained, start: _Start | None) -> str:
    """Licences of the training corpus, then that of the given piece, each once."""
    licences = checkpoint.metadata.get("licences") or checkpoint.metadata.get("licence") or []
    parts = [licences] if isinstance(licences, str) else [str(part) for part in licences]
    parts += [start.licence] if start else []
    return "; ".join(dict.fromkeys(part for part in parts if part))
