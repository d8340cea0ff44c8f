"""How Humdrum becomes a `NotatedScore`: spines of **kern, chord symbols of **mxhm, bar lines, expansion lists (Huron, "The Humdrum
Toolkit", 1995, and the **kern guide of humdrum.org). It opens no files.

Spines that name one part, or one keyboard, are one track; pitches sound as encoded. Grace notes are counted and left out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from partimento.errors import UnreadableFile
from partimento.formats.decode import text_of
from partimento.formats.humdrum.tokens import Token, read_tokens
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.musicxml.harmony_element import KINDS
from partimento.formats.notated import Bar, NotatedScore, Note, Place, finished
from partimento.formats.repeats import MOST_TIMES
from partimento.piece import Piece, Track

_REFERENCE = re.compile(r"!!!(OTL|OPR|COM|AGN|YEC|YEM|licen[cs]e|made)(?:@@?\w+)?:(.*)")
_ABOUT = {"AGN": "genre", "made": "made"}
_BEATS = {"whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5, "sixteenth": 0.25}
_METRONOME = re.compile(
    r"\[?\b(whole|half|quarter|eighth|sixteenth)(-dot)?\b\]?\s*=\s*(?:M\.?M\.?\s*)?(\d+(?:\.\d+)?)", re.IGNORECASE
)
_METER = re.compile(r"\*M(\d+(?:\+\d+)*)/(\d+)(?:%(\d+))?$")
_SIGNATURE = re.compile(r"\*k\[([^\]]*)\]")
_KEY = re.compile(r"\*([A-Ga-g])([#-]*):")
_TEMPO = re.compile(r"\*MM(?:(\d+(?:\.\d+)?)|\[([^\]]*)\])")
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
    """One column and all that it splits into, while it is of one kind; `place` is that of its column from the left."""

    kind: str
    number: int
    place: int
    part: str = ""
    code: str = ""
    name: str = ""
    clef: str = ""  # the first one
    fifths: int | None = None
    key_at: Place = -1
    staff: str = ""
    track: int = 0  # of its part, at the end


@dataclass(eq=False)
class _Voice:
    """One column of the moment; `end` is where its last note or rest ends, `name` that of its spine and its place in it."""

    spine: _Spine
    end: Place = 0
    name: str = ""


@dataclass
class _Reading:
    score: NotatedScore
    tokens: dict[str, Token]
    spines: list[_Spine] = field(default_factory=list)
    voices: list[_Voice] = field(default_factory=list)
    sections: list[tuple[str, Place]] = field(default_factory=list)  # where each label stands
    lists: dict[str, list[str]] = field(default_factory=dict)  # expansion lists by their name

    @property
    def now(self) -> Place:
        """Where the longest voice has ended."""
        return max((voice.end for voice in self.voices if voice.spine.kind == "**kern"), default=0)


def piece_from_humdrum(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in a Humdrum file with **kern spines. Raises `UnreadableFile`."""
    return finished(score_from_humdrum(data), source, limits, repeats)


def score_from_humdrum(data: bytes) -> NotatedScore:
    """What is written in a Humdrum file with **kern spines. Raises `UnreadableFile`."""
    text = text_of(data)
    if "**kern" not in text:
        raise UnreadableFile("not Humdrum", "there is no **kern spine")
    return score_of(text)


def score_of(text: str) -> NotatedScore:
    """The score of a Humdrum file. Raises `UnreadableFile` where columns do not fit their spines."""
    lines = [line for line in text.splitlines() if line]
    distinct = {token for line in lines if line[0] not in "!*=" for token in line.split("\t")}
    unit, tokens = read_tokens(distinct - {"."})
    reading = _Reading(NotatedScore(unit), tokens)
    for number, line in enumerate(lines, 1):
        first = line[0]
        if first == "!":
            if line.startswith("!!!"):
                _read_reference(line, reading.score)
            continue
        columns = line.split("\t")
        if line.startswith("**") and not reading.voices:
            if reading.spines:
                raise UnreadableFile("several pieces", "more than one score in a file")
            reading.spines = [_Spine(token, place, place) for place, token in enumerate(columns)]
            reading.voices = [_Voice(spine, name=str(spine.number)) for spine in reading.spines]
            reading.score.bars.append(Bar(0, 0))
            continue
        if len(columns) != len(reading.voices):
            raise UnreadableFile("damaged", f"line {number} has {len(columns)} columns where {len(reading.voices)} are open")
        if first == "*":
            _read_interpretations(columns, reading)
        elif first == "=":
            _end_bar(reading, columns[0])
        else:
            _read_data(columns, reading)
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
        elif match[1] in ("OTL", "OPR"):
            score.title = score.title or value
        elif value not in score.licence:  # who has the rights (YEC), and on what terms (YEM)
            score.licence = f"{score.licence}; {value}" if score.licence else value
    elif line.startswith("!!!OMD"):
        _say_tempo(line.partition(":")[2], score.bars[-1].start if score.bars else 0, score)


def _say_tempo(words: str, place: Place, score: NotatedScore) -> None:
    """A tempo as printed, such as `Allegro [quarter-dot] = 80`."""
    if match := _METRONOME.search(words):
        score.state_tempo(place, float(match[3]) * _BEATS[match[1].lower()] * (1.5 if match[2] else 1))
    else:
        score.say_tempo(place, words)


def _read_interpretations(tokens: list[str], reading: _Reading) -> None:
    if any(token in ("*^", "*v", "*x", "*+", "*-") or token.startswith("**") for token in tokens):
        _change_columns(tokens, reading)
        return
    now = reading.now
    for token, voice in zip(tokens, reading.voices, strict=True):
        spine, score = voice.spine, reading.score
        if spine.kind != "**kern" or token == "*":
            continue
        if match := _METER.match(token):
            score.state_meter(voice.end, sum(map(int, match[1].split("+"))), int(match[2]))
        elif match := _SIGNATURE.match(token):
            spine.fifths, spine.key_at = match[1].count("#") - match[1].count("-"), voice.end
            score.state_key(voice.end, spine.fifths)
        elif (match := _KEY.match(token)) and spine.key_at == voice.end and spine.fifths is not None:
            score.keys[voice.end][spine.fifths, False] -= 1
            score.state_key(voice.end, spine.fifths, match[1].islower())
        elif match := _TEMPO.match(token):
            if match[1]:
                score.state_tempo(voice.end, float(match[1]))
            else:
                _say_tempo(match[2], voice.end, score)
        elif token.startswith("*clef"):
            spine.clef = spine.clef or token
        elif token.startswith("*part"):
            spine.part = spine.part or token
        elif token.startswith("*staff"):
            spine.staff = spine.staff or token
        elif token.startswith('*I"'):
            spine.name = spine.name or token[3:].strip()
        elif re.match(r"\*I[a-z]", token):
            spine.code = spine.code or token[2:]
        elif token.startswith("*>"):
            _read_label(token, now, reading)


def _read_label(token: str, now: Place, reading: _Reading) -> None:
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
            added = _Spine("", len(reading.spines), len(reading.spines))
            reading.spines.append(added)
            voices += [voice, _Voice(added, reading.now)]
        elif token.startswith("**"):
            _change_kind(voice, token, reading)
            voices.append(voice)
        elif token != "*-":
            voices.append(voice)
        joining = joins
        at += 1
    if not voices:  # the end of the score must still be known
        _end_bar(reading, "")
    reading.voices = voices
    places: Counter[int] = Counter()
    for one in voices:
        number = one.spine.number
        one.name = f"{number}.{places[number]}" if places[number] else str(number)
        places[number] += 1


def _joins_next(tokens: list[str], voices: list[_Voice], at: int) -> bool:
    """Whether the next column is joined with this one: neighbours of two spines may each be joined in one line."""
    return at + 1 < len(tokens) and tokens[at + 1] == "*v" and voices[at + 1].spine is voices[at].spine


def _change_kind(voice: _Voice, kind: str, reading: _Reading) -> None:
    """From here on a column is of another kind: what it was stays, and goes on where it comes back."""
    spine = voice.spine
    if not spine.kind:  # it was added, and now says what it is
        spine.kind = kind
    elif spine.kind != kind:
        voice.end = reading.now
        before = [one for one in reading.spines if one.kind == kind and one.place == spine.place]
        if not before:
            before = [_Spine(kind, len(reading.spines), spine.place)]
            reading.spines += before
        voice.spine = before[0]


def _read_data(columns: list[str], reading: _Reading) -> None:
    now: Place | None = None
    notes = reading.score.notes
    for column, voice in zip(columns, reading.voices, strict=True):
        if column == "." or voice.spine.kind != "**kern":
            continue
        token = reading.tokens[column]
        if token.graces:
            reading.score.repairs["grace notes left out"] += token.graces
        if not token.length:
            continue
        start, track = voice.end, voice.spine.number  # of the spine, until tracks are known
        now = start if now is None else now
        voice.end = start + token.length
        for length, pitch, before, after, step in token.notes:
            notes.append(Note(start, start + length, pitch, track, before, after, voice=voice.name, step=step))
    if now is None:
        return
    for column, voice in zip(columns, reading.voices, strict=True):
        if voice.spine.kind == "**mxhm" and column != ".":
            root, _, kind = column.partition(" ")
            reading.score.chords.setdefault(now, root.replace("-", "b") + KINDS.get(kind, kind))


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
    used = [spine for spine in reading.spines if spine.kind == "**kern"]
    for spine in sorted(used, key=lambda spine: (spine.place, spine.number), reverse=True):
        if spine.part:
            identity: tuple[str, ...] = ("part", spine.part)
        else:
            identity = ("keyboard", spine.code, spine.name) if spine.code in _KEYBOARDS else ("spine", str(spine.number))
        if identity not in tracks:
            tracks[identity] = len(tracks)
            score.tracks.append(
                Track(PROGRAMS.get(spine.code, 0), spine.clef.startswith("*clefX"), spine.name or spine.code.capitalize())
            )
        spine.track = tracks[identity]
    staves: list[list[str]] = [[] for _ in score.tracks]  # of each track, the highest first
    for spine in sorted(used, key=lambda spine: (spine.place, spine.number), reverse=True):
        spine.staff = spine.staff or f"*{spine.place}"
        if spine.staff not in staves[spine.track]:
            staves[spine.track].append(spine.staff)
    for note in score.notes:
        spine = reading.spines[note.track]
        note.track = spine.track
        note.staff = spine.track << 8 | min(255, staves[spine.track].index(spine.staff) + 1)


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
