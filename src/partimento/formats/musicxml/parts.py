"""What one part of a MusicXML file declares, and what holds in it from one measure to the next."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.errors import UnreadableFile
from partimento.formats.notated import NotatedScore
from partimento.formats.safe_xml import Element, number, text_in, whole
from partimento.piece import Track

_FINEST_UNIT = 1 << 40  # a quarter; divisions that need a finer one are rounded
_ROUND_UNIT = 10080 << 10
_LONGEST = 1 << 20  # quarters; a note that lasts for days is a mistake


def unit_of(root: Element) -> int:
    """How many units make a quarter, so that every division is a whole number of them: a multiple of 480."""
    unit = 480
    for divisions in {whole(one.text, 1) for one in root.iter("divisions")}:
        unit = math.lcm(unit, max(1, divisions))
        if unit > _FINEST_UNIT:
            return _ROUND_UNIT
    return unit


@dataclass(slots=True)
class Instrument:
    """A `midi-instrument`: program 0..127, whether it is percussion, and the key of the one drum that it is, else -1."""

    program: int
    is_drum: bool
    drum: int = -1
    changes: list[tuple[int, int]] = field(default_factory=list)  # (place, program)

    def program_at(self, place: int) -> int:
        at = bisect_right(self.changes, (place, 127))
        return self.changes[at - 1][1] if at else self.program


@dataclass
class Part:
    """One part. Its notes are on one track, or on one for each program where its instrument changes."""

    place: int  # among the parts
    score: NotatedScore
    name: str = ""
    instruments: dict[str, Instrument] = field(default_factory=dict)
    first: Instrument = field(default_factory=lambda: Instrument(0, False))
    scale: int = 0  # units of the score to one division; 0 where that is no whole number
    divisions: int = 1
    staves: int = 1
    transpose: dict[str, int] = field(default_factory=dict)  # semitones of each staff; "" is all of them
    tracks: dict[tuple[int, bool], int] = field(default_factory=dict)
    staff_numbers: dict[str, int] = field(default_factory=dict)  # of its staves among those of all parts
    tempo_places: set[int] = field(default_factory=set)  # where this part was the first to say a tempo
    offsets_sound: bool = False  # whether offsets move the sound where they do not say so
    loudness: list[tuple[int, range | None, int]] = field(default_factory=list)  # place, staves (None: all), velocity

    def __post_init__(self) -> None:
        self.set_divisions(1)

    def set_divisions(self, divisions: int) -> None:
        self.divisions = max(1, divisions)
        self.scale = 0 if self.score.unit % self.divisions else self.score.unit // self.divisions

    def units(self, text: str | None) -> int:
        """A duration or offset, stated in divisions, in units. Raises `UnreadableFile` for one that lasts for days."""
        if text and self.scale and len(text) < 9 and text.isdecimal():
            return int(text) * self.scale
        value = number(text)
        if abs(value) > _LONGEST * self.divisions:
            raise UnreadableFile("too long", f"a note of {value / self.divisions:.3g} quarters")
        exact = Fraction((text or "").strip() if value else 0) * self.score.unit / self.divisions
        if exact.denominator != 1:
            self.score.repairs["moved to the grid"] += 1
        return round(exact)

    def state_tempo(self, place: int, qpm: float) -> None:
        """A tempo; of several at one place the last one that a part says holds, and the first part that says one."""
        if place in self.tempo_places:
            self.score.tempos.pop(place, None)
        if place not in self.score.tempos:
            self.score.state_tempo(place, qpm)
            self.tempo_places.add(place)

    def track_of(self, instrument: Instrument, place: int, unpitched: bool) -> int:
        """The track of a note: its part's first, unless its instrument is another."""
        is_drum = unpitched or instrument.is_drum
        program = self.first.program if is_drum else instrument.program_at(place) if instrument.changes else instrument.program
        track = self.tracks.get((program, is_drum))
        if track is None:
            track = self.place if not self.tracks else len(self.score.tracks)
            if self.tracks:
                self.score.tracks.append(Track(program, is_drum, self.name))
            else:
                self.score.tracks[track] = Track(program, is_drum, self.name)
            self.tracks[program, is_drum] = track
        return track

    def staff_number(self, staff: str) -> int:
        """The number of a staff, for the dynamic marks that notes on it follow."""
        return self.staff_numbers.setdefault(staff, (self.place << 8) + min(max(whole(staff, 1), 0), 255))

    def finish(self) -> None:
        """Gives the score the dynamic marks of each staff."""
        for staff, identity in self.staff_numbers.items():
            self.score.dynamics[identity] = {
                place: velocity
                for place, staves, velocity in self.loudness
                if staves is None or (int(staff) if staff.isdecimal() else 1) in staves
            }


def part_of(declared: Element | None, place: int, score: NotatedScore) -> Part:
    """A part as its `score-part` declares it; it gets its first track."""
    part = Part(place, score)
    if declared is not None:
        name = text_in(declared, "part-name") or text_in(declared, "score-instrument/instrument-name")
        part.name = " ".join(name.split())
        part.first = Instrument(
            _program(declared.findtext("midi-instrument/midi-program"), 0),
            text_in(declared, "midi-instrument/midi-channel") == "10",
        )
        for one in declared.findall("midi-instrument"):
            program = _program(one.findtext("midi-program"), part.first.program)
            drum = whole(one.findtext("midi-unpitched")) - 1
            part.instruments[one.get("id", "")] = Instrument(program, text_in(one, "midi-channel") == "10", drum)
    score.tracks.append(Track(part.first.program, part.first.is_drum, part.name))
    return part


def _program(text: str | None, default: int) -> int:
    program = whole(text, default + 1) - 1
    return program if 0 <= program <= 127 else 0


def change_program(sound: Element, part: Part, place: int) -> None:
    """What a `sound` says of the programs of instruments from a place on."""
    for one in sound.findall("midi-instrument"):
        if one.find("midi-program") is not None:
            instrument = part.instruments.setdefault(one.get("id", ""), Instrument(part.first.program, part.first.is_drum))
            instrument.changes.append((place, _program(one.findtext("midi-program"), instrument.program)))
            instrument.changes.sort()


def tracks_in_order(parts: list[Part], score: NotatedScore) -> None:
    """Lets the further tracks of a part follow its first one."""
    if len(score.tracks) == len(parts):
        return
    order = [track for part in parts for track in (list(part.tracks.values()) or [part.place])]
    new = {track: place for place, track in enumerate(order)}
    score.tracks = [score.tracks[track] for track in order]
    for note in score.notes:
        note.track = new[note.track]
