"""The events of one voice in one bar of MEI: notes, chords, rests, tuplets, tremolos, signs that repeat what was."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from partimento.formats.mei.definitions import Head, Reading, Staff, read_key, read_meter
from partimento.formats.mei.durations import Span, event_length, note_length, ratio
from partimento.formats.mei.pitches import STEPS, Accidentals, on_the_staff, sounding, spelled
from partimento.formats.mei.pointers import ID, chosen, target
from partimento.formats.notated import Note, Place
from partimento.formats.safe_xml import Element, whole
from partimento.piece import Track

_BARS_BACK = {"mRpt": 1, "mRpt2": 2}


class LayerReader:
    """Reads one layer from the bar line on; accidentals of a bar are its own."""

    def __init__(self, reading: Reading, staff: Staff, number: str, name: str) -> None:
        self.reading, self.staff, self.name = reading, staff, name
        self.key = (number, name)  # staff and layer, for signs that repeat
        self.timed = False  # whether anything but a rest of a whole bar is in it
        self.rested = False  # whether such a rest is in it
        self.rests = 1  # the bars that a rest of several bars lasts
        self.spans: list[Span] = []
        self.accidentals = Accidentals(staff.signature, reading.spelled_out, staff.tied)
        self.notes: list[Note] = []

    def read(self, parent: Element, at: Fraction, scale: Fraction) -> Fraction:
        """Adds the notes under `parent`, from `at` quarters after the bar line on; returns where they end."""
        reading = self.reading
        for element in chosen(parent):
            tag = element.tag
            if tag in ("note", "chord", "rest", "space"):
                at = self._event(element, at, scale)
            elif tag == "tuplet":
                at = self.read(element, at, scale * ratio(element))
            elif tag == "fTrem":
                at = self.read(element, at, scale / 2)
            elif tag in ("bTrem", "section"):
                at = self.read(element, at, scale)
            elif tag == "graceGrp":
                reading.score.repairs["grace notes left out"] += sum(1 for _ in element.iter("note"))
            elif tag == "mRest":
                self.rested = True
            elif tag == "multiRest":
                self.rested = True
                self.rests = min(max(1, whole(element.get("num"), 1)), 1000)
            elif tag in _BARS_BACK or tag == "multiRpt":
                back = _BARS_BACK.get(tag) or min(max(1, whole(element.get("num"), 2)), 1000)
                reading.repeating[self.key] = [back, back]
            elif tag in ("beatRpt", "halfmRpt"):
                at = self._repeat(at, self._beat() if tag == "beatRpt" else Fraction(2 * reading.meter[0], reading.meter[1]))
            elif tag == "keySig":
                read_key(element, None, "", self.staff, reading, reading.bar.start + at)
                self.accidentals.signature = self.staff.signature
            elif tag in ("meterSig", "meterSigGrp"):
                read_meter(element, reading, reading.bar.start + at)
        return at

    def finish(self) -> None:
        """Keeps the bar for signs that repeat it; a bar without notes under such a sign gets those of the bar before."""
        history = self.reading.bars_of_layers.setdefault(self.key, [])
        sign = self.reading.repeating.get(self.key)
        start = self.reading.bar.start
        if sign and (self.timed or self.rested):
            del self.reading.repeating[self.key]
        elif sign and sign[1]:
            sign[1] -= 1
            before, notes = history[-sign[0]] if len(history) >= sign[0] else (start, [])
            for note in notes:
                self._copy(note, start - before)
            if not notes:
                self.reading.score.repairs["signs for a repeated bar left out"] += 1
        history.append((start, self.notes))

    def rest(self) -> None:
        """A further bar of a rest of several."""
        self.reading.bars_of_layers[self.key].append((self.reading.bar.start, []))

    def _beat(self) -> Fraction:
        upper, lower = self.reading.meter
        return Fraction(12 if upper > 3 and upper % 3 == 0 and lower >= 8 else 4, lower)

    def _repeat(self, at: Fraction, length: Fraction) -> Fraction:
        """What sounded in the stretch before, once more; at the start of a bar that is the end of the bar before."""
        start = self.reading.bar.start + at
        history = self.reading.bars_of_layers.get(self.key)
        for note in list(self.notes if at or not history else history[-1][1]):
            if start - length <= note.onset < start:
                self._copy(note, length)
        self.timed = True
        return at + length

    def _copy(self, note: Note, shift: Place) -> None:
        """A note later, tied to nothing."""
        copy = replace(note, onset=note.onset + shift, end=note.end + shift, tied_before=False, tied_after=False)
        self.notes.append(copy)
        self.reading.score.notes.append(copy)
        self.reading.copied.append((copy, note))

    def _event(self, element: Element, at: Fraction, scale: Fraction) -> Fraction:
        """A note, chord or rest with what lengthens or shortens it; returns where it ends."""
        reading = self.reading
        is_note = element.tag == "note"
        if (is_note or element.tag == "chord") and element.get("grace"):
            reading.score.repairs["grace notes left out"] += 1 if is_note else len(element.findall("note"))
            return at
        names = [one.get(ID, "") for one in element.iter()] if len(element) else [element.get(ID, "")]
        for name in names:
            self.spans += reading.spans.get(name, ())
        own = scale
        for span in self.spans:
            own *= span.ratio
        if element.get("num") and scale != 1 and ratio(element) == scale:  # the tuplet that it stands in says so too
            own /= scale
        start = reading.bar.start + at
        if names[0]:
            reading.places.setdefault(names[0], start)
        self.timed = True
        if is_note:
            self._note(element, element, start, own)
        elif element.tag == "chord":
            for note in element.iter("note"):
                self._note(note, element, start, own)
        self.spans = [span for span in self.spans if span.end not in names]
        return at + event_length(element, self.staff.beat, self.staff.ppq) * own

    def _note(self, note: Element, event: Element, start: Place, scale: Fraction) -> None:
        reading, score, staff = self.reading, self.reading.score, self.staff
        if "true" in (note.get("cue"), event.get("cue")):
            score.repairs["cue notes left out"] += 1
            return
        end = start + note_length(note, event, staff.beat, staff.ppq) * scale
        same = reading.head_of.get(target(note.get("sameas")))
        if same is not None:  # one head on the page, with two stems
            same.end = max(same.end, end)
            return
        if staff.drums:
            track = score.tracks[staff.track]
            score.tracks[staff.track] = Track(track.program, True, track.name)
        names = {note.get(ID, ""), event.get(ID, "")} - {""}
        tie = note.get("tie", event.get("tie", ""))
        before = "t" in tie or "m" in tie or not names.isdisjoint(reading.ties_in)
        after = "i" in tie or "m" in tie or not names.isdisjoint(reading.ties_out)
        place = spelled(note, staff.octave)
        if note.get("pnum"):
            key = min(max(whole(note.get("pnum")), -1), 128)
        elif place[0] in STEPS:
            alter = self.accidentals.semitones(note, place, before)
            staff.tied.pop(place, None)
            if after:
                staff.tied[place] = alter
            key = sounding(place, alter, score.repairs) + staff.transpose
        else:
            key = on_the_staff(note)
        velocity = min(max(whole(note.get("vel")), 0), 127)
        head = Note(start, end, key, staff.track, before, after, velocity, staff=staff.place, voice=self.name)
        for name in names:
            reading.places.setdefault(name, start)
            reading.head_of.setdefault(name, head)
        self.notes.append(head)
        score.notes.append(head)
        says = any(one.get("accid") or one.get("accid.ges") for one in (note, *note.iter("accid")))
        reading.heads.append(Head(head, staff, self.name, place, says, note.get("oct.ges") is not None))
