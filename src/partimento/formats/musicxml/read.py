"""How MusicXML becomes a `NotatedScore`: parts, measures and notes (MusicXML 4.0, W3C 2021). It opens no files.

One part is one track, however many staves and voices it has, unless its instrument changes. Grace notes and cues are counted
and left out, lyrics are not read. Places are whole units of which every division is a multiple: fractions would take most of
the time.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from functools import lru_cache

from partimento.errors import UnreadableFile
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.musicxml.archive import unpack
from partimento.formats.musicxml.directions import FORTE, read_barline, read_direction, read_dynamics
from partimento.formats.musicxml.harmony_element import chord_symbol
from partimento.formats.musicxml.parts import Part, part_of, tracks_in_order, unit_of
from partimento.formats.notated import Bar, NotatedScore, Note, bar_length, finished
from partimento.formats.repeats import Marks, complete
from partimento.formats.safe_xml import Element, number, text_in, tree_of, whole
from partimento.piece import Piece

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_BEGINS = ("repeat_from", "endings", "segno", "coda")  # marks at the start of a bar; the others stand at its end
Cuts = dict[int, tuple[Marks, Marks]]  # by the place in a bar: what ends there, and what begins


def piece_from_musicxml(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in MusicXML, plain or compressed. Raises `UnreadableFile`."""
    return finished(score_from_musicxml(data), source, limits, repeats)


def score_from_musicxml(data: bytes) -> NotatedScore:
    """What is written in MusicXML, plain or compressed. Raises `UnreadableFile`."""
    root = tree_of(unpack(data))
    if root.tag not in ("score-partwise", "score-timewise"):
        raise UnreadableFile("not a score", f"XML with the root {root.tag[:40]!r}, which is neither MusicXML nor MEI")
    return score_of(root)


def score_of(root: Element) -> NotatedScore:
    """The score of a score-partwise or score-timewise element. Raises `UnreadableFile`."""
    score = NotatedScore(unit_of(root))
    _read_title_page(root, score)
    declared = {one.get("id", ""): one for one in root.iterfind("part-list/score-part")}
    measures = _measures(root)
    parts = [part_of(declared.get(part_id), at, score) for at, part_id in enumerate(measures)]
    for part in parts:
        part.offsets_sound = text_in(root, "identification/encoding/software") == "Partimento"
    start = 0
    meter = (4, 4)
    for at in range(max(map(len, measures.values()), default=0)):
        bar, cuts = Bar(start, start), Cuts()
        content = 0
        for part, of_part in zip(parts, measures.values(), strict=True):
            if at < len(of_part):
                content = max(content, _read_measure(of_part[at], part, bar, cuts))
        meter = score.meters.get(start, meter)
        bar.stop = start + int(bar_length(content, meter, score.unit))
        score.bars += _cut(bar, cuts)
        start = bar.stop
    for part in parts:
        part.finish()
    tracks_in_order(parts, score)
    complete([bar.marks for bar in score.bars])
    return score


def _read_title_page(root: Element, score: NotatedScore) -> None:
    score.title = text_in(root, "work/work-title") or text_in(root, "movement-title")
    creators = {creator.get("type", ""): (creator.text or "").strip() for creator in root.iterfind("identification/creator")}
    score.composer = creators.get("composer", creators.get("", ""))
    score.licence = text_in(root, "identification/rights")
    fields = {one.get("name"): one.text or "" for one in root.iterfind("identification/miscellaneous/miscellaneous-field")}
    score.genre, score.made = fields.get("genre", ""), fields.get("made", "")


def _measures(root: Element) -> dict[str, list[Element]]:
    """The measures of each part, whichever of the two is inside the other."""
    if root.tag == "score-partwise":
        return {part.get("id", str(at)): part.findall("measure") for at, part in enumerate(root.findall("part"))}
    found: dict[str, list[Element]] = {}
    for at, measure in enumerate(root.findall("measure")):
        for part in measure.findall("part"):
            of_part = found.setdefault(part.get("id", ""), [])
            of_part += [Element("measure")] * (at - len(of_part))
            of_part.append(part)
    return found


def _cut(bar: Bar, cuts: Cuts) -> list[Bar]:
    """The bar, or what repeat signs inside it cut it into."""
    bars = [bar]
    for place, (before, after) in sorted(cuts.items()):
        first = bars[-1]
        if not bar.start < place < bar.stop:
            before, after = first.marks, first.marks
        else:
            begun, ended = first.marks, replace(first.marks)
            for name in _BEGINS:
                setattr(ended, name, getattr(after, name))
                setattr(before, name, getattr(begun, name))
            bars[-1:] = [Bar(first.start, place, before, goes_on=True), Bar(place, bar.stop, ended)]
    return bars


def _read_measure(measure: Element, part: Part, bar: Bar, cuts: Cuts) -> int:
    """Adds what one part has in a bar; returns the length of its longest voice, in units."""
    score, start = part.score, int(bar.start)
    at = longest = chord_at = 0
    symbols: list[str] = []  # chords that wait for the note that they share
    for element in measure:
        tag = element.tag
        if tag == "note":
            inner = {one.tag: one for one in element}
            duration = inner.get("duration")
            length = max(0, part.units(duration.text)) if duration is not None else 0
            if "chord" not in inner:
                chord_at = at
                if "grace" not in inner:
                    at += length
                    if symbols and length:
                        _place_chords(symbols, score, start + chord_at, length)
            _read_note(element, inner, part, start + chord_at, length)
        elif tag == "backup" or tag == "forward":
            length = part.units(element.findtext("duration"))
            if symbols:
                _place_chords(symbols, score, start + at, length if tag == "forward" else 0)
            at = max(0, at + (length if tag == "forward" else -length))
        elif tag == "attributes":
            _read_attributes(element, part, start, start + at)
        elif tag == "direction" or tag == "sound":
            read_direction(element, part, bar, at)
        elif tag == "harmony":
            symbol = chord_symbol(element)
            offset = element.find("offset")
            if not symbol:
                score.repairs["chord symbols left out"] += 1
            elif offset is not None:
                score.chords.setdefault(start + max(0, at + part.units(offset.text)), symbol)
            else:
                symbols.append(symbol)
        elif tag == "barline":
            inside = at and element.get("location") == "middle"
            read_barline(element, *(cuts.setdefault(start + at, (Marks(), Marks())) if inside else (bar.marks, bar.marks)))
        if at > longest:
            longest = at
    _place_chords(symbols, score, start + at, 0)
    return longest


def _place_chords(symbols: list[str], score: NotatedScore, place: int, length: int) -> None:
    """Lets chord symbols before one note share it in equal parts."""
    for at, symbol in enumerate(symbols):
        score.chords.setdefault(place + at * length // len(symbols), symbol)
    symbols.clear()


def _read_note(element: Element, inner: dict[str, Element], part: Part, at: int, length: int) -> None:
    score = part.score
    if "rest" in inner:
        return
    if "grace" in inner or not length:
        score.repairs["grace notes left out"] += 1
        return
    if "cue" in inner:
        score.repairs["cue notes left out"] += 1
        return
    given = inner.get("staff")
    staff = (given.text or "").strip() if given is not None else "1"
    given = inner.get("instrument")
    instrument = part.instruments.get(given.get("id", ""), part.first) if given is not None else part.first
    pitch = inner.get("pitch")
    step = -1
    if pitch is not None:
        step, key = _key_of(pitch, "", score.repairs)
        if part.transpose:
            semitones = part.transpose.get(staff, part.transpose.get("", 0))
            key += semitones
            step = (step + 4 * _fifths(semitones)) % 7 if step >= 0 else step
    elif instrument.drum >= 0:
        key = instrument.drum
    else:
        drawn = inner.get("unpitched")
        key = _key_of(drawn, "display-", score.repairs)[1] if drawn is not None and len(drawn) else 60
    before = after = False
    if "tie" in inner:
        types = [one.get("type") for one in element if one.tag == "tie"]
        before, after = "stop" in types, "start" in types
    if "notations" in inner:
        for notations in element:
            if notations.tag == "notations":
                for one in notations:
                    if one.tag == "tied" and "tie" not in inner:
                        before, after = before or one.get("type") == "stop", after or one.get("type") == "start"
                    elif one.tag == "dynamics":
                        read_dynamics(one, staff, part, at)
    loudness, attack, release = element.get("dynamics"), element.get("attack"), element.get("release")
    score.notes.append(
        Note(
            at,
            at + length,
            key,
            part.track_of(instrument, at, pitch is None),
            before,
            after,
            min(max(round(FORTE * number(loudness) / 100), 0), 127) if loudness else 0,
            part.units(attack) if attack else 0,
            part.units(release) if release else 0,
            part.staff_numbers.get(staff) or part.staff_number(staff),
            (inner["voice"].text or "") if "voice" in inner else "",
            step,
            tuplet=whole(inner["time-modification"].findtext("actual-notes")) if "time-modification" in inner else 0,
        )
    )


def _key_of(pitch: Element, prefix: str, repairs: Counter[str]) -> tuple[int, int]:
    """The step (C = 0) of a pitch and its key on the keyboard, as it is written. A quarter tone sounds as the next key above, and
    is counted."""
    inner = {one.tag: one.text for one in pitch}
    step, written = _semitones(inner.get(prefix + "step"), inner.get(prefix + "octave"), inner.get("alter"))
    key = math.floor(written + 0.5)
    if key != written:
        repairs["quarter tones moved to the next key"] += 1
    return step, key


@lru_cache(maxsize=4096)
def _semitones(step: str | None, octave: str | None, alter: str | None) -> tuple[int, float]:
    alteration = min(max(number(alter), -12.0), 12.0)
    letter = (step or "").strip().upper()
    place = "CDEFGAB".find(letter) if len(letter) == 1 else -1
    return place, 12 * (min(max(whole(octave, 4), -100), 100) + 1) + _STEPS.get(letter, 0) + alteration


def _read_attributes(element: Element, part: Part, bar_start: int, at: int) -> None:
    score = part.score
    if element.find("divisions") is not None:
        part.set_divisions(whole(element.findtext("divisions"), part.divisions))
    part.staves = max(1, whole(element.findtext("staves"), part.staves))
    for transpose in element.findall("transpose"):
        semitones = whole(transpose.findtext("chromatic")) + 12 * whole(transpose.findtext("octave-change"))
        part.transpose[transpose.get("number", "")] = semitones
    for time in element.findall("time"):
        meter = _meter(time)
        if meter:
            score.state_meter(bar_start, *meter)
    for key in element.findall("key"):
        if key.find("fifths") is not None and not score.tracks[part.place].is_drum:
            semitones = part.transpose.get(key.get("number", ""), part.transpose.get("", 0))
            fifths = whole(key.findtext("fifths")) + _fifths(semitones)
            fifths -= 12 * (fifths > 7) - 12 * (fifths < -7)
            score.state_key(at, fifths, text_in(key, "mode") in ("minor", "aeolian"))


def _fifths(semitones: int) -> int:
    """How far a transposition goes on the line of fifths: -5..6."""
    return (7 * semitones + 5) % 12 - 5


def _meter(time: Element) -> tuple[int, int] | None:
    """The meter, with several beats and beat types added up; 0 above where that is no whole number."""
    pairs = [
        (sum(map(whole, (upper.text or "").split("+"))), max(1, whole(lower.text)))
        for upper, lower in zip(time.findall("beats"), time.findall("beat-type"), strict=False)
    ]
    if not pairs:
        return None
    denominator = max(lower for _, lower in pairs)
    if any(denominator % lower for _, lower in pairs):
        return 0, denominator
    return sum(upper * (denominator // lower) for upper, lower in pairs), denominator
