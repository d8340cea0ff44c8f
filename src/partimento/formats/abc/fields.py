"""The fields of ABC and what they set: meter, unit, key, tempo, voices (ABC standard 2.1, sections 3 and 4). It reads no notes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.formats.notated import Bar, NotatedScore, Note
from partimento.piece import Track

_SIGNS = "FCGDAEB"  # in the order of sharps
_MODES = {"": 0, "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5, "lyd": 1}


@dataclass(slots=True)
class Head:
    """A note with its letter and octave, its accidental, and its length in units inside a chord."""

    note: Note
    place: tuple[str, int]
    alter: int
    units: Fraction


@dataclass(eq=False)
class Voice:
    """Where one voice is, and what holds in it."""

    track: int
    at: Fraction = Fraction(0)
    bar_start: Fraction = Fraction(0)
    bar_end: Fraction = Fraction(0)  # of the longest overlay
    transpose: int = 0
    accidentals: dict[str, int] = field(default_factory=dict)
    ties: dict[tuple[str, int], list[Head]] = field(default_factory=dict)  # what goes on, by its place on the staff
    last: list[Head] = field(default_factory=list)  # the note or chord before, for ties and broken rhythm
    last_start: Fraction = Fraction(0)
    broken: Fraction = Fraction(1)  # what broken rhythm makes of the next note
    tuplet: Fraction = Fraction(1)
    tuplet_left: int = 0


@dataclass
class Reading:
    score: NotatedScore = field(default_factory=NotatedScore)
    unit: Fraction | None = None  # the unit note length, in quarters
    meter: tuple[int, int] | None = None
    signature: dict[str, int] = field(default_factory=dict)
    key: tuple[int, bool] | None = None
    voices: dict[str, Voice] = field(default_factory=dict)
    voice: Voice = field(default_factory=lambda: Voice(0))
    in_body: bool = False
    parts: str = ""  # their order, as the header says it
    labels: list[tuple[str, Fraction]] = field(default_factory=list)

    @property
    def first(self) -> bool:
        return self.voice.track == 0

    def end_bar(self, token: str) -> None:
        """A bar line, or another place where a bar must end; `token` is how the line is written."""
        voice, bars = self.voice, self.score.bars
        voice.at = voice.bar_start = voice.bar_end = max(voice.at, voice.bar_end)
        voice.accidentals.clear()
        if not self.first:
            return
        if voice.at > bars[-1].start:
            bars[-1].stop = voice.at
            bars.append(Bar(voice.at, voice.at))
        ended = bars[-2].marks if len(bars) > 1 else bars[-1].marks
        if ":|" in token or token == "::":
            ended.repeat_to = 2 if token == "::" else 1 + token.partition("|:")[0].count(":")
        ended.ending_stops |= bool(ended.repeat_to) or "||" in token or "]" in token
        bars[-1].marks.repeat_from |= token.endswith(":")


def read_field(name: str, value: str, reading: Reading) -> None:
    score = reading.score
    if name == "T" and not reading.in_body:
        score.title = score.title or value
    elif name == "C" and not reading.in_body:
        score.composer = score.composer or value
    elif name == "R" and not reading.in_body:
        score.genre = score.genre or value
    elif name == "N" and value.startswith(("licence ", "made ")):  # as our own writer says them
        setattr(score, *value.split(" ", 1))
    elif name == "M":
        _read_meter(value, reading)
    elif name == "L":
        if match := re.match(r"(\d+)(?:/(\d+))?", value):
            reading.unit = Fraction(4 * int(match[1]), max(1, int(match[2] or 1)))
    elif name == "Q":
        _read_tempo(value, reading)
    elif name == "K":
        _read_key(value, reading)
    elif name == "V":
        _read_voice(value, reading)
    elif name == "P":
        if not reading.in_body:
            reading.parts = value
        elif reading.first and value:
            reading.end_bar("")
            reading.labels.append((value[0], reading.voice.at))
    elif name == "m":
        score.repairs["macros left out"] += 1
    elif name == "I":
        read_midi("%%" + value, reading)


def _read_meter(value: str, reading: Reading) -> None:
    if value.startswith("C"):
        reading.meter = (2, 2) if value.startswith("C|") else (4, 4)
    elif match := re.match(r"\(?([\d+ ]+)\)?\s*/\s*(\d+)", value[:40]):
        reading.meter = (sum(int(one) for one in match[1].split("+") if one.strip().isdigit()), int(match[2]))
    else:
        reading.meter = None
        return
    if reading.first:
        reading.score.meters.pop(reading.voice.at, None)  # the last one said here holds
        reading.score.state_meter(reading.voice.at, *reading.meter)


def unit_of(reading: Reading) -> Fraction:
    """The unit note length; where none is given a sixteenth in meters under 3/4, and else an eighth (section 3.1.7)."""
    if reading.unit is None:
        numerator, denominator = reading.meter or (4, 4)
        reading.unit = Fraction(1, 4) if 4 * numerator < 3 * denominator else Fraction(1, 2)
    return reading.unit


def _read_tempo(value: str, reading: Reading) -> None:
    words = " ".join(re.findall(r'"([^"]*)"', value))
    numbers = re.sub(r'"[^"]*"', "", value)
    place = reading.voice.at
    if match := re.search(r"((?:\d+/\d+\s+)*\d+/\d+\s*)=\s*(\d+(?:\.\d+)?)", numbers):
        beat = sum(Fraction(int(a), max(1, int(b))) for a, b in re.findall(r"(\d+)/(\d+)", match[1]))
        reading.score.state_tempo(place, float(match[2]) * float(4 * beat))
    elif match := re.search(r"(\d+(?:\.\d+)?)\s*$", numbers):  # of the time before 2.0: quarters, as abc2midi takes them
        reading.score.state_tempo(place, float(match[1]))
    reading.score.say_tempo(place, words)


def _read_key(value: str, reading: Reading) -> None:
    reading.in_body = True
    _read_clef(value, reading.voice)
    value = re.sub(r"\w+=\S+", "", value).strip()
    fifths, minor = 0, False
    match = re.match(r"([A-G])([#b]?)\s*(?:(m(?![a-z])|min|maj|ion|mix|dor|aeo|phr|loc|lyd)[a-z]*)?(.*)", value, re.IGNORECASE)
    if match and match[1].isupper():
        mode = (match[3] or "").lower()
        fifths = _SIGNS.index(match[1]) - 1 + 7 * ((match[2] == "#") - (match[2] == "b")) + _MODES[mode]
        minor = mode in ("m", "min", "aeo")
    elif value.startswith(("HP", "Hp")):  # the bagpipe's two sharps
        fifths = 2 if value.startswith("Hp") else 0
    elif not value:
        return
    explicit = match is not None and match[4].strip().lower().startswith("exp")
    names = (
        {}
        if explicit
        else dict.fromkeys(_SIGNS[:fifths] if fifths > 0 else _SIGNS[fifths:] if fifths else "", 1 if fifths > 0 else -1)
    )
    for sign, letter in re.findall(r"(\^\^?|__?|=)([A-Ga-g])", value):
        names[letter.upper()] = alter_of(sign)
    reading.signature = names
    if reading.first:
        reading.score.keys.pop(reading.voice.at, None)
        reading.score.state_key(reading.voice.at, fifths, minor)


def alter_of(sign: str) -> int:
    return {"^": 1, "^^": 2, "_": -1, "__": -2}.get(sign, 0)


def _read_voice(value: str, reading: Reading) -> None:
    """Goes to a voice, which is made the first time that it is named."""
    name = (value.split() or ["1"])[0]
    if name == "*":
        return
    if name not in reading.voices:
        if reading.voices:
            reading.score.tracks.append(Track())
        reading.voices[name] = Voice(len(reading.voices)) if reading.voices else reading.voice  # which has what came before any V:
    reading.voice = reading.voices[name]
    _read_clef(value, reading.voice)
    if match := re.search(r'\b(?:name|nm)="([^"]*)"', value):
        track = reading.score.tracks[reading.voice.track]
        reading.score.tracks[reading.voice.track] = Track(
            track.program, track.is_drum, " ".join(match[1].replace("\\n", " ").split())
        )


def _read_clef(value: str, voice: Voice) -> None:
    """`transpose=` in semitones, `octave=`, and clefs that sound an octave higher or lower."""
    if match := re.search(r"\btranspose=(-?\d{1,2})", value):
        voice.transpose = int(match[1])
    if match := re.search(r"\boctave=(-?\d)", value):
        voice.transpose = 12 * int(match[1])


def read_midi(line: str, reading: Reading) -> None:
    track = reading.score.tracks[reading.voice.track]
    if match := re.search(r"MIDI\s+program\s+(?:\d+\s+)?(\d+)", line):
        reading.score.tracks[reading.voice.track] = Track(min(int(match[1][:3]), 127), track.is_drum, track.name)
    elif re.search(r"MIDI\s+channel\s+10\b", line):
        reading.score.tracks[reading.voice.track] = Track(track.program, True, track.name)
