"""The encoding `notes`: one event for one note, chords as notes with time zero, and bars, meters, keys and tempos among them.

It makes events and pieces of each other, without a loop over notes. Rounding and order are the business of `pack.py`,
where events lie that of `ticks.py`, where a growing sequence stands that of `cursor.py`, what may follow that of
`legal.py`. `docs/encodings.md` describes the events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.bars import bar_ticks
from partimento.encodings.base import Context, Encoding, Events, Field, Pitches, option
from partimento.encodings.notes.context import context, context_fields, pitched, transposed, varied
from partimento.encodings.notes.cursor import NotesCursor
from partimento.encodings.notes.declared_parts import declared, instrument, instruments_of, part_of, parts_of, permuted, tracks_of
from partimento.encodings.notes.layout import (
    LONGEST,
    MAPS,
    MOST_PARTS,
    PROFILES,
    VELOCITY_OF,
    Ints,
    Profile,
    tempo_qpm,
    with_parts,
)
from partimento.encodings.notes.pack import BYTE, packed_notes, packed_piece, packed_rank
from partimento.encodings.notes.ticks import place, walk
from partimento.instruments import DRUMS
from partimento.piece import KEY, METER, NOTE, TEMPO, Piece, Track


@dataclass(frozen=True)
class Notes(Encoding):
    """Options: `profile` is `score` (no velocity), `piano` (one instrument), `ensemble` or `performance` (playing time). With
    `parts` (`yes` or `no`) each track is a part, declared with its instrument before all else, and each note names its part."""

    profile: str = option("ensemble", PROFILES)
    parts: str = option("no", ("no", "yes"))

    name: ClassVar[str] = "notes"

    @property
    def layout(self) -> Profile:
        return with_parts(self.profile) if self.parts == "yes" else PROFILES[self.profile]

    @property
    def keeps(self) -> str:  # type: ignore[override]
        layout = self.layout
        parts = ["every note's pitch, onset and duration on a grid of " + ("48 ticks a quarter" if layout.beats else "10 ms")]
        parts += ["33 levels of velocity"] * layout.velocity + ["programs and drums"] * layout.instrument
        parts += [f"up to {MOST_PARTS} tracks"] * layout.parts
        parts += ["meters, keys, tempos (to 1.5%)"] * layout.beats
        return ", ".join(parts)

    @property
    def drops(self) -> str:  # type: ignore[override]
        layout = self.layout
        parts = ["times off the grid"] + ["instruments, drums"] * (not layout.instrument)
        if layout.parts:
            parts += [f"which of more than {MOST_PARTS} tracks", "all but the longest of one key struck twice at once in a track"]
        else:
            parts += ["which of the tracks of one instrument"] * layout.instrument
        parts += ["drum kits"] * layout.instrument + ["velocity"] * (not layout.velocity)
        parts += ["meters, keys and tempos after the last onset" if layout.beats else "beats, meters, keys", "track names"]
        parts += ["the sustain pedal"] * layout.beats
        return ", ".join(parts)

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.layout.fields

    def encode(self, piece: Piece) -> Events:
        return _events(*packed_piece(piece, self.layout), self.layout, self._head(piece))

    def encode_among(self, piece: Piece, others: Piece) -> tuple[Events, npt.NDArray[np.bool_]]:
        """The events of a piece among the notes of another, and which events are those, bool [T]. At each moment they come first;
        none of them has a tie."""
        packed, meters = packed_piece(piece, self.layout)
        more = packed_notes(others, self.layout)
        bits = self.layout.bits
        shortened = (more & ~(BYTE << bits.tie | BYTE << bits.duration)) | (LONGEST - 1) << bits.duration
        more = np.where(more & BYTE << bits.tie, shortened, more)
        both, is_other = np.concatenate([packed, more]), np.arange(len(packed) + len(more)) >= len(packed)
        order = np.lexsort([~is_other, packed_rank(both), both >> 39])
        events = _events(both[order], meters, self.layout, self._head(piece))
        found = np.zeros(len(events), bool)
        found[np.isin(events[:, 0], [self.layout.kind(name) for name in (*MAPS, "note")])] = is_other[order]
        return events, found

    def _head(self, piece: Piece) -> Events:
        """The events that declare the parts of a piece, [P, F]."""
        return declared(parts_of(piece, self.layout)[1] if self.layout.parts else [], self.layout)

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        events = np.asarray(events).reshape(-1, len(self.fields))
        return _piece(events, np.ones(len(events), bool), self.layout)

    def decode_some(self, events: npt.NDArray[Any], chosen: npt.NDArray[np.bool_]) -> Piece:
        """The piece of events [T, F] with the chosen ones of its notes, bool [T], where all of them lie."""
        return _piece(events, chosen, self.layout)

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        here = self.cursor()
        for event in np.asarray(history).tolist():
            here.push(event)
        return here.allowed(drawn)

    def cursor(self) -> NotesCursor:
        return NotesCursor(self.layout)

    def ended(self, history: npt.NDArray[Any]) -> bool:
        return bool(len(history)) and int(history[-1, 0]) == self.layout.kind("end")

    @property
    def statements(self) -> Mapping[str, int]:
        return {name: self.layout.kind(name) for name in MAPS} if self.layout.beats else {}

    @property
    def opening(self) -> frozenset[int]:
        return frozenset({self.layout.kind("part")} if self.layout.parts else ())

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        return int(np.count_nonzero(events[:, 0] == self.layout.kind("note")))

    def place(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        """Bar, beat and tick of the beat of each event [T, 3]; in `performance` second, tenth and tick of 10 ms."""
        return place(events, self.layout)

    @property
    def context_fields(self) -> tuple[Context, ...]:
        return context_fields(self.layout)

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        return context(np.asarray(events), self.layout)

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        return (Pitches(2, 1, 0, (0, 1, 2)),)

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        pitch = events[pitched(events, self.layout), 2].astype(np.int64) - 1
        return np.array([[pitch.min(initial=128), pitch.max(initial=-1)]], np.int64)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        return transposed(events, semitones, self.layout)

    def vary(self, events: npt.NDArray[Any], louder: int, faster: int) -> npt.NDArray[Any]:
        return varied(events, louder, faster, self.layout)

    def players(self, piece: Piece) -> Ints:
        """Who plays each track [K], as the last field of its notes names them, from 0: a part, a program or 128 for drums, or 0."""
        if self.layout.parts:
            return part_of(piece, self.layout)
        return np.array([instrument(track) if self.layout.instrument else 0 for track in piece.tracks], np.int64)

    def part_count(self, events: npt.NDArray[Any]) -> int:
        return len(instruments_of(events, self.layout))

    def permute(self, events: npt.NDArray[Any], order: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return permuted(events, order, self.layout)

    def instruments(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        if self.layout.parts:
            return np.arange(self.part_count(events))
        is_note = events[:, 0] == self.layout.kind("note")
        return np.unique(events[is_note, -1]).astype(np.int64) if self.layout.instrument else np.zeros(0, np.int64)

    def keep(self, events: npt.NDArray[Any], instruments: npt.NDArray[Any]) -> npt.NDArray[Any]:
        piece = self.decode(events)
        if self.layout.parts:
            kept = self.encode(_with_tracks(piece, instruments))
            return kept if self.ended(events) else kept[:-1]
        ids = np.array([DRUMS if track.is_drum else track.program for track in piece.tracks], np.int64) + 1
        kept = self.encode(replace(piece, notes=piece.notes[np.isin(ids, instruments)[piece.notes["track"]]]))
        return kept if self.ended(events) else kept[:-1]


def _with_tracks(piece: Piece, numbers: npt.NDArray[Any]) -> Piece:
    """The piece with these of its tracks [K] alone, ascending."""
    place = np.full(len(piece.tracks), -1)
    place[numbers] = np.arange(len(numbers))
    notes = piece.notes[place[piece.notes["track"]] >= 0]
    notes["track"] = place[notes["track"]]
    return replace(piece, notes=notes, tracks=tuple(piece.tracks[number] for number in numbers.tolist()))


def _events(packed: Ints, meters: Ints, layout: Profile, head: Events) -> Events:
    """Events of sorted numbers (`pack.py`) after those of the head: each with its time, the bars and waits before it, the tie after
    it."""
    width = len(layout.fields)
    if not len(packed):
        return np.zeros((0, width), np.uint8)
    tick = packed >> 39
    bits = layout.bits
    tie = packed >> bits.tie & BYTE
    if layout.beats:
        crossed, since = _bars(tick, packed_rank(packed) if len(meters) else None, meters, layout.ticks_per_quarter)
    else:
        crossed, since = np.zeros(0, np.int64), np.diff(tick, prepend=0)
    waits = since // LONGEST if since.max() >= LONGEST else np.zeros(0, np.int64)
    if len(waits):
        since -= waits * LONGEST
    before = _extra(crossed, len(tick)) + _extra(waits, len(tick))
    row = np.arange(len(head), len(head) + len(tick)) + np.cumsum(before)
    has_tie = tie != 0
    ties = np.flatnonzero(has_tie)
    if len(ties):
        row += np.cumsum(has_tie) - has_tie
    columns = np.zeros((width, int(row[-1]) + (2 if not has_tie[-1] else 3)), np.uint8)
    columns[:, : len(head)] = head.T
    kind, time, pitch, duration = columns[:4]
    kind[row] = layout.kind("note")
    time[row] = since + 1
    pitch[row] = ((packed >> 30) & 0x7F) + 1
    duration[row] = (packed >> bits.duration & BYTE) + 1
    if layout.velocity:
        columns[4, row] = packed >> bits.velocity & 0x3F
    if layout.parts or layout.instrument:
        columns[-1, row] = (packed >> bits.last & BYTE) + 1
    kind[row[ties] + 1], duration[row[ties] + 1] = layout.kind("tie"), tie[ties]
    _put(columns, row - _extra(waits, len(tick)), crossed, layout.kind("bar"))
    _put(columns, row, waits, layout.kind("wait"))
    if layout.beats:
        rank = packed_rank(packed)
        for number, name in enumerate(("meter", "key", "tempo")):
            at = row[rank == number]
            kind[at] = layout.kind(name)
            columns[3 if number else 4 :, at] = 0
    kind[-1] = layout.kind("end")
    return np.ascontiguousarray(columns.T)


def _bars(tick: Ints, rank: Ints | None, meters: Ints, grid: int) -> tuple[Ints, Ints]:
    """How many bar lines lie between each event and the one before, and the ticks since the last of both."""
    if rank is None:
        bar = tick // (4 * grid)
        begin = bar * (4 * grid)
        crossed = np.diff(bar, prepend=0)
    else:
        is_meter = rank == 0
        segment = np.cumsum(is_meter) - is_meter  # a meter itself lies in a bar of the one before
        start = np.concatenate([[0], meters[:, 0]])[segment]
        length = np.concatenate([[4 * grid], bar_ticks(meters[:, 1], meters[:, 2], grid)])[segment]
        bar = (tick - start) // length
        begin = start + bar * length
        left = np.where(is_meter, 0, bar)
        crossed = bar.copy()
        crossed[1:] -= left[:-1]
    last = np.zeros(len(tick), np.int64)
    np.maximum(tick[:-1], begin[1:], out=last[1:])
    last[0] = begin[0]
    return crossed, tick - last


def _extra(amount: Ints, size: int) -> Ints:
    """How many events of at most `LONGEST` each amount takes."""
    return (amount + (LONGEST - 1)) // LONGEST if len(amount) else np.zeros(size, np.int64)


def _put(columns: Events, stop: Ints, amount: Ints, kind: int) -> None:
    """Writes bars or waits into the rows before `stop`: the longest ones first, then what is left."""
    at = np.flatnonzero(amount)
    if not len(at):
        return
    stop, amount = stop[at], amount[at]
    if amount.max() <= LONGEST:
        columns[0, stop - 1], columns[1, stop - 1] = kind, amount
        return
    count = _extra(amount, len(amount))
    of = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    rows = stop[of] - count[of] + nth
    columns[0, rows], columns[1, rows] = kind, np.minimum(LONGEST, amount[of] - nth * LONGEST)


def _tracks(used: Ints, notes: int) -> tuple[Track, ...]:
    """Those of the instruments [K] that play, by id; none where there are no notes."""
    return tracks_of(used - 1) if notes else ()


def _piece(events: npt.NDArray[Any], chosen: npt.NDArray[np.bool_], layout: Profile) -> Piece:
    events = np.asfortranarray(events)  # each field by itself in memory
    kind = events[:, 0]
    tick = walk(events, layout).tick
    row = np.flatnonzero((kind == layout.kind("note")) & chosen)
    duration = events[:, 3].astype(np.int32)
    ties = np.flatnonzero(kind == layout.kind("tie"))
    duration[ties - 1] += LONGEST * duration[ties]
    notes = np.zeros(len(row), NOTE)
    notes["onset"], notes["duration"] = tick[row], duration[row]
    notes["pitch"] = events[row, 2] - 1
    notes["velocity"] = VELOCITY_OF[events[row, 4]] if layout.velocity else 80
    used = np.ones(1, np.int64)
    if layout.parts:
        notes["track"] = events[row, -1].astype(np.uint16) - 1
    elif layout.instrument:
        instrument = events[row, -1]
        is_used = np.bincount(instrument, minlength=DRUMS + 2) > 0
        used = np.flatnonzero(is_used)
        notes["track"] = (np.cumsum(is_used) - 1).astype(np.uint16)[instrument]
    tracks = tracks_of(instruments_of(events, layout)) if layout.parts else _tracks(used, len(row))
    if not layout.beats:
        return Piece(notes, tracks, layout.ticks_per_quarter)
    meter, key, tempo = (np.flatnonzero(kind == layout.kind(name)) for name in ("meter", "key", "tempo"))
    meters, keys, tempos = np.zeros(len(meter), METER), np.zeros(len(key), KEY), np.zeros(len(tempo), TEMPO)
    meters["tick"], keys["tick"], tempos["tick"] = tick[meter], tick[key], tick[tempo]
    meters["numerator"], meters["denominator"] = events[meter, 2], 1 << (events[meter, 3].astype(np.int64) - 1)
    keys["fifths"], keys["minor"] = (events[key, 2].astype(np.int64) - 1) // 2 - 7, (events[key, 2] - 1) % 2
    tempos["qpm"] = tempo_qpm(events[tempo, 2])
    return Piece(notes, tracks, layout.ticks_per_quarter, tempos, meters, keys)
