"""`partimento compose`: a model writes music, from nothing, from given notes, or again as a file says it was made."""

from __future__ import annotations

import json as json_module
import os
import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.choosing import ChoiceOptions, choose, show
from partimento.cli.places import recall, remember
from partimento.cli.reference import reference_of
from partimento.cli.rules import RuleOptions
from partimento.cli.screen import Flag, Problem, Screen, check_parents, counted, duration, positive, short
from partimento.errors import InvalidOption

if TYPE_CHECKING:
    from partimento.composing.compose import Composition
    from partimento.models.checkpoint import Checkpoint

SEEDS = 2**31


def compose(
    model: Path | None = None,
    *,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    notes: int = 200,
    given: Path | None = None,
    given_notes: int | None = None,
    write: str | None = None,
    count: int = 1,
    condition: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    guidance: float = 1.0,
    temperature: str = "1",
    top_k: int = 0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    seed: int | None = None,
    like: Path | None = None,
    roll: Flag = False,
    choice: ChoiceOptions | None = None,
    rules: RuleOptions | None = None,
    json: Flag = False,
) -> None:
    """Writes new music as MIDI. Each file says inside how it was made, and --like makes it again, byte for byte.

    Examples:
      partimento compose run --notes 200 -o new.mid
      partimento compose run --given tune.mid --notes 100 -o continued.mid
      partimento compose run --given tune.mid --write bars=9-16 --chords "C G/B Am G" -o filled.mid
      partimento compose run --given tune.mid --write accompaniment -o song.mid
      partimento compose run --count 8 --temperature pitch=0.9,duration=0.7 --top-p 0.95 --seed 1 -o some.mid
      partimento compose run --key "G major" --chords "G C D7 G" --bars 8 --end-on-tonic -o song.mid
      partimento compose run --condition "key=G minor" --condition meter=3/4 --guidance 1.5 -o minuet.mid
      partimento compose run --count 16 --best 4 --original -o song.mid
      partimento compose --like some-3.mid -o again.mid

    Music of models that know the end of a piece (the encoding notes) ends on a bar line near --notes. It does not repeat itself
    more than human pieces do, and it is told how much of it stands in the training pieces, where, and in which.

    With --json: files, rolls, notes (new ones, in all), seconds, first_note_ms
    (from the start of the process), seed, ended (how many pieces came to an
    end of their own), judged (of each file originality: the keys of the command
    originality, over among them, or null; and with --best ranking: rank,
    bits_per_note, distance), copies (with --original, what could not be
    replaced); with --like files, rolls, notes, seconds, first_note_ms, seed and
    same (whether the bytes are those of the other file).

    Parameters
    ----------
    model
        A run or a checkpoint.
    out
        The MIDI file; with --count, out-1.mid, out-2.mid and so on.
    notes
        How many new notes, more or less; with --exact, or a model that knows no end, just so many.
    given
        A score to go on from.
    write
        Where to write in the score of --given, whose other notes stand: bars=9-16, tracks=2, vary=0.5 (keeping half of the
        notes), or a new part: melody, bass, accompaniment; and in which bars: "bass bars=1-8". For models trained on
        tasks, such as the recipe transformer_tasks.
    given_notes
        Only so many of its first notes, as the encoding counts them.
    count
        How many pieces.
    condition
        What the model should have in mind: composer, genre, key, meter, tempo (quarters a minute), density (notes
        a quarter) or length (bars), as NAME=VALUE; may be given several times.
    guidance
        How hard the conditions press: 1 as the model takes them, 1.5 to 3 harder, at twice the work.
    temperature
        Below 1 safer, above 1 wilder; one number, or one for each field: pitch=0.9,duration=0.7.
    top_k
        Draw from the likeliest k only; 0 from all.
    top_p
        Draw from the likeliest that together have this probability.
    min_p
        Leave out what is less likely than this share of the likeliest.
    seed
        The same seed gives the same music; without one, a seed is drawn and told.
    like
        A composed MIDI file to make again; MODEL is needed only when it has been moved.
    roll
        Write a piano roll (PNG) beside each file.
    choice
        Repetition, endings, originality, ranking.
    rules
        What must hold of every new note (for models of the encoding notes).
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    if like is not None:
        asked = {"--notes": notes != 200, "--given": given is not None, "--given-notes": given_notes is not None}
        asked |= {"--write": write is not None}
        asked |= {"--count": count != 1, "--temperature": temperature != "1", "--top-k": top_k != 0, "--top-p": top_p != 1}
        asked |= {"--min-p": min_p != 0, "--seed": seed is not None, "--condition": bool(condition)}
        asked |= {"--guidance": guidance != 1}
        asked |= {"rules": rules is not None and rules != RuleOptions()}
        asked |= {"--exact, --no-guard, --original, --best": choice is not None and choice != ChoiceOptions()}
        if any(asked.values()):
            others = ", ".join(option for option, given_too in asked.items() if given_too)
            raise InvalidOption(f"--like makes the same piece again, so it cannot go with {others}; leave one of them out")
        _again(screen, like, model, out, roll)
        return
    if model is None:
        raise Problem("compose: name a run or a checkpoint, or a file to make again with --like")
    from partimento.analysis.repetition import HABITS
    from partimento.composing.compose import compose as compose_pieces
    from partimento.composing.sampling import Sampling
    from partimento.formats import read
    from partimento.models.checkpoint import Checkpoint
    from partimento.task import Task

    out = out or Path("out.mid")
    _check_out(out)
    positive("--notes", notes)
    positive("--count", count)
    choice = choice or ChoiceOptions()
    choice.check(count)
    if given_notes is not None:
        positive("--given-notes", given_notes)
        if given is None:
            raise Problem("--given-notes: there are no given notes; name a score with --given")
    if write is not None and (given is None or given_notes is not None):
        raise Problem("--write: name the whole score that it belongs to with --given, without --given-notes")
    sampling = Sampling(temperature=_temperature(temperature), top_k=top_k, top_p=top_p, min_p=min_p)
    must_hold = rules.rules() if rules is not None else None
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    checkpoint = Checkpoint.load(model)
    remember(checkpoint.sha256, checkpoint.path)
    piece = read(given) if given is not None else None
    if piece is not None and given_notes is not None:
        head = checkpoint.encoding.encode(piece)[:given_notes]
        piece = replace(checkpoint.encoding.decode(head), about=piece.about)
    first: list[float] = []
    with screen.progress() as tell:

        def on_progress(done: int, of: int) -> None:
            if not first:
                first.append(_process_seconds())
            tell("notes" if write is None else "windows", done, of)

        reference = reference_of(screen, checkpoint.path, checkpoint.metadata, tell)
        asked_for = _conditions(condition)
        task = Task(piece, write) if piece is not None and write is not None else None

        def run(seed: int, count: int) -> list[Composition]:
            return compose_pieces(
                checkpoint,
                given=piece if task is None else None,
                task=task,
                notes=notes,
                sampling=sampling,
                seed=seed,
                count=count,
                rules=must_hold,
                conditions=asked_for,
                guidance=guidance,
                guard=choice.guard and ((reference and reference.habits) or HABITS),
                ending=not choice.exact,
                on_progress=on_progress,
            )

        kept, copies = choose(run, seed, count, choice, reference, checkpoint, asked_for)
    made = [one.made for one in kept]
    names = [out if count == 1 else out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, len(made) + 1)]
    rolls = write_all(made, names, roll)
    first_ms = round(1000 * first[0], 1)
    new_notes = sum(one.new_notes for one in made)
    screen.say(f"{counted(len(made), 'piece')}, {counted(new_notes, 'new note')}, in {duration(screen.seconds)}, seed {seed}")
    show(screen, kept, names, copies)
    screen.say(f"\nNext: partimento compose --like {short(names[0])} -o again.mid makes the same piece again")
    screen.result(
        {
            "files": [str(name) for name in names],
            "rolls": [str(name) for name in rolls],
            "notes": new_notes,
            "seconds": screen.seconds,
            "first_note_ms": first_ms,
            "seed": seed,
            "ended": sum(checkpoint.encoding.ended(one.events) for one in made),
            "judged": [{"file": str(name)} | one.to_json() for name, one in zip(names, kept, strict=True)],
            "copies": copies,
        }
    )


def _again(screen: Screen, like: Path, model: Path | None, out: Path | None, roll: bool) -> None:
    from partimento.composing.compose import again
    from partimento.formats import read

    if not like.is_file():
        raise InvalidOption(f"--like {like}: no such file")
    out = out or like.with_name(f"{like.stem}-again{like.suffix}")
    _check_out(out)
    if out.exists() and out.samefile(like):
        raise InvalidOption(f"-o {out}: the file to compare with; choose another name")
    note = read(like).about.made
    if not note:
        raise InvalidOption(f"--like {like}: the file does not say how it was made; it must be one that partimento composed")
    checkpoint = _model_of(like, note, model)
    one = again(note, checkpoint)
    first_ms = round(1000 * _process_seconds(), 1)
    rolls = write_all([one], [out], roll)
    same = out.read_bytes() == like.read_bytes()
    screen.say(f"{short(out)}: {'the same as' if same else 'NOT the same as'} {short(like)}, in {duration(screen.seconds)}")
    if not same:
        screen.errors.print("warning: another processor, version of torch or of partimento rounds otherwise", markup=False)
    files = {"files": [str(out)], "rolls": [str(name) for name in rolls], "notes": one.new_notes, "seconds": screen.seconds}
    screen.result(files | {"first_note_ms": first_ms, "seed": json_module.loads(note)["options"]["seed"], "same": same})


def _model_of(like: Path, note: str, model: Path | None) -> Checkpoint:
    """The model that is named, or the one the file speaks of, where it lies now."""
    from partimento.models.checkpoint import Checkpoint

    if model is not None:
        return Checkpoint.load(model)
    try:
        spoken_of = json_module.loads(note)["model"]
        name, known = Path(spoken_of["name"]), recall(spoken_of["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidOption(f"--like {like}: what it says of how it was made is damaged") from None
    for place in (*([known] if known else []), *(folder / name for folder in (*like.resolve().parents, Path()))):
        if place.is_file():
            return Checkpoint.load(place)
    raise InvalidOption(f"--like {like}: its model {name} is not there; name it: partimento compose MODEL --like {like}")


def write_all(made: list[Composition], names: list[Path], roll: bool) -> list[Path]:
    """Writes each piece, and a piano roll beside it; returns the rolls."""
    from partimento.formats import write

    rolls = []
    names[0].parent.mkdir(parents=True, exist_ok=True)
    for one, name in zip(made, names, strict=True):
        write(one.piece, name)
        if roll:
            from partimento.render.roll import roll as draw

            rolls.append(name.with_suffix(".png"))
            given = None if one.new is None else ~one.new
            draw(one.piece, rolls[-1], given_until_tick=one.given_until_tick or None, given=given)
    return rolls


def _check_out(out: Path) -> None:
    if out.suffix.lower() not in (".mid", ".midi"):
        raise InvalidOption(f"-o {out}: music is written as MIDI; end the name with .mid")
    if out.is_dir():
        raise InvalidOption(f"-o {out}: a folder is in the way")
    check_parents("-o", out)


def _conditions(given: tuple[str, ...]) -> dict[str, str | float]:
    pairs = [one.partition("=") for one in given]
    if wrong := [one for one, (_, equals, _) in zip(given, pairs, strict=True) if not equals]:
        raise InvalidOption(f"--condition {wrong[0]}: give a name and a value, such as --condition meter=3/4")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _temperature(text: str) -> Any:
    try:
        if "=" not in text:
            return float(text)
        return {name.strip(): float(value) for name, _, value in (part.partition("=") for part in text.split(","))}
    except ValueError:
        raise InvalidOption(f"--temperature {text}: a number, or one for each field (pitch=0.9,duration=0.7)") from None


def _process_seconds() -> float:
    """Seconds since this process started, where the system tells (Linux); otherwise the processor time it has used."""
    try:
        started_ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, IndexError, ValueError):
        return time.process_time()
