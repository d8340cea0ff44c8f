"""ABC 2.1 from a `Piece`, the same bytes for the same piece.

A staff is a voice (`V:`), further voices of a bar are overlays (`&`); a comment says which track each staff belongs to. ABC
has no place for velocities and exact times off the page, and drums are notes; chord symbols stand at the next note.
"""

from __future__ import annotations

from fractions import Fraction

from partimento.bars import is_compound
from partimento.chord_symbols import CHORD_SYMBOLS
from partimento.formats.abc.fields import SIGNS
from partimento.formats.abc.read import TRACKS
from partimento.formats.abc.texts import escaped
from partimento.notate import score_of
from partimento.notate.score import Bar, Clef, Event, Head, Score
from partimento.notate.spelling import name_in_key
from partimento.piece import Piece
from partimento.theory import key_name

_BARS_IN_A_LINE = 4
_FIELDS = (("T", "title"), ("C", "composer"), ("R", "genre"), ("S", "source"))
_ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


def abc_from_piece(piece: Piece) -> bytes:
    """One tune in UTF-8."""
    return "".join(f"{line}\n" for line in _Writer(score_of(piece)).lines()).encode("utf-8", "replace")


class _Writer:
    def __init__(self, score: Score) -> None:
        self.score = score
        self.staves = [(part, number) for part in score.parts for number in range(len(part.staves))]
        self.unit = -4 if is_compound(*score.bars[0].meter) or _is_quick(score) else -3

    def lines(self) -> list[str]:
        score, bars = self.score, self.score.bars
        about = score.about
        out = ["%abc-2.1", "X:1", *(f"{code}:{escaped(getattr(about, name))}" for code, name in _FIELDS if getattr(about, name))]
        out += [f"N:{name} {escaped(value)}" for name, value in (("licence", about.licence), ("made", about.made)) if value]
        out += [f"L:1/{2**-self.unit}", "M:{}/{}".format(*(bars[0].shown_meter or (4, 4)))]
        out += [f"Q:{_tempo(mark.qpm)}" for mark in score.tempos[:1] if mark.at == 0]
        out += [_groups(score), f"{TRACKS} {' '.join(str(part.track) for part, _ in self.staves)}", f"K:{_key(bars[0])}"]
        for place, (part, staff) in enumerate(self.staves):
            name = escaped(part.name).replace('"', "&quot;")
            out.append(f'V:{place + 1} clef={_clef(part.staves[staff].clefs[0])} name="{name}"')
            out += [f"%%MIDI program {part.program}"] + ["%%MIDI channel 10"] * part.is_drum
        first = 0
        while first < len(bars):
            last = first + 1
            while last < len(bars) and last - first < _BARS_IN_A_LINE and not bars[last].new_key:
                last += 1
            for place in range(len(self.staves)):
                out.append(f"[V:{place + 1}] " + " ".join(self._bar(place, number) for number in range(first, last)))
            first = last
        return out

    def _bar(self, place: int, number: int) -> str:
        part, staff = self.staves[place]
        bar = self.score.bars[number]
        clefs = part.staves[staff].clefs
        head = ""
        if number and bar.new_key:
            head += f"[K:{_key(bar)}]"
        if number and bar.shown_meter:
            head += f"[M:{bar.shown_meter[0]}/{bar.shown_meter[1]}]"
        if number and clefs[number] != clefs[number - 1]:
            head += f"[K:clef={_clef(clefs[number])}]"
        marks = self._marks(bar) if place == 0 else []
        # steps, in all octaves, where a note needs its sign: one was written in this bar, or a tie brings one into it
        heads = [head for voice in part.staves[staff].voices[number] for head in voice[0].heads if head.tied_before]
        altered = {head.spelled.step for head in heads}
        voices = [
            self._voice(voice, bar, marks if first else [], altered, part.is_drum, clefs[number][2])
            for first, voice in zip([True] + [False] * 99, part.staves[staff].voices[number], strict=False)
        ]
        return head + " & ".join(voices) + (" |]" if number == len(self.score.bars) - 1 else " |")

    def _marks(self, bar: Bar) -> list[tuple[int, str]]:
        """Tempos and chord symbols of a bar with their times, the first one last."""
        stop = bar.start + bar.length
        marks = [(mark.at, f"[Q:{_tempo(mark.qpm)}]") for mark in self.score.tempos if bar.start <= mark.at < stop and mark.at]
        marks += [
            (at, f'"{_chord(root, quality, bass, bar.key[0])}"')
            for at, root, quality, bass in self.score.chords
            if bar.start <= at < stop
        ]
        return sorted(marks, reverse=True)

    def _voice(
        self, voice: list[Event], bar: Bar, marks: list[tuple[int, str]], altered: set[int], drums: bool, octaves: int
    ) -> str:
        """`octaves`: how much higher than written the clef lets notes sound."""
        out = []
        for place, event in enumerate(voice):
            text = ""
            while marks and marks[-1][0] <= event.start:
                text += marks.pop()[1]
            tuplet = event.tuplet
            if tuplet is not None and (place == 0 or voice[place - 1].tuplet is not tuplet):
                count = sum(other.tuplet is tuplet for other in voice)
                text += f"({tuplet.actual}:{tuplet.normal}:{count}"
            text += self._event(event, bar.key[0], altered, drums, octaves)
            joined = event.beams and event.beams[0] in ("begin", "continue")
            out.append(text if joined else text + " ")
        return "".join(out).rstrip()

    def _event(self, event: Event, fifths: int, altered: set[int], drums: bool, octaves: int) -> str:
        if event.whole_bar:
            length = Fraction(event.length, 4 * self.score.divisions)
        else:
            length = Fraction(2) ** event.kind * (2 - Fraction(1, 2**event.dots))
        units = length / Fraction(2) ** self.unit
        size = "" if units == 1 else str(units.numerator) if units.denominator == 1 else f"{units.numerator}/{units.denominator}"
        if not event.heads:
            return ("x" if event.hidden else "z") + size
        notes = [_note(head, fifths, altered, drums, octaves) for head in event.heads]
        ties = ["-" if head.tied_after else "" for head in event.heads]
        if len(notes) == 1:
            return notes[0] + size + ties[0]
        return "[" + "".join(note + tie for note, tie in zip(notes, ties, strict=True)) + "]" + size


def _is_quick(score: Score) -> bool:
    """Whether notes shorter than eighths are many, so that the unit should be a sixteenth."""
    kinds = [
        event.kind for part in score.parts for staff in part.staves for bar in staff.voices for voice in bar for event in voice
    ]
    return sum(kind < -3 for kind in kinds) * 3 > len(kinds)


def _note(head: Head, fifths: int, altered: set[int], drums: bool, octaves: int) -> str:
    """The letter with its octave, and its sign wherever the signature or the bar could be taken to say something else."""
    name = head.spelled
    step, alter, octave = name.step, name.alter, name.octave
    if drums:
        (step, alter), octave = name_in_key(name.pitch % 12, 0), name.pitch // 12 - 1
    octave -= octaves
    letter = "CDEFGAB"[step]
    in_key = 1 if letter in SIGNS[: max(fifths, 0)] else -1 if fifths < 0 and letter in SIGNS[fifths:] else 0
    sign = ""
    if alter != in_key or step in altered:
        sign = _ACCIDENTALS[alter]
        altered.add(step)
    return sign + (letter + "," * (4 - octave) if octave <= 4 else letter.lower() + "'" * (octave - 5))


def _groups(score: Score) -> str:
    """The staves from above, those of one part under a brace."""
    groups, number = [], 1
    for part in score.parts:
        voices = " ".join(str(number + place) for place in range(len(part.staves)))
        groups.append(f"{{{voices}}}" if len(part.staves) > 1 else voices)
        number += len(part.staves)
    return f"%%score {' '.join(groups)}"


def _key(bar: Bar) -> str:
    tonic = key_name(*bar.key).split()[0]
    return tonic + ("m" if bar.key[1] else "")


def _tempo(qpm: float) -> str:
    return f"1/4={qpm:.10g}"


def _clef(clef: Clef) -> str:
    name = {"G": "treble", "F": "bass", "C": "alto", "percussion": "perc"}[clef[0]]
    return name + {1: "+8", -1: "-8"}.get(clef[2], "")


def _chord(root: int, quality: int, bass: int, fifths: int) -> str:
    if root < 0:
        return "N.C."
    return _name(root, fifths) + CHORD_SYMBOLS[quality] + ("" if bass == root else "/" + _name(bass, fifths))


def _name(pitch_class: int, fifths: int) -> str:
    step, alter = name_in_key(pitch_class, fifths)
    return "CDEFGAB"[step] + ("#" * alter if alter > 0 else "b" * -alter)
