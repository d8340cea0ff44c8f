"""The encoding `leadsheet`: one melody, the chord symbol over each of its notes, and each one's place in the bar.

Bars, rests and chord changes cut one line of time. `tune.py` decides which notes are the melody; `harmony.py` finds chords that
no one wrote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.chord_symbols import NO_CHORD
from partimento.encodings.base import Encoding, Events, Field
from partimento.encodings.cursor import HistoryCursor, NextNote, Note
from partimento.encodings.leadsheet.tune import tune_of
from partimento.harmony import find_chords
from partimento.piece import CHORD, METER, NOTE, QUALITIES, Array, Piece, Track, nearest_line

LINES = 24  # a quarter: 32nds are 3 of them, triplet sixteenths 4
LONGEST_BAR = 8 * LINES  # longer bars are written as several
BAR_STEP = 3  # bars are whole 32nds long
LAST_LINE = 2**19  # three hours at 120 quarters a minute; nothing is later
REST, HOLD, FIRST_PITCH = 1, 2, 3  # ids of the field pitch; a pitch is its MIDI number + 3
NONE, FIRST_ROOT = 1, 2  # ids of the field root

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Leadsheet(Encoding):
    """An event is a stretch of time in which nothing changes: a note, a rest, or more of the note before (`hold`).

    Notes, rests, chord symbols and bar lines begin one. Fields: `place`, 24ths of a quarter from the bar line, + 1, so that
    1 begins a bar; `root`, 1 for no chord, then 2 + pitch class; `quality`, 1 + its index in `QUALITIES`, 0 without a chord;
    `pitch`; `duration` in 24ths of a quarter.
    """

    name: ClassVar[str] = "leadsheet"
    keeps: ClassVar[str] = (
        "one melody on a grid of 24 lines a quarter, rests of a quarter of the note before or more, bar lines, chord symbols "
        "(root and one of 17 qualities), found where a piece has none but more notes than a tune"
    )
    drops: ClassVar[str] = (
        "all notes but the melody's, times off the grid, the bass of a chord, whether a bar of 3/4 is 6/8, velocity, instruments, "
        "drums, tempos, keys, all after the last note"
    )

    @property
    def fields(self) -> tuple[Field, ...]:
        return (
            Field("place", LONGEST_BAR + 1),
            Field("root", 12 + FIRST_ROOT),
            Field("quality", len(QUALITIES) + 1, optional=True),
            Field("pitch", 128 + FIRST_PITCH),
            Field("duration", LONGEST_BAR + 1),
        )

    def encode(self, piece: Piece) -> Events:
        onset, end, pitch = tune_of(piece, LINES, LAST_LINE)
        if not len(onset):
            return np.zeros((0, 5), np.uint8)
        bars = _bar_lines(piece, int(end[-1]))
        chords = _chord_changes(piece, len(onset), int(end[-1]))
        cuts = np.unique(np.concatenate([onset, bars, chords["tick"], end[-1:]]))
        end = _without_short_rests(onset, end, cuts)
        cuts = np.unique(np.concatenate([cuts, end]))
        start, stop = cuts[:-1], cuts[1:]
        note = np.searchsorted(onset, start, side="right") - 1
        chord = chords[np.searchsorted(chords["tick"], start, side="right") - 1]
        events = np.zeros((len(start), 5), np.uint8)
        events[:, 0] = start - bars[np.searchsorted(bars, start, side="right") - 1] + 1
        events[:, 1] = chord["root"] + FIRST_ROOT
        events[:, 2] = np.where(chord["root"] < 0, 0, chord["quality"] + 1)
        events[:, 3] = np.where(start == onset[note], pitch[note] + FIRST_PITCH, HOLD)
        events[(note < 0) | (start >= end[note]), 3] = REST
        events[:, 4] = stop - start
        return events

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        rows = np.asarray(events).astype(np.int64).reshape(-1, 5)
        until = np.cumsum(rows[:, 4])
        start = until - rows[:, 4]
        begins = np.append(np.flatnonzero(rows[:, 3] != HOLD), len(rows))  # of notes and rests
        is_note = rows[begins[:-1], 3] >= FIRST_PITCH
        notes = np.zeros(int(is_note.sum()), NOTE)
        notes["onset"] = start[begins[:-1][is_note]]
        notes["duration"] = until[begins[1:][is_note] - 1] - notes["onset"]
        notes["pitch"] = rows[begins[:-1][is_note], 3] - FIRST_PITCH
        notes["velocity"] = 80
        changes = np.flatnonzero((np.diff(rows[:, 1:3], axis=0, prepend=-1) != 0).any(axis=1))
        chords = np.zeros(len(changes), CHORD)
        chords["tick"], chords["root"] = start[changes], rows[changes, 1] - FIRST_ROOT
        chords["quality"], chords["bass"] = np.maximum(0, rows[changes, 2] - 1), chords["root"]
        return Piece(notes, (Track(0, False, "Melody"),), LINES, meters=_meters(rows, start), chords=chords)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        """The same sheet higher or lower, chords too, event for event; None where a pitch would leave 0..127."""
        moved = events.copy()
        is_note, has_chord = events[:, 3] >= FIRST_PITCH, events[:, 1] >= FIRST_ROOT
        pitch = events[is_note, 3].astype(np.int64) + semitones
        if len(pitch) and not FIRST_PITCH <= pitch.min() <= pitch.max() < FIRST_PITCH + 128:
            return None
        moved[is_note, 3] = pitch
        moved[has_chord, 1] = (events[has_chord, 1].astype(np.int64) - FIRST_ROOT + semitones) % 12 + FIRST_ROOT
        return moved

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        legal = np.zeros(self.fields[len(drawn)].size, bool)
        last = [int(one) for one in history[-1]] if len(history) else [1, 0, 0, REST, 0]
        if not drawn:
            if int(history[:, 4].sum(dtype=np.int64)) + LONGEST_BAR <= LAST_LINE:
                place = last[0] - 1 + last[4]
                legal[0 if place == LONGEST_BAR else place + 1] = True
                legal[1] = place % BAR_STEP == 0
                legal[0] = False
        elif len(drawn) == 1:
            legal[NONE:] = True
        elif len(drawn) == 2:
            legal[1:] = drawn[1] != NONE
            legal[0] = not legal[1]
        else:
            room = LONGEST_BAR - drawn[0] + 1
            shortest_rest = 1 if last[3] == REST else -(-last[4] // 4)
            if len(drawn) == 4:
                legal[1 : room + 1] = True
                legal[1 : shortest_rest if drawn[3] == REST else 1] = False
            else:  # what goes on is written again where a bar begins or the chord changes, and nowhere else
                again = drawn[0] == 1 or list(drawn[1:3]) != last[1:3]
                legal[FIRST_PITCH:] = True
                legal[HOLD] = again and last[3] != REST
                legal[REST] = (again or last[3] != REST) and shortest_rest <= room
        return legal

    def cursor(self) -> SheetCursor:
        return SheetCursor(self)

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        return int(np.count_nonzero(np.asarray(events)[:, 3] >= FIRST_PITCH))


class SheetCursor(HistoryCursor):
    """Where a sheet has come to, and the note that the last event began."""

    ticks_per_quarter = LINES

    def push(self, event: Sequence[int]) -> None:
        super().push(event)
        place, _, _, pitch, duration = event
        self.bar_tick = self.tick if place == 1 else self.bar_tick
        self.notes_begun = [Note(self.tick, self.tick + duration, pitch - FIRST_PITCH)] if pitch >= FIRST_PITCH else []
        self.tick += duration

    def next_note(self, drawn: tuple[int, ...]) -> NextNote | None:
        return NextNote(self.tick, range(FIRST_PITCH, FIRST_PITCH + 128), 0) if len(drawn) == 3 else None


def _bar_lines(piece: Piece, end: int) -> Ints:
    """The lines before `end` on which bars begin, each the nearest 32nd, 0 first; long bars begin several times."""
    meters = [
        (int(_nearest_step(nearest_line(tick, piece.ticks_per_quarter, LINES))), numerator, denominator)
        for tick, numerator, denominator in piece.meters.tolist()
    ]
    lines = np.unique(_nearest_step(BarGrid.of_meters(meters, LINES, end).lines))
    parts = -(-np.diff(lines) // LONGEST_BAR)
    within = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    cut: Ints = np.repeat(lines[:-1], parts) + within * LONGEST_BAR
    return cut[cut < end]


def _nearest_step(line: Any) -> Any:
    return (line + BAR_STEP // 2) // BAR_STEP * BAR_STEP


def _chord_changes(piece: Piece, melody_notes: int, end: int) -> Array:
    """`CHORD` rows with ticks in lines before `end`, the first at 0, each with another chord than the one before.

    Chords are found where none are written and a tenth of the notes or more go with the melody: a tune alone says too little.
    """
    written = piece.chords
    if not len(written) and 10 * (len(piece) - melody_notes) >= len(piece):
        written = find_chords(piece)
    rows = np.zeros(len(written) + 1, CHORD)
    rows[0] = (0, *NO_CHORD)
    rows[1:] = written
    line = np.append(0, nearest_line(written["tick"], piece.ticks_per_quarter, LINES))
    kept = (line < end) & np.append(line[1:] != line[:-1], True)  # of several on a line the last one
    rows, line = rows[kept], line[kept]
    rows["quality"][rows["root"] < 0] = 0
    rows["tick"] = line
    symbol = rows["root"].astype(np.int64) * len(QUALITIES) + rows["quality"]
    changes: Array = rows[np.diff(symbol, prepend=symbol[0] - 1) != 0]
    return changes


def _without_short_rests(onset: Ints, end: Ints, cuts: Ints) -> Ints:
    """Ends of notes: what is silent after one up to the next cut is its own, where it is short beside its last stretch."""
    end = end.copy()
    open_ends = np.flatnonzero(end[:-1] < onset[1:])
    while len(open_ends):
        at = end[open_ends]
        before, after = cuts[np.searchsorted(cuts, at) - 1], cuts[np.searchsorted(cuts, at, side="right")]
        short = 4 * (after - at) < at - before
        open_ends, after = open_ends[short], after[short]
        end[open_ends] = after
        open_ends = open_ends[after < onset[open_ends + 1]]
    return end


def _meters(rows: Ints, start: Ints) -> Array:
    """The meters that put a bar line where each bar begins: a row where a bar is longer or shorter than the one before."""
    begins = start[rows[:, 0] == 1]
    length = np.diff(begins)
    if len(begins):  # the last bar may stop anywhere: it is as the one before, if it has room
        used = int(start[-1] + rows[-1, 4] - begins[-1])
        before = int(length[-1]) if len(length) else 4 * LINES
        length = np.append(length, before if used <= before else -(-used // BAR_STEP) * BAR_STEP)
    changes = np.flatnonzero(np.diff(length, prepend=4 * LINES))
    meters = np.zeros(len(changes), METER)
    meters["tick"] = begins[changes]
    numerator, denominator = length[changes] // BAR_STEP, np.full(len(changes), 4 * LINES // BAR_STEP)
    for _ in range(3):  # 24/32 is 3/4
        even = (numerator % 2 == 0) & (denominator > 4)
        numerator, denominator = np.where(even, numerator // 2, numerator), np.where(even, denominator // 2, denominator)
    meters["numerator"], meters["denominator"] = numerator, denominator
    return meters
