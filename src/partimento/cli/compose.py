"""`partimento compose`: a model writes music, from nothing, from given notes, or again as a file says it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partimento.cli.choosing import ChoiceOptions, show
from partimento.cli.rules import RuleOptions
from partimento.cli.screen import Flag, Screen, check_parents, counted, duration, positive, short, typed
from partimento.errors import InvalidOption
from partimento.system import process_seconds

if TYPE_CHECKING:
    from partimento.composing.composition import Composition


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
    engine: str | None = None,
    choice: ChoiceOptions | None = None,
    rules: RuleOptions | None = None,
    json: Flag = False,
) -> None:
    """Writes new music as MIDI. Each file says inside how it was made, and --like makes it again, byte for byte.

    Without MODEL the house model writes, which comes with the package.

    Examples:
      partimento compose --notes 200 -o new.mid
      partimento compose --given tune.mid --write accompaniment -o song.mid
      partimento compose run --notes 200 -o new.mid
      partimento compose run --given tune.mid --notes 100 -o continued.mid
      partimento compose run --given tune.mid --write bars=9-16 --chords "C G/B Am G" -o filled.mid
      partimento compose run --given tune.mid --write accompaniment -o song.mid
      partimento compose run --count 8 --temperature pitch=0.9,duration=0.7 --top-p 0.95 --seed 1 -o some.mid
      partimento compose run --key "G major" --chords "G C D7 G" --bars 8 --end-on-tonic -o song.mid
      partimento compose run --condition "key=G minor" --condition meter=3/4 --guidance 1.5 -o minuet.mid
      partimento compose run --count 16 --best 4 --original -o song.mid
      partimento compose --like some-3.mid -o again.mid

    Music of models that know the end of a piece (the encoding notes) ends on
    a bar line near --notes. No piece repeats itself more than human pieces do.
    What it copies of the training pieces is named, with the piece and the bars.

    With --json: files, rolls, notes (new ones, in all), seconds, first_note_ms
    (from the start of the process), seed, guard and ending (whether the repetition
    guard was in force, and whether pieces were led to an end near --notes),
    ended (how many pieces came to an end of their own), judged (of each file originality: the keys of the command
    originality, over among them, or null; and with --best ranking: rank,
    bits_per_note, distance), copies (with --original, what could not be
    replaced), stuck (pieces left out, since the rules left no way on);
    with --like files, rolls, notes, seconds, first_note_ms, seed,
    guard, ending and same (whether the bytes are those of the other file).

    Parameters
    ----------
    model
        A run, a checkpoint, or the name of a model that comes with the package; the house model by default.
    out
        The MIDI file; with --count, out-1.mid, out-2.mid and so on.
    notes
        How many new notes, more or less; with --exact, or a model that knows no end, just so many.
    given
        A score to go on from.
    write
        Where to write in the score of --given; its other notes stay. Bars (bars=9-16), tracks (tracks=2), half of all notes
        (vary=0.5), or a new part (melody, bass, accompaniment), in some bars perhaps ("bass bars=1-8"). For models trained
        on tasks, such as the recipe transformer_tasks.
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
        The same seed gives the same music; without one, a seed is drawn and printed.
    like
        A composed MIDI file to make again; MODEL is needed only when it has been moved.
    roll
        Write a piano roll (PNG) beside each file.
    engine
        What computes the model: compiled (loops of our own, which need no torch; without this option, where they can) or torch.
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
        asked |= {"--guidance": guidance != 1, "--engine": engine is not None}
        asked |= {"rules": rules is not None and rules != RuleOptions()}
        asked |= {"--exact, --no-guard, --original, --best": choice is not None and choice != ChoiceOptions()}
        if any(asked.values()):
            others = ", ".join(option for option, given_too in asked.items() if given_too)
            raise InvalidOption(f"--like makes the same piece again, so it cannot go with {others}; leave one of them out")
        _again(screen, like, model, out, roll)
        return
    out = out or Path("out.mid")
    _check_out(out)
    positive("--notes", notes)
    positive("--count", count)
    choice = choice or ChoiceOptions()
    must_hold = rules.rules() if rules is not None else None
    from partimento.composing.pieces import compose as compose_pieces

    first: list[float] = []
    with screen.progress() as on_progress:

        def timed(stage: str, done: int, total: int) -> None:
            if stage in ("notes", "windows") and not first:
                first.append(process_seconds())
            on_progress(stage, done, total)

        made = compose_pieces(
            model,
            given=given,
            given_notes=given_notes,
            write=write,
            notes=notes,
            count=count,
            seed=seed,
            rules=must_hold,
            conditions=condition,
            guidance=guidance,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            ending=False if choice.exact else None,
            guard=None if choice.guard else False,
            original=choice.original,
            best=choice.best,
            engine=engine,
            on_progress=timed,
        )
    names = made.write(out)
    rolls = write_rolls(made, names) if roll else []
    screen.say(
        f"{counted(len(made), 'piece')}, {counted(made.new_notes, 'new note')}, in {duration(screen.seconds)}, seed {made.seed}"
    )
    show(screen, made, names)
    screen.say(f"\nNext: {typed('partimento', 'compose', '--like', names[0], '-o', 'again.mid')}  # the same piece again")
    screen.result(
        {
            "files": [str(name) for name in names],
            "rolls": [str(name) for name in rolls],
            "notes": made.new_notes,
            "seconds": screen.seconds,
            "first_note_ms": round(1000 * first[0], 1),
            "seed": made.seed,
            "guard": made[0].guard,
            "ending": made[0].ending,
            "ended": sum(one.ended for one in made),
            "judged": [{"file": str(name)} | one.to_json() for name, one in zip(names, made, strict=True)],
            "copies": made.copies,
            "stuck": made.stuck,
        }
    )


def _again(screen: Screen, like: Path, model: Path | None, out: Path | None, roll: bool) -> None:
    from partimento.composing.pieces import remake
    from partimento.formats import write

    if not like.is_file():
        raise InvalidOption(f"--like {like}: no such file")
    out = out or like.with_name(f"{like.stem}-again{like.suffix}")
    _check_out(out)
    if out.exists() and out.samefile(like):
        raise InvalidOption(f"-o {out}: the file to compare with; choose another name")
    one = remake(like, model)
    first_ms = round(1000 * process_seconds(), 1)
    write(one.piece, out)
    rolls = write_rolls([one], [out]) if roll else []
    same = out.read_bytes() == like.read_bytes()
    screen.say(f"{short(out)}: {'the same as' if same else 'NOT the same as'} {short(like)}, in {duration(screen.seconds)}")
    if not same:
        screen.warn("another processor, version of partimento, or of torch, rounds otherwise")
    files = {"files": [str(out)], "rolls": [str(name) for name in rolls], "notes": one.new_notes, "seconds": screen.seconds}
    how = {"seed": one.seed, "guard": one.guard, "ending": one.ending}
    screen.result(files | {"first_note_ms": first_ms} | how | {"same": same})


def write_rolls(made: Iterable[Composition], names: Sequence[Path]) -> list[Path]:
    """Draws a piano roll beside each file."""
    from partimento.render.roll import roll

    rolls = [name.with_suffix(".png") for name in names]
    for one, name in zip(made, rolls, strict=True):
        roll(one.piece, name, given_until_tick=one.given_until_tick or None, given=None if one.new is None else ~one.new)
    return rolls


def _check_out(out: Path) -> None:
    if out.suffix.lower() not in (".mid", ".midi"):
        raise InvalidOption(f"-o {out}: music is written as MIDI; end the name with .mid")
    if out.is_dir():
        raise InvalidOption(f"-o {out}: a folder is in the way")
    check_parents("-o", out)
