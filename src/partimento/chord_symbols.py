"""Chord symbols as musicians write them: `F#m7b5/E`, `C7alt`, `Gsus4(add9)`. Each part is read, or the symbol is refused.

A symbol is a root, a triad, an extension, then alterations, additions and omissions, then a bass (the common grammar of lead
sheets: Brandt and Roemer, "Standardized Chord Symbol Notation", 1976).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from partimento.errors import InvalidOption
from partimento.piece import QUALITIES
from partimento.theory import PITCH_CLASS_NAMES, pitch_class, pitch_class_set

# for each of `QUALITIES`: how it is written after the root, and its notes in semitones above it
CHORD_SYMBOLS = ("", "m", "+", "dim", "sus4", "sus2", "5", "6", "m6", "7", "maj7", "m7", "m7b5", "dim7", "mmaj7", "7#5", "7sus4")
CHORD_NOTES = (
    *((0, 4, 7), (0, 3, 7), (0, 4, 8), (0, 3, 6), (0, 5, 7), (0, 2, 7), (0, 7), (0, 4, 7, 9), (0, 3, 7, 9)),
    *((0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9), (0, 3, 7, 11), (0, 4, 8, 10), (0, 5, 7, 10)),
)
NO_CHORD = (-1, 0, -1)  # root, quality, bass

_CHORD = re.compile(r"([A-G])([#b♯♭]{0,2})(.*?)(?:/([A-Ga-g])([#b♯♭+]{0,2}))?")
_DEGREES = {2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 9: 2, 10: 4, 11: 5, 13: 9}  # semitones above the root, the seventh minor
_TOKEN = re.compile(
    r"""(?P<alt>alt(?:ered)?)
    |(?P<omit>(?:omit|no|drop))(?P<omitted>\d{1,2})
    |(?P<add>add|/(?=\d))(?P<sign_added>[#♯b♭]?)(?P<added>\d{1,2})
    |(?P<half>ø|hdim|half-?dim(?:inished)?)
    |(?P<dim>dim(?:inished)?|[o°])
    |(?P<aug>aug(?:mented)?|^\+(?!5))
    |(?P<sus>sus(?P<degrees>24|42|2|4)?)
    |(?P<major>(?i:maj(?:or)?)|(?i:ma)(?!dd)|M(?![Ii])|Δ|\^)
    |(?P<minor>(?i:min(?:or)?|mi)|m|^-(?!5))
    |(?P<dom>dom)
    |(?P<power>power)
    |(?P<alter>[#♯b♭+-])(?P<altered>\d{1,2})
    |(?P<plus>\+)
    |(?P<sixnine>6/?9)
    |(?P<number>\d{1,2})
    |(?P<skip>[(),\s]+)""",
    re.VERBOSE,
)
# degrees that are raised or lowered on lead sheets; a lowered eleventh is the third, a raised thirteenth the seventh
_ALTERED = frozenset({(1, 4), (1, 5), (-1, 5), (-1, 6), (1, 9), (-1, 9), (1, 11), (-1, 13)})


@dataclass(frozen=True)
class ChordSymbol:
    """What a symbol says. `tones` and `colours` are semitones 0..11 above the root: what belongs to the chord, and what may sound
    with it besides. `third` is its third or what stands for it, None where it has neither."""

    root: int
    bass: int
    tones: frozenset[int]
    colours: frozenset[int] = frozenset()
    third: int | None = None

    @property
    def notes(self) -> int:
        """The 12-bit mask of the chord, its colours and its bass."""
        return pitch_class_set(self.root, (*self.tones, *self.colours)) | 1 << self.bass

    @property
    def quality(self) -> int:
        """The index in `QUALITIES` of the simplest chord that is most like it: first by its third, then seventh, then fifth."""
        return _nearest(self.tones)


@dataclass
class _Building:
    """A chord while its symbol is read, left to right."""

    third: int | None = 4
    fifth: int | None = 7
    seventh: int | None = None  # or sixth
    major_seventh: bool = False  # what a seventh that comes will be
    more: set[int] = field(default_factory=set)
    colours: set[int] = field(default_factory=set)
    altered: set[int] = field(default_factory=set)  # degrees that were
    diminished: bool = False
    seen: set[str] = field(default_factory=set)

    @property
    def tones(self) -> frozenset[int]:
        return frozenset({0, *self.more} | {tone for tone in (self.third, self.fifth, self.seventh) if tone is not None})


def parse_chord_symbol(symbol: str) -> ChordSymbol | None:
    """What a chord symbol says; None for `N.C.`, no chord. Raises `InvalidOption` for what is not understood."""
    text = symbol.strip()
    if text.upper().rstrip(".") in ("N.C", "NC", "N", "NONE"):
        return None
    match = _CHORD.fullmatch(text)
    built = _build(match[3]) if match else None
    if match is None or built is None:
        raise InvalidOption(f"{symbol!r} is no chord symbol; write chords as C, G/B, Am7, F#m7b5, Bbmaj7, C7b9, Dsus4 or N.C.")
    root = pitch_class(match[1], match[2])
    bass = pitch_class(match[4].upper(), match[5].replace("+", "#")) if match[4] else root  # `D/f+`, as tune books write it
    colours = frozenset(built.colours) - built.tones
    return ChordSymbol(root, bass, built.tones, colours, built.third)


def parse_chord(symbol: str) -> tuple[int, int, int]:
    """Root, quality (an index into `QUALITIES`) and bass of a chord symbol, such as 'F#m7b5/E'.

    What no quality says is left out: of ninths and higher chords the seventh chord is kept. Raises `InvalidOption`.
    """
    chord = parse_chord_symbol(symbol)
    return NO_CHORD if chord is None else (chord.root, chord.quality, chord.bass)


def chord_name(root: int, quality: int, bass: int) -> str:
    """The symbol of a chord: `chord_name(9, 11, 7)` is 'Am7/G'; 'N.C.' where no chord sounds."""
    if root < 0:
        return "N.C."
    inversion = "" if bass == root else "/" + PITCH_CLASS_NAMES[bass]
    return PITCH_CLASS_NAMES[root] + CHORD_SYMBOLS[quality] + inversion


def _build(text: str) -> _Building | None:
    """The chord that stands after a root; None where some of it is not understood, or contradicts the rest."""
    chord, at = _Building(), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or not _take(match, chord):
            return None
        at = match.end()
    if "major" in chord.seen and chord.seventh is None and "minor" in chord.seen:
        return None  # `Cmmaj` is no chord
    if chord.diminished and chord.seventh == 10 and "half" not in chord.seen:
        chord.seventh = 11 if chord.major_seventh else 9
    return chord


def _take(match: re.Match[str], chord: _Building) -> bool:
    """Takes one part of a symbol into the chord; False where it cannot be."""
    kind = next(name for name, value in match.groupdict().items() if value is not None)
    if kind == "skip":
        return True
    if kind == "number":  # a second one is an addition: `Cm7(11)`
        number = int(match["number"])
        return _add("", number, chord) if kind in chord.seen else _extend(number, chord)
    if kind in chord.seen and kind not in ("alter", "omit", "add"):
        return False
    chord.seen.add(kind)
    if kind == "alter":
        return _alter(match["alter"], int(match["altered"]), chord)
    if kind == "add":
        return _add(match["sign_added"], int(match["added"]), chord)
    if kind == "omit":
        return _omit(int(match["omitted"]), chord)
    if kind == "alt":
        chord.fifth, chord.seventh = None, 10
        chord.colours |= {1, 3, 6, 8}
    elif kind == "half":
        chord.third, chord.fifth, chord.seventh, chord.diminished = 3, 6, 10, True
    elif kind == "dim":
        chord.third, chord.fifth, chord.diminished = 3, 6, True
    elif kind in ("aug", "plus"):
        chord.fifth = 8
    elif kind == "sus":
        chord.third = 2 if match["degrees"] == "2" else 5
        chord.more |= {2} if match["degrees"] in ("24", "42") else set()
    elif kind == "major":
        chord.major_seventh = True
        if match["major"] in ("Δ", "^"):
            chord.seventh = 11
    elif kind == "minor":
        chord.third = 3
    elif kind == "power":
        chord.third = None
    elif kind == "sixnine":
        chord.seventh, chord.more = 9, chord.more | {2}
    return True


def _extend(number: int, chord: _Building) -> bool:
    """A number of its own: `6`, `7`, and what is stacked above a seventh; `2` and `4` as additions, `5` as bare fifths."""
    chord.seen.add("number")
    if number == 5 and chord.seen == {"number"}:
        chord.third = None
    elif number in (2, 4):
        chord.more.add(_DEGREES[number])
    elif number == 6:
        chord.seventh = 9
    elif number in (7, 9, 11, 13):
        chord.seventh = 11 if chord.major_seventh else chord.seventh or 10
        if number > 7:
            chord.more.add(_DEGREES[number])
        chord.colours |= {_DEGREES[below] for below in (9, 11) if below < number} - ({5} if chord.third == 4 else set())
    else:
        return False
    return True


def _alter(sign: str, degree: int, chord: _Building) -> bool:
    """A degree raised or lowered; the fifth and the ninth may be both."""
    step = 1 if sign in "#♯+" else -1
    if (step, degree) not in _ALTERED:
        return False
    tone = (_DEGREES[degree] + step) % 12
    if degree == 5:
        if 5 in chord.altered or chord.fifth is None:
            chord.more.add(tone)
        else:
            chord.fifth = tone
    else:
        chord.more.discard(_DEGREES[degree])
        chord.colours.discard(_DEGREES[degree])
        chord.more.add(tone)
        if degree in (9, 11, 13) and chord.seventh is None and not chord.major_seventh:
            chord.seventh = 10  # `Cb9` is read as a dominant, as on lead sheets
    chord.altered.add(degree)
    return True


def _add(sign: str, degree: int, chord: _Building) -> bool:
    if degree not in (2, 4, 6, 9, 11, 13):
        return False
    chord.more.add((_DEGREES[degree] + (sign in ("#", "♯")) - (sign in ("b", "♭"))) % 12)
    return True


def _omit(degree: int, chord: _Building) -> bool:
    if degree == 3:
        chord.third = None
    elif degree == 5:
        chord.fifth = None
    elif degree == 7:
        chord.seventh = None
    elif degree in (9, 11, 13):
        chord.more.discard(_DEGREES[degree])
        chord.colours.discard(_DEGREES[degree])
    return degree in (3, 5, 7, 9, 11, 13)


@cache
def _nearest(tones: frozenset[int]) -> int:
    def parts(notes: frozenset[int]) -> tuple[int, int, int]:
        third = next((tone for tone in (4, 3, 5, 2) if tone in notes), 0)
        seventh = next((tone for tone in (10, 11, 9) if tone in notes), 0)
        fifth = next((tone for tone in (7, 8, 6) if tone in notes), 7)
        return third, seventh, fifth

    wanted = parts(tones)

    def distance(quality: int) -> tuple[int, int]:
        have = parts(frozenset(CHORD_NOTES[quality]))
        return sum(cost * (one != other) for cost, one, other in zip((4, 2, 1), wanted, have, strict=True)), quality

    return min(range(len(QUALITIES)), key=distance)
