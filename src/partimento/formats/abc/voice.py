"""What is known while a tune of ABC is read: the fields that hold for all voices, and where each voice is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from partimento.formats.notated import Bar, NotatedScore, Note
from partimento.piece import Track


@dataclass(slots=True)
class Head:
    """A note with its letter and octave, its accidental, and its length in units inside a chord."""

    note: Note
    place: tuple[str, int]
    alter: int
    units: Fraction


@dataclass(frozen=True)
class Fields:
    """What fields set: the header for all voices, the body for one (section 7.1)."""

    unit: Fraction | None = None  # the unit note length, in quarters
    meter: tuple[int, int] | None = None
    signature: dict[str, int] = field(default_factory=dict)
    clef_octave: int = 0  # `treble-8` sounds an octave lower
    octave: int = 0
    transpose: int = 0  # semitones

    @property
    def semitones(self) -> int:
        """How much higher the notes sound than they are written."""
        return self.transpose + 12 * (self.octave + self.clef_octave)


@dataclass(eq=False)
class Voice:
    """Where one voice is, and what holds in it."""

    track: int
    fields: Fields = field(default_factory=Fields)
    at: Fraction = Fraction(0)
    bar_start: Fraction = Fraction(0)
    bar_end: Fraction = Fraction(0)  # of the longest overlay
    accidentals: dict[object, int] = field(default_factory=dict)
    ties: dict[tuple[str, int], list[Head]] = field(default_factory=dict)  # what goes on, by its place on the staff
    last: list[Head] = field(default_factory=list)  # the note or chord before, for ties and broken rhythm
    last_start: Fraction = Fraction(0)
    broken: Fraction | None = None  # what broken rhythm makes of the next note
    tuplet: Fraction = Fraction(1)
    tuplet_left: int = 0
    line: list[Fraction | None] = field(default_factory=list)  # onsets of the last line of music, None for a bar line


@dataclass
class Reading:
    score: NotatedScore = field(default_factory=NotatedScore)
    header: Fields = field(default_factory=Fields)
    voices: dict[str, Voice] = field(default_factory=dict)
    voice: Voice = field(default_factory=lambda: Voice(0))
    in_body: bool = False
    old_tempo: tuple[str, str] | None = None  # of a header: a tempo in unit lengths, which may not be known yet
    parts: str = ""  # their order, as the header says it
    labels: list[tuple[str, Fraction]] = field(default_factory=list)
    symbols: dict[str, str] = field(default_factory=lambda: {"S": "segno", "O": "coda"})  # what a letter stands for (U:)
    line_break: str = ""  # a sign that ends lines of the page (`I:linebreak !`), else of decorations
    last_field: str = ""  # which `+:` goes on
    propagate: str = "pitch"  # how far an accidental reaches: "not", "octave" or "pitch" (section 11.3)
    drums: dict[tuple[tuple[str, int], int], int] = field(default_factory=dict)  # pitch by place and sign (`%%MIDI drummap`)

    @property
    def first(self) -> bool:
        return self.voice.track == 0

    def set(self, *, alone: bool = False, **values: Any) -> None:
        """Sets what the current voice reads by; in the header what all do, unless it is meant `alone`."""
        self.voice.fields = replace(self.voice.fields, **values)
        if not (self.in_body or alone):
            self.header = replace(self.header, **values)
            for voice in self.voices.values():
                voice.fields = replace(voice.fields, **values)

    def set_track(self, **values: Any) -> None:
        """Changes the track of the current voice."""
        track = self.score.tracks[self.voice.track]
        self.score.tracks[self.voice.track] = replace(track, **values)

    def go_to(self, name: str) -> None:
        """Goes to a voice, which is made the first time that it is named; the first one has what came before."""
        if name not in self.voices:
            if self.voices:
                self.score.tracks.append(Track())
            self.voices[name] = Voice(len(self.voices), self.header) if self.voices else self.voice
        self.voice = self.voices[name]

    @property
    def unit(self) -> Fraction:
        """The unit note length in quarters; without one a sixteenth in meters under 3/4, else an eighth (section 3.1.7)."""
        unit = self.voice.fields.unit
        if unit is None:
            numerator, denominator = self.voice.fields.meter or (4, 4)
            unit = Fraction(1, 4) if 4 * numerator < 3 * denominator else Fraction(1, 2)
            self.voice.fields = replace(self.voice.fields, unit=unit)
        return unit

    def end_bar(self, token: str) -> None:
        """A bar line, or another place where a bar must end; `token` is how the line is written."""
        voice, bars = self.voice, self.score.bars
        voice.at = voice.bar_start = voice.bar_end = max(voice.at, voice.bar_end)
        voice.accidentals.clear()
        voice.line.append(None)
        if not self.first:
            return
        if voice.at > bars[-1].start:
            bars[-1].stop = voice.at
            bars.append(Bar(voice.at, voice.at))
        ended = bars[-2].marks if len(bars) > 1 else bars[-1].marks
        repeats, _, opens = token.partition("|")
        if token.startswith(":"):
            ended.repeat_to = 2 if token == "::" else 1 + repeats.count(":")
        ended.ending_stops |= bool(ended.repeat_to) or "||" in token or "]" in token
        bars[-1].marks.repeat_from |= opens.endswith(":") or token == "::"
