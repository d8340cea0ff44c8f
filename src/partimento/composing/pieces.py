"""Composing as people ask for it: by names and words, each piece judged beside human ones, copies replaced, the best kept.

What is drawn, and how, is `compose.py`; this adds what the command line and Python have in common.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

from partimento.analysis.card.rows import figures
from partimento.analysis.human_reference import Reference, reference_of
from partimento.analysis.repetition import HABITS, Habits
from partimento.composing.compose import again, loaded
from partimento.composing.compose import compose as compose_pieces
from partimento.composing.composition import Composition
from partimento.composing.guard import can_guard
from partimento.composing.originals import originals
from partimento.composing.provenance import Trained
from partimento.composing.ranking import bits_per_note, distances, rank
from partimento.composing.rules import Rules
from partimento.composing.sampling import Sampling
from partimento.errors import InvalidOption
from partimento.formats import read, write
from partimento.models.shipped import models_folder
from partimento.models.whereabouts import recall, remember
from partimento.piece import Piece
from partimento.progress import OnProgress, silent
from partimento.task import Task

SEEDS = 2**31  # of those that are drawn where none is given

Path_ = str | os.PathLike[str]
Conditions = Mapping[str, str | float] | str | Sequence[str]


@dataclass(frozen=True)
class Composed(Sequence[Composition]):
    """New pieces, in order (with `best`, the best first). A notebook shows and plays each.

    `seed` makes them again. `copies` says how many still copied too much when others had been tried (with `original`), `stuck` how
    many of those asked for are left out, since the rules left them no way on.
    """

    pieces: tuple[Composition, ...]
    seed: int
    copies: int = 0
    stuck: int = 0

    @overload
    def __getitem__(self, at: int) -> Composition: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Composition, ...]: ...
    def __getitem__(self, at: int | slice) -> Composition | tuple[Composition, ...]:
        return self.pieces[at]

    def __len__(self) -> int:
        return len(self.pieces)

    def __iter__(self) -> Iterator[Composition]:
        return iter(self.pieces)

    @property
    def new_notes(self) -> int:
        """How many notes the model has written, in all pieces."""
        return sum(one.new_notes for one in self.pieces)

    def write(self, path: Path_) -> list[Path]:
        """Writes the pieces: one under the name itself, several as name-1.mid, name-2.mid and so on; gives the names.

        Only MIDI (.mid) keeps inside how a piece was made, so that it can be made again. Raises `WriteFailed`.
        """
        names = numbered(Path(path), len(self.pieces))
        for one, name in zip(self.pieces, names, strict=True):
            write(one.piece, name)
        return names

    def __str__(self) -> str:
        lines = [f"{len(self)} piece{'s' * (len(self) != 1)}, {self.new_notes:,} new notes, seed {self.seed}"]
        for number, one in enumerate(self.pieces, 1):
            lines += [f"{number}. {one.piece!r}", *(f"   {line}" for line in one.judgement())]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        shown: list[str] = []
        for one in self.pieces:
            shape: Callable[[], str] = getattr(one.piece, "_repr_html_")  # noqa: B009 (a notebook's name)
            shown.append(shape() + "".join(f"<p>{line}</p>" for line in one.judgement()))
        return "".join(shown)


def numbered(path: Path, count: int) -> list[Path]:
    """The path itself, or for several pieces with their numbers."""
    return [path] if count == 1 else [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, count + 1)]


def compose(
    model: Trained | Path_ | None = None,
    *,
    given: Piece | Path_ | None = None,
    given_notes: int | None = None,
    write: str | None = None,
    task: Task | None = None,
    notes: int = 200,
    count: int = 1,
    seed: int | None = None,
    rules: Rules | None = None,
    conditions: Conditions = (),
    guidance: float = 1.0,
    temperature: float | str | Mapping[str, float] = 1.0,
    top_k: int = 0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    sampling: Sampling | None = None,
    ending: bool | None = None,
    guard: bool | Habits | None = None,
    original: bool = False,
    best: int = 0,
    engine: str | None = None,
    on_progress: OnProgress = silent,
) -> Composed:
    """New pieces by the house model, by another one, or by the run in a folder: from nothing, after given notes, or inside a given
    piece.

    ```python
    songs = partimento.compose("run", rules=partimento.Rules(key="G major", bars=8), count=8, best=2, seed=1)
    songs.write("song.mid")
    ```

    It does what `partimento compose` does, and writes the same bytes.

    - `given`: a piece or a score to go on from; `given_notes`: only so many of its first notes. `write`: where to write in the
      given piece, in words: "bars=9-16", "tracks=2", "vary=0.5", "bass", "melody", "accompaniment"; or a `task` that says both.
    - `notes`: how many new ones, more or less: a piece ends where music ends near that; with `ending=False` just so many.
    - `count` pieces; `best`: only so many of them are kept, those that the model finds likeliest and that are most like human
      ones. `original`: what copies more of the training pieces than human pieces do is composed anew.
    - `seed`: the same one gives the same pieces; without one, it is drawn, and given as `seed` of the result.
    - `rules` must hold of every new note. `conditions` describe the whole piece: {"key": "G minor"} or "meter=3/4".
      `guidance` above 1 presses them harder, at twice the work.
    - `temperature` below 1 is safer, above 1 wilder; of one field "pitch=0.9,duration=0.7". `top_k`, `top_p`, `min_p` leave out
      what is unlikely; or all four as a `Sampling`.
    - `engine`: what computes the model, "compiled" loops (without a name, where they can) or "torch".
    - `guard` keeps pieces from repeating themselves more than human pieces do: those that the model is laid beside.

    `on_progress` counts notes, or windows where notes are written inside a piece.

    Raises `CheckpointError`, `InvalidOption`, `InvalidPiece`, `UnreadableFile` and `UnknownName`.
    """
    _check(given, given_notes, write, task, count, best)
    drawing = Sampling(temperature, top_k, top_p, min_p)
    if sampling is not None and drawing != Sampling():
        raise InvalidOption("sampling says temperature, top_k, top_p and min_p at once; leave those out")
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    checkpoint = loaded(model, engine)
    remember(checkpoint.sha256, checkpoint.path)
    piece = read(given) if isinstance(given, (str, os.PathLike)) else given
    if piece is not None and given_notes is not None:
        head = checkpoint.encoding.encode(piece)[:given_notes]
        piece = replace(checkpoint.encoding.decode(head), about=piece.about)
    if piece is not None and write is not None:
        task, piece = Task(piece, write), None
    asked = parse_conditions(conditions)
    reference = reference_of(checkpoint.path, checkpoint.metadata, on_progress)
    if guard is None and not can_guard(checkpoint.encoding.cursor()):
        guard = False
    habits = (reference and reference.habits) or HABITS if guard in (None, True) else guard
    _refuse_without(reference, original, best)
    unit = "notes" if task is None else "windows"

    def run(seed: int, count: int) -> list[Composition]:
        made = compose_pieces(
            checkpoint,
            given=piece,
            task=task,
            notes=notes,
            sampling=sampling or drawing,
            seed=seed,
            count=count,
            rules=rules,
            conditions=asked,
            guidance=guidance,
            guard=habits,
            ending=ending,
            on_progress=lambda done, total: on_progress(unit, done, total),
        )
        return [judged(one, reference) for one in made]

    pieces, copies = originals(run, lambda one: bool(one.over), seed, count) if original else (run(seed, count), 0)
    stuck = count - len(pieces)
    if best and reference is not None:
        pieces = _best(pieces, best, reference, checkpoint, asked)
    return Composed(tuple(pieces), seed, copies, stuck)


def remake(path: Path_, model: Trained | Path_ | None = None) -> Composition:
    """The piece of a file that was composed here, made again: the same notes, and the same bytes once written as MIDI.

    ```python
    same = partimento.composing.pieces.remake("song-1.mid")
    ```

    Without `model` it is looked for where it last composed, near the file, and among those that come with the package. Raises
    `InvalidOption` when the file does not say how it was made, or its model is not there; `CheckpointError` when it is another
    model.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidOption(f"{path}: no such file")
    made = read(path).about.made
    if not made:
        raise InvalidOption(f"{path}: the file does not say how it was made; it must be one that partimento composed")
    if model is None:
        model = _model_of(path, made)
    return again(made, loaded(model))


def parse_conditions(words: Conditions) -> dict[str, str | float]:
    """Conditions from words such as "meter=3/4"; several of them, or a mapping. Raises `InvalidOption`."""
    if isinstance(words, Mapping):
        return dict(words)
    words = [words] if isinstance(words, str) else list(words)
    pairs = [one.partition("=") for one in words]
    if wrong := [one for one, (_, equals, _) in zip(words, pairs, strict=True) if not equals]:
        raise InvalidOption(f"{wrong[0]!r}: give a name and a value, such as meter=3/4", option="conditions")
    return {name.strip(): value.strip() for name, _, value in pairs}


def judged(made: Composition, reference: Reference | None) -> Composition:
    """A piece with what of its new notes is in the training pieces."""
    if reference is None:
        return made
    notes = made.piece.notes
    new = notes["onset"] >= made.given_until_tick if made.new is None else made.new
    finding = reference.index.find(replace(made.piece, notes=notes[new]))
    return replace(made, finding=finding, over=None if reference.limits is None else reference.limits.crossed(finding))


def _best(
    pieces: list[Composition], best: int, reference: Reference, checkpoint: Trained, conditions: Mapping[str, str | float]
) -> list[Composition]:
    found = [one.finding for one in pieces if one.finding is not None]
    away = distances(figures([one.piece for one in pieces], found), reference.human)
    ranked = rank(bits_per_note(checkpoint, pieces, conditions), away)
    return [replace(pieces[one.number], ranked=one) for one in ranked[:best]]


def _check(given: object, given_notes: int | None, write: str | None, task: Task | None, count: int, best: int) -> None:
    """Raises `InvalidOption` for what contradicts itself."""
    if given_notes is not None and (given is None or given_notes < 1):
        raise InvalidOption("so many of the first notes of the given piece: name it as given, and 1 or more", option="given_notes")
    if write is not None and (given is None or given_notes is not None):
        raise InvalidOption("name the whole score that it belongs to as given, without given_notes", option="write")
    if task is not None and (given is not None or write is not None):
        raise InvalidOption("a task has its own given notes; leave out given and write")
    if not 0 <= best <= count:
        raise InvalidOption(f"{best} cannot be; it is 0 (all are kept) to {count}, the count of pieces", option="best")


def _refuse_without(reference: Reference | None, original: bool, best: int) -> None:
    """Raises `InvalidOption` where what is asked for needs a reference that is not there."""
    if best and (reference is None or not len(reference.human)):
        raise InvalidOption(
            "there are no human pieces to lay these beside; leave it out, or train on a larger corpus", option="best"
        )
    if original and (reference is None or reference.limits is None):
        raise InvalidOption("it is not known what human pieces copy; leave it out, or train on a larger corpus", option="original")


def _model_of(path: Path, made: str) -> Path:
    """The checkpoint that a file speaks of, where it lies now."""
    try:
        spoken_of = json.loads(made)["model"]
        name, known = Path(spoken_of["name"]), recall(spoken_of["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidOption(f"{path}: what it says of how it was made is damaged") from None
    for place in (*([known] if known else []), *(folder / name for folder in (*path.resolve().parents, Path(), models_folder()))):
        if place.is_file():
            return place
    raise InvalidOption(f"{path}: its model {name} is not there; name it: partimento compose MODEL --like {path}")
