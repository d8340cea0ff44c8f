"""How ABC becomes a `NotatedScore`: the music of one tune (ABC standard 2.1, 2011, section 4). It opens no files.

Each voice is a track; bars are those of the first voice. Grace notes are counted and left out, and so are macros.
"""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

from partimento.errors import UnreadableFile
from partimento.formats.abc.fields import Head, Reading, Voice, alter_of, read_field, read_midi, unit_of
from partimento.formats.abc.tunebook import split_tunebook
from partimento.formats.decode import text_of
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.notated import DYNAMICS, Bar, NotatedScore, Note, finished
from partimento.formats.repeats import complete, playing_order, read_words
from partimento.piece import Piece, Track

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_INCLUDE = re.compile(r"^\s*(%%|I:)\s*abc-include", re.MULTILINE | re.IGNORECASE)
_FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
_MOST_PARTS = 1000
TRACKS = "%%partimento-tracks"  # then the track of each voice, as our own writer says it: two staves of a piano are one
_MUSIC = re.compile(
    r"""(?P<inline>\[[A-Za-z]:[^\[\]]*\])
    |"(?P<quoted>[^"]*)"
    |!(?P<mark>[^!|\s][^!|]*)!
    |\+(?P<plus>[^+|\s]+)\+
    |\{(?P<grace>[^{}]*)\}
    |(?P<ending>(?:\||:\||\[)(?=[ ]?\d)[ ]?(?P<numbers>\d[\d,.-]*))
    |(?P<bar>:*\|*\[?\|+[\]|:]*|::+|\[\|)
    |\((?P<tuplet>\d+)(?::(?P<into>\d*))?(?::(?P<count>\d*))?
    |(?P<chord>\[)|(?P<close>\])(?P<length_after>\d*/*\d*)
    |(?P<sign>\^\^?|__?|=)?(?P<note>[A-Ga-g])(?P<octave>[,']*)(?P<length>\d*/*\d*)
    |(?P<rest>[zxZX])(?P<rest_length>\d*/*\d*)
    |(?P<broken>>+|<+)
    |(?P<tie>-)
    |(?P<overlay>&)
    |(?P<short>[SO])""",
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
    text = re.sub(r"^[ \t]*%(?!%(MIDI|partimento)).*\r?\n", "", text, flags=re.MULTILINE)  # lines of comment end nothing
    for line in re.sub(r"\\[ \t]*(%.*)?\r?\n(?![A-Za-z]:)", "", text).splitlines():
        if line.startswith(("%%MIDI", "I:MIDI")):
            read_midi(line, reading)
        elif line.startswith(TRACKS):
            owners = [int(one) for one in line.split()[1:] if one.isdecimal()]
        line = re.sub(r"(?<!\\)%.*", "", line).rstrip()
        if not line.strip():
            paused = reading.in_body
            continue
        match = _FIELD.match(line)
        if paused and not match and "|" not in line:  # words after the tune
            continue
        if match:
            read_field(match[1], match[2].strip(), reading)
        elif reading.in_body:
            _read_music(line, reading)
    for voice in reading.voices.values() or [reading.voice]:
        reading.voice = voice
        reading.end_bar("")
    score.bars = [bar for bar in score.bars if bar.stop > bar.start]
    complete([bar.marks for bar in score.bars])
    score.order = _order_of_parts(reading)
    if len(owners) == len(score.tracks) and sorted(set(owners)) == list(range(len(set(owners)))):
        score.tracks = [score.tracks[owners.index(number)] for number in sorted(set(owners))]
        for note in score.notes:
            note.track = owners[note.track]
    return score


def _read_music(line: str, reading: Reading) -> None:
    chord: list[Head] | None = None  # inside brackets
    for match in _MUSIC.finditer(line):
        kind, voice = match.lastgroup, reading.voice
        if match["note"] is not None:
            if chord is None:
                length = _start(match["length"], reading)
                voice.last = [_head(match, length, reading)]
                voice.at += length
            else:
                chord.append(_head(match, Fraction(0), reading))
        elif match["bar"] is not None or match["ending"] is not None:
            reading.end_bar(match["bar"] or match["ending"].rstrip(" 0123456789,.-"))
            if match["numbers"] and reading.first:
                reading.score.bars[-1].marks.endings = _numbers(match["numbers"])
        elif kind == "chord":
            chord = []
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
        elif kind in ("mark", "plus", "short"):
            _read_mark(match[kind], reading)
        elif kind == "grace":
            reading.score.repairs["grace notes left out"] += len(re.findall(r"[A-Ga-g]", match["grace"]))
        elif kind == "overlay":
            voice.bar_end, voice.at = max(voice.bar_end, voice.at), voice.bar_start


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


def _start(length: str, reading: Reading) -> Fraction:
    """The length in quarters of what begins now, with tuplet and broken rhythm."""
    voice = reading.voice
    quarters = unit_of(reading) * _multiple(length) * voice.broken
    voice.broken = Fraction(1)
    if voice.tuplet_left:
        quarters *= voice.tuplet
        voice.tuplet_left -= 1
    voice.last_start = voice.at
    return quarters


def _head(match: re.Match[str], length: Fraction, reading: Reading) -> Head:
    """Adds one note, which lasts `length` quarters."""
    voice = reading.voice
    letter, octave = match["note"].upper(), 4 + match["note"].islower() + match["octave"].count("'") - match["octave"].count(",")
    place = (letter, max(-2, min(12, octave)))
    signed = alter_of(match["sign"]) if match["sign"] else None
    earlier = [one for one in voice.ties.get(place, ()) if one.note.onset < voice.at == one.note.end]  # not of the same chord
    open_ones = [one for one in earlier if signed in (None, one.alter)]
    before = open_ones[0] if open_ones else None
    if before is not None:
        voice.ties[place].remove(before)
    if signed is not None:
        alter = voice.accidentals[letter] = signed  # in all octaves (section 11.3)
    elif before is not None:
        alter = before.alter
    else:
        alter = voice.accidentals.get(letter, reading.signature.get(letter, 0))
    pitch = 12 * (place[1] + 1) + _STEPS[letter] + alter + voice.transpose
    note = Note(voice.at, voice.at + length, pitch, voice.track, tied_before=before is not None)
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
    numerator, denominator = reading.meter or (4, 4)
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
    numerator, _ = reading.meter or (4, 4)
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


def _numbers(text: str) -> tuple[int, ...]:
    """The endings that `1,3` and `1-3` name."""
    found: list[int] = []
    for one in text.strip(",.-").split(","):
        first, _, last = one.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            found += range(int(first[:2]), int(last[:2] or first[:2]) + 1)
    return tuple(number for number in found if number > 0)


def _order_of_parts(reading: Reading) -> list[int]:
    """The bars as the header's P: field has the parts played; empty where there is none that can be followed."""
    names = _spelled_out(reading.parts)
    bars = reading.score.bars
    starts = dict(reversed(reading.labels))
    if not names or any(name not in starts for name in names):
        return []
    ordered = sorted(set(starts.values()))
    following = dict(zip(ordered, [*ordered[1:], None], strict=True))
    order = [number for number, bar in enumerate(bars) if bar.start < ordered[0]]
    for name in names:
        stop = following[starts[name]]
        inside = [number for number, bar in enumerate(bars) if starts[name] <= bar.start and (stop is None or bar.start < stop)]
        order += [inside[at] for at in playing_order([bars[number].marks for number in inside])]
    return order


def _spelled_out(parts: str) -> str:
    """`A2(BC)2` is AABCBC; nothing where that would be endless."""
    text = re.sub(r"[^A-Za-z0-9()]", "", parts)
    for _ in range(8):
        text = re.sub(r"\(([A-Za-z]*)\)(\d?)", lambda found: found[1] * int(found[2] or 1), text[:_MOST_PARTS])
        text = re.sub(r"([A-Za-z])(\d)", lambda found: found[1] * int(found[2]), text[:_MOST_PARTS])
    return text if text.isalpha() and len(text) < _MOST_PARTS else ""
