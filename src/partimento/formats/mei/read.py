"""How MEI becomes a `NotatedScore`: staves, measures, layers and control events (MEI guidelines 5.0, CMN module).

Staves that a brace binds under one name are one track. Of editorial alternatives the first is read; grace notes and cues are
counted and left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.errors import UnreadableFile
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.notated import DYNAMICS, Bar, NotatedScore, Note, Place, bar_length, finished
from partimento.formats.repeats import complete, read_words
from partimento.formats.safe_xml import Element, tree_of, whole
from partimento.piece import Piece, Track

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SEMITONES = {"s": 1, "f": -1, "ss": 2, "x": 2, "ff": -2, "xs": 3, "sx": 3, "ts": 3, "tf": -3, "n": 0, "nf": -1, "ns": 1}
_SIGNS = "fcgdaeb"  # in the order of sharps
_LONG = {"maxima": Fraction(32), "long": Fraction(16), "breve": Fraction(8)}
_PASSED = {
    "beam",
    "add",
    "supplied",
    "corr",
    "unclear",
    "sic",
    "orig",
    "reg",
    "rdg",
    "lem",
    "damage",
    "restore",
    "expan",
    "ref",
    "subst",
}
_ID = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass
class _Staff:
    """What holds on one staff from one measure to the next."""

    track: int
    transpose: int = 0
    fifths: int = 0
    drums: bool = False
    beat: str = "4"  # the duration of notes that state none


@dataclass
class _Reading:
    """What holds for the whole score while it is read."""

    score: NotatedScore
    ties_out: set[str]
    ties_in: set[str]
    spans: dict[str, tuple[str, Fraction]]  # tuplets by the identifier of their first event
    spelled_out: bool  # whether notes say how their accidentals sound; the key signature counts otherwise
    staves: dict[str, _Staff] = field(default_factory=dict)
    places: dict[str, Fraction] = field(default_factory=dict)  # of events with an identifier
    meter: tuple[int, int] = (4, 4)
    bar: Bar = field(default_factory=lambda: Bar(Fraction(0), Fraction(0)))
    repeat_next: bool = False  # the bar line before the next bar begins a repeat


def piece_from_mei(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in MEI. Raises `UnreadableFile`."""
    root = tree_of(data)
    if root.tag != "mei":
        raise UnreadableFile("not a score", f"XML with the root {root.tag[:40]!r}, which is not MEI")
    return finished(score_of(root), source, limits, repeats)


def score_of(root: Element) -> NotatedScore:
    """The score of an mei element."""
    score = NotatedScore()
    for title in root.iterfind("meiHead//titleStmt/title"):
        score.title = score.title or _words(title)
    for tag in ("composer", "persName[@role='composer']", "creator"):
        score.composer = score.composer or next((_words(one) for one in root.iterfind(f"meiHead//{tag}")), "")
    out, into = ({(tie.get(end) or "").lstrip("#") for tie in root.iter("tie")} - {""} for end in ("startid", "endid"))
    spans = {
        (span.get("startid") or "").lstrip("#"): ((span.get("endid") or "").lstrip("#"), _ratio(span))
        for span in root.iter("tupletSpan")
    }
    spelled = any(element.get("accid.ges") for tag in ("note", "accid") for element in root.iter(tag))
    reading = _Reading(score, out, into, spans, spelled)
    for one in root.iterfind("music//score"):
        _read_section(one, reading, ())
    complete([bar.marks for bar in score.bars])
    return score


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _ratio(tuplet: Element) -> Fraction:
    return Fraction(max(1, whole(tuplet.get("numbase"), 2)), max(1, whole(tuplet.get("num"), 3)))


def _read_section(parent: Element, reading: _Reading, endings: tuple[int, ...]) -> None:
    for element in _chosen(parent):
        if element.tag == "measure":
            _read_measure(element, reading, endings)
        elif element.tag == "ending":
            numbers = tuple(int(number) for number in re.findall(r"\d{1,2}", element.get("n", "")) if int(number))
            _read_section(element, reading, numbers)
            if numbers and reading.score.bars:
                reading.bar.marks.ending_stops = True
        elif element.tag in ("scoreDef", "staffDef"):
            _read_definition(element, reading)
        elif element.tag in ("section", "pb", "sb"):
            _read_section(element, reading, endings)


def _chosen(parent: Element) -> Iterable[Element]:
    """The children, with editorial marks passed through and the first of alternatives taken."""
    for element in parent:
        if element.tag in ("app", "choice", "subst"):
            inner = next(
                (one for one in element if one.tag in ("lem", "reg", "corr", "expan", "add")), element[0] if len(element) else None
            )
            if inner is not None:
                yield from _chosen(inner)
        elif element.tag in _PASSED:
            yield from _chosen(element)
        else:
            yield element


def _read_definition(element: Element, reading: _Reading) -> None:
    """Meter and key of all or of one staff; at the first time the staves and tracks themselves."""
    place = reading.bar.stop
    for group in element.findall("staffGrp"):
        _read_group(group, reading)
    if element.tag == "scoreDef":
        _read_signatures(element, list(reading.staves.values()), reading, place)
    for staff in element.iter("staffDef"):
        known = reading.staves.get(staff.get("n", ""))
        _read_signatures(staff, [known] if known else [], reading, place)


def _read_group(group: Element, reading: _Reading) -> None:
    staves = group.findall("staffDef")
    symbol = group.get("symbol") or next((one.get("symbol") for one in group.findall("grpSym")), None)
    named = [staff for staff in staves if _name(staff)]
    shared = symbol == "brace" and len(staves) > 1 and len({_name(staff) for staff in named}) <= 1
    for number, staff in enumerate(staves):
        if staff.get("n", "") in reading.staves:
            continue
        if not shared or not number:
            parent = group if shared else staff
            reading.score.tracks.append(
                _track(parent, _name(parent) or _name(staff) or (_name(named[0]) if shared and named else ""))
            )
        reading.staves[staff.get("n", "")] = _Staff(len(reading.score.tracks) - 1, whole(staff.get("trans.semi")))
    for inner in group.findall("staffGrp"):
        _read_group(inner, reading)


def _name(element: Element) -> str:
    label = element.find("label")
    return _words(label) if label is not None else element.get("label", "")


def _track(element: Element, name: str) -> Track:
    instrument = element.find("instrDef")
    if instrument is None:
        instrument = element.find("staffDef/instrDef")
    if instrument is None:
        return Track(name=name)
    program = whole(instrument.get("midi.instrnum"))
    return Track(program if 0 <= program <= 127 else 0, instrument.get("midi.channel") == "9", name)


def _read_signatures(element: Element, staves: list[_Staff], reading: _Reading, place: Place) -> None:
    meter = element.find("meterSig")
    count, unit = (
        (meter.get("count"), meter.get("unit")) if meter is not None else (element.get("meter.count"), element.get("meter.unit"))
    )
    if count and unit:
        reading.score.state_meter(place, sum(map(whole, count.split("+"))), whole(unit))
        reading.meter = reading.score.meters.get(place, reading.meter)
    key = element.find("keySig")
    sign = key.get("sig") if key is not None else element.get("key.sig", element.get("keysig"))
    mode = (key.get("mode") if key is not None else element.get("key.mode")) or ""
    match = re.fullmatch(r"(\d)([sf]?)", sign or "")
    clef = element.find("clef")
    shape = clef.get("shape") if clef is not None else element.get("clef.shape")
    for staff in staves:
        staff.transpose = whole(element.get("trans.semi"), staff.transpose)
        staff.beat = element.get("dur.default", staff.beat)
        if shape:
            staff.drums = shape == "perc"
        if match:
            staff.fifths = int(match[1]) * (-1 if match[2] == "f" else 1)
            sounding = staff.fifths + (7 * staff.transpose + 5) % 12 - 5
            if not staff.drums:
                reading.score.state_key(place, sounding - 12 * (sounding > 7) + 12 * (sounding < -7), mode == "minor")


def _read_measure(measure: Element, reading: _Reading, endings: tuple[int, ...]) -> None:
    score = reading.score
    start = reading.bar.stop
    reading.bar = bar = Bar(start, start)
    bar.marks.endings = endings
    left, right = measure.get("left", ""), measure.get("right", "")
    if score.bars and left in ("rptend", "rptboth"):
        score.bars[-1].marks.repeat_to = 2
    bar.marks.repeat_from = left in ("rptstart", "rptboth") or reading.repeat_next
    bar.marks.repeat_to = 2 if right in ("rptend", "rptboth") else 0
    reading.repeat_next = right in ("rptboth", "rptstart")
    score.bars.append(bar)
    content, empty = Fraction(0), True
    for staff in _chosen(measure):
        known = reading.staves.get(staff.get("n", ""))
        if staff.tag != "staff" or known is None:
            continue
        for layer in _chosen(staff):
            if layer.tag == "layer":
                layer_reader = _Layer(reading, known)
                content = max(content, layer_reader.read(layer, Fraction(0), Fraction(1)))
                empty = empty and not layer_reader.timed
    bar.stop = start + (bar_length(content, reading.meter) if not empty else bar_length(Fraction(0), reading.meter))
    for element in measure:
        _read_event(element, reading)


class _Layer:
    """Reads the events of one voice in one bar; accidentals of a bar are its own."""

    def __init__(self, reading: _Reading, staff: _Staff) -> None:
        self.reading, self.staff = reading, staff
        self.timed = False  # whether anything but a rest of a whole bar is in it
        self.span: tuple[str, Fraction] | None = None
        self.accidentals: dict[tuple[str, str], int] = {}

    def read(self, parent: Element, at: Fraction, scale: Fraction) -> Fraction:
        """Adds the notes under `parent`, from `at` quarters after the bar line on; returns where they end."""
        score = self.reading.score
        for element in _chosen(parent):
            tag = element.tag
            if tag in ("note", "chord", "rest", "space"):
                if tag in ("note", "chord") and element.get("grace"):
                    score.repairs["grace notes left out"] += 1 if tag == "note" else len(element.findall("note"))
                    continue
                identifier = element.get(_ID, "")
                self.span = self.span or self.reading.spans.get(identifier)
                length = self._length(element) * scale * (self.span[1] if self.span else 1)
                if self.span and self.span[0] == identifier:
                    self.span = None
                start = self.reading.bar.start + at
                self.reading.places[identifier] = start
                self.timed = True
                if tag == "note":
                    self._note(element, element, start, start + length)
                elif tag == "chord":
                    for note in element.iter("note"):
                        self._note(note, element, start, start + length)
                at += length
            elif tag == "tuplet":
                at = self.read(element, at, scale * _ratio(element))
            elif tag == "fTrem":
                at = self.read(element, at, scale / 2)
            elif tag in ("bTrem", "section"):
                at = self.read(element, at, scale)
            elif tag == "graceGrp":
                score.repairs["grace notes left out"] += sum(1 for _ in element.iter("note"))
            elif tag in ("mRpt", "mRpt2", "multiRpt", "halfmRpt", "beatRpt"):
                score.repairs["signs for a repeated bar left out"] += 1
        return at

    def _length(self, element: Element) -> Fraction:
        text = element.get("dur") or (
            next((one.get("dur") for one in element.iter("note") if one.get("dur")), None) or self.staff.beat
        )
        length = _LONG.get(text) or Fraction(4, max(1, whole(text, 4)))
        dots = min(4, whole(element.get("dots"), len(element.findall("dot"))))
        return length * (2 - Fraction(1, 2**dots))

    def _note(self, note: Element, event: Element, start: Fraction, end: Fraction) -> None:
        reading, score = self.reading, self.reading.score
        if "true" in (note.get("cue"), event.get("cue")):
            score.repairs["cue notes left out"] += 1
            return
        if self.staff.drums:
            track = score.tracks[self.staff.track]
            score.tracks[self.staff.track] = Track(track.program, True, track.name)
        reading.places.setdefault(note.get(_ID, ""), start)
        names = {note.get(_ID, ""), event.get(_ID, "")} - {""}
        tie = note.get("tie", event.get("tie", ""))
        before = "t" in tie or "m" in tie or not names.isdisjoint(reading.ties_in)
        after = "i" in tie or "m" in tie or not names.isdisjoint(reading.ties_out)
        score.notes.append(Note(start, end, self._pitch(note), self.staff.track, before, after))

    def _pitch(self, note: Element) -> int:
        if note.get("pnum"):
            return whole(note.get("pnum"))
        name, octave = note.get("pname.ges", note.get("pname", "")), note.get("oct.ges", note.get("oct", ""))
        if name not in _STEPS:  # a place on the staff, as drums have it; the lowest line is E4
            steps = 30 + whole(note.get("loc"))
            return 12 * (steps // 7 + 1) + list(_STEPS.values())[steps % 7]
        written = [sign for one in [note, *note.iter("accid")] if (sign := one.get("accid.ges") or one.get("accid"))]
        if written:
            alter = self.accidentals[name, octave] = _SEMITONES.get(written[0], 0)
        elif self.reading.spelled_out:
            alter = 0
        else:
            alter = self.accidentals.get((name, octave), _signature(self.staff.fifths, name))
        return 12 * (whole(octave, 4) + 1) + _STEPS[name] + alter + self.staff.transpose


def _signature(fifths: int, name: str) -> int:
    at = _SIGNS.index(name)
    return 1 if at < fifths else -1 if 6 - at < -fifths else 0


def _read_event(element: Element, reading: _Reading) -> None:
    """Tempo, dynamics, chord symbols and jumps, which stand in a measure beside its staves."""
    score, bar = reading.score, reading.bar
    if element.tag not in ("tempo", "dynam", "harm", "repeatMark", "dir"):
        return
    place: Place | None = reading.places.get((element.get("startid") or "none").lstrip("#"))
    if place is None:
        try:
            beat = Fraction(element.get("tstamp", "1")) - 1
        except (ValueError, ZeroDivisionError):
            beat = Fraction(0)
        place = bar.start + max(Fraction(0), min(beat * 4 / reading.meter[1], bar.stop - bar.start))
    words = _words(element)
    if element.tag == "tempo":
        unit = Fraction(4, max(1, whole(element.get("mm.unit"), 4))) * (2 - Fraction(1, 2 ** min(4, whole(element.get("mm.dots")))))
        try:
            quarters = float(element.get("midi.bpm") or 0) or float(element.get("mm") or 0) * float(unit)
        except ValueError:
            quarters = 0.0
        score.state_tempo(place, quarters)
        score.say_tempo(place, words)
    elif element.tag == "dynam" and words in DYNAMICS:
        staff = reading.staves.get(element.get("staff", "1").split()[0] if element.get("staff") else "1")
        if staff is not None:
            score.dynamics.setdefault(staff.track, {})[place] = DYNAMICS[words]
    elif element.tag == "harm" and words:
        score.chords.setdefault(place, words)
    elif element.tag == "dir":
        read_words(bar.marks, words)
    elif element.tag == "repeatMark":
        name = {"daCapo": "da_capo", "dalSegno": "dal_segno", "segno": "segno", "coda": "coda", "fine": "fine"}.get(
            element.get("func", "")
        )
        if name:
            setattr(bar.marks, name, True)
