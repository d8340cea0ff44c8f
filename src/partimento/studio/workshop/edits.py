"""Edits of a score: pure functions from piece to piece, each by its name with options as JSON has them.

Notes are named by their numbers in the piece, tracks by theirs from 0, bars by those of a page. Nothing is clipped in silence:
what would leave its range is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.chord_symbols import parse_chord
from partimento.errors import InvalidOption, InvalidPiece, UnknownName
from partimento.piece import CHORD, KEY, MAX_TICK, METER, NOTE, TEMPO, Array, Piece, Track, nearest_line
from partimento.task import Region, Task
from partimento.theory import key_of_scale, parse_scale

MOST_NOTES = 200_000  # of a score
Numbers = Sequence[int]
Bars = Sequence[int]  # the first and the last one
Rows = npt.NDArray[np.bool_]


def add(piece: Piece, notes: Sequence[Sequence[int]]) -> Piece:
    """New notes: onset, duration, pitch, velocity, track each."""
    if len(piece) + len(notes) > MOST_NOTES:
        raise InvalidOption(f"a score holds {MOST_NOTES} notes at most", option="notes")
    return _with_rows(piece, np.concatenate([_columns(piece.notes), np.array(notes, np.int64).reshape(-1, 5)]))


def move(piece: Piece, notes: Numbers, ticks: int = 0, semitones: int = 0, track: int | None = None) -> Piece:
    """Notes later (or earlier) and higher (or lower), or to another track."""
    rows, chosen = _columns(piece.notes), _numbered(piece, notes)
    rows[chosen, 0] += ticks
    rows[chosen, 2] += semitones
    if track is not None:
        rows[chosen, 4] = _track(piece, track)
    return _with_rows(piece, rows)


def stretch(piece: Piece, notes: Numbers, ticks: int, side: str = "end") -> Piece:
    """Notes whose end (or start) lies so much later; none shorter than a tick."""
    if side not in ("end", "start"):
        raise UnknownName("side", side, ("start", "end"))
    rows, chosen = _columns(piece.notes), _numbered(piece, notes)
    rows[chosen, 1] += ticks if side == "end" else -ticks
    if side == "start":
        rows[chosen, 0] += ticks
    return _with_rows(piece, rows)


def delete(piece: Piece, notes: Numbers) -> Piece:
    """Without these notes."""
    chosen = _numbered(piece, notes)
    return replace(piece, notes=np.delete(piece.notes, chosen))


def velocity(piece: Piece, notes: Numbers, to: int | None = None, by: int = 0) -> Piece:
    """Notes as loud as `to`, or louder `by` so much, between 1 and 127."""
    rows, chosen = _columns(piece.notes), _numbered(piece, notes)
    if to is not None and not 1 <= to <= 127:
        raise InvalidOption(f"a velocity of {to}; it must be 1..127", option="to")
    rows[chosen, 3] = np.clip(rows[chosen, 3] + by, 1, 127) if to is None else to
    return _with_rows(piece, rows)


def copy_bars(piece: Piece, bars: Bars, to: int, tracks: Numbers | None = None) -> Piece:
    """The notes that begin in some bars once more from the bar `to` on, in place of what began there."""
    grid = BarGrid.of(piece)
    start, end = _span(piece, bars)
    target, _ = _span(piece, (to, to))
    until = int(grid.tick_of(grid.place_of(to) + grid.place_of(bars[1]) - grid.place_of(bars[0]) + 1))
    rows, of_tracks = _columns(piece.notes), _in_tracks(piece, tracks)
    onset = rows[:, 0]
    copied = rows[of_tracks & (onset >= start) & (onset < end)]
    copied[:, 1] = np.minimum(copied[:, 1], end - copied[:, 0])
    copied[:, 0] += target - start
    copied = copied[copied[:, 0] < until]
    left = rows[~(of_tracks & (onset >= target) & (onset < until))]
    if len(left) + len(copied) > MOST_NOTES:
        raise InvalidOption(f"a score holds {MOST_NOTES} notes at most", option="bars")
    return _with_rows(piece, np.concatenate([left, copied]))


def transpose(
    piece: Piece, semitones: int, notes: Numbers | None = None, bars: Bars | None = None, tracks: Numbers | None = None
) -> Piece:
    """Notes higher by semitones, drums as they are; with nothing chosen all of them, with keys and chords."""
    if notes is None and bars is None and tracks is None:
        return piece.transpose(semitones)
    rows = _columns(piece.notes)
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    rows[_chosen(piece, notes, bars, tracks) & ~drums[rows[:, 4]], 2] += semitones
    return _with_rows(piece, rows)


def quantise(
    piece: Piece,
    lines_per_quarter: int,
    notes: Numbers | None = None,
    bars: Bars | None = None,
    tracks: Numbers | None = None,
) -> Piece:
    """Onsets and ends to the nearest of so many lines a quarter; a note is at least one line long."""
    if not 1 <= lines_per_quarter <= 96:
        raise InvalidOption(f"{lines_per_quarter} lines a quarter; it must be 1..96", option="lines_per_quarter")
    rows, chosen = _columns(piece.notes), _chosen(piece, notes, bars, tracks)
    grid, quarter = lines_per_quarter, piece.ticks_per_quarter
    first = nearest_line(rows[:, 0], quarter, grid)
    last = np.maximum(first + 1, nearest_line(rows[:, 0] + rows[:, 1], quarter, grid))
    onset, end = nearest_line(first, grid, quarter), nearest_line(last, grid, quarter)
    rows[chosen, 0], rows[chosen, 1] = onset[chosen], np.maximum(1, end - onset)[chosen]
    return _with_rows(piece, rows)


def chords(piece: Piece, chords: Sequence[tuple[int, str]], bars: Bars | None = None) -> Piece:
    """The chord lane of some bars, or all of it: each chord from its tick on."""
    start, end = (0, MAX_TICK + 1) if bars is None else _span(piece, bars)
    rows = [(int(tick), *parse_chord(symbol)) for tick, symbol in chords]
    if any(not start <= row[0] < end for row in rows):
        raise InvalidOption(f"a chord lies outside ticks {start} to {end}, the bars that are written", option="chords")
    old = piece.chords[(piece.chords["tick"] < start) | (piece.chords["tick"] >= end)]
    before = piece.chords[piece.chords["tick"] < end]
    if bars is not None and len(before) and end <= piece.end_tick and not (old["tick"] == end).any():
        old = np.concatenate([old, _at(before[-1:], end)])  # what sounded on beyond these bars goes on there
    return replace(piece, chords=np.concatenate([old, np.array(rows, CHORD)]))


def track(piece: Piece, track: int, program: int | None = None, is_drum: bool | None = None, name: str | None = None) -> Piece:
    """Another instrument or name of a track."""
    tracks = list(piece.tracks)
    old = tracks[_track(piece, track)]
    tracks[track] = _made_track(
        old.program if program is None else program, old.is_drum if is_drum is None else is_drum, old.name if name is None else name
    )
    return replace(piece, tracks=tuple(tracks))


def add_track(piece: Piece, program: int = 0, is_drum: bool = False, name: str = "") -> Piece:
    """One more track, after the others."""
    return replace(piece, tracks=(*piece.tracks, _made_track(program, is_drum, name)))


def tempo(piece: Piece, qpm: float) -> Piece:
    """One tempo throughout."""
    if not 4 <= qpm <= 1000:
        raise InvalidOption(f"{qpm} quarters a minute; it must be 4..1000", option="qpm")
    return replace(piece, tempos=np.array([(0, qpm)], TEMPO))


def meter(piece: Piece, meter: str) -> Piece:
    """One meter throughout."""
    upper, lower = meter_of(meter)
    return replace(piece, meters=np.array([(0, upper, lower)], METER))


def key(piece: Piece, key: str) -> Piece:
    """One key signature throughout."""
    return replace(piece, keys=key_rows(key))


def about(piece: Piece, title: str | None = None, composer: str | None = None) -> Piece:
    """Another title or composer."""
    told = {name: value for name, value in (("title", title), ("composer", composer)) if value is not None}
    return replace(piece, about=replace(piece.about, **told))


EDITS: dict[str, Callable[..., Piece]] = {
    one.__name__: one
    for one in (
        *(add, move, stretch, delete, velocity, copy_bars, transpose, quantise, chords),
        *(track, add_track, tempo, meter, key, about),
    )
}
TYPED = {"from": "side"}  # in JSON; a word of its own in Python


def edited(piece: Piece, edits: Sequence[Mapping[str, Any]]) -> Piece:
    """The piece after some edits, each {"edit": name, its options}. Raises `InvalidOption`, `InvalidPiece` or `UnknownName`; then
    none of them is made."""
    for one in edits:
        name = str(one.get("edit"))
        if name not in EDITS:
            raise UnknownName("edit", name, EDITS)
        options = {TYPED.get(key, key): value for key, value in one.items() if key != "edit"}
        try:
            inspect.signature(EDITS[name]).bind(piece, **options)
        except TypeError as error:
            raise InvalidOption(f"the edit {name}: {error}") from None
        try:
            piece = EDITS[name](piece, **options)
        except (TypeError, ValueError, OverflowError, IndexError) as error:
            raise InvalidOption(f"the edit {name} cannot be made of {options!r:.200}: {error}") from None
    return piece


def meter_of(text: str) -> tuple[int, int]:
    """A meter such as "3/4"."""
    upper, _, lower = text.partition("/")
    if not (upper.isdecimal() and lower.isdecimal()) or not 1 <= int(upper) <= 64 or int(lower) not in (1, 2, 4, 8, 16, 32, 64):
        raise InvalidOption(f"{text!r} is no meter; write 4/4, 3/4, 6/8", option="meter")
    return int(upper), int(lower)


def key_rows(text: str) -> Array:
    """The `KEY` rows [1] of a key such as "G major"."""
    found = key_of_scale(*parse_scale(text))
    if found is None:
        raise InvalidOption(f"{text!r} has no key signature; write a major or minor key", option="key")
    return np.array([(0, *found)], KEY)


def _columns(notes: Array) -> npt.NDArray[np.int64]:
    """Notes as whole numbers [N, 5], which hold what goes beyond a note's range until it is checked."""
    return np.stack([notes[name].astype(np.int64) for name in NOTE.names or ()], axis=1)


def _with_rows(piece: Piece, rows: npt.NDArray[np.int64]) -> Piece:
    onset, duration, pitch, loudness, of_track = rows.T
    for name, column, least, most in (
        ("onset", onset, 0, MAX_TICK),
        ("duration", duration, 1, MAX_TICK),
        ("pitch", pitch, 0, 127),
        ("velocity", loudness, 1, 127),
        ("track", of_track, 0, len(piece.tracks) - 1),
    ):
        if len(column) and not least <= column.min() <= column.max() <= most:
            raise InvalidPiece(f"a note's {name} would be outside {least}..{most}; move or change it by less")
    notes = np.zeros(len(rows), NOTE)
    for name, column in zip(NOTE.names or (), rows.T, strict=True):
        notes[name] = column
    return replace(piece, notes=notes)


def _numbered(piece: Piece, notes: Numbers) -> npt.NDArray[np.int64]:
    numbers = np.array(list(notes), np.int64)
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(piece):
        raise InvalidOption(f"there is no note {numbers.max()}; the score has {len(piece)}, from 0", option="notes")
    return numbers


def _chosen(piece: Piece, notes: Numbers | None, bars: Bars | None, tracks: Numbers | None) -> Rows:
    chosen = _in_tracks(piece, tracks)
    if notes is not None:
        chosen &= np.isin(np.arange(len(piece)), _numbered(piece, notes))
    if bars is not None:
        start, end = _span(piece, bars)
        chosen &= (piece.notes["onset"] >= start) & (piece.notes["onset"] < end)
    return chosen


def _in_tracks(piece: Piece, tracks: Numbers | None) -> Rows:
    if tracks is None:
        return np.ones(len(piece), bool)
    return np.isin(piece.notes["track"], [_track(piece, one) for one in tracks])


def _track(piece: Piece, number: int) -> int:
    if not 0 <= number < len(piece.tracks):
        raise InvalidOption(f"there is no track {number}; the score has {len(piece.tracks)}, from 0", option="tracks")
    return number


def _span(piece: Piece, bars: Bars) -> tuple[int, int]:
    first, last = bars
    start, end = Task(piece, Region(bars=(first, last))).span()
    if end > MAX_TICK:
        raise InvalidOption(f"bar {last} lies beyond tick {MAX_TICK}", option="bars")
    return start, end


def _made_track(program: int, is_drum: bool, name: str) -> Track:
    if not 0 <= program <= 127:
        raise InvalidOption(f"the program {program}; it must be 0..127", option="program")
    return Track(program, bool(is_drum), str(name)[:200])


def _at(rows: Array, tick: int) -> Array:
    moved: Array = rows.copy()
    moved["tick"] = tick
    return moved
