"""What MEI scoreDef, staffDef and instrDef set: staves, tracks, meters, keys, tempos."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.formats.mei.durations import Span
from partimento.formats.mei.pitches import Spelled, key_signature
from partimento.formats.notated import Bar, NotatedScore, Note, Place
from partimento.formats.safe_xml import Element, number, whole
from partimento.instruments import NAMES
from partimento.piece import Track

_SYMBOLS = {"common": (4, 4), "cut": (2, 2)}
_PROGRAMS = {re.sub(r"\W", "", name.lower()): program for program, name in enumerate(NAMES)}


@dataclass(eq=False)
class Staff:
    """What holds on one staff from one measure to the next."""

    place: int  # among all staves of the score
    track: int
    transpose: int = 0
    signature: dict[str, float] = field(default_factory=dict)
    drums: bool = False
    beat: str = "4"  # the duration of notes that state none
    octave: str = "4"
    ppq: int = 0
    braced_below: Staff | None = None  # the staff under it in one brace: a mark between the two is for both
    tied: dict[Spelled, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """A note as it was read, for what is said of it from outside its layer."""

    note: Note
    staff: Staff
    layer: str
    spelled: Spelled
    says_accidental: bool
    says_octave: bool


@dataclass
class Reading:
    """What holds for the whole score while it is read."""

    score: NotatedScore
    ties_out: set[str]
    ties_in: set[str]
    spans: dict[str, list[Span]]
    spelled_out: bool  # whether notes say how their accidentals sound; the key signature counts otherwise
    ppq: int = 0  # of staves that state none
    drum_channel: str = "10"
    staves: dict[str, Staff] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)  # of events with an identifier
    heads: list[Head] = field(default_factory=list)
    head_of: dict[str, Note] = field(default_factory=dict)
    spanning: list[tuple[Element, int, tuple[int, int]]] = field(default_factory=list)  # with the bar and meter they stand in
    bars_of_layers: dict[tuple[str, str], list[tuple[Place, list[Note]]]] = field(default_factory=dict)  # starts and notes
    copied: list[tuple[Note, Note]] = field(default_factory=list)  # by signs that repeat a bar, each with what it repeats
    repeating: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # [bars back, bars to come] of signs for several bars
    meter: tuple[int, int] = (4, 4)
    bar: Bar = field(default_factory=lambda: Bar(Fraction(0), Fraction(0)))
    staff_count: int = 0
    repeat_next: bool = False  # the bar line before the next bar begins a repeat


def words_in(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def read_definition(element: Element, reading: Reading, place: Place) -> None:
    """Meter, key and tempo of all or of one staff; at the first time the staves and tracks themselves."""
    for group in element.findall("staffGrp"):
        _read_group(group, reading)
    if element.tag == "scoreDef":
        _read_signatures(element, reading.staves.values(), reading, place)
        reading.score.state_tempo(place, tempo_of(element))
    for staff in element.iter("staffDef"):
        known = reading.staves.get(staff.get("n", ""))
        _read_signatures(staff, [known] if known else [], reading, place)


def tempo_of(element: Element) -> float:
    """Quarters a minute as `midi.bpm`, `midi.mspb` (microseconds) or `mm` with its unit say; 0 where none does."""
    unit = Fraction(4, max(1, whole(element.get("mm.unit"), 4))) * (2 - Fraction(1, 2 ** min(4, whole(element.get("mm.dots")))))
    rate = re.search(r"\d+(\.\d+)?", element.get("mm", ""))  # such as "120-132"
    microseconds = number(element.get("midi.mspb"))
    said = number(element.get("midi.bpm")) or number(element.get("midi.tempo")) or (6e7 / microseconds if microseconds else 0)
    return said or (float(rate[0]) * float(unit) if rate else 0.0)


def _read_group(group: Element, reading: Reading) -> None:
    staves = group.findall("staffDef")
    symbol = group.get("symbol") or next((one.get("symbol") for one in group.findall("grpSym")), None)
    named = [staff for staff in staves if _name(staff)]
    shared = symbol == "brace" and len(staves) > 1 and len({_name(staff) for staff in named}) <= 1
    above: Staff | None = None
    for element in group:
        if element.tag == "staffGrp":
            _read_group(element, reading)
        if element.tag != "staffDef" or element.get("n", "") in reading.staves:
            continue
        if not shared or above is None:
            parent = group if shared else element
            name = _name(parent) or _name(element) or (_name(named[0]) if shared and named else "")
            reading.score.tracks.append(_track(parent, name, reading.drum_channel))
        staff = Staff(reading.staff_count, len(reading.score.tracks) - 1, whole(element.get("trans.semi")), ppq=reading.ppq)
        reading.staves[element.get("n", "")] = staff
        reading.staff_count += 1
        if symbol == "brace" and above is not None:
            above.braced_below = staff
        above = staff


def _name(element: Element) -> str:
    label = element.find("label")
    return words_in(label) if label is not None else element.get("label", "")


def _track(element: Element, name: str, drum_channel: str) -> Track:
    instrument = element.find("instrDef")
    if instrument is None:
        instrument = element.find("staffDef/instrDef")
    if instrument is None:
        return Track(name=name)
    said = re.sub(r"\W|_", "", instrument.get("midi.instrname", "").lower())
    program = whole(instrument.get("midi.instrnum"), _PROGRAMS.get(said, 0))
    return Track(program if 0 <= program <= 127 else 0, instrument.get("midi.channel") == drum_channel, name)


def _read_signatures(element: Element, staves: Iterable[Staff], reading: Reading, place: Place) -> None:
    read_meter(element, reading, place)
    clef = element.find("clef")
    shape = clef.get("shape") if clef is not None else element.get("clef.shape")
    for staff in staves:
        staff.transpose = whole(element.get("trans.semi"), staff.transpose)
        staff.beat = element.get("dur.default", staff.beat)
        staff.octave = element.get("oct.default", staff.octave)
        staff.ppq = whole(element.get("ppq"), staff.ppq)
        if shape:
            staff.drums = shape == "perc"
        key = element.find("keySig")
        read_key(key, element.get("key.sig", element.get("keysig")), element.get("key.mode", ""), staff, reading, place)


def read_key(key: Element | None, sign: str | None, mode: str, staff: Staff, reading: Reading, place: Place) -> None:
    """A key signature, of a definition or inside a layer."""
    if key is not None:
        sign, mode = key.get("sig", sign), key.get("mode", mode)
    found = key_signature(key, sign)
    if found is None:
        return
    staff.signature, fifths = found
    if fifths is not None and not staff.drums:
        fifths += (7 * staff.transpose + 5) % 12 - 5
        reading.score.state_key(place, fifths - 12 * (fifths > 7) + 12 * (fifths < -7), mode == "minor")


def read_meter(element: Element, reading: Reading, place: Place) -> None:
    """The meter in a definition: of a group that is mixed the sum, of one that changes the first."""
    group = element if element.tag == "meterSigGrp" else element.find("meterSigGrp")
    meters = [element] if element.tag == "meterSig" else (group if group is not None else element).findall("meterSig")
    pairs = [_meter(one, "") for one in meters] or [_meter(element, "meter.")]
    known = [pair for pair in pairs if pair]
    if not known:
        return
    upper, lower = known[0]
    if group is not None and group.get("func") == "mixed":
        lower = max(pair[1] for pair in known)
        upper = sum(count * lower // unit for count, unit in known)
    reading.score.state_meter(place, upper, lower)
    reading.meter = reading.score.meters.get(place, reading.meter)


def _meter(element: Element, prefix: str) -> tuple[int, int] | None:
    count, unit = element.get(f"{prefix}count"), element.get(f"{prefix}unit")
    if count and unit:
        return sum(map(whole, re.split(r"\D+", count))), whole(unit)
    return _SYMBOLS.get(element.get(f"{prefix}sym", ""))
