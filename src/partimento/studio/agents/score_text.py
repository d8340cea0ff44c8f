"""A score as compact text that a language model can read: a line for each bar, its chord, and the notes of each track.

```
5 Am | 0 C5:1 D5:.5 C5:.5 B4:.5 A4:.5 | 1 A3:3
```

Bar 5, over A minor: track 0 plays C5 for a quarter, and so on; track 1 holds A3 for three quarters. A note begins where the one
before it ends, or at `@`, in quarters from the bar line; `C4+E4:2` are notes that begin and end together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from partimento.bars import BarGrid
from partimento.chord_symbols import chord_name
from partimento.errors import InvalidOption
from partimento.harmony import find_chords
from partimento.piece import Array, Piece
from partimento.prevailing import mean_tempo_qpm, meter_in_force
from partimento.studio.workshop.piece_json import key_of, track_json
from partimento.theory import PITCH_CLASS_NAMES

MOST_BARS = 200  # of one answer
PLACES = 2  # decimals of a quarter

HOW = (
    "A line a bar: number, chords, then | track notes. C5:1 is C5 for a quarter; a note begins where the one before ends, "
    "or at @quarters from the bar line; C4+E4:2 begin and end together."
)


def head(name: str, piece: Piece) -> str:
    """What a score is, in a few lines."""
    grid = BarGrid.of(piece)
    upper, lower = meter_in_force(piece) or (4, 4)
    title = ", ".join(part for part in (piece.about.title, piece.about.composer) if part) or "untitled"
    if not len(piece):
        return f"{name}: {title}; {upper}/{lower}, no notes yet"
    upbeat = ", an upbeat (bar 0)" if grid.upbeat else ""
    tempo = round(mean_tempo_qpm(piece))
    counts = np.bincount(piece.notes["track"], minlength=len(piece.tracks)).tolist()
    told = [track_json(track, count) for track, count in zip(piece.tracks, counts, strict=True)]
    tracks = "; ".join(f"{number} {one['name'] or one['instrument']} ({one['notes']})" for number, one in enumerate(told))
    first = f"{name}: {title}; {key_of(piece)}, {upper}/{lower}, {tempo} quarters a minute, bars 1-{grid.last_number}{upbeat}"
    return f"{first}\ntracks (notes): {tracks}"


def bars_text(piece: Piece, bars: tuple[int, int] | None = None, new: Sequence[int] = ()) -> str:
    """The bars of a piece, each a line; notes of `new` (numbers) alone where some are given. Raises `InvalidOption` for more than
    `MOST_BARS` of them."""
    grid = BarGrid.of(piece)
    first, last = bars or (int(grid.numbers[0]), grid.last_number)
    if last - first >= MOST_BARS:
        raise InvalidOption(f"bars {first} to {last}; {MOST_BARS} at most at a time", option="bars")
    if not first <= last:
        raise InvalidOption(f"bars {first} to {last}; the first comes first", option="bars")
    chords = piece.chords if len(piece.chords) else find_chords(piece)
    notes = piece.notes[np.array(new, np.int64)] if len(new) else piece.notes
    notes = notes[np.lexsort([notes["pitch"], notes["onset"], notes["track"]])]
    lines = []
    for place in range(grid.place_of(first), grid.place_of(last) + 1):
        start, end = grid.tick_of(np.array([place, place + 1])).tolist()
        inside = notes[(notes["onset"] >= start) & (notes["onset"] < end)]
        parts = [_part(track, rows, start, piece.ticks_per_quarter) for track, rows in _by_track(inside)]
        lines.append(" | ".join([f"{int(grid.number_of(place))} {_chords(chords, start, end)}", *parts]))
    return "\n".join(lines)


def _by_track(notes: Array) -> Iterator[tuple[int, list[tuple[int, ...]]]]:
    for track, rows in groupby(notes.tolist(), key=lambda row: row[4]):
        yield int(track), list(rows)


def _chords(chords: Array, start: int, end: int) -> str:
    """The chord that sounds where a bar begins, and those that begin in it."""
    before = chords[chords["tick"] <= start][-1:]
    within = chords[(chords["tick"] > start) & (chords["tick"] < end)]
    names = [chord_name(root, quality, bass) for _, root, quality, bass in [*before.tolist(), *within.tolist()]]
    return " ".join(names) or "-"


def _part(track: int, rows: list[tuple[int, ...]], start: int, quarter: int) -> str:
    words, at = [str(track)], 0
    for (onset, duration), group in groupby(sorted(rows), key=lambda row: (row[0] - start, row[1])):
        names = "+".join(pitch_text(row[2]) for row in group)
        place = f"@{_quarters(onset, quarter)}" if onset != at else ""
        words.append(f"{place}{' ' * bool(place)}{names}:{_quarters(duration, quarter)}")
        at = onset + duration
    return " ".join(words)


def pitch_text(pitch: int) -> str:
    """`C4` is middle C."""
    return f"{PITCH_CLASS_NAMES[pitch % 12]}{pitch // 12 - 1}"


def _quarters(ticks: int, quarter: int) -> str:
    text = f"{ticks / quarter:.{PLACES}f}".rstrip("0").rstrip(".")
    return text.removeprefix("0") if text.startswith("0.") else text or "0"
