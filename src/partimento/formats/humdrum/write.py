"""Humdrum with **kern spines from a `Piece`, the same bytes for the same piece.

A staff is a spine, the lowest leftmost, and staves of one track share a `*part`; voices split a spine for a bar. Humdrum has
no place for velocities and exact times off the page; tempos and chord symbols stand at the next note.
"""

from __future__ import annotations

import math
from typing import TypeVar

from partimento.chord_symbols import CHORD_SYMBOLS
from partimento.formats.humdrum.read import PROGRAMS
from partimento.notate import score_of
from partimento.notate.score import WHOLE, Bar, Clef, Event, Head, Score
from partimento.notate.spelling import name_in_key
from partimento.piece import Piece
from partimento.theory import key_name

_SIGNS = "fcgdaeb"
_REFERENCES = (("COM", "composer"), ("OTL", "title"), ("AGN", "genre"), ("YEC", "licence"), ("SMS", "source"), ("made", "made"))


def humdrum_from_piece(piece: Piece) -> bytes:
    """Humdrum in UTF-8."""
    return "".join(f"{line}\n" for line in _Writer(score_of(piece)).lines()).encode("utf-8", "replace")


_T = TypeVar("_T")


class _Writer:
    def __init__(self, score: Score) -> None:
        self.score = score
        self.staves = [(part, number) for part in reversed(score.parts) for number in reversed(range(len(part.staves)))]
        self.split = [1] * len(self.staves)  # columns of each staff at the moment
        self.tempos = [(mark.at, f"*MM{mark.qpm:.10g}") for mark in score.tempos][::-1]
        self.chords = [(at, _chord(root, quality, bass, score.bars[0].key[0])) for at, root, quality, bass in score.chords][::-1]
        self.out: list[str] = []

    def lines(self) -> list[str]:
        about = self.score.about
        self.out = [f"!!!{code}: {_line(getattr(about, name))}" for code, name in _REFERENCES if getattr(about, name)]
        if not self.staves:
            return [*self.out, "**kern", "*-"]
        self._row(["**kern"] * len(self.staves), "**mxhm")
        self._row([f"*part{part.track + 1}" for part, _ in self.staves])
        self._row([f"*staff{len(self.staves) - place}" for place in range(len(self.staves))])
        self._row([f"*I{_CODES[part.program]}" if part.program in _CODES else "*" for part, _ in self.staves])
        self._row([f'*I"{_line(part.name)}' for part, _ in self.staves])
        for place, bar in enumerate(self.score.bars):
            self._bar(place, bar)
        self._resplit([1] * len(self.staves))
        self._row(["=="] * len(self.staves), "==")
        self._row(["*-"] * len(self.staves), "*-")
        return self.out

    def _row(self, tokens: list[str], last: str = "*") -> None:
        """A line, unless it says nothing."""
        if any(token != "*" for token in tokens):
            self.out.append("\t".join([*tokens, last] if self.score.chords else tokens))

    def _each(self, tokens: list[_T]) -> list[_T]:
        """One for each column from one for each staff."""
        return [token for token, count in zip(tokens, self.split, strict=True) for _ in range(count)]

    def _bar(self, place: int, bar: Bar) -> None:
        if place:
            number = "" if bar.number == self.score.bars[place - 1].number else str(bar.number)
            self._row([f"={number}"] * sum(self.split), f"={number}")
        elif not bar.partial:
            self._row(["=1-"] * len(self.staves), "=1-")
        clefs = [part.staves[staff].clefs for part, staff in self.staves]
        if not place or any(of_staff[place] != of_staff[place - 1] for of_staff in clefs):
            self._row(self._each([_clef(of_staff[place]) for of_staff in clefs]))
        if bar.new_key:
            fifths, minor = bar.key
            signs = (
                "".join(f"{step}#" for step in _SIGNS[:fifths]) if fifths > 0 else "".join(f"{s}-" for s in _SIGNS[::-1][:-fifths])
            )
            tonic = key_name(fifths, minor).split()[0].replace("b", "-")
            self._row([f"*k[{signs}]"] * sum(self.split))
            self._row([f"*{tonic.lower() if minor else tonic}:"] * sum(self.split))
        if bar.shown_meter:
            self._row([f"*M{bar.shown_meter[0]}/{bar.shown_meter[1]}"] * sum(self.split))
        voices = [part.staves[staff].voices[place] for part, staff in self.staves]
        self._resplit([len(of_staff) for of_staff in voices])
        columns = [{event.start: event for event in voice} for of_staff in voices for voice in of_staff]
        for now in sorted({start for column in columns for start in column}):
            while self.tempos and self.tempos[-1][0] <= now:
                mark = self.tempos.pop()[1]
                if not self.tempos or self.tempos[-1][0] > now:
                    self._row([mark if now in column else "*" for column in columns])
            chord = "."
            while self.chords and self.chords[-1][0] <= now:
                chord = self.chords.pop()[1]
            tokens = [
                _token(column[now], self.score.divisions, drums) if now in column else "."
                for column, drums in zip(columns, self._each([part.is_drum for part, _ in self.staves]), strict=True)
            ]
            self._row(tokens, chord)

    def _resplit(self, wanted: list[int]) -> None:
        """Splits and joins columns until each staff has as many as it needs; staves join one after another."""
        for place, count in enumerate(wanted):
            if self.split[place] > count:  # all of them, since a join takes all its neighbours
                joins = [["*v"] * n if at == place else ["*"] * n for at, n in enumerate(self.split)]
                self._row([token for of_staff in joins for token in of_staff])
                self.split[place] = 1
        while any(now < count for now, count in zip(self.split, wanted, strict=True)):
            grows = [now < count for now, count in zip(self.split, wanted, strict=True)]
            columns = [["*"] * (n - 1) + ["*^" if grow else "*"] for n, grow in zip(self.split, grows, strict=True)]
            self._row([token for of_staff in columns for token in of_staff])
            self.split = [n + grow for n, grow in zip(self.split, grows, strict=True)]


def _token(event: Event, divisions: int, drums: bool) -> str:
    duration = _duration(event, WHOLE * divisions)
    if not event.heads:
        return f"{duration}r{'yy' if event.hidden else ''}"
    marks = {"begin": "L", "end": "J", "forward hook": "K", "backward hook": "k"}
    beams = "".join(marks.get(mark, "") for mark in event.beams)
    notes = [_note(head, duration, drums) for head in event.heads]
    return " ".join([notes[0] + beams, *notes[1:]])


def _note(head: Head, duration: str, drums: bool) -> str:
    name = head.spelled
    octave, step, alter = name.octave, name.step, name.alter
    if drums:  # by their numbers in General MIDI
        (step, alter), octave = name_in_key(name.pitch % 12, 0), name.pitch // 12 - 1
    letter = "cdefgab"[step]
    pitch = letter * (octave - 3) if octave >= 4 else letter.upper() * (4 - octave)
    pitch += "#" * alter if alter > 0 else "-" * -alter
    if head.tied_before:
        return f"{duration}{pitch}{'_' if head.tied_after else ']'}"
    return f"{'[' if head.tied_after else ''}{duration}{pitch}"


def _duration(event: Event, whole: int) -> str:
    """The reciprocal of the whole note: 4. is a dotted quarter, 12 an eighth of a triplet, 3%2 two thirds of a whole note."""
    length, dots = event.length, event.dots
    if event.whole_bar:
        dots = 1 if (2 * whole % (3 * length) == 0 or (length % whole == 0 and length // whole == 3)) else 0
    base = length * 2**dots // (2 ** (dots + 1) - 1)
    if base == 2 * whole:
        return "0" + "." * dots
    shared = math.gcd(base, whole)
    per = f"%{base // shared}" if base != shared else ""
    return f"{whole // shared}{per}{'.' * dots}"


def _clef(clef: Clef) -> str:
    if clef[0] == "percussion":
        return "*clefX"
    return f"*clef{clef[0]}{ {1: '^', -1: 'v'}.get(clef[2], '') }{clef[1]}"


def _chord(root: int, quality: int, bass: int, fifths: int) -> str:
    """Root, a space, and what stands after it."""
    if root < 0:
        return "N.C."
    inverted = "" if bass == root else "/" + _name(bass, fifths).replace("-", "b")
    return f"{_name(root, fifths)} {CHORD_SYMBOLS[quality]}{inverted}".strip()


def _name(pitch_class: int, fifths: int) -> str:
    step, alter = name_in_key(pitch_class, fifths)
    return "CDEFGAB"[step] + ("#" * alter if alter > 0 else "-" * -alter)


def _line(text: str) -> str:
    return " ".join(text.split())


_CODES = {program: code for code, program in reversed(PROGRAMS.items())}  # the first code of each program
