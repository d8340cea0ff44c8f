"""`partimento explore`: what is in a corpus, what a model makes of it, side by side, as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.music import Reader, groups
from partimento.cli.screen import Flag, Problem, Screen, check_parents, counted, duration, not_negative, positive, short
from partimento.errors import InvalidOption
from partimento.progress import OnProgress
from partimento.system import processors

if TYPE_CHECKING:
    from partimento.analysis.exploration import Exploration
    from partimento.analysis.piece_set import Music

MOST_SETS = 6  # as many as there are colours


def explore(
    *sources: str,
    out: Annotated[Path, Parameter(alias="-o")] = Path("report.html"),
    by: Annotated[str, Parameter(show_default=False)] = "",
    split: Annotated[str, Parameter(show_default=False)] = "",
    count: int = 100,
    notes: int = 200,
    seed: int = 0,
    whole: Flag = False,
    workers: int = 0,
    json: Flag = False,
) -> None:
    """Looks at music: what is in a corpus or in files, several of them side by side, or what a model writes beside its corpus.

    Each corpus, folder, archive and run is a set of its own; files named one after
    another are one set together. Two or more sets are compared, each with the
    first one that no model wrote.

    Examples:
      partimento explore corpus -o report.html
      partimento explore corpus --by composer -o composers.html
      partimento explore music21:bach nottingham.zip -o bach-and-nottingham.html
      partimento explore corpus run -o model.html
      partimento explore corpus new-1.mid new-2.mid new-3.mid -o new.html

    With --json: report, data (the folder with the numbers), sets (each name,
    pieces, works, notes, hours, made), facts (each headline, text), distances
    (each set, against, distance, name, value, floor), encoding (through which all
    was seen, or null), refused (file to reason), left_out (values of --by), seconds.

    Parameters
    ----------
    sources
        Corpora, files, folders, zip archives, music21:bach and its like, or runs, which then write pieces.
    out
        The page; the numbers behind it go into a folder beside it.
    by
        Divide one source by composer or genre; its largest six groups are compared.
    split
        Only this split of corpora: train, valid or test.
    count
        How many pieces a run writes.
    notes
        Notes in each of them.
    seed
        Seed of these pieces, and of everything that is drawn.
    whole
        Leave human music as it is beside a model's; otherwise it is seen as the encoding keeps it, cut to the length of new pieces.
    workers
        Processes that read files; 0 takes one for each core.
    json
        Print one JSON object for scripts.
    """
    screen = Screen(json)
    if not sources:
        raise Problem("explore: name a corpus, files or a run")
    if out.suffix.lower() not in (".html", ".htm"):
        raise InvalidOption(f"-o {out}: the report is a page; end the name with .html")
    if out.is_dir():
        raise InvalidOption(f"-o {out}: a folder is in the way")
    check_parents("-o", out)
    positive("--count", count)
    positive("--notes", notes)
    not_negative("--seed", seed)
    from partimento.analysis.exploration import explore as explore_sets
    from partimento.analysis.report.html_page import to_html
    from partimento.analysis.report.numbers import write_tables
    from partimento.files import write_atomic

    refused: dict[str, str] = {}
    said: list[str] = []
    with screen.progress() as on_progress:
        reader = Reader(split, count, notes, seed, not_negative("--workers", workers) or processors(), refused, on_progress)
        sets = [reader.read(group) for group in groups(sources)]
        left_out: list[str] = []
        if by:
            if len(sets) > 1:
                raise InvalidOption(f"--by {by} divides one source; {len(sets)} are named")
            sets, left_out = sets[0].divided(by, MOST_SETS)
            said.append(_left_out(by, left_out))
        if len(sets) > MOST_SETS:
            raise InvalidOption(f"{len(sets)} sets; at most {MOST_SETS} can be compared; name fewer")
        sets, encoding = (sets, "") if whole else _through(sets, said, on_progress)
        exploration = explore_sets(sets, seed=seed, on_progress=on_progress)
        if refused:
            name, why = next(iter(refused.items()))
            said.append(f"{counted(len(refused), 'file')} could not be read, such as {name}: {why}.")
        data = out.with_name(f"{out.stem}-data")
        write_atomic(out, to_html(exploration, notes=[text for text in said if text], folder=data.name))
        write_tables(exploration, data)
    _show(screen, exploration, out, data, said, refused, encoding, left_out)


def _through(sets: list[Music], said: list[str], on_progress: OnProgress) -> tuple[list[Music], str]:
    """Where a model wrote some of the sets, the others as its encoding keeps them, cut to the length of its pieces."""
    from partimento.analysis.as_encoded import as_encoded, encoding_of, median_notes

    key, most = encoding_of(sets), median_notes(sets)
    if not key or all(music.made for music in sets):
        return sets, ""
    seen = []
    for done, music in enumerate(sets):
        on_progress(f"through {key}", done, len(sets))
        if music.made:
            seen.append(music)
            continue
        other, lost = as_encoded(music, key, most)
        seen.append(other)
        rest = f" {counted(lost, 'piece')} of it had nothing that it keeps." if lost else ""
        said.append(
            f"{music.name} is seen as the encoding {key} keeps it, its pieces cut after {most:,} notes, as the model's are.{rest}"
        )
    on_progress(f"through {key}", len(sets), len(sets))
    return seen, key


def _left_out(by: str, values: list[str]) -> str:
    if not values:
        return ""
    named = [value or "not stated" for value in values]
    more = f" and {len(named) - 12:,} more" if len(named) > 12 else ""
    return f"Left out, by {by}: {', '.join(named[:12])}{more}."


def _show(
    screen: Screen,
    exploration: Exploration,
    out: Path,
    data: Path,
    said: list[str],
    refused: dict[str, str],
    encoding: str,
    left_out: list[str],
) -> None:
    from partimento.analysis.report.facts import facts

    found = facts(exploration)
    sets: list[dict[str, Any]] = []
    for one in exploration.sets:
        hours = float(one.measures.figures["seconds"].sum()) / 3600
        sets.append(
            {
                "name": one.music.name,
                "pieces": len(one.music),
                "works": len(set(one.music.works)),
                "notes": len(one.music.notes),
                "hours": round(hours, 3),
                "made": one.music.made,
            }
        )
        screen.say(
            f"{one.music.name}: {counted(len(one.music), 'piece')}, {counted(len(one.music.notes), 'note')}, {hours:.1f} hours"
        )
    for text in said:
        if text:
            screen.say(f"  {text}")
    screen.say()
    for number, fact in enumerate(found, 1):
        screen.say(f"  {number}. {fact.headline}. {fact.text}")
    screen.say(f"\nThe report, made in {duration(screen.seconds)}: {short(out)}; the numbers behind it: {short(data)}/")
    if len(exploration.sets) == 1:
        screen.say(f"To lay two sets side by side, name both: partimento explore SOURCE OTHER -o {short(out)}")
    distances = [
        {"set": one.other.music.name, "against": one.human.music.name, "distance": kind, "name": name, **row.to_json()}
        for one in exploration.beside
        for kind, rows in one.distances().items()
        for name, row in rows.items()
    ]
    screen.result(
        {
            "report": str(out),
            "data": str(data),
            "sets": sets,
            "facts": [{"headline": fact.headline, "text": fact.text} for fact in found],
            "distances": distances,
            "encoding": encoding or None,
            "refused": refused,
            "left_out": left_out,
            "seconds": screen.seconds,
        }
    )
