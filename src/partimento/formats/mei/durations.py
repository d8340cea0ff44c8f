"""How long MEI events last: note values, dots, tuplets as elements, as spans and as ratios of notes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from partimento.formats.mei.pointers import ID, target, targets
from partimento.formats.safe_xml import Element, number, whole

_NAMED = {
    **{"maxima": Fraction(32), "long": Fraction(16), "longa": Fraction(16), "breve": Fraction(8), "brevis": Fraction(8)},
    **{"semibrevis": Fraction(4), "minima": Fraction(2), "semiminima": Fraction(1), "fusa": Fraction(1, 2)},
    **{"semifusa": Fraction(1, 4)},
}
_EVENTS = ("note", "chord", "rest", "space")


def ratio(element: Element) -> Fraction:
    """How much shorter the notes of a tuplet are than written. Without `numbase` they take the time of the usual number."""
    num = max(1, whole(element.get("num"), 3))
    usual = {2: 3, 4: 3}.get(num, 1 << max(0, (num - 1).bit_length() - 1))
    return Fraction(max(1, whole(element.get("numbase"), usual)), num)


def note_value(text: str | None, default: str) -> Fraction:
    """A `dur` in quarters."""
    name = text or default
    return _NAMED.get(name) or Fraction(4, max(1, whole(name, 4)))


def dots_of(element: Element) -> int:
    return min(4, whole(element.get("dots"), len(element.findall("dot"))))


def dotted(length: Fraction, dots: int) -> Fraction:
    return length * (2 - Fraction(1, 2**dots))


def note_length(note: Element, event: Element, default: str, ppq: int) -> Fraction:
    """The length of a note; in a chord, of its own or of the chord, whatever it states."""
    text = note.get("dur") or event.get("dur")
    if text is None and ppq and (ticks := number(note.get("dur.ppq") or event.get("dur.ppq"))):
        return Fraction(ticks) / ppq
    dots = dots_of(note) if note.get("dur") or dots_of(note) else dots_of(event)
    return dotted(note_value(text, default), dots) * _own_ratio(event if event.get("num") else note)


def event_length(event: Element, default: str, ppq: int) -> Fraction:
    """How long until the next event of a layer: that of a chord without a length is its longest note's."""
    notes = list(event.iter("note")) if event.tag == "chord" else []
    if event.get("dur") is None and notes:
        return max(note_length(note, event, default, ppq) for note in notes)
    length = note_length(event, event, default, ppq)
    if notes and not dots_of(event):  # the dots stand at its notes
        length = dotted(length, max(0 if note.get("dur") else dots_of(note) for note in notes))
    return length


def _own_ratio(element: Element) -> Fraction:
    """The ratio that a note states of itself."""
    return ratio(element) if element.get("num") and element.get("numbase") else Fraction(1)


def ticks_of_a_quarter(root: Element) -> int:
    """`ppq` of a file that states it nowhere, from an event that gives its length in both ways; 0 where there is none."""
    for one in root.iter():
        ticks, value = whole(one.get("dur.ppq")), whole(one.get("dur"))
        if ticks > 0 and value > 0 and not dots_of(one) and ticks * value % 4 == 0:
            return ticks * value // 4
    return 0


@dataclass(frozen=True)
class Span:
    """A `tupletSpan`: from one event to another, both by identifier, or by time stamps on a staff."""

    ratio: Fraction
    start: str
    end: str


def spans_of(root: Element) -> dict[str, list[Span]]:
    """The spans by the event that they start at, without those that say of a `tuplet` element what it says itself."""
    said = {_ends(tuplet) for tuplet in root.iter("tuplet")}
    spans: dict[str, list[Span]] = {}
    for one in root.iter("tupletSpan"):
        events = targets(one.get("plist"))
        start = target(one.get("startid")) or (events[0] if events else "")
        end = target(one.get("endid")) or (events[-1] if events else "")
        if start and not any(start in first and end in last for first, last in said):
            spans.setdefault(start, []).append(Span(ratio(one), start, end))
    return spans


def _ends(tuplet: Element) -> tuple[frozenset[str], frozenset[str]]:
    """The identifiers of the first and of the last event of a tuplet, with those of the notes of a chord."""
    events = [one for one in tuplet.iter() if one.tag in _EVENTS]
    chords = {id(note) for one in events if one.tag == "chord" for note in one.iter("note")}
    events = [one for one in events if id(one) not in chords]
    first, last = (frozenset(one.get(ID, "") for one in events[at].iter()) - {""} if events else frozenset() for at in (0, -1))
    return first, last
