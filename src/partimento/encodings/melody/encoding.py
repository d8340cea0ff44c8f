"""The encoding `melody`: parts one after another, one pitch and one note value for each note or chord.

By default it follows what the project's seed made of a file read by music21 (`docs/melody.md` measures every difference); options
add rests, and written note values with dots, triplets and ties. Here notes become lengths and silences on a grid;
`note_values.py` writes these as note values, and `chord_pitch.py` says which note represents a chord.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.base import Encoding, Events, Field, option
from partimento.encodings.melody.chord_pitch import LOWEST, PITCHES, one_of_each_chord, pitch_id
from partimento.encodings.melody.cursor import MelodyCursor
from partimento.encodings.melody.note_values import (
    LONGEST_QUARTERS,
    TICKS_PER_QUARTER,
    WRITTEN_LINES,
    Values,
    five_of_twelfths,
    values,
)
from partimento.piece import NOTE, Array, Piece, Track, nearest_line

CHORDS = ("root", "top", "bass")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Melody(Encoding):
    """Options: `pitch` is `class` (in octave 4), `piano` (88 keys) or `midi`; `chord` keeps its `root`, `top` or `bass`; `rests`
    keeps them (`yes`); `durations` are `five`, `written` or `tied`.

    A rest is an event of the pitch `rest`; with `tied`, an event of the pitch `tie` makes the one before longer.
    """

    pitch: str = option("class", PITCHES)
    chord: str = option("root", CHORDS)
    rests: str = option("no", ("no", "yes"))
    durations: str = option("five", ("five", "written", "tied"))

    name: ClassVar[str] = "melody"

    @property
    def keeps(self) -> str:  # type: ignore[override]
        of = {"five": "(16th to whole)", "written": "(32nd to breve, with dots and triplets)"}
        value = of.get(self.durations, "(32nd to breve, with dots and triplets, tied where one does not do)")
        rests = ", the silences of a part as rests" if self.rests == "yes" else ""
        return f"one pitch for each note or chord, its note value {value}{rests}, the order within a part"

    @property
    def drops(self) -> str:  # type: ignore[override]
        parts = ["onsets, rests"] if self.rests == "no" else ["onsets of what overlaps, rests below a quarter of the note before"]
        parts += ["chord notes but one"] + ["dots and tuplets"] * (self.durations == "five")
        parts += ["octaves"] * (self.pitch == "class") + ["velocity, instruments, drums"]
        return ", ".join(parts)

    @property
    def is_plain(self) -> bool:
        """Whether all is as in the seed's form."""
        return self.rests == "no" and self.durations == "five"

    @property
    def values(self) -> Values:
        return values(self.durations)

    @property
    def rest(self) -> int:
        """The id of `rest` in the field pitch; 0 without rests."""
        return PITCHES[self.pitch] + 1 if self.rests == "yes" else 0

    @property
    def tie(self) -> int:
        """The id of `tie` in the field pitch; 0 without ties."""
        return PITCHES[self.pitch] + 1 + (self.rest > 0) if self.durations == "tied" else 0

    @property
    def fields(self) -> tuple[Field, ...]:
        more = (self.rest > 0) + (self.tie > 0)
        return Field("pitch", PITCHES[self.pitch] + 1 + more), Field("duration", len(self.values.names) + 1)

    def encode(self, piece: Piece) -> Events:
        is_drum = np.array([track.is_drum for track in piece.tracks], bool)
        notes = piece.notes[~is_drum[piece.notes["track"]]] if len(piece) else piece.notes
        if not len(notes):
            return np.zeros((0, 2), np.uint8)
        if self.durations == "five":
            at, length, value = _as_five(notes, piece.ticks_per_quarter)
        else:
            at, length = _as_written(notes, piece.ticks_per_quarter)
            value = self.values.written[np.clip(length, 2, len(self.values.written) - 1)]
        track = notes["track"].astype(np.int64)
        order = np.lexsort([notes["pitch"], value, at, track])
        track, at, length, value = track[order], at[order], length[order], value[order]
        first = _differs(track) | _differs(at) | _differs(value)  # notes of one moment and one value are a chord
        start = first.nonzero()[0]
        pitch = pitch_id(one_of_each_chord(notes["pitch"][order].astype(np.int64), start, self.chord), self.pitch)
        silence = np.zeros(len(start), np.int64)
        if self.rest:
            silence = self._silences(track, at, at + length)[start]
        return self._rows(pitch, value[start], silence)

    def _silences(self, track: Ints, at: Ints, end: Ints) -> Ints:
        """The lines without a note before each note's moment, 0 unless it is the first of its moment; by track and moment."""
        offset = track * (int(end.max()) + 1)
        until = np.zeros(len(end), np.int64)  # when all notes of the part before this one have ended
        until[1:] = np.maximum.accumulate(end + offset)[:-1]
        silence = np.maximum(0, at + offset - np.maximum(until, offset))
        capped: Ints = np.minimum(silence, len(self.values.chains) - 1)
        return capped

    def _rows(self, pitch: Ints, value: Ints, silence: Ints) -> Events:
        """Events of notes [M], whose `value` is a row of `chains` (with `five` the id itself), and of the silences before them."""
        known = self.values
        chains = value[:, None] if self.durations == "five" else known.chains[value]
        length = np.concatenate([[0], known.lengths])[chains].sum(axis=1)
        rests = known.chains[silence]
        before = np.concatenate([[0], length[:-1]])
        rests = rests * (4 * np.concatenate([[0], known.lengths])[rests[:, 0]] > before)[:, None]
        both = np.concatenate([rests, chains], axis=1)  # one row: rests and ties to them, a note and ties to it
        names = np.full(both.shape, self.tie)
        names[:, 0], names[:, rests.shape[1]] = self.rest, pitch
        events: Events = np.stack([names, both], axis=2)[both > 0].astype(np.uint8)
        return events

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        events = np.asarray(events).astype(np.int64).reshape(-1, 2)
        ticks = np.concatenate([[0], self.values.lengths])[events[:, 1]] * (TICKS_PER_QUARTER // self.values.lines)
        until = np.cumsum(ticks)
        begins = np.flatnonzero((events[:, 0] != self.tie) | (self.tie == 0))
        onset = until[begins] - ticks[begins]
        stop = np.append(onset[1:], until[-1:])[: len(onset)]
        is_note = events[begins, 0] != self.rest if self.rest else np.ones(len(begins), bool)
        notes = np.zeros(int(is_note.sum()), NOTE)
        notes["onset"], notes["duration"] = onset[is_note], (stop - onset)[is_note]
        notes["pitch"] = events[begins[is_note], 0] - 1 + LOWEST[self.pitch]
        notes["velocity"] = 80
        return Piece(notes, (Track(),), TICKS_PER_QUARTER)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        """Pitch classes go round; other pitches must stay on their keyboard."""
        highest, moved = PITCHES[self.pitch], events.copy()
        is_note = events[:, 0] <= highest
        pitch = events[is_note, 0].astype(np.int64) - 1 + semitones
        if self.pitch == "class":
            pitch %= 12
        if len(pitch) and not 0 <= pitch.min() <= pitch.max() < highest:
            return None
        moved[is_note, 0] = pitch + 1
        return moved

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        if not drawn:
            legal = np.ones(self.fields[0].size, bool)
            legal[0] = False
            for name in {self.rest, self.tie} - {0}:
                legal[name] = bool(self._durations_after(history, name).any())
            return legal
        return self._durations_after(history, drawn[0])

    def _durations_after(self, history: npt.NDArray[Any], name: int) -> npt.NDArray[np.bool_]:
        """Which durations an event of this pitch, rest or tie may have."""
        known = self.values
        legal = np.ones(len(known.lengths) + 1, bool)
        legal[0] = False
        if name not in (self.rest, self.tie):
            return legal
        start = len(history)
        while start and (start == len(history) or history[start, 0] == self.tie):
            start -= 1  # back over ties to the note or rest that they make longer
        length = int(np.concatenate([[0], known.lengths])[history[start:, 1]].sum()) if len(history) else 0
        if name == self.rest:
            legal[1:] = 4 * known.lengths > length
            return legal & (not len(history) or int(history[start, 0]) != self.rest)
        total = length + known.lengths
        inside = total < len(known.last)
        legal[1:] = inside & (known.last[total * inside] == np.arange(1, len(total) + 1)) & (length > 0)
        return legal

    def cursor(self) -> MelodyCursor:
        ticks = self.values.lengths * (TICKS_PER_QUARTER // self.values.lines)
        return MelodyCursor(self, [0, *ticks.tolist()], LOWEST[self.pitch], PITCHES[self.pitch])

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        return int(np.count_nonzero(np.asarray(events)[:, 0] <= PITCHES[self.pitch]))


def _differs(column: Ints) -> npt.NDArray[np.bool_]:
    """Whether each element differs from the one before; True for the first."""
    return np.concatenate([[True], column[1:] != column[:-1]])


def _gaps(track: Array, at: Ints) -> Ints:
    """The lines from each note's moment to the next moment of its track, 0 for the last one; notes by track and moment."""
    first = (_differs(track) | _differs(at)).nonzero()[0]
    moment, of = at[first], track[first]
    gap = np.append(np.where(of[1:] == of[:-1], np.diff(moment), 0), 0)
    gaps: Ints = np.repeat(gap, np.diff(np.append(first, len(at))))
    return gaps


def _as_five(notes: Array, ticks_per_quarter: int) -> tuple[Ints, Ints, Ints]:
    """Moment and length in twelfths of a quarter and value id 1..5 of each note."""
    onset, length = ((notes[name] * 12.0) / ticks_per_quarter for name in ("onset", "duration"))
    length = np.minimum(length, LONGEST_QUARTERS * 12)
    sixteenth, triplet = (np.floor(onset / unit + 0.5) * unit for unit in (3, 4))
    at = np.where(np.abs(onset - sixteenth) <= np.abs(onset - triplet), sixteenth, triplet).astype(np.int64)
    sixteenth, triplet = (np.maximum(unit, np.floor(length / unit + 0.5) * unit) for unit in (3, 4))
    gap = _gaps(notes["track"], at)
    by_three, by_four = (gap > 0) & (gap % 3 == 0), (gap > 0) & (gap % 4 == 0)
    nearer = np.abs(length - sixteenth) <= np.abs(length - triplet)
    written = np.where(np.where(by_three == by_four, nearer, by_three), sixteenth, triplet).astype(np.int64)
    return at, written, five_of_twelfths(written).astype(np.int64)


def _as_written(notes: Array, ticks_per_quarter: int) -> tuple[Ints, Ints]:
    """Moment and length in 24ths of a quarter of each note.

    A note that stops within a quarter of its length before the next moment of its part, or an eighth after it, ends there:
    notes are played shorter, and now and then longer, than they are written.
    """
    onset = notes["onset"].astype(np.int64)
    at, end = (nearest_line(tick, ticks_per_quarter, WRITTEN_LINES) for tick in (onset, onset + notes["duration"]))
    gap, length = _gaps(notes["track"], at), np.maximum(1, end - at)
    to_next = (gap > 0) & (4 * (gap - length) <= length) & (8 * (length - gap) <= length)
    return at, np.where(to_next, gap, length)
