"""`partimento build`: a folder of scores becomes a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from partimento.cli.screen import Flag, Problem, Screen, counted, duration, short, typed


def build(
    *sources: str,
    out: Annotated[Path, Parameter(alias="-o")],
    label: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    labels: Path | None = None,
    only: Path | None = None,
    shares: str = "80/10/10",
    repeats: str = "written",
    workers: int = 0,
    seconds_per_file: float = 20.0,
    memory_mb: int = 1024,
    max_hours: float = 3.0,
    max_notes: int = 1_000_000,
    json: Flag = False,
) -> None:
    """Reads scores and makes a corpus of them: checked, labelled, freed of duplicates, split by work.

    Examples:
      partimento build ~/Music/midi --out corpus
      partimento build songs.zip extra/*.mid --out corpus --label genre=song
      partimento build classical.zip --out corpus --label '{composer}/*'
      partimento build music21:bach music21:ryans --out corpus

    With --json: corpus, files, scores (a book of tunes holds many), taken, rescued, refused (reason to count),
    ignored, duplicates, works, notes, hours, splits (name to pieces, works,
    notes), seconds, fingerprint.

    Parameters
    ----------
    sources
        Files, folders, zip archives, or music21:bach, music21:oneills, music21:ryans, music21:airds, music21:essen.
    out
        The folder of the corpus. An interrupted build goes on where it was.
    label
        A label for every piece (genre=folk), or a path that holds labels ('{genre}/{composer}/*').
    labels
        A CSV table with the column file and any of composer, genre, title, licence, work.
    only
        A text file of names, one a line: nothing else is taken.
    shares
        Shares of the works that go to the splits train, valid and test.
    repeats
        Bars of notated scores in the order "written", or "played" with every repeat.
    workers
        Processes that read files; 0 takes one for each core.
    seconds_per_file
        A file that takes longer is refused.
    memory_mb
        A file that takes more memory to read is refused.
    max_hours
        A longer piece is refused.
    max_notes
        A piece of more notes is refused.
    json
        Print one JSON object for scripts.
    """
    from partimento.corpus.from_sources import build as build_corpus
    from partimento.corpus.store import MANIFEST

    screen = Screen(json)
    if not sources:
        raise Problem("build: name at least one file, folder or archive")
    was = _stamp(out / MANIFEST)
    with screen.progress() as on_progress:
        corpus = build_corpus(
            *sources,
            out=out,
            label=label,
            labels=labels,
            only=only,
            shares=shares,
            repeats=repeats,
            workers=workers,
            seconds_per_file=seconds_per_file,
            memory_mb=memory_mb,
            max_hours=max_hours,
            max_notes=max_notes,
            on_progress=on_progress,
        )
    report = corpus.report
    result = summary(report) | {"corpus": str(out), "seconds": screen.seconds}
    _show(screen, report, out, result, unchanged=was == _stamp(out / MANIFEST))
    screen.result(result)


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """The documented keys of `build --json` that a report gives."""
    counts = {reason: len(names) for reason, names in report["refused"].items()}
    return {
        "files": report["files"],
        "scores": report.get("scores", report["files"]),
        "taken": report["taken"],
        "rescued": len(report["rescued"]),
        "refused": counts,
        "ignored": len(report["ignored"]),
        "duplicates": sum(map(len, report["duplicates"].values())),
        "works": report["works"],
        "notes": report["notes"],
        "hours": report["hours"],
        "splits": report["splits"],
        "fingerprint": report["fingerprint"],
    }


def _stamp(path: Path) -> int:
    """When the file was last replaced; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _show(screen: Screen, report: dict[str, Any], out: Path, result: dict[str, Any], *, unchanged: bool) -> None:
    say = screen.say
    refused = sum(result["refused"].values())
    files = counted(result["files"], "file")
    if result["scores"] != result["files"]:
        files += f", {counted(result['scores'], 'score')} in them,"
    say(f"{files}, the same as when this corpus was built" if unchanged else f"{files} read in {duration(result['seconds'])}")
    amounts = [counted(result[name], name.removesuffix("s")) for name in ("notes", "hours", "works")]
    say(f"  taken       {counted(result['taken'], 'piece')}, {', '.join(amounts)}")
    if result["rescued"]:
        say(f"  rescued     {result['rescued']:,} of them ({_list(report['repairs'])})")
    if report["simplified"]:
        say(f"  simplified  {_list(report['simplified'])}")
    if refused:
        say(f"  refused     {refused:,} ({_list(result['refused'])})")
        for reason, names in report["refused"].items():
            say(f"    {reason}: {'; '.join(names[:3])}{f'; and {len(names) - 3:,} more' if len(names) > 3 else ''}")
    if result["duplicates"]:
        forms = f", {report['other_forms']:,} of them in another format" if report.get("other_forms") else ""
        say(f"  duplicates  {result['duplicates']:,} left out, since their notes are those of another piece{forms}")
    if result["ignored"]:
        say(f"  ignored     {counted(result['ignored'], 'file')} of other kinds")
    for title, name in (("composers", "composers"), ("genres", "genres"), ("meters", "meters"), ("keys", "keys")):
        say(f"  {title:<11} {_list(report[name], 6)}")
    for name, split in report["splits"].items():
        say(f"  {name:<11} {', '.join(counted(split[what], what.removesuffix('s')) for what in ('works', 'pieces', 'notes'))}")
    say(f"\nThe whole report, every file named: {short(out / 'report.html')}")
    say(f"Next: {typed('partimento', 'train', out, '--recipe', 'seed_pair', '--out', 'run')}")


def _list(counts: dict[str, int], most: int = 8) -> str:
    shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:most])
    return shown + (f", and {len(counts) - most:,} more" if len(counts) > most else "")
