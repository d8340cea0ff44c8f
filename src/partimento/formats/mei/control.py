"""MEI's control events, which stand in a measure beside its staves: tempo, dynamics, chords, jumps, octave lines, ties."""

from __future__ import annotations

import re
from fractions import Fraction

from partimento.formats.mei.definitions import Reading, Staff, tempo_of, words_in
from partimento.formats.mei.pointers import target
from partimento.formats.notated import DYNAMICS, Bar, Place
from partimento.formats.repeats import read_words
from partimento.formats.safe_xml import Element, number, whole

_JUMPS = {"daCapo": "da_capo", "dalSegno": "dal_segno", "segno": "segno", "coda": "coda", "fine": "fine"}


def read_event(element: Element, reading: Reading) -> None:
    """One of the events that need only what was read up to the end of their measure."""
    score, bar = reading.score, reading.bar
    if element.tag not in ("tempo", "dynam", "harm", "repeatMark", "dir"):
        return
    place = reading.places.get(target(element.get("startid")))
    if place is None:
        place = _at_stamp(element.get("tstamp"), bar, reading.meter)
    words = words_in(element)
    if element.tag == "tempo":
        score.state_tempo(place, tempo_of(element))
        score.say_tempo(place, words)
    elif element.tag == "dynam":
        velocity = min(whole(element.get("val")), 127) or DYNAMICS.get(words, 0)
        for staff in _loud_staves(element, reading) if velocity > 0 else ():
            score.dynamics.setdefault(staff.place, {})[place] = velocity
    elif element.tag == "harm" and words:
        score.chords.setdefault(place, words)
    elif element.tag == "dir":
        read_words(bar.marks, words)
    elif element.tag == "repeatMark":
        name = _JUMPS.get(element.get("func", ""))
        if name:
            setattr(bar.marks, name, True)
        read_words(bar.marks, words)


def _at_stamp(stamp: str | None, bar: Bar, meter: tuple[int, int]) -> Place:
    """The place of a time stamp in a bar: 1 is its first beat."""
    beat = Fraction(number(stamp or "1")).limit_denominator(5040) - 1
    return bar.start + max(Fraction(0), min(beat * 4 / meter[1], Fraction(bar.stop - bar.start)))


def _loud_staves(element: Element, reading: Reading) -> list[Staff]:
    """The staves of a dynamic mark; both where it stands between the two of a brace."""
    names = (element.get("staff") or "1").split()
    staves = [staff for name in names if (staff := reading.staves.get(name))]
    below = [staff.braced_below for staff in staves if staff.braced_below and element.get("place") in ("below", "between")]
    if element.get("place") == "above":
        below = [one for one in reading.staves.values() if one.braced_below in staves]
    return staves + [staff for staff in below if staff not in staves]


def read_spans(reading: Reading) -> None:
    """The octave lines, and the ties by time stamps, of the staves that were read; then what repeats their notes."""
    for element, bar, meter in reading.spanning:
        _read_span(element, reading, bar, meter)
    for copy, original in reading.copied:
        copy.pitch = original.pitch
    reading.spanning, reading.copied = [], []


def _read_span(element: Element, reading: Reading, bar: int, meter: tuple[int, int]) -> None:
    staves = [staff for name in (element.get("staff") or "1").split() if (staff := reading.staves.get(name))]
    start = reading.places.get(target(element.get("startid")))
    end = reading.places.get(target(element.get("endid")))
    bars = reading.score.bars
    if start is None and element.get("tstamp"):
        start = _at_stamp(element.get("tstamp"), bars[bar], meter)
    later = re.fullmatch(r"(?:(\d+)m\s*\+\s*)?(\d+(?:\.\d+)?)", element.get("tstamp2", "").strip())
    if end is None and later:
        end = _at_stamp(later[2], bars[min(bar + whole(later[1]), len(bars) - 1)], meter)
    if start is None or (end is None and element.tag == "tie"):
        return
    if element.tag == "tie":
        _tie(reading, staves, start, end if end is not None else start)
    else:
        _move(element, reading, staves, start, start if end is None else end)


def _tie(reading: Reading, staves: list[Staff], start: Place, end: Place) -> None:
    first = {head.spelled: head for head in reading.heads if head.staff in staves and head.note.onset == start}
    for head in reading.heads:
        before = first.get(head.spelled)
        if before is not None and head.staff in staves and head.note.onset == end:
            if not head.says_accidental and head.spelled[0]:
                head.note.pitch = before.note.pitch
            before.note.tied_after = head.note.tied_before = True


def _move(element: Element, reading: Reading, staves: list[Staff], start: Place, end: Place) -> None:
    """What stands under an octave line sounds an octave or more away, unless the notes say their octave themselves."""
    octaves = {8: 1, 15: 2, 22: 3}.get(whole(element.get("dis"), 8), 0) * (-1 if element.get("dis.place") == "below" else 1)
    layers = (element.get("layer") or "").split()
    for head in reading.heads:
        if (
            head.staff in staves
            and start <= head.note.onset <= end
            and not head.says_octave
            and head.layer in (layers or [head.layer])
        ):
            head.note.pitch += 12 * octaves
