"""How ABC becomes a `NotatedScore`: the music of one tune (ABC standard 2.1, 2011, section 4). It opens no files.

Each voice is a track; bars are those of the first voice. Grace notes are counted and left out, and so are macros.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from functools import lru_cache

from partimento.errors import UnreadableFile
from partimento.formats.abc.fields import STEPS, alter_of, octave_of, read_directive, read_field
from partimento.formats.abc.part_order import order_of_parts
from partimento.formats.abc.texts import music_lines, without_comment
from partimento.formats.abc.tunebook import split_tunebook
from partimento.formats.abc.voice import Head, Reading, Voice
from partimento.formats.decode import text_of
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.notated import DYNAMICS, Bar, NotatedScore, Note, finished
from partimento.formats.repeats import complete, read_words
from partimento.piece import Piece, Track

_INCLUDE = re.compile(r"^\s*(%%|I:)\s*abc-include", re.MULTILINE | re.IGNORECASE)
_FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
TRACKS = "%%partimento-tracks"  # then the track of each voice, as our own writer says it: two staves of a piano are one
_MUSIC = re.compile(
    r"""(?P<inline>\[[A-Za-z]:[^\[\]]*\])
    |"(?P<quoted>[^"]*)"
    |!(?P<mark>[^!|\s][^!|]*)!
    |\+(?P<plus>[^+|\s]+)\+
    |\{(?P<grace>[^{}]*)\}
    |(?P<bar>:*\|*\[?\|+[\]|:]*|::+|\[\||\[(?=[ ]?\d))(?:[ ]?\[?(?P<numbers>\d[\d,.-]*))?
    |\((?P<tuplet>\d+)(?::(?P<into>\d*))?(?::(?P<count>\d*))?
    |(?P<chord>\[)|(?P<close>\])(?P<length_after>\d*/*\d*)
    |(?P<sign>\^\^?|__?|=)?(?P<note>[A-Ga-g])(?P<octave>[,']*)(?P<length>\d*/*\d*)
    |(?P<rest>[zxZX])(?P<rest_length>\d*/*\d*)
    |(?P<broken>>+|<+)
    |(?P<tie>-)
    |(?P<overlay>&)
    |(?P<short>[H-Wh-w~])""",
    re.VERBOSE,
)


def piece_from_abc(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in ABC text of one tune. Raises `UnreadableFile`; also for a book, whose tunes are read one by one."""
    text = text_of(data)
    if _INCLUDE.search(text):
        raise UnreadableFile("unsupported", "ABC that includes other files")
    if not re.search(r"^\s*K:", text, re.MULTILINE):
        raise UnreadableFile("not ABC", "there is no K: field")
    if len(split_tunebook(data)) > 1:
        raise UnreadableFile("several pieces", "a book of tunes; name one of them")
    return finished(score_of(text), source, limits, repeats)


def score_of(text: str) -> NotatedScore:
    """The score of one tune. Raises `UnreadableFile`."""
    reading = Reading()
    score = reading.score
    score.tracks.append(Track())
    score.bars.append(Bar(Fraction(0), Fraction(0)))
    paused = False
    owners: list[int] = []
    for line in music_lines(text):
        if line.startswith(TRACKS):
            owners = [int(one) for one in line.split()[1:] if one.isdecimal()]
        elif line.startswith("%%"):
            read_directive(line, reading)
        line = without_comment(line)
        if not line.strip():
            paused = reading.in_body
            continue
        match = _FIELD.match(line)
        if paused and not match and not _is_music(line):  # words after the tune
            continue
        if match and match[1] == "s" and reading.in_body:
            _read_symbols(match[2], reading)
        elif match:
            read_field(match[1], match[2].strip(), reading)
        elif reading.in_body:
            reading.voice.line = []
            line = line.replace(reading.line_break, " ") if reading.line_break else line
            _read_music(line, reading)
    for voice in reading.voices.values() or [reading.voice]:
        reading.voice = voice
        reading.end_bar("")
    score.bars = [bar for bar in score.bars if bar.stop > bar.start]
    complete([bar.marks for bar in score.bars])
    score.order = order_of_parts(reading.parts, reading.labels, reading.score.bars)
    if len(owners) == len(score.tracks) and sorted(set(owners)) == list(range(len(set(owners)))):
        score.tracks = [score.tracks[owners.index(number)] for number in sorted(set(owners))]
        for note in score.notes:
            note.track = owners[note.track]
    return score


def _is_music(line: str) -> bool:
    """Whether a line after an empty one, which ends a tune (section 2.2.1), goes on with it: bar lines, and no words."""
    bare = re.sub(r'"[^"]*"|![^!]*!|\[[A-Za-z]:[^\]]*\]', " ", line)
    return "|" in bare and not re.search(r"[^\W\d_A-GHJLMOPRSTX-Za-guvxyz]", bare)


def _read_music(line: str, reading: Reading) -> None:
    chord: list[Head] | None = None  # inside brackets
    for match in _MUSIC.finditer(line):
        kind, voice = match.lastgroup, reading.voice
        if match["note"] is not None:
            if chord is None:
                length = _start(match["length"], reading)
                voice.line.append(voice.at)
                voice.last = [_head(match, length, reading)]
                voice.at += length
            else:
                chord.append(_head(match, Fraction(0), reading))
        elif match["bar"] is not None:
            reading.end_bar(match["bar"])
            if match["numbers"] and match["bar"].startswith(":"):
                voice.ties.clear()  # what is tied at the end of an ending is not tied into the next one
            if match["numbers"] and reading.first:
                reading.score.bars[-1].marks.endings = _numbers(match["numbers"])
        elif kind == "chord":
            chord = []
            voice.line.append(voice.at)
        elif match["close"] is not None and chord is not None:
            _end_chord(chord, match["length_after"], reading)
            chord = None
        elif match["rest"] is not None:
            _rest(match["rest"], match["rest_length"], reading)
        elif kind == "tie":
            for head in chord[-1:] if chord else voice.last:
                head.note.tied_after = True
                voice.ties.setdefault(head.place, []).append(head)
        elif kind == "broken":
            _break(match["broken"], voice)
        elif match["tuplet"] is not None:
            _start_tuplet(match, reading)
        elif kind == "quoted":
            _read_words(match["quoted"].strip(), reading)
        elif kind == "inline":
            read_field(match["inline"][1], match["inline"][3:-1].strip(), reading)
        elif kind in ("mark", "plus"):
            _read_mark(match[kind], reading)
        elif kind == "short":
            _read_mark(reading.symbols.get(match["short"], ""), reading)
        elif kind == "grace":
            reading.score.repairs["grace notes left out"] += len(re.findall(r"[A-Ga-g]", match["grace"]))
        elif kind == "overlay":
            voice.bar_end, voice.at = max(voice.bar_end, voice.at), voice.bar_start


@lru_cache(4096)
def _multiple(text: str) -> Fraction:
    """How many units a note is long: `3/2`, `3`, `/`, `//`, `/4`."""
    if not text:
        return Fraction(1)
    upper, slash, lower = text.partition("/")
    slashes = 1 + len(lower) - len(lower.lstrip("/")) if slash else 0
    digits = lower.lstrip("/")
    number = Fraction(int(upper or 1))
    if number > 1 << 16:
        raise UnreadableFile("too long", f"a note of {text} units")
    return number / (max(1, int(digits)) if digits else 2**slashes)


@lru_cache(4096)
def _quarters(unit: Fraction, length: str) -> Fraction:
    return unit * _multiple(length)


def _start(length: str, reading: Reading) -> Fraction:
    """The length in quarters of what begins now, with tuplet and broken rhythm."""
    voice = reading.voice
    quarters = _quarters(reading.unit, length)
    if voice.broken is not None:
        quarters *= voice.broken
        voice.broken = None
    if voice.tuplet_left:
        quarters *= voice.tuplet
        voice.tuplet_left -= 1
    voice.last_start = voice.at
    return quarters


def _head(match: re.Match[str], length: Fraction, reading: Reading) -> Head:
    """Adds one note, which lasts `length` quarters."""
    voice = reading.voice
    letter = match["note"].upper()
    place = letter, octave_of(match["note"], match["octave"])
    signed = alter_of(match["sign"]) if match["sign"] else None
    earlier = [one for one in voice.ties.get(place, ()) if one.note.onset < voice.at == one.note.end]  # not of the same chord
    open_ones = [one for one in earlier if signed in (None, one.alter)]
    before = open_ones[0] if open_ones else None
    if before is not None:
        voice.ties[place].remove(before)
    if signed is not None:
        alter = signed
        if reading.propagate != "not":
            voice.accidentals[place if reading.propagate == "octave" else letter] = signed
    elif before is not None:
        alter = before.alter
    else:
        alter = voice.accidentals.get(place if reading.propagate == "octave" else letter, voice.fields.signature.get(letter, 0))
    pitch = 12 * (place[1] + 1) + STEPS[letter] + alter + voice.fields.semitones
    if reading.drums and reading.score.tracks[voice.track].is_drum:
        pitch = reading.drums.get((place, signed or 0), pitch)
    note = Note(voice.at, voice.at + length if length else voice.at, pitch, voice.track, tied_before=before is not None)
    reading.score.notes.append(note)
    return Head(note, place, alter, _multiple(match["length"]))


def _end_chord(chord: list[Head], length_after: str, reading: Reading) -> None:
    """All notes of a chord last as long as its first one, times what stands after the bracket (section 4.17)."""
    voice = reading.voice
    if not chord:
        return
    unit = _start(length_after, reading)
    for head in chord:
        head.note.end = voice.at + unit * head.units
    voice.last = chord
    voice.at += unit * chord[0].units


def _rest(kind: str, length: str, reading: Reading) -> None:
    voice = reading.voice
    voice.last = []
    if kind in "zx":
        voice.at += _start(length, reading)
        return
    numerator, denominator = voice.fields.meter or (4, 4)
    for number in range(count := min(1000, max(1, int(_multiple(length))))):
        voice.at += Fraction(4 * numerator, max(1, denominator))
        if number < count - 1:
            reading.end_bar("")


def _break(signs: str, voice: Voice) -> None:
    """`a>b` dots the first and halves the second, `a<b` the other way; more signs, more dots (section 4.4)."""
    half = Fraction(1, 2 ** min(len(signs), 4))
    before, after = (2 - half, half) if signs[0] == ">" else (half, 2 - half)
    for head in voice.last:
        head.note.end = head.note.onset + (head.note.end - head.note.onset) * before
    voice.at = voice.last_start + (voice.at - voice.last_start) * before
    voice.broken = after


def _start_tuplet(match: re.Match[str], reading: Reading) -> None:
    """`(p:q:r`: p notes in the time of q for the next r notes (section 4.13)."""
    played = max(1, int(match["tuplet"][:3]))
    numerator, _ = reading.voice.fields.meter or (4, 4)
    usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(played, 3 if numerator % 3 == 0 and numerator > 3 else 2)
    reading.voice.tuplet = Fraction(int((match["into"] or "")[:3] or usual) or usual, played)
    reading.voice.tuplet_left = int((match["count"] or "")[:3] or played)


def _read_words(words: str, reading: Reading) -> None:
    """What stands in quotes: a chord symbol begins with its root; the rest are annotations, some of which say what to play."""
    if reading.first and re.match(r"[\^_<>@]?\W*(D\.|Da|Dal|To|[Ff]ine)", words):
        read_words(reading.score.bars[-1].marks, words)
    elif words[:1] in tuple("ABCDEFGN"):
        reading.score.chords.setdefault(reading.voice.at, words)


def _read_mark(mark: str, reading: Reading) -> None:
    """Dynamics and the signs for jumps among the decorations."""
    name = mark.lower().replace(".", "").replace(" ", "")
    voice, marks = reading.voice, reading.score.bars[-1].marks
    if name in DYNAMICS:
        reading.score.dynamics.setdefault(voice.track, {})[voice.at] = DYNAMICS[name]
    elif not reading.first:
        return
    elif attribute := {"segno": "segno", "s": "segno", "coda": "coda", "o": "coda"}.get(name):
        setattr(marks, attribute, True)
    else:
        read_words(marks, mark)


def _read_symbols(text: str, reading: Reading) -> None:
    """A line of symbols, one for each note of the line before: dynamics and chords; `*` passes over a note (section 4.15)."""
    places = iter(reading.voice.line)
    for symbol in re.findall(r'!([^!]*)!|"([^"]*)"|([*|])', text):
        mark, words, sign = symbol
        place = next((one for one in places if (one is None) == (sign == "|")), None)
        if place is None:
            continue
        if mark in DYNAMICS:
            reading.score.dynamics.setdefault(reading.voice.track, {})[place] = DYNAMICS[mark]
        elif words[:1] in tuple("ABCDEFGN"):
            reading.score.chords.setdefault(place, words)


def _numbers(text: str) -> tuple[int, ...]:
    """The endings that `1,3` and `1-3` name."""
    found: list[int] = []
    for one in text.strip(",.-").split(","):
        first, _, last = one.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            found += range(int(first[:2]), int(last[:2] or first[:2]) + 1)
    return tuple(number for number in found if number > 0)
