"""What MusicXML directions, sounds and bar lines say: tempo, dynamics, jumps, repeats."""

from __future__ import annotations

import re
from collections.abc import Iterable

from partimento.formats.musicxml.parts import Part, change_program
from partimento.formats.notated import DYNAMICS, Bar
from partimento.formats.repeats import Marks, Sign, read_words
from partimento.formats.safe_xml import Element, number, whole

FORTE = 90  # the velocity that `dynamics` of notes and sounds is in percent of
_UNITS = {"maxima": 32.0, "long": 16.0, "breve": 8.0, "whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 0.5}
_OF_ONE_NOTE = {"sf", "sfz", "sfp", "sfpp", "sfzp", "sffz", "fz", "fp", "pf", "rf", "rfz"}  # whatever `sound` says beside them


def read_direction(element: Element, part: Part, bar: Bar, at: int) -> None:
    """A `direction`, or a `sound` that stands alone. An offset moves the sound only where it says so."""
    place = int(bar.start) + at
    offset = element.find("offset")
    if offset is not None and (part.offsets_sound or element.tag == "sound" or offset.get("sound") == "yes"):
        place = int(bar.start) + max(0, at + part.units(offset.text))
    loudness, tempo_said = 0.0, False
    for sound in [element] if element.tag == "sound" else element.findall("sound"):
        if qpm := number(sound.get("tempo")):
            part.state_tempo(place, qpm)
            tempo_said = True
        loudness = number(sound.get("dynamics")) or loudness
        _read_jumps(sound, bar.marks)
        change_program(sound, part, place)
    velocity = round(FORTE * loudness / 100)
    for kind in element.iterfind("direction-type/*"):
        if kind.tag == "metronome" and not tempo_said:
            _read_metronome(kind, part, place)
        elif kind.tag == "words":
            part.score.say_tempo(place, kind.text or "")
            read_words(bar.marks, kind.text or "")
        elif kind.tag in ("segno", "coda"):
            setattr(bar.marks, kind.tag, getattr(bar.marks, kind.tag) or True)
        elif kind.tag == "dynamics":
            for mark in kind:
                if mark.tag in _OF_ONE_NOTE or (mark.tag in DYNAMICS and not loudness):
                    velocity = DYNAMICS.get(mark.tag, 0)
    if velocity > 0:
        part.loudness.append((place, _staves(element, part), min(velocity, 127)))


def _staves(element: Element, part: Part) -> range | None:
    """The staves that a dynamic mark is for: one, both where it stands between two, all (None) where it names none."""
    staff = whole(element.findtext("staff"))
    if not staff:
        return None
    places = {element.get("placement"), *(one.get("placement") for one in element.iterfind("direction-type/dynamics"))}
    return range(staff - ("above" in places and staff > 1), staff + 1 + ("below" in places and staff < part.staves))


def read_dynamics(marks: Iterable[Element], staff: str, part: Part, place: int) -> None:
    """The dynamic marks in the `notations` of a note, which hold for its staff from there on."""
    for mark in marks:
        if mark.tag in DYNAMICS:
            one_staff = int(staff) if staff.isdecimal() else 1
            part.loudness.append((place, range(one_staff, one_staff + 1), DYNAMICS[mark.tag]))


def _read_jumps(sound: Element, marks: Marks) -> None:
    for attribute, mark in (("segno", "segno"), ("coda", "coda"), ("tocoda", "to_coda"), ("dalsegno", "dal_segno")):
        sign: Sign | None = sound.get(attribute)
        if sign is not None:
            setattr(marks, mark, sign or True)
    marks.fine |= sound.get("fine") is not None
    marks.da_capo |= sound.get("dacapo") == "yes"
    marks.repeat_from |= sound.get("forward-repeat") == "yes"


def _read_metronome(metronome: Element, part: Part, place: int) -> None:
    """A beat and how many a minute, or an equation of two beats: the new one lasts as long as the old one did."""
    sides, per_minute, dotted = [0.0], 0.0, 0.0
    for one in metronome:
        if one.tag == "beat-unit":
            if sides[-1]:
                sides.append(0.0)
            sides[-1] = dotted = _beat(one)
        elif one.tag == "beat-unit-dot":
            dotted /= 2
            sides[-1] += dotted
        elif one.tag == "beat-unit-tied":
            sides[-1] += _tied(one)
        elif one.tag == "metronome-relation":
            sides.append(0.0)
        elif one.tag == "metronome-note":
            sides[-1] += _metronome_note(one)
        elif one.tag == "per-minute":
            found = re.search(r"\d+(\.\d+)?", one.text or "")  # such as "ca. 120-132"
            per_minute = number(found[0]) if found else 0.0
    if per_minute and sides[0]:
        part.state_tempo(place, per_minute * sides[0])
    elif len(sides) == 2 and all(sides):
        part.score.state_tempo_ratio(place, sides[1] / sides[0])


def _beat(element: Element | None) -> float:
    """A note value in quarters: a name, or a number as in `16th`."""
    name = (element.text or "").strip() if element is not None else ""
    return _UNITS.get(name) or 4 / max(1, whole("".join(filter(str.isdigit, name)), 4))


def _tied(element: Element) -> float:
    return _beat(element.find("beat-unit")) * (2 - 0.5 ** len(element.findall("beat-unit-dot")))


def _metronome_note(element: Element) -> float:
    beat = _beat(element.find("metronome-type")) * (2 - 0.5 ** len(element.findall("metronome-dot")))
    actual, normal = (whole(element.findtext(f"metronome-tuplet/{name}-notes"), 1) for name in ("actual", "normal"))
    return beat * max(1, normal) / max(1, actual)


def read_barline(element: Element, before: Marks, after: Marks) -> None:
    """A bar line: what ends at it, and what begins."""
    repeat = element.find("repeat")
    if repeat is not None and repeat.get("direction") == "forward":
        after.repeat_from = True
    elif repeat is not None:
        before.repeat_to = max(2, whole(repeat.get("times"), 2))
    for sign in ("segno", "coda"):
        if element.find(sign) is not None:
            setattr(after, sign, getattr(after, sign) or element.get(sign) or True)
    ending = element.find("ending")
    if ending is not None:
        texts = (ending.get("number") or "").replace(".", ",").split(",")
        numbers = tuple(number for text in texts if 0 < (number := whole(text)) < 100)
        if ending.get("type") == "start" and numbers:
            after.endings = numbers
        before.ending_stops |= ending.get("type") in ("stop", "discontinue")
