"""Notation as data: a `Score` of parts, staves, bars and voices.

All times are whole numbers of `divisions` of a quarter note.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from partimento.piece import About

WHOLE = 4  # quarters

Clef = tuple[str, int, int]  # the sign (G, F, C, percussion), its line from below, octaves that it sounds higher
TREBLE, BASS, ALTO, PERCUSSION = ("G", 2, 0), ("F", 4, 0), ("C", 3, 0), ("percussion", 2, 0)
HIGH_TREBLE, GUITAR, LOW_BASS = ("G", 2, 1), ("G", 2, -1), ("F", 4, -1)


@dataclass(slots=True, frozen=True)
class Spelled:
    """A written pitch: `step` 0..6 (C..B), `alter` in semitones, the octave of C4 = 60, and the MIDI `pitch` that sounds."""

    step: int
    alter: int
    octave: int
    pitch: int


@dataclass(slots=True, eq=False)
class Tuplet:
    """`actual` notes in the time of `normal`, of the type `unit` (a power of two of a whole note: -3 is an eighth)."""

    actual: int
    normal: int
    unit: int


@dataclass(slots=True)
class Head:
    """One note of a chord; `note` is its row in the piece, tied before and after where it is only a part of that note."""

    spelled: Spelled
    note: int
    tied_before: bool = False
    tied_after: bool = False


@dataclass(slots=True)
class Event:
    """A chord, a note, or a rest (without heads) in one voice, with one note value: `kind` as in `Tuplet.unit`, and dots."""

    start: int
    length: int
    kind: int
    dots: int
    heads: list[Head] = field(default_factory=list)
    tuplet: Tuplet | None = None
    whole_bar: bool = False  # a rest that fills its bar
    hidden: bool = False  # a rest that nobody needs to see
    beams: tuple[str, ...] = ()  # for each beam, the first one first: begin, continue, end, forward hook, backward hook


@dataclass(slots=True)
class Bar:
    """A bar: `meter` is its own, `shown_meter` what a player reads at its start; `key` is (fifths, minor).

    `number` 0 is an upbeat; the two parts of a split bar share a number.
    """

    start: int
    length: int
    number: int
    meter: tuple[int, int]
    key: tuple[int, bool]
    shown_meter: tuple[int, int] | None = None
    new_key: bool = False
    partial: bool = False  # shorter or longer than its meter says: an upbeat, a bar that a repeat splits


@dataclass(slots=True)
class Staff:
    """`clefs[bar]` and `voices[bar]`: the voices of each bar, upper first; a voice is the events that fill the bar."""

    clefs: list[Clef]
    voices: list[list[list[Event]]]


@dataclass(slots=True)
class Part:
    """A track of the piece on one staff or two; neighbours of one `family` stand under a bracket, two hands under a brace."""

    track: int
    name: str
    program: int
    is_drum: bool
    staves: list[Staff]
    family: str = ""
    short_name: str = ""


@dataclass(slots=True)
class Mark:
    """Something written above the first staff at a time: a tempo, with `shown` telling whether a player needs to see it."""

    at: int
    qpm: float
    shown: bool
    beat: tuple[int, int] = (-2, 0)  # the kind and dots of the beat that the tempo counts


@dataclass(slots=True)
class Score:
    """A whole piece as notation."""

    about: About
    divisions: int
    bars: list[Bar]
    parts: list[Part]
    tempos: list[Mark] = field(default_factory=list)
    chords: list[tuple[int, int, int, int]] = field(default_factory=list)  # start, root, quality, bass as in `Piece.chords`
    velocity: list[int] = field(default_factory=list)  # of each note of the piece
    # of each note: how far its onset and end in the piece lie after those on the page; empty where all agree
    shifts: list[tuple[int, int]] = field(default_factory=list)
