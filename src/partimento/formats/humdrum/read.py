"""How Humdrum becomes a `NotatedScore`: spines of **kern, chord symbols of **mxhm, bar lines, expansion lists (Huron, "The Humdrum
Toolkit", 1995, and the **kern guide of humdrum.org). It opens no files.

Spines that name one part, or one keyboard, are one track; pitches sound as encoded. Grace notes are counted and left out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.errors import UnreadableFile
from partimento.formats.decode import text_of
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.musicxml.harmony import KINDS
from partimento.formats.notated import Bar, NotatedScore, Note, finished
from partimento.formats.repeats import MOST_TIMES
from partimento.piece import Piece, Track

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_PITCH = re.compile(r"[a-gA-G]")
_DURATION = re.compile(r"(\d+)(?:%(\d+))?")
_REFERENCE = re.compile(r"!!!(OTL|OPR|COM|AGN|YEC|made)(?:@@?\w+)?:(.*)")
_ABOUT = {"AGN": "genre", "YEC": "licence", "made": "made"}
_KEYBOARDS = {"piano", "clavi", "cemba", "organ", "harps", "forte", "hammd"}
PROGRAMS = {  # instrument codes of Humdrum, and General MIDI
    **{"piano": 0, "forte": 0, "clavi": 6, "cemba": 6, "organ": 19, "violn": 40, "viola": 41, "cello": 42, "cbass": 43, "harp": 46},
    **dict.fromkeys(("vox", "soprn", "alto", "tenor", "bass", "barit", "mezzo", "canto"), 52),
    **{"guitr": 24, "liuto": 24},
    **{"flt": 73, "picco": 72, "recor": 74, "oboe": 68, "cangl": 69, "clars": 71, "fagot": 70, "sax": 65, "saxA": 65, "saxT": 66},
    **{"cor": 60, "tromp": 56, "cornt": 56, "tromb": 57, "tuba": 58, "timpa": 47},
}


@dataclass(eq=False)
class _Spine:
    """One column and all that it splits into."""

    kind: str
    part: str = ""
    code: str = ""
    name: str = ""
    fifths: int | None = None
    key_at: Fraction = Fraction(-1)
    track: int = 0  # at first its own number, at the end that of its part


@dataclass(eq=False)
class _Voice:
    """One column of the moment; `end` is where its last note or rest ends."""

    spine: _Spine
    end: Fraction = Fraction(0)


@dataclass
class _Reading:
    score: NotatedScore = field(default_factory=NotatedScore)
    spines: list[_Spine] = field(default_factory=list)
    voices: list[_Voice] = field(default_factory=list)
    sections: list[tuple[str, Fraction]] = field(default_factory=list)  # where each label stands
    lists: dict[str, list[str]] = field(default_factory=dict)  # expansion lists by their name

    @property
    def now(self) -> Fraction:
        """Where the longest voice has ended."""
        return max((voice.end for voice in self.voices if voice.spine.kind == "**kern"), default=Fraction(0))


def piece_from_humdrum(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in a Humdrum file with **kern spines. Raises `UnreadableFile`."""
    text = text_of(data)
    if "**kern" not in text:
        raise UnreadableFile("not Humdrum", "there is no **kern spine")
    return finished(score_of(text), source, limits, repeats)


def score_of(text: str) -> NotatedScore:
    """The score of a Humdrum file. Raises `UnreadableFile` where columns do not fit their spines."""
    reading = _Reading()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("!!"):
            _read_reference(line, reading.score)
        if not line or line.startswith("!"):
            continue
        tokens = line.split("\t")
        if tokens[0].startswith("**"):
            if reading.spines:
                raise UnreadableFile("several pieces", "more than one score in a file")
            reading.spines = [_Spine(token, track=number) for number, token in enumerate(tokens)]
            reading.voices = [_Voice(spine) for spine in reading.spines]
            reading.score.bars.append(Bar(Fraction(0), Fraction(0)))
            continue
        if len(tokens) != len(reading.voices):
            raise UnreadableFile("damaged", f"line {number} has {len(tokens)} columns where {len(reading.voices)} are open")
        if line.startswith("*"):
            _read_interpretations(tokens, reading)
        elif line.startswith("="):
            _end_bar(reading, tokens[0])
        else:
            _read_data(tokens, reading)
    _end_bar(reading, "")
    _set_tracks(reading)
    score = reading.score
    score.bars = [bar for bar in score.bars if bar.stop > bar.start]
    score.order = _expanded(reading)
    return score


def _read_reference(line: str, score: NotatedScore) -> None:
    match = _REFERENCE.match(line)
    if match and match[2].strip():
        value = match[2].strip()
        if match[1] == "COM":
            last, comma, first = value.partition(",")
            score.composer = score.composer or (f"{first.strip()} {last.strip()}" if comma else value)
        elif match[1] in _ABOUT:
            setattr(score, _ABOUT[match[1]], value)
        else:
            score.title = score.title or value
    elif line.startswith("!!!OMD"):
        score.say_tempo(score.bars[-1].start if score.bars else Fraction(0), line.partition(":")[2])


def _read_interpretations(tokens: list[str], reading: _Reading) -> None:
    if any(token in ("*^", "*v", "*x", "*+", "*-") or token.startswith("**") for token in tokens):
        _change_columns(tokens, reading)
        return
    now = reading.now
    for token, voice in zip(tokens, reading.voices, strict=True):
        spine, score = voice.spine, reading.score
        if spine.kind != "**kern" or token == "*":
            continue
        if match := re.match(r"\*M(\d+(?:\+\d+)*)/(\d+)(?:%(\d+))?$", token):
            score.state_meter(voice.end, sum(map(int, match[1].split("+"))), int(match[2]))
        elif match := re.match(r"\*k\[([^\]]*)\]", token):
            spine.fifths, spine.key_at = match[1].count("#") - match[1].count("-"), voice.end
            score.state_key(voice.end, spine.fifths)
        elif (match := re.match(r"\*([A-Ga-g])([#-]*):", token)) and spine.key_at == voice.end and spine.fifths is not None:
            score.keys[voice.end][spine.fifths, False] -= 1
            score.state_key(voice.end, spine.fifths, match[1].islower())
        elif match := re.match(r"\*MM(\d+(?:\.\d+)?)", token):
            score.state_tempo(voice.end, float(match[1]))
        elif token.startswith("*part"):
            spine.part = spine.part or token
        elif token.startswith('*I"'):
            spine.name = spine.name or token[3:].strip()
        elif re.match(r"\*I[a-z]", token):
            spine.code = spine.code or token[2:]
        elif token.startswith("*>"):
            _read_label(token, now, reading)


def _read_label(token: str, now: Fraction, reading: _Reading) -> None:
    """`*>A` begins a section, `*>[A,A,B]` says in which order they are played, `*>name[A,B]` another order."""
    match = re.match(r"\*>([^\[]*)\[([^\]]*)\]", token)
    if match:
        reading.lists.setdefault(match[1], match[2].split(","))
    elif not reading.sections or reading.sections[-1] != (token[2:], now):
        reading.sections.append((token[2:], now))
        if now > reading.score.bars[-1].start:  # a section may begin inside a bar
            _end_bar(reading, "")


def _change_columns(tokens: list[str], reading: _Reading) -> None:
    """Splits (*^), joins (*v), exchanges (*x), additions (*+) and ends (*-) of columns."""
    voices: list[_Voice] = []
    joining = False
    at = 0
    while at < len(tokens):
        token, voice = tokens[at], reading.voices[at]
        joins = token == "*v"
        if token == "*x" and at + 1 < len(tokens) and tokens[at + 1] == "*x":
            voices += [reading.voices[at + 1], voice]
            at += 1
        elif joins and joining and voices and (voices[-1].spine is voice.spine or not _joins_next(tokens, reading.voices, at)):
            voices[-1].end = max(voices[-1].end, voice.end)
        elif token == "*^":
            voices += [voice, _Voice(voice.spine, voice.end)]
        elif token == "*+":
            added = _Spine("", track=len(reading.spines))
            reading.spines.append(added)
            voices += [voice, _Voice(added, reading.now)]
        elif token.startswith("**"):
            voice.spine.kind = token
            voices.append(voice)
        elif token != "*-":
            voices.append(voice)
        joining = joins
        at += 1
    if not voices:  # the end of the score must still be known
        _end_bar(reading, "")
    reading.voices = voices


def _joins_next(tokens: list[str], voices: list[_Voice], at: int) -> bool:
    """Whether the next column is joined with this one: neighbours of two spines may each be joined in one line."""
    return at + 1 < len(tokens) and tokens[at + 1] == "*v" and voices[at + 1].spine is voices[at].spine


def _read_data(tokens: list[str], reading: _Reading) -> None:
    now: Fraction | None = None
    for token, voice in zip(tokens, reading.voices, strict=True):
        if voice.spine.kind == "**kern" and token != ".":
            start = voice.end
            if _read_token(token, voice, reading) and now is None:
                now = start
    for token, voice in zip(tokens, reading.voices, strict=True):
        if voice.spine.kind == "**mxhm" and token != "." and now is not None:
            root, _, kind = token.partition(" ")
            reading.score.chords.setdefault(now, root.replace("-", "b") + KINDS.get(kind, kind))


def _read_token(token: str, voice: _Voice, reading: _Reading) -> bool:
    """Adds the notes of one token; says whether it takes time."""
    if "q" in token:
        reading.score.repairs["grace notes left out"] += sum(bool(_PITCH.search(one)) for one in token.split(" "))
        return False
    start = voice.end
    length = Fraction(0)
    for one in token.split(" "):
        match = _DURATION.search(one)
        if match:
            length = _length(match, one.count("."))
        if not length:
            continue
        if voice.end == start:  # the first note of a chord says when the next one comes
            voice.end = start + length
        letters = _PITCH.findall(one)  # signs of articulation may stand between them, as before accidentals and dots
        if letters and "r" not in one:
            octave = 3 + len(letters) if letters[0].islower() else 4 - len(letters)
            alter = one.count("#") - one.count("-")
            number = 12 * (octave + 1) + _STEPS[letters[0].lower()] + alter
            track = reading.spines.index(voice.spine)  # of the spine, until tracks are known
            reading.score.notes.append(
                Note(start, start + length, number, track, "]" in one or "_" in one, "[" in one or "_" in one)
            )
    return bool(length)


def _length(match: re.Match[str], dots: int) -> Fraction:
    """`4.` is a dotted quarter, `3%2` is two thirds of a whole note, `0` a breve and `00` a long."""
    digits, per = match[1], match[2]
    if not digits.strip("0"):
        base = Fraction(4 * 2 ** min(len(digits), 3))
    else:
        base = Fraction(4 * int(per or 1), int(digits))
    if base > 1 << 20:
        raise UnreadableFile("too long", f"a note of {match[0]}")
    return base * (2 - Fraction(1, 2 ** min(dots, 4)))


def _end_bar(reading: _Reading, token: str) -> None:
    bars = reading.score.bars
    if not bars:
        return
    now = reading.now if reading.voices else bars[-1].stop
    bars[-1].stop = now
    if ":|" in token or ":!" in token:
        ended = next((bar for bar in reversed(bars) if bar.stop > bar.start), bars[-1])
        ended.marks.repeat_to = 2
    if now > bars[-1].start:
        bars.append(Bar(now, now))
    bars[-1].marks.repeat_from |= "|:" in token or "!:" in token


def _set_tracks(reading: _Reading) -> None:
    """One track for each part, the highest staff first, as scores are printed."""
    score = reading.score
    tracks: dict[tuple[str, ...], int] = {}
    used = {number for number, spine in enumerate(reading.spines) if spine.kind == "**kern"}
    for number in sorted(used, reverse=True):
        spine = reading.spines[number]
        if spine.part:
            identity: tuple[str, ...] = ("part", spine.part)
        else:
            identity = ("keyboard", spine.code, spine.name) if spine.code in _KEYBOARDS else ("spine", str(number))
        if identity not in tracks:
            tracks[identity] = len(tracks)
            score.tracks.append(Track(PROGRAMS.get(spine.code, 0), False, spine.name or spine.code.capitalize()))
        spine.track = tracks[identity]
    for note in score.notes:
        note.track = reading.spines[note.track].track


def _expanded(reading: _Reading) -> list[int]:
    """The bars in the order of the expansion list; empty where there is none that can be followed."""
    order: list[int] = []
    bars = reading.score.bars
    names = reading.lists.get("", [])
    starts = dict(reversed(reading.sections))
    if not bars or not names or any(name not in starts for name in names) or len(names) > 1000:
        return []
    ordered = sorted({place for _, place in reading.sections})
    following = dict(zip(ordered, [*ordered[1:], bars[-1].stop], strict=True))
    if ordered[0] > 0:
        order += [number for number, bar in enumerate(bars) if bar.start < ordered[0]]
    for name in names:
        if len(order) > MOST_TIMES * len(bars):
            return []
        order += [number for number, bar in enumerate(bars) if starts[name] <= bar.start < following[starts[name]]]
    return order
