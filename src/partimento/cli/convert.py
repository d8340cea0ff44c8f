"""`partimento convert`: scores from any readable format into any writable one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from partimento.cli.screen import Flag, Problem, Screen, check_parents, counted, duration, not_negative, positive, short, typed
from partimento.errors import InvalidOption
from partimento.system import processors


def convert(
    source: str,
    out: Path,
    *,
    to: str = "",
    repeats: str = "written",
    transpose: int = 0,
    grid: int = 0,
    encoding: str = "",
    workers: int = 0,
    seconds_per_file: float = 60.0,
    json: Flag = False,
) -> None:
    """Reads a score, or a folder of them, and writes it in another format: MIDI, MusicXML, MEI, Humdrum, ABC.

    Examples:
      partimento convert song.mxl song.mid --repeats played
      partimento convert tunes.abc#X12 tune.musicxml --transpose 2
      partimento convert scores.zip midi --to mid
      partimento convert take.mid straight.mid --grid 4
      partimento convert piece.mid encoded.mid --encoding notes:profile=score

    A file that cannot be read or written is named, and does not stop the others.

    With --json: files (source, path, notes of each), refused (source, reason),
    written, notes, seconds.

    Parameters
    ----------
    source
        A score, one tune of a book (book.abc#X12), a folder, a zip archive, or music21:bach and its like.
    out
        The file to write, whose suffix says the format; for several scores a folder.
    to
        The format of the files in a folder: mid, musicxml, mxl, mei, krn, abc; mid where none is named.
    repeats
        Bars in the order "written", or "played" with every repeat.
    transpose
        Semitones up, or down when below 0; drums stay.
    grid
        Move notes to so many lines a quarter: 4 for sixteenths, 12 for triplets too.
    encoding
        Through this encoding and back, to hear what it keeps.
    workers
        Processes that read files; 0 takes one for each core.
    seconds_per_file
        A file that takes longer is refused.
    json
        Print one JSON object for scripts.
    """
    from partimento.corpus.convert import Changes, targets
    from partimento.corpus.convert import convert as convert_items
    from partimento.formats import WRITERS, items_of

    screen = Screen(json)
    changes = Changes(transpose, grid, encoding)
    changes.check()
    items = items_of(source)
    to_file = not out.is_dir() and out.suffix.lower() in WRITERS
    if to_file and to and "." + to.lower().removeprefix(".") != out.suffix.lower():
        raise InvalidOption(f"--to {to}: {out} has another suffix; leave one of them out")
    if to_file and len(items) > 1:
        raise InvalidOption(f"{source} holds {len(items)} scores; name a folder to write them to, and the format with --to")
    if not to_file and out.exists() and not out.is_dir():
        raise InvalidOption(f"{out}: the suffix {out.suffix!r} is none that can be written; known: {', '.join(WRITERS)}")
    if not to_file and not to and out.suffix:
        raise InvalidOption(f"{out}: the suffix {out.suffix!r} is none that can be written; known: {', '.join(WRITERS)}")
    check_parents("OUT", out / "x" if not to_file else out)
    paths = [out] if to_file else targets(items, out, "." + (to or "mid").lower().removeprefix("."))
    done = []
    with screen.progress() as on_progress:
        count = min(not_negative("--workers", workers) or processors(), len(items))
        seconds = positive("--seconds-per-file", seconds_per_file)
        for one in convert_items(items, paths, changes, repeats=repeats, workers=count, seconds=seconds):
            done.append(one)
            on_progress("converting", len(done), len(items))
    done.sort(key=lambda one: one.source)
    written = [one for one in done if not one.problem]
    refused = [one for one in done if one.problem]
    if not written:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise Problem(f"nothing was written: {refused[0].source}: {refused[0].problem}{more}")
    notes = sum(one.notes for one in written)
    where = short(out) if to_file else f"{short(out)}, {counted(len(written), 'file')}"
    screen.say(f"{where}: {counted(notes, 'note')}, in {duration(screen.seconds)}")
    for one in refused[:20]:
        screen.say(f"  left out  {one.source}: {one.problem}")
    if len(refused) > 20:
        screen.say(f"  and {len(refused) - 20:,} more; --json names them all")
    screen.say(f"Next: {typed('partimento', 'inspect', Path(written[0].path))}")
    screen.result(
        {
            "files": [{name: value for name, value in asdict(one).items() if name != "problem"} for one in written],
            "refused": [{"source": one.source, "reason": one.problem} for one in refused],
            "written": len(written),
            "notes": notes,
            "seconds": screen.seconds,
        }
    )
