"""A slow model of how music21 reads the notes of a MIDI file, in which each of its habits can be replaced by `melody`'s.

With every habit music21's own it gives music21's notes (after `stripTies()`), with every habit ours it gives `melody`.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

import music21
from music21 import chord, common, duration, pitch
from music21.midi import MidiFile, translate

from partimento.piece import Piece
from partimento.theory import chord_root_table

Event = tuple[int, int]  # pitch and duration, as the ids of `melody`

# benchmarks: `duration.type` reduced to five; zero to eighth, what one note cannot write to quarter, shorter to 16th
REDUCED = {"eighth": 2, "zero": 2, "quarter": 3, "complex": 3, "inexpressible": 3, "half": 4, "whole": 5, "breve": 5, "longa": 5}
REDUCED |= {"maxima": 5, "duplex-maxima": 5}
DIVISORS = (4, 3)
DRUM_CHANNEL = 10  # music21 counts channels from 1


@dataclass(frozen=True)
class Note:
    """One note of a chunk, in ticks; `sound` is its channel and program."""

    start: int
    end: int
    pitch: int
    is_drum: bool = False
    sound: tuple[int, int] = (1, 0)


@dataclass(frozen=True)
class Chunk:
    """One part of a file: its notes as two ways of pairing find them, and the ticks of its other elements."""

    paired_backwards: list[Note]
    paired_in_order: list[Note]
    others: list[int]


@dataclass(frozen=True)
class Habits:
    """Each is music21's when False and ours when True."""

    by_value: bool = False  # notes of one onset: shorter values first, then lower pitches; not the order in the file
    no_drums: bool = False  # drums go before chords are gathered, not after
    notes_only: bool = False  # a gap ends at the next note, not at the next element (a tempo, say)
    in_order: bool = False  # overlapping notes of one pitch: first in, first out
    by_pitch: bool = False  # chords are gathered from the lowest note up, not in the order of the file
    own_parts: bool = False  # the sounds of one chunk are parts of their own where our loader says so
    own_notes: bool = False  # the loader's notes: unfinished ones ended, and its other repairs
    exact_gaps: bool = False  # which grid fills a gap is exact, not the remainder of a binary fraction
    one_grid: bool = False  # the grid that fills the gap is taken also for notes that outlast it; the nearer one if none does
    half_up: bool = False  # half-way ticks go to the later line
    on_grid: bool = False  # chords are notes of one grid onset and one note value, not those less than a sixteenth apart
    own_roots: bool = False  # roots by our table


RUNGS = (
    ("by_value", "order of notes with one onset"),
    ("no_drums", "drums that share a chord with pitched notes"),
    ("notes_only", "gaps that end at a tempo or a meter"),
    ("in_order", "overlapping notes of one pitch"),
    ("by_pitch", "chords gathered in the order of the file"),
    ("own_parts", "sounds of one chunk that are parts of ours"),
    ("own_notes", "unfinished notes and other repairs"),
    ("exact_gaps", "grid chosen for gaps of whole quarters"),
    ("one_grid", "grid of notes that outlast their gap"),
    ("half_up", "lengths half-way between two lines"),
    ("on_grid", "notes less than a sixteenth apart"),
    ("own_roots", "roots that depend on the order of notes"),
)


def chunks_of(data: bytes) -> tuple[list[Chunk], int, int]:
    """The chunks with notes, the ticks of a quarter, and the file's format."""
    file = MidiFile()
    file.readstr(data)
    chunks = []
    for track in file.tracks:
        if track.hasNotes():
            timed = translate.getTimeForEvents(track)
            backwards = []
            for on, off, event in translate.getNotesFromEvents(timed):
                assert event.pitch is not None
                backwards.append(Note(on, off, event.pitch, event.channel == DRUM_CHANNEL))
            chunks.append(Chunk(backwards, list(_paired_in_order(timed)), [tick for tick, _ in translate.getMetaEvents(timed)]))
    return chunks, file.ticksPerQuarterNote, file.format


def _paired_in_order(timed: Sequence[tuple[int, Any]]) -> Iterator[Note]:
    """Notes whose end is the first free one of their pitch and channel; unfinished ones are left out."""
    program: dict[int, int] = {}
    waiting: dict[tuple[int, int], list[int]] = collections.defaultdict(list)
    found: list[Note | None] = []
    for tick, event in timed:
        if event.type == music21.midi.ChannelVoiceMessages.PROGRAM_CHANGE:
            program[event.channel] = event.data
        elif event.isNoteOn():
            waiting[event.channel, event.pitch].append(len(found))
            sound = (event.channel, program.get(event.channel, 0))
            found.append(Note(tick, -1, event.pitch, event.channel == DRUM_CHANNEL, sound))
        elif event.isNoteOff() and waiting[event.channel, event.pitch]:
            at = waiting[event.channel, event.pitch].pop(0)
            begun = found[at]
            assert begun is not None
            found[at] = replace(begun, end=max(tick, begun.start + 1))
    return (one for one in found if one is not None and one.end >= 0)


def model(chunks: Sequence[Chunk], file_format: int, ticks: int, piece: Piece, habits: Habits) -> list[Event]:
    """The events of a file under the given habits."""
    events: list[Event] = []
    for notes, others in _parts(chunks, file_format, piece, habits):
        events += _part_events([one for one in notes if not (habits.no_drums and one.is_drum)], others, ticks, habits)
    return events


def _parts(chunks: Sequence[Chunk], file_format: int, piece: Piece, habits: Habits) -> Iterator[tuple[list[Note], list[int]]]:
    if habits.own_notes:
        for number, track in enumerate(piece.tracks):
            rows = piece.notes[piece.notes["track"] == number].tolist()
            yield [Note(onset, onset + length, key, track.is_drum) for onset, length, key, _, _ in rows], []
        return
    for chunk in chunks:
        notes = chunk.paired_in_order if habits.in_order else chunk.paired_backwards
        if habits.by_pitch:
            notes = sorted(notes, key=lambda one: (one.start, one.pitch, one.end))
        others = [] if habits.notes_only else chunk.others
        if not habits.own_parts:
            yield notes, others
            continue
        # as in formats/midi.py: format 0 has a part for each channel and program, the others one for each program
        sounds: dict[Any, list[Note]] = {}
        for one in sorted(notes, key=lambda one: one.sound):
            sounds.setdefault(one.sound if file_format == 0 else (one.sound[1], one.is_drum), []).append(one)
        for part in sounds.values():
            yield sorted(part, key=lambda one: (one.start, one.pitch, one.end)), others


def _part_events(notes: list[Note], others: list[int], ticks: int, habits: Habits) -> list[Event]:
    groups = [[one] for one in notes] if habits.on_grid else _gathered(notes, ticks)
    # an element: its tick, its length (that of the chord's last note), its notes; without notes it is a tempo or the like
    elements = [(group[0].start, group[-1].end - group[-1].start, group) for group in groups]
    elements += [(tick, 0, []) for tick in others]
    elements.sort(key=lambda element: element[0])
    rounding = Habits(exact_gaps=habits.exact_gaps, one_grid=habits.one_grid, half_up=habits.half_up)
    onsets = [_moment(tick, ticks, rounding) for tick, _, _ in elements]
    valued: list[tuple[Fraction, int, list[Note]]] = []
    following = len(elements)
    for at in range(len(elements) - 1, -1, -1):
        if at + 1 < len(elements) and onsets[at + 1] > onsets[at]:
            following = at + 1
        gap = onsets[following] - onsets[at] if following < len(elements) else Fraction(0)
        _, length, group = elements[at]
        if group:
            valued.append((onsets[at], _value(length, gap, ticks, rounding), group))
    valued.reverse()
    if habits.by_value:
        valued.sort(key=lambda element: (element[0], element[1], min(one.pitch for one in element[2])))
    if habits.on_grid:
        valued = _chords(valued)
    pitched = [element for element in valued if not any(one.is_drum for one in element[2])]
    return [(_root(tuple(one.pitch for one in group), habits.own_roots) + 1, value) for _, value, group in pitched]


def _gathered(notes: list[Note], ticks: int) -> list[list[Note]]:
    """music21's chords: notes that start less than a sixteenth after the first one and end at most a sixteenth apart."""
    tolerance = ticks / max(DIVISORS)
    taken = [False] * len(notes)
    groups = []
    for i, first in enumerate(notes):
        if taken[i]:
            continue
        group = [first]
        for j in range(i + 1, len(notes)):
            if abs(notes[j].start - first.start) >= tolerance:
                break
            if not abs(notes[j].end - first.end) > tolerance:
                group.append(notes[j])
                taken[j] = True
        groups.append(group)
    return groups


def _chords(valued: list[tuple[Fraction, int, list[Note]]]) -> list[tuple[Fraction, int, list[Note]]]:
    """Our chords: all notes of one onset and one note value, lowest first."""
    of: dict[tuple[Fraction, int], list[Note]] = {}
    for onset, value, group in valued:
        of.setdefault((onset, value), []).extend(group)
    return [(onset, value, sorted(group, key=lambda one: one.pitch)) for (onset, value), group in of.items()]


@cache
def _moment(tick: int, ticks: int, habits: Habits) -> Fraction:
    return _best(Fraction(tick, ticks), Fraction(0), True, habits)


@cache
def _value(length: int, gap: Fraction, ticks: int, habits: Habits) -> int:
    """The note value of a length in ticks: music21's `Stream.quantize`, then `duration.type`."""
    if length <= 0:
        grace = duration.Duration().getGraceDuration()
        grace.quarterLength = 0.0
        return REDUCED.get(grace.type, 1)
    return REDUCED.get(duration.Duration(_best(Fraction(length, ticks), gap, False, habits)).type, 1)


def _best(target: Fraction, gap: Fraction, zero_allowed: bool, habits: Habits) -> Fraction:
    """The line that `bestMatch` in music21's `Stream.quantize` chooses for a place or a length in quarters."""
    found = []
    for divisor in DIVISORS:
        tick = Fraction(1, divisor)
        low = target // tick * tick
        distance = target - low
        match = low if distance * 2 < tick or (distance * 2 == tick and not habits.half_up) else low + tick
        if match == 0 and not zero_allowed:
            match = tick
        if habits.exact_gaps:
            fills = gap % tick == 0
        else:  # music21's own arithmetic, where no whole number is a multiple of 1/3
            fills = common.opFrac(gap) % (1 / divisor) == 0
        left: Fraction | int = 0 if fills else max(gap - match, Fraction(0))
        if habits.one_grid:
            left = not fills
        found.append((left, round(abs(target - match), 7), tick, match))
    return min(found)[3]


@cache
def _root(pitches: tuple[int, ...], own: bool) -> int:
    """The pitch class that stands for a chord."""
    if len(pitches) == 1:
        return pitches[0] % 12
    if own:
        return int(chord_root_table()[min(pitches) % 12, sum({1 << one % 12 for one in pitches})])
    members = []
    for one in pitches:
        members.append(pitch.Pitch())
        members[-1].midi = one
    found = chord.Chord()
    found.pitches = tuple(members)
    return int(found.root().pitchClass)
