"""What a token of **kern says: its lengths, pitches and ties. A score repeats few tokens many times, so each is read once.

After the **kern guide of humdrum.org. Of articulation, beams and layout nothing is kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from partimento.errors import UnreadableFile
from partimento.formats.notated import Place

TICKS = 480  # a quarter, at least
_FINEST = 1 << 40
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_PITCH = re.compile(r"[a-gA-G]")
_DURATION = re.compile(r"(\d+)(?:%(\d+))?")


@dataclass(slots=True)
class Token:
    """The length after which the next token of the column comes (0: it takes no time) and the notes, each with its own length,
    pitch, whether it is tied to the one before and the one after, and its step. `graces` are left out."""

    length: Place
    notes: list[tuple[Place, int, bool, bool, int]]
    graces: int = 0


def read_tokens(tokens: Iterable[str]) -> tuple[int, dict[str, Token]]:
    """What each token says, and the unit that its lengths are in: so many of it make a quarter (1: they are fractions)."""
    read = {token: _read(token) for token in tokens}
    lengths = {token.length for token in read.values()} | {note[0] for token in read.values() for note in token.notes}
    unit = math.lcm(TICKS, *{length.denominator for length in lengths})
    if unit > _FINEST:
        return 1, read
    whole = {length: int(length * unit) for length in lengths}
    for token in read.values():
        token.length = whole[token.length]
        token.notes = [(whole[length], *rest) for length, *rest in token.notes]  # type: ignore[misc]
    return unit, read


def _read(token: str) -> Token:
    if "q" in token:
        return Token(Fraction(0), [], sum(bool(_PITCH.search(one)) for one in token.split(" ")))
    notes = []
    first, length = Fraction(0), Fraction(0)
    for one in token.split(" "):
        if match := _DURATION.search(one):
            length = _length(match[1], match[2], one.count("."))
        if not length:
            continue
        first = first or length  # the first note of a chord says when the next one comes
        letters = _PITCH.findall(one)  # signs of articulation may stand between them, as before accidentals and dots
        if letters and "r" not in one:
            octave = 3 + len(letters) if letters[0].islower() else 4 - len(letters)
            letter = letters[0].lower()
            pitch = 12 * (octave + 1) + _STEPS[letter] + one.count("#") - one.count("-")
            notes.append((length, pitch, "]" in one or "_" in one, "[" in one or "_" in one, "cdefgab".index(letter)))
    return Token(first, notes)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def _length(digits: str, per: str | None, dots: int) -> Fraction:
    """`4.` is a dotted quarter, `3%2` is two thirds of a whole note, `0` a breve and `00` a long."""
    if not digits.strip("0"):
        base = Fraction(4 * 2 ** min(len(digits), 3))
    else:
        base = Fraction(4 * int(per or 1), int(digits))
    if base > 1 << 20:
        raise UnreadableFile("too long", f"a note of {digits}{f'%{per}' if per else ''}")
    return base * (2 - Fraction(1, 2 ** min(dots, 4)))
