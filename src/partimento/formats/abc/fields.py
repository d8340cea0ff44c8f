"""The fields of ABC and what they set: meter, unit, key, tempo, voices (ABC standard 2.1, sections 3 and 4).

In the header a field holds for every voice; in the body for the one that it is in.
"""

from __future__ import annotations

import re
from fractions import Fraction

from partimento.formats.abc.texts import plain
from partimento.formats.abc.voice import Reading

SIGNS = "FCGDAEB"  # in the order of sharps
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MODES = {"": 0, "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5, "lyd": 1}
_KEY = re.compile(r"([A-G])([#b]?)\s*(?:((?i:m(?![a-z])|min|maj|ion|mix|dor|aeo|phr|loc|lyd))[A-Za-z]*)?(.*)")
_CLEF = re.compile(
    r"""(?:^|\s)(?:clef=)?"?(?P<name>treble|alto|tenor|bass|soprano|mezzo(?:soprano)?|baritone|subbass|perc|(?<=clef=)none)
    (?P<line>[1-5]?)(?P<octave>[+^_-](?:8|15))?"?(?=\s|$)""",
    re.VERBOSE,
)
_LENGTH = r"(?:\d+/\d+|C\d*(?:/\d+)?)"


def read_field(name: str, value: str, reading: Reading) -> None:
    score = reading.score
    going_on = {"T": "title", "C": "composer", "R": "genre"}.get(reading.last_field if name == "+" else "")
    if going_on:  # a field goes on in the next line (section 3.3)
        setattr(score, going_on, f"{getattr(score, going_on)} {plain(value)}".strip())
    if name != "+":
        reading.last_field = "" if reading.in_body or (name == "T" and score.title) else name
    if name == "T" and not reading.in_body:
        score.title = score.title or plain(value)
    elif name == "C" and not reading.in_body:
        score.composer = score.composer or plain(value)
    elif name == "R" and not reading.in_body:
        score.genre = score.genre or plain(value)
    elif name == "N" and value.startswith(("licence ", "made ")):  # as our own writer says them
        kind, text = value.split(" ", 1)
        setattr(score, kind, plain(text))
    elif name == "M":
        _read_meter(value, reading)
    elif name == "L":
        if match := re.match(r"(\d+)(?:/(\d+))?", value):
            reading.set(unit=Fraction(4 * int(match[1]), max(1, int(match[2] or 1))))
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
    elif name == "U":
        if match := re.match(r"([H-Wh-w~])\s*=\s*[!+]?([^!+]*)", value):
            reading.symbols[match[1]] = match[2].strip()
    elif name == "m":
        score.repairs["macros left out"] += 1
    elif name == "I":
        read_directive("%%" + value, reading)


def _read_meter(value: str, reading: Reading) -> None:
    if value.startswith("C"):
        meter = (2, 2) if value.startswith("C|") else (4, 4)
    elif match := re.match(r"\(?([\d+ ]+)\)?\s*/\s*(\d+)", value[:40]):
        meter = (sum(int(one) for one in match[1].split("+") if one.strip().isdigit()), int(match[2]))
    else:
        reading.set(meter=None)
        return
    reading.set(meter=meter)
    if reading.first:
        reading.score.meters.pop(reading.voice.at, None)  # the last one said here holds
        reading.score.state_meter(reading.voice.at, *meter)


def _read_tempo(value: str, reading: Reading) -> None:
    """A tempo; one of the time before 2.0 counts unit lengths (section 10.1), so in the header it waits for `L:`."""
    reading.score.say_tempo(reading.voice.at, " ".join(re.findall(r'"([^"]*)"', value)))
    numbers = re.sub(r'"[^"]*"', "", value)
    match = re.search(rf"((?:{_LENGTH}\s+)*{_LENGTH})\s*=\D*?(\d+(?:\.\d+)?)", numbers)
    if match and "C" not in match[1]:
        beat = sum(Fraction(int(a), max(1, int(b))) for a, b in re.findall(r"(\d+)/(\d+)", match[1]))
        reading.score.state_tempo(reading.voice.at, float(match[2]) * float(4 * beat))
    elif match:
        units = re.match(r"C(\d*)(?:/(\d+))?", match[1])
        reading.old_tempo = f"{(units and units[1]) or 1}/{(units and units[2]) or 1}", match[2]
    elif plain_number := re.search(r"(?:^|\s)(\d+(?:\.\d+)?)\s*$", numbers):
        reading.old_tempo = "1/1", plain_number[1]
    if reading.in_body:
        _state_old_tempo(reading)


def _state_old_tempo(reading: Reading) -> None:
    if reading.old_tempo is not None:
        (upper, lower), number = reading.old_tempo[0].split("/"), reading.old_tempo[1]
        units = Fraction(int(upper[:4]), max(1, int(lower[:4])))
        reading.score.state_tempo(reading.voice.at, float(number) * float(units * reading.unit))
        reading.old_tempo = None


def _read_key(value: str, reading: Reading) -> None:
    value = _read_clef(value, reading)
    if value or not reading.in_body:
        _read_signature(value, reading)
    if not reading.in_body:
        reading.set(unit=reading.unit)  # later meters do not change it (section 3.1.7)
        reading.in_body = True
        _state_old_tempo(reading)


def _read_signature(value: str, reading: Reading) -> None:
    """The key, with signs of its own; `K:` of a header that says none has no signature, and states none."""
    fifths, minor, rest = 0, False, value
    if match := _KEY.match(value):
        mode = (match[3] or "").lower()
        fifths = SIGNS.index(match[1]) - 1 + 7 * ((match[2] == "#") - (match[2] == "b")) + _MODES[mode]
        minor, rest = mode in ("m", "min", "aeo"), match[4]
    elif value[:2] in ("HP", "Hp"):  # the pipes sound F sharp and C sharp, written or not (section 3.1.14)
        fifths, rest = 2, value[2:]
    names: dict[str, int] = {}
    if not rest.strip().lower().startswith("exp"):
        names = dict.fromkeys(SIGNS[:fifths] if fifths > 0 else SIGNS[fifths:] if fifths else "", 1 if fifths > 0 else -1)
    for sign, letter in re.findall(r"(\^\^?|__?|=)([A-Ga-g])", rest):
        names[letter.upper()] = alter_of(sign)
    reading.set(signature=names)
    if reading.first and value:
        reading.score.keys.pop(reading.voice.at, None)
        reading.score.state_key(reading.voice.at, fifths, minor)


def alter_of(sign: str) -> int:
    return {"^": 1, "^^": 2, "_": -1, "__": -2}.get(sign, 0)


def _read_voice(value: str, reading: Reading) -> None:
    name = (value.split() or ["1"])[0]
    if name == "*":
        return
    reading.go_to(name)
    _read_clef(value.partition(name)[2], reading, alone=True)
    if match := re.search(r'\b(?:name|nm)="([^"]*)"', value):
        reading.set_track(name=" ".join(plain(match[1].replace("\\n", " ")).split()))


def _read_clef(value: str, reading: Reading, alone: bool = False) -> str:
    """What changes how a voice sounds: clefs an octave off, `octave=` and `transpose=`, which add up (section 4.6); the rest of
    the text. A clef for drums makes a track of drums."""
    if match := re.search(r"\b(?:transpose|t)=([+-]?\d{1,2})\b", value):
        reading.set(alone=alone, transpose=int(match[1]))
    if match := re.search(r"\boctave=(-?\d)\b", value):
        reading.set(alone=alone, octave=int(match[1]))
    words = re.sub(r'(?<![\w=])(?!clef=)\w+="[^"]*"|(?<![\w=])(?!clef=)\w+=\S+', " ", value)
    if match := _CLEF.search(words):
        sign = match["octave"] or ""
        octaves = (2 if sign.endswith("15") else 1) * (1 if sign[:1] in "+^" else -1) if sign else 0
        reading.set(alone=alone, clef_octave=octaves)
        if match["name"] == "perc":
            reading.set_track(is_drum=True)
    words = re.sub(r"\bclef=\S+", " ", _CLEF.sub(" ", words))
    return " ".join(words.split())


def read_directive(line: str, reading: Reading) -> None:
    """How far accidentals reach, and what abc2midi is told: program, channel, transposition, which drum a letter is."""
    if match := re.search(r"MIDI\s+program\s+(?:\d+\s+)?(\d+)", line):
        reading.set_track(program=min(int(match[1][:3]), 127))
    elif re.search(r"MIDI\s+channel\s+10\b", line):
        reading.set_track(is_drum=True)
    elif match := re.search(r"MIDI\s+transpose\s+(-?\d{1,2})\b", line):
        reading.set(transpose=int(match[1]))
    elif match := re.search(r"(?:%%|I:)\s*linebreak\b(.*)", line):
        reading.line_break = "!" if "!" in match[1] else ""
    elif match := re.search(r"propagate-accidentals\s+(not|octave|pitch)\b", line):
        reading.propagate = match[1]
    elif match := re.search(r"MIDI\s+drummap\s+(\^\^?|__?|=)?([A-Ga-g])([,']*)\s*(\d{1,3})\b", line):
        place = match[2].upper(), octave_of(match[2], match[3])
        reading.drums[place, alter_of(match[1] or "")] = min(127, int(match[4]))


def octave_of(letter: str, marks: str) -> int:
    """The octave of a letter with its marks, 4 from middle C up; never so far that a number could be endless."""
    return max(-2, min(12, 4 + letter.islower() + marks.count("'") - marks.count(",")))
