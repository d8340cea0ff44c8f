"""`partimento inspect`: what a score holds, and what each encoding would make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partimento.cli.screen import Flag, Problem, Screen, counted, typed
from partimento.system import processors

if TYPE_CHECKING:
    from partimento.analysis.contents import Contents

_SHOWN = 6  # of a list


def inspect(
    *files: str,
    repeats: str = "written",
    encoding: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    json: Flag = False,
) -> None:
    """Says what a score holds: tracks, range, bars, keys, meters, tempos, density, grid, and what each encoding keeps of it.

    Examples:
      partimento inspect song.mid
      partimento inspect sonata.krn --repeats played
      partimento inspect tunes.abc#X12 --encoding notes:profile=score --encoding melody
      partimento inspect song.mxl --json

    The key found is the one whose profile fits the durations of the pitches best; a key written without its mode counts as
    major. "Held" is the share of notes that an encoding has at all, "back" of those that it gives back within a sixteenth of
    where they were; errors are in quarters (q) or seconds (s).

    With --json: files, each with file, format, title, composer, notes, seconds,
    quarters, bars (without the upbeat), upbeat, tracks (name, program,
    instrument, drums, notes, lowest, highest, polyphony), lowest, highest, polyphony (mean, most), key_found,
    keys, meters, tempos (quarter, text), chords, first_chords, pedals,
    notes_per_second, notes_per_bar, on_grid, velocities (lowest, highest, how
    many), repairs, encodings (encoding, keeps, drops, events, events_per_note,
    held, back, onset_error, duration_error in quarters or in_seconds, refused);
    refused (file, reason); seconds.

    Parameters
    ----------
    files
        Scores, tunes of a book (book.abc#X12), folders or archives.
    repeats
        Bars of notated scores in the order "written", or "played" with every repeat.
    encoding
        An encoding to try; may be given several times. Without it all of our own are tried.
    json
        Print one JSON object for scripts.
    """
    from partimento.analysis.contents import contents
    from partimento.encodings import make
    from partimento.errors import PartimentoError
    from partimento.formats import READERS, items_of, read_items

    screen = Screen(json)
    if not files:
        raise Problem("inspect: name at least one score")
    for key in encoding:
        make(key)
    items = [item for file in files for item in items_of(file)]
    encoded = "encoded.mid" if len(items_of(files[0])) == 1 else "encoded"  # a folder, for several scores
    format_of = {item.name: READERS[item.suffix].name for item in items}
    found, refused = {}, {}
    with screen.progress() as on_progress:
        workers = min(processors(), len(items))
        for item, outcome in read_items(items, repeats=repeats, workers=workers):
            if isinstance(outcome, PartimentoError):
                refused[item.name] = str(outcome)
            else:
                found[item.name] = contents(*outcome, encodings=encoding or None)
            on_progress("reading", len(found) + len(refused), len(items))
    if not found:
        raise Problem(next(iter(refused.values())))
    for name in sorted(found):
        _show(screen, name, format_of[name], found[name])
        screen.say()
    for reason in refused.values():
        screen.say(f"left out  {reason}")
    screen.say(f"Next: {typed('partimento', 'convert', files[0], encoded, '--encoding', 'notes:profile=score')}")
    screen.result(
        {
            "files": [{"file": name, "format": format_of[name]} | asdict(found[name]) for name in sorted(found)],
            "refused": [{"file": name, "reason": refused[name]} for name in sorted(refused)],
            "seconds": screen.seconds,
        }
    )


def _show(screen: Screen, name: str, format_name: str, of: Contents) -> None:
    say = screen.say
    say(": ".join(part for part in (of.composer, of.title) if part) or "untitled")
    say(f"  file        {name} ({format_name})")
    minutes, seconds = divmod(round(of.seconds), 60)
    bars = counted(of.bars, "bar") + " after an upbeat" * of.upbeat
    length = f"{counted(of.notes, 'note')} in {bars}, {minutes}:{seconds:02}"
    say(f"  notes       {length}; {of.notes_per_second:.1f} a second, {of.notes_per_bar:.1f} a bar")
    if of.lowest:
        say(f"  range       {of.lowest} to {of.highest}")
        say(f"  at once     {of.polyphony.mean:.1f} notes on average, {of.polyphony.most} at most")
        say(f"  key         found: {of.key_found}; written: {_places(of.keys)}")
    say(f"  meter       {_places(of.meters, 'none written, so 4/4')}")
    say(f"  tempo       {_places(of.tempos, 'none written, so 120')}")
    say(f"  grid        {_percent(of.on_grid)} of the onsets on a twelfth or a sixteenth of a quarter")
    low, high, kinds = of.velocities
    say(f"  velocity    {low} throughout" if kinds == 1 else f"  velocity    {low} to {high}, {kinds} different ones")
    if of.chords:
        more = " ..." if of.chords > len(of.first_chords) else ""
        say(f"  chords      {counted(of.chords, 'symbol')}: {' '.join(of.first_chords)}{more}")
    if of.pedals:
        say(f"  pedal       down {counted(of.pedals, 'time')}")
    if of.repairs:
        say(f"  reading     {', '.join(f'{kind} {count:,}' for kind, count in of.repairs.items())}")
    rows = [["track", "instrument", "notes", "range", "at once", "most"]]
    for track in of.tracks:
        span = f"{track.lowest} to {track.highest}" if track.lowest else ""
        rows.append(
            [track.name, track.instrument, f"{track.notes:,}", span, f"{track.polyphony.mean:.1f}", str(track.polyphony.most)]
        )
    say()
    _table(screen, rows, "<<><>>")
    rows = [["encoding", "events", "a note", "held", "back", "onset error", "duration error"]]
    for one in of.encodings:
        numbers = [f"{one.events:,}", f"{one.events_per_note:.2f}", _percent(one.held), _percent(one.back)]
        numbers += [f"{error:.4f} {'s' if one.in_seconds else 'q'}" for error in (one.onset_error, one.duration_error)]
        rows.append([one.encoding, *(["", "", one.refused[:60], "", "", ""] if one.refused else numbers)])
    say()
    _table(screen, rows, "<>>>>>>")


def _table(screen: Screen, rows: Sequence[Sequence[str]], alignment: str) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        screen.say(
            "  " + "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, alignment, widths, strict=True)).rstrip()
        )


def _places(rows: Sequence[tuple[float, str]], none: str = "none") -> str:
    shown = [text if not place else f"{text} from quarter {place:g}" for place, text in rows[:_SHOWN]]
    return ", ".join(shown) + (f", and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else "") or none


def _percent(share: float) -> str:
    """Rounded down, so that 100% means all."""
    return f"{int(share * 1000 + 1e-9) / 10:g}%"
