"""How MusicXML becomes a `NotatedScore`: parts, measures, notes and directions (MusicXML 4.0, W3C 2021). It opens no files.

One part is one track, however many staves and voices it has. Grace notes and cues are counted and left out, lyrics are not read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.errors import UnreadableFile
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.musicxml.archive import unpack
from partimento.formats.notated import DYNAMICS, Bar, NotatedScore, Note, bar_length, finished
from partimento.formats.repeats import complete, read_words
from partimento.formats.safe_xml import Element, text_in, tree_of, whole
from partimento.piece import Piece, Track

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_UNITS = {"long": 16, "breve": 8, "whole": 4, "half": 2, "quarter": 1}
KINDS = {  # of chords, as chord symbols are written; others go by the text that the file prints
    **{"major": "", "minor": "m", "augmented": "+", "diminished": "dim", "power": "5", "none": "N.C."},
    **{"dominant": "7", "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7", "half-diminished": "m7b5"},
    **{"augmented-seventh": "7#5", "major-minor": "mMaj7", "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9"},
    **{"major-ninth": "maj9", "minor-ninth": "m9", "dominant-11th": "11", "major-11th": "maj11", "minor-11th": "m11"},
    **{"dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13", "suspended-second": "sus2", "suspended-fourth": "sus4"},
}
_FORTE = 90  # the velocity that a note's `dynamics` is in percent of
_LONGEST = Fraction(1 << 20)  # quarters; a note that lasts for days is a mistake


@dataclass
class _Part:
    """What holds in one part from one measure to the next."""

    number: int
    divisions: int = 1
    transpose: dict[str, int] = field(default_factory=dict)  # semitones of each staff; "" is all of them
    unpitched: dict[str, int] = field(default_factory=dict)  # the MIDI pitch of each instrument


def piece_from_musicxml(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in MusicXML, plain or compressed. Raises `UnreadableFile`."""
    root = tree_of(unpack(data))
    if root.tag not in ("score-partwise", "score-timewise"):
        raise UnreadableFile("not a score", f"XML with the root {root.tag[:40]!r}, which is neither MusicXML nor MEI")
    return finished(score_of(root), source, limits, repeats)


def score_of(root: Element) -> NotatedScore:
    """The score of a score-partwise or score-timewise element. Raises `UnreadableFile`."""
    score = NotatedScore()
    score.title = text_in(root, "work/work-title") or text_in(root, "movement-title")
    creators = {creator.get("type", ""): (creator.text or "").strip() for creator in root.iterfind("identification/creator")}
    score.composer = creators.get("composer", creators.get("", ""))
    score.licence = text_in(root, "identification/rights")
    fields = {one.get("name"): one.text or "" for one in root.iterfind("identification/miscellaneous/miscellaneous-field")}
    score.genre, score.made = fields.get("genre", ""), fields.get("made", "")
    declared = {one.get("id", ""): one for one in root.iterfind("part-list/score-part")}
    measures = _measures(root)
    for part_id in measures:
        score.tracks.append(_track(declared.get(part_id)))
    parts = [_Part(number, unpitched=_unpitched(declared.get(part_id))) for number, part_id in enumerate(measures)]
    start = Fraction(0)
    meter = (4, 4)
    for number in range(max(map(len, measures.values()), default=0)):
        bar = Bar(start, start)
        content = Fraction(0)
        for part, of_part in zip(parts, measures.values(), strict=True):
            if number < len(of_part):
                content = max(content, _read_measure(of_part[number], part, bar, score))
        meter = score.meters.get(start, meter)
        start = bar.stop = start + bar_length(content, meter)
        score.bars.append(bar)
    complete([bar.marks for bar in score.bars])
    return score


def _measures(root: Element) -> dict[str, list[Element]]:
    """The measures of each part, whichever of the two is inside the other."""
    if root.tag == "score-partwise":
        return {part.get("id", str(number)): part.findall("measure") for number, part in enumerate(root.findall("part"))}
    found: dict[str, list[Element]] = {}
    for number, measure in enumerate(root.findall("measure")):
        for part in measure.findall("part"):
            of_part = found.setdefault(part.get("id", ""), [])
            of_part += [Element("measure")] * (number - len(of_part))
            of_part.append(part)
    return found


def _track(declared: Element | None) -> Track:
    if declared is None:
        return Track()
    name = text_in(declared, "part-name") or text_in(declared, "score-instrument/instrument-name")
    program = whole(declared.findtext("midi-instrument/midi-program"), 1) - 1
    return Track(
        program if 0 <= program <= 127 else 0, text_in(declared, "midi-instrument/midi-channel") == "10", " ".join(name.split())
    )


def _unpitched(declared: Element | None) -> dict[str, int]:
    instruments = declared.findall("midi-instrument") if declared is not None else []
    return {
        one.get("id", ""): whole(one.findtext("midi-unpitched")) - 1
        for one in instruments
        if one.find("midi-unpitched") is not None
    }


def _read_measure(measure: Element, part: _Part, bar: Bar, score: NotatedScore) -> Fraction:
    """Adds what one part has in a bar; returns the length of its longest voice, in quarters."""
    at = longest = chord_at = Fraction(0)
    for element in measure:
        tag = element.tag
        if tag == "note":
            length = _length(element, part)
            if element.find("chord") is None:
                chord_at = at
                if element.find("grace") is None:
                    at += length
            _read_note(element, part, bar.start + chord_at, length, score)
        elif tag in ("backup", "forward"):
            at = max(Fraction(0), at + _length(element, part) * (1 if tag == "forward" else -1))
        elif tag == "attributes":
            _read_attributes(element, part, bar.start, bar.start + at, score)
        elif tag in ("direction", "sound"):
            _read_direction(element, part, bar, at, score)
        elif tag == "harmony":
            score.chords.setdefault(bar.start + max(Fraction(0), at + _offset(element, part)), _chord(element))
        elif tag == "barline":
            _read_barline(element, bar)
        longest = max(longest, at)
    return longest


def _length(element: Element, part: _Part) -> Fraction:
    text = element.findtext("duration")
    try:
        length = Fraction(text.strip() if text else 0) / part.divisions
    except (ValueError, ZeroDivisionError):
        return Fraction(0)
    if length > _LONGEST:
        raise UnreadableFile("too long", f"a note of {float(length):.3g} quarters")
    return max(length, Fraction(0))


def _offset(element: Element, part: _Part) -> Fraction:
    return Fraction(whole(element.findtext("offset")), part.divisions)


def _read_note(element: Element, part: _Part, at: Fraction, length: Fraction, score: NotatedScore) -> None:
    if element.find("rest") is not None:
        return
    if element.find("grace") is not None or not length:
        score.repairs["grace notes left out"] += 1
        return
    if element.find("cue") is not None:
        score.repairs["cue notes left out"] += 1
        return
    pitch = element.find("pitch")
    if pitch is not None:
        number = _pitch(pitch, "") + part.transpose.get(text_in(element, "staff"), part.transpose.get("", 0))
    else:
        instrument = element.find("instrument")
        drawn = element.find("unpitched")
        written = _pitch(drawn, "display-") if drawn is not None and len(drawn) else 60
        number = part.unpitched.get(instrument.get("id", "") if instrument is not None else "", written)
        track = score.tracks[part.number]
        score.tracks[part.number] = Track(track.program, True, track.name)
    ties = {tie.get("type") for tie in element.findall("tie")} or {tie.get("type") for tie in element.iterfind("notations/tied")}
    attack, release = (Fraction(whole(element.get(name)), part.divisions) for name in ("attack", "release"))
    velocity = round(_FORTE * _number(element.get("dynamics")) / 100)
    note = Note(at, at + length, number, part.number, "stop" in ties, "start" in ties, min(max(velocity, 0), 127), attack, release)
    score.notes.append(note)


def _pitch(pitch: Element, prefix: str) -> int:
    try:
        alter = round(float(pitch.findtext("alter") or 0))
    except (ValueError, OverflowError):
        alter = 0
    return (
        12 * (whole(pitch.findtext(prefix + "octave"), 4) + 1) + _STEPS.get(text_in(pitch, prefix + "step", "C").upper(), 0) + alter
    )


def _read_attributes(element: Element, part: _Part, bar_start: Fraction, at: Fraction, score: NotatedScore) -> None:
    part.divisions = max(1, whole(element.findtext("divisions"), part.divisions))
    for transpose in element.findall("transpose"):
        semitones = whole(transpose.findtext("chromatic")) + 12 * whole(transpose.findtext("octave-change"))
        part.transpose[transpose.get("number", "")] = semitones
    for time in element.findall("time"):
        pairs = list(zip(time.findall("beats"), time.findall("beat-type"), strict=False))
        if pairs:
            fractions = [
                Fraction(sum(map(whole, (upper.text or "").split("+"))), max(1, whole(lower.text))) for upper, lower in pairs
            ]
            denominator = max(whole(lower.text) for _, lower in pairs)
            numerator = sum(fractions) * denominator
            score.state_meter(bar_start, int(numerator) if numerator.denominator == 1 else 0, denominator)
    for key in element.findall("key"):
        if key.find("fifths") is not None and not score.tracks[part.number].is_drum:
            semitones = part.transpose.get(key.get("number", ""), part.transpose.get("", 0))
            fifths = whole(key.findtext("fifths")) + (7 * semitones + 5) % 12 - 5
            fifths -= 12 * (fifths > 7) - 12 * (fifths < -7)
            score.state_key(at, fifths, text_in(key, "mode") in ("minor", "aeolian"))


def _read_direction(element: Element, part: _Part, bar: Bar, at: Fraction, score: NotatedScore) -> None:
    place = bar.start + max(Fraction(0), at + _offset(element, part))
    for sound in [element] if element.tag == "sound" else element.findall("sound"):
        if qpm := _number(sound.get("tempo")):
            score.state_tempo(place, qpm)
        marks = bar.marks
        marks.segno |= sound.get("segno") is not None
        marks.coda |= sound.get("coda") is not None
        marks.to_coda |= sound.get("tocoda") is not None
        marks.fine |= sound.get("fine") is not None
        marks.da_capo |= sound.get("dacapo") == "yes"
        marks.dal_segno |= sound.get("dalsegno") is not None
    for kind in element.iterfind("direction-type/*"):
        if kind.tag == "metronome" and kind.find("beat-unit") is not None and kind.find("per-minute") is not None:
            qpm = _number(text_in(kind, "per-minute").lstrip("ca. ≈~=")) * float(_beat(kind))
            score.state_tempo(place, qpm)
        elif kind.tag == "words":
            score.say_tempo(place, kind.text or "")
            read_words(bar.marks, kind.text or "")
        elif kind.tag in ("segno", "coda"):
            setattr(bar.marks, kind.tag, True)
        elif kind.tag == "dynamics":
            for mark in kind:
                if mark.tag in DYNAMICS:
                    score.dynamics.setdefault(part.number, {})[place] = DYNAMICS[mark.tag]


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _beat(metronome: Element) -> Fraction:
    """The first beat unit of a metronome mark with its dots, in quarters."""
    unit = text_in(metronome, "beat-unit")
    beat = Fraction(_UNITS[unit]) if unit in _UNITS else Fraction(4, max(1, whole("".join(filter(str.isdigit, unit)), 4)))
    tags = [child.tag for child in metronome]
    first = tags.index("beat-unit") + 1
    dots = next((count for count, tag in enumerate(tags[first:]) if tag != "beat-unit-dot"), len(tags) - first)
    return beat * (2 - Fraction(1, 2 ** min(dots, 4)))


def _chord(element: Element) -> str:
    """A chord symbol as musicians write it, such as `F#m7b5/E`."""
    root = element.find("root")
    kind = element.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    if root is None or name == "none":
        return "N.C."
    symbol = KINDS.get(name, (kind.get("text") or "") if kind is not None else "")
    for degree in element.findall("degree"):
        alter = {-1: "b", 1: "#"}.get(whole(degree.findtext("degree-alter")), "")
        kind_of = text_in(degree, "degree-type")
        value = text_in(degree, "degree-value")
        if kind_of in ("add", "alter") and value.isdigit():
            symbol += f"add{value}" if not alter else f"{alter}{value}"
    symbol = symbol.replace("sus4add7", "7sus4")  # an added seventh is minor
    bass = element.find("bass")
    return _spelled(root, "root") + symbol + (f"/{_spelled(bass, 'bass')}" if bass is not None else "")


def _spelled(element: Element, name: str) -> str:
    alter = max(-2, min(2, whole(element.findtext(f"{name}-alter"))))
    return text_in(element, f"{name}-step").upper() + ("#" * alter if alter > 0 else "b" * -alter)


def _read_barline(element: Element, bar: Bar) -> None:
    marks = bar.marks
    repeat = element.find("repeat")
    if repeat is not None and repeat.get("direction") == "forward":
        marks.repeat_from = True
    elif repeat is not None:
        marks.repeat_to = max(2, whole(repeat.get("times"), 2))
    marks.segno |= element.find("segno") is not None
    marks.coda |= element.find("coda") is not None
    ending = element.find("ending")
    if ending is not None:
        numbers = tuple(
            number for text in (ending.get("number") or "").replace(".", ",").split(",") if 0 < (number := whole(text)) < 100
        )
        if ending.get("type") == "start" and numbers:
            marks.endings = numbers
        marks.ending_stops |= ending.get("type") in ("stop", "discontinue")
