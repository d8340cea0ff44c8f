"""MusicXML 4.0 from a `Piece`, by way of its `Score`: the same bytes for the same piece.

Beyond the page it says what a `Piece` has and notation has not: velocities (`dynamics`), exact times where the page
rounds them (`attack`, `release`), programs and drums, the track of each part, and how the piece was made.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from partimento.chord_symbols import CHORD_SYMBOLS
from partimento.notate import score_of
from partimento.notate.drums import FEET, place_of
from partimento.notate.score import Bar, Clef, Event, Head, Mark, Part, Score, Tuplet
from partimento.notate.spelling import name_in_key
from partimento.piece import Piece

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">\n<score-partwise version="4.0">\n'
)
_STEPS = "CDEFGAB"
_TYPES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th", "512th", "1024th")
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS = (  # of `QUALITIES`, as MusicXML calls them
    *("major", "minor", "augmented", "diminished", "suspended-fourth", "suspended-second", "power", "major-sixth", "minor-sixth"),
    *("dominant", "major-seventh", "minor-seventh", "half-diminished", "diminished-seventh", "major-minor", "augmented-seventh"),
    "suspended-fourth",
)
_SEVENTH = "<degree><degree-value>7</degree-value><degree-alter>0</degree-alter><degree-type>add</degree-type></degree>"
_FORTE = 90  # the velocity that `dynamics` counts in percent of


def musicxml_from_piece(piece: Piece) -> bytes:
    """MusicXML 4.0, the same bytes for the same piece. Raises `WriteFailed`."""
    return musicxml_from_score(score_of(piece))


def musicxml_from_score(score: Score, *, braces: bool = True, identities: bool = False) -> bytes:
    """The score as one MusicXML document in UTF-8; without `braces` two hands that are two parts stand under a bracket.

    With `identities` each head has one: `h7-2` is the second head of note 7.
    """
    return "".join(_Writer(score, braces, identities).lines()).encode()


def text(value: str) -> str:
    """The text without what XML cannot hold, escaped."""
    return escape(_NOT_XML.sub("", value))


def type_of(kind: int) -> str:
    """The name of a note value: 0 is a whole note, -2 a quarter."""
    return _TYPES[min(max(1 - kind, 0), len(_TYPES) - 1)]


class _Writer:
    def __init__(self, score: Score, braces: bool, identities: bool) -> None:
        self.score, self.braces, self.identities = score, braces, identities
        self.heads: Counter[int] = Counter()  # of each note, so far
        times = {bar.length for bar in score.bars} | {mark.at for mark in score.tempos} | {chord[0] for chord in score.chords}
        for part in score.parts:
            for staff in part.staves:
                times |= {event.length for voices in staff.voices for voice in voices for event in voice}
        times |= {abs(time) for shift in score.shifts for time in shift}
        self.unit = math.gcd(score.divisions, *times)
        self.voices = max([4, *(len(voices) for part in score.parts for staff in part.staves for voices in staff.voices)])

        # octaves of MusicXML begin at C0: parts that go lower are written an octave higher than they sound
        self.raised = {f"P{number + 1}" for number, part in enumerate(score.parts) if not part.is_drum and _lowest(part) < 0}

    def lines(self) -> list[str]:
        out = [_HEAD, *self._page()]
        for number, part in enumerate(self.score.parts):
            out.append(f'<part id="P{number + 1}">\n')
            for place, bar in enumerate(self.score.bars):
                self._measure(out, part, number, place, bar)
            out.append("</part>\n")
        out.append("</score-partwise>\n")
        return out

    def _page(self) -> list[str]:
        """Title page and list of parts."""
        about = self.score.about
        out = [f"<work><work-title>{text(about.title)}</work-title></work>\n"] if about.title else []
        out.append("<identification>\n")
        if about.composer:
            out.append(f'<creator type="composer">{text(about.composer)}</creator>\n')
        if about.licence:
            out.append(f"<rights>{text(about.licence)}</rights>\n")
        out.append("<encoding><software>Partimento</software></encoding>\n")
        if about.source:
            out.append(f"<source>{text(about.source)}</source>\n")
        tracks = " ".join(str(part.track) for part in self.score.parts for _ in part.staves)
        fields = {"genre": about.genre, "made": about.made, "partimento-tracks": tracks}
        rows = [
            f'<miscellaneous-field name="{name}">{text(value)}</miscellaneous-field>' for name, value in fields.items() if value
        ]
        out += [f"<miscellaneous>{''.join(rows)}</miscellaneous>\n", "</identification>\n"]
        for words, kind, place, size in ((about.title, "title", "center", 22), (about.composer, "composer", "right", 11)):
            if words:
                style = f'justify="{place}" halign="{place}" valign="top" font-size="{size}"'
                out.append(f'<credit page="1"><credit-type>{kind}</credit-type>')
                out.append(f"<credit-words {style}>{text(words)}</credit-words></credit>\n")
        out.append("<part-list>\n")
        numbered = list(enumerate(self.score.parts))
        for family, run in groupby(numbered, key=lambda row: row[1].family or str(row[0])):
            self._group(out, family, list(run))
        out.append("</part-list>\n")
        return out

    def _group(self, out: list[str], family: str, run: list[tuple[int, Part]]) -> None:
        """Parts, under a bracket where they are several of a family, or under a brace where they are two hands."""
        hands = self.braces and family.startswith("keyboard") and len(run) == 2 and all(len(part.staves) == 1 for _, part in run)
        one_name = hands and run[0][1].name == run[1][1].name
        if len(run) > 1:
            name = f"<group-name>{text(run[0][1].name)}</group-name>" if one_name else ""
            symbol = f"<group-symbol>{'brace' if hands else 'bracket'}</group-symbol><group-barline>yes</group-barline>"
            out.append(f'<part-group type="start" number="1">{name}{symbol}</part-group>\n')
        silent = ' print-object="no"' if one_name or len(self.score.parts) == 1 else ""
        for number, part in run:
            identity = f"P{number + 1}"
            out.append(f'<score-part id="{identity}"><part-name{silent}>{text(part.name)}</part-name>')
            if part.short_name and not silent:
                out.append(f"<part-abbreviation>{text(part.short_name)}</part-abbreviation>")
            out += _instruments(identity, part)
            out.append("</score-part>\n")
        if len(run) > 1:
            out.append('<part-group type="stop" number="1"/>\n')

    def _measure(self, out: list[str], part: Part, number: int, place: int, bar: Bar) -> None:
        implicit = ' implicit="yes"' if bar.partial else ""
        out.append(f'<measure number="{bar.number}"{implicit}>\n')
        self._attributes(out, part, place, bar, f"P{number + 1}" in self.raised)
        if number == 0:
            self._marks(out, bar)
        first = True
        for staff_number, staff in enumerate(part.staves):
            for voice_number, voice in enumerate(staff.voices[place]):
                if not first:
                    out.append(f"<backup><duration>{bar.length // self.unit}</duration></backup>\n")
                first = False
                tail = f"<voice>{staff_number * self.voices + voice_number + 1}</voice>"
                staff_tag = f"<staff>{staff_number + 1}</staff>" if len(part.staves) > 1 else ""
                self._voice(out, voice, tail, staff_tag, part.is_drum, f"P{number + 1}")
        if place == len(self.score.bars) - 1:
            out.append('<barline location="right"><bar-style>light-heavy</bar-style></barline>\n')
        out.append("</measure>\n")

    def _attributes(self, out: list[str], part: Part, place: int, bar: Bar, raised: bool) -> None:
        rows = []
        if place == 0:
            rows.append(f"<divisions>{self.score.divisions // self.unit}</divisions>")
        if bar.new_key:
            fifths, minor = bar.key
            shown = 0 if part.is_drum else fifths
            rows.append(f"<key><fifths>{shown}</fifths><mode>{'minor' if minor else 'major'}</mode></key>")
        if bar.shown_meter:
            rows.append(_time(bar.shown_meter))
        if place == 0 and len(part.staves) > 1:
            rows.append(f"<staves>{len(part.staves)}</staves>")
        for number, staff in enumerate(part.staves):
            if place == 0 or staff.clefs[place] != staff.clefs[place - 1]:
                rows.append(_clef(staff.clefs[place], number if len(part.staves) > 1 else None))
        if place == 0 and raised:
            rows.append("<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>")
        if rows:
            out.append(f"<attributes>{''.join(rows)}</attributes>\n")

    def _marks(self, out: list[str], bar: Bar) -> None:
        """Tempos and chord symbols of a bar, each with its distance from the bar line."""
        for mark in self.score.tempos:
            if bar.start <= mark.at < bar.start + bar.length:
                out.append(_tempo(mark, (mark.at - bar.start) // self.unit))
        for start, root, quality, bass in self.score.chords:
            if bar.start <= start < bar.start + bar.length:
                out.append(_harmony(root, quality, bass, bar.key[0], (start - bar.start) // self.unit))

    def _voice(self, out: list[str], voice: list[Event], tail: str, staff: str, drums: bool, identity: str) -> None:
        for place, event in enumerate(voice):
            duration = event.length // self.unit
            if event.whole_bar:
                out.append(f'<note><rest measure="yes"/><duration>{duration}</duration>{tail}{staff}</note>\n')
                continue
            middle = tail + f"<type>{type_of(event.kind)}</type>" + "<dot/>" * event.dots
            tuplet = event.tuplet
            brackets = ""
            if tuplet is not None:
                middle += _modification(tuplet)
                if place == 0 or voice[place - 1].tuplet is not tuplet:
                    brackets += f'<tuplet type="start" bracket="{"yes" if _needs_bracket(voice, tuplet) else "no"}"/>'
                if place == len(voice) - 1 or voice[place + 1].tuplet is not tuplet:
                    brackets += '<tuplet type="stop"/>'
            beams = "".join(f'<beam number="{level + 1}">{mark}</beam>' for level, mark in enumerate(event.beams))
            if not event.heads:
                notations = f"<notations>{brackets}</notations>" if brackets else ""
                hidden = ' print-object="no"' if event.hidden else ""
                out.append(f"<note{hidden}><rest/><duration>{duration}</duration>{middle}{staff}{notations}</note>\n")
            for number, head in enumerate(event.heads):
                self._head(out, head, number, duration, middle, staff, brackets, beams, drums, identity)

    def _head(
        self, out: list[str], head: Head, number: int, duration: int, middle: str, staff: str, brackets: str, beams: str,
        drums: bool, identity: str,
    ) -> None:  # fmt: skip
        """One note of a chord."""
        self.heads[head.note] += 1
        attributes = f' id="h{head.note}-{self.heads[head.note]}"' if self.identities else ""
        early, late = self.score.shifts[head.note] if self.score.shifts else (0, 0)
        if not head.tied_before:
            attributes += f' dynamics="{self.score.velocity[head.note] * 100 / _FORTE:.2f}"'
            attributes += f' attack="{early // self.unit}"' if early else ""
        if not head.tied_after and late:
            attributes += f' release="{late // self.unit}"'
        chord = "<chord/>" if number else ""
        name = head.spelled
        if drums:
            step, octave, shape = place_of(name.pitch)
            pitch = f"<unpitched><display-step>{_STEPS[step]}</display-step><display-octave>{octave}</display-octave></unpitched>"
            instrument = f'<instrument id="{identity}-I{name.pitch}"/>'
            notehead = f"<stem>{'down' if name.pitch in FEET else 'up'}</stem>" + (f"<notehead>{shape}</notehead>" if shape else "")
        else:
            alter = f"<alter>{name.alter}</alter>" if name.alter else ""
            octave = name.octave + (identity in self.raised)
            pitch = f"<pitch><step>{_STEPS[name.step]}</step>{alter}<octave>{octave}</octave></pitch>"
            instrument = notehead = ""
        ties = tied = ""
        if head.tied_before:
            ties, tied = '<tie type="stop"/>', '<tied type="stop"/>'
        if head.tied_after:
            ties, tied = ties + '<tie type="start"/>', tied + '<tied type="start"/>'
        if number:
            brackets = beams = ""
        notations = f"<notations>{tied}{brackets}</notations>" if tied or brackets else ""
        out.append(
            f"<note{attributes}>{chord}{pitch}<duration>{duration}</duration>{ties}{instrument}{middle}{notehead}{staff}{beams}{notations}</note>\n"
        )


def _heads(part: Part) -> Iterator[Head]:
    return (h for staff in part.staves for voices in staff.voices for voice in voices for event in voice for h in event.heads)


def _lowest(part: Part) -> int:
    """The lowest octave that a part is spelled in."""
    return min((head.spelled.octave for head in _heads(part)), default=0)


def _instruments(identity: str, part: Part) -> list[str]:
    if not part.is_drum:
        return [
            f'<score-instrument id="{identity}-I1"><instrument-name>{text(part.name)}</instrument-name></score-instrument>',
            f'<midi-instrument id="{identity}-I1"><midi-program>{part.program + 1}</midi-program></midi-instrument>',
        ]
    pitches = sorted({head.spelled.pitch for head in _heads(part)}) or [38]
    names = [
        f'<score-instrument id="{identity}-I{p}"><instrument-name>Drum {p}</instrument-name></score-instrument>' for p in pitches
    ]
    return names + [
        f'<midi-instrument id="{identity}-I{p}"><midi-channel>10</midi-channel><midi-program>{part.program + 1}</midi-program>'
        f"<midi-unpitched>{p + 1}</midi-unpitched></midi-instrument>"
        for p in pitches
    ]


def _time(meter: tuple[int, int]) -> str:
    return f"<time><beats>{meter[0]}</beats><beat-type>{meter[1]}</beat-type></time>"


def _clef(clef: Clef, number: int | None) -> str:
    where = "" if number is None else f' number="{number + 1}"'
    line = "" if clef[0] == "percussion" else f"<line>{clef[1]}</line>"
    octaves = f"<clef-octave-change>{clef[2]}</clef-octave-change>" if clef[2] else ""
    return f"<clef{where}><sign>{clef[0]}</sign>{line}{octaves}</clef>"


def _tempo(mark: Mark, offset: int) -> str:
    where = f'<offset sound="yes">{offset}</offset>' if offset else ""
    sound = f'<sound tempo="{mark.qpm!r}"'
    if not mark.shown:
        return f"{sound}>{where}</sound>\n" if where else f"{sound}/>\n"
    kind, dots = mark.beat
    beats = mark.qpm / (2.0 ** (kind + 2) * (2 - 0.5**dots))
    beat = f"<beat-unit>{type_of(kind)}</beat-unit>" + "<beat-unit-dot/>" * dots
    metronome = f"<metronome>{beat}<per-minute>{beats:.0f}</per-minute></metronome>"
    return f'<direction placement="above"><direction-type>{metronome}</direction-type>{where}{sound}/></direction>\n'


def _harmony(root: int, quality: int, bass: int, fifths: int, offset: int) -> str:
    """A chord symbol, its root and bass spelled in the key."""
    where = f"<offset>{offset}</offset>" if offset else ""
    if root < 0:
        return f'<harmony><root><root-step text="">C</root-step></root><kind text="N.C.">none</kind>{where}</harmony>\n'
    inverted = f"<bass>{_named('bass', bass, fifths)}</bass>" if bass != root else ""
    kind = f"<kind text={quoteattr(CHORD_SYMBOLS[quality])}>{_KINDS[quality]}</kind>"
    seventh = _SEVENTH if CHORD_SYMBOLS[quality] == "7sus4" else ""  # of which MusicXML has no kind
    return f"<harmony><root>{_named('root', root, fifths)}</root>{kind}{inverted}{seventh}{where}</harmony>\n"


def _named(what: str, pitch_class: int, fifths: int) -> str:
    step, alter = name_in_key(pitch_class, fifths)
    sign = f"<{what}-alter>{alter}</{what}-alter>" if alter else ""
    return f"<{what}-step>{_STEPS[step]}</{what}-step>{sign}"


def _modification(tuplet: Tuplet) -> str:
    ratio = f"<actual-notes>{tuplet.actual}</actual-notes><normal-notes>{tuplet.normal}</normal-notes>"
    return f"<time-modification>{ratio}<normal-type>{type_of(tuplet.unit)}</normal-type></time-modification>"


def _needs_bracket(voice: list[Event], tuplet: Tuplet) -> bool:
    """A beam over the whole tuplet says enough."""
    members = [event for event in voice if event.tuplet is tuplet]
    return not (members[0].beams[:1] == ("begin",) and members[-1].beams[:1] == ("end",) and all(e.beams for e in members))
