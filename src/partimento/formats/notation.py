"""How notation becomes notes: from the objects of music21 to a `Piece`. It knows no files and no text formats.

Ties are merged; grace notes and chord symbols left out; repeats stay as written; transposing instruments sound as they
sound; dynamic marks become velocities; an upbeat or any other odd bar becomes a meter of its own, so that bars stay true.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from partimento.errors import UnreadableFile
from partimento.formats.limits import Limits
from partimento.piece import KEY, MAX_TICK, METER, TEMPO, About, Piece, Track, note_array

VELOCITY = 80  # of notes under no dynamic mark
_FINEST = 10080  # the grid of music21, for scores whose fractions have no common grid below 32767


@dataclass
class _Note:
    onset: Fraction
    end: Fraction
    pitch: int
    velocity: int
    track: int


@dataclass
class Collected:
    """A score in quarters, before a grid is chosen. Maps are by place, the first part that says something wins."""

    notes: list[_Note] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    tempos: dict[Fraction, tuple[float]] = field(default_factory=dict)
    meters: dict[Fraction, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Fraction, tuple[int, bool]] = field(default_factory=dict)
    title: str = ""
    composer: str = ""
    repairs: Counter[str] = field(default_factory=Counter)

    def piece(self, source: str, limits: Limits) -> Piece:
        if len(self.notes) > limits.max_notes:
            raise UnreadableFile("too many notes", f"{len(self.notes)}; the limit is {limits.max_notes}")
        places = {place for note in self.notes for place in (note.onset, note.end)} | {*self.tempos, *self.meters, *self.keys}
        if places and max(places) * _FINEST > MAX_TICK:
            raise UnreadableFile("too long", f"{float(max(places)):.0f} quarters")
        grid = _grid(places)
        if any((place * grid).denominator != 1 for place in places):
            self.repairs["moved to the grid"] += 1

        def tick(place: Fraction) -> int:
            return round(place * grid)

        notes = [
            (tick(n.onset), max(1, tick(n.end) - tick(n.onset)), n.pitch, n.velocity, n.track)
            for n in self.notes
            if 0 <= n.pitch <= 127
        ]
        if len(notes) < len(self.notes):
            self.repairs["pitch out of range"] += len(self.notes) - len(notes)
        tempos, meters, keys = (
            np.array([(place, *row) for place, row in {tick(at): row for at, row in sorted(rows.items())}.items()], dtype)
            for dtype, rows in ((TEMPO, self.tempos), (METER, self.meters), (KEY, self.keys))
        )
        about = About(title=self.title, composer=self.composer, source=source)
        return Piece(note_array(notes), tuple(self.tracks), grid, tempos, meters, keys, about)


def _grid(places: Iterable[Fraction]) -> int:
    """Ticks a quarter at which every place is exact: 480 where that will do, else its multiple; at most 32767."""
    grid = 480
    for denominator in {place.denominator for place in places}:
        grid = math.lcm(grid, denominator)
        if grid > 32767:
            return _FINEST
    return grid


def collect(parsed: Any) -> Collected:
    """All that a `Piece` needs from what music21 parsed. Raises `UnreadableFile` for several scores in one file."""
    from music21 import stream

    if isinstance(parsed, stream.Opus):
        raise UnreadableFile("several pieces", f"{len(parsed.scores)} scores in one file")
    found = Collected()
    parts = list(parsed.parts) if isinstance(parsed, stream.Score) and len(parsed.parts) else [parsed]
    metadata = parsed.metadata
    if metadata is not None:
        found.title = (metadata.title or metadata.movementName or "").strip()
        found.composer = (metadata.composer or "").strip()
    for number, part in enumerate(parts):
        _collect_part(part, number, found)
    for mark in parsed.recurse().getElementsByClass("MetronomeMark"):
        quarter_bpm = mark.getQuarterBPM() if mark.number else None
        if quarter_bpm and 0 < quarter_bpm < math.inf:
            found.tempos.setdefault(_exact(mark.getOffsetInHierarchy(parsed)), (float(quarter_bpm),))
    found.meters = _true_bars(parts[0], found.meters)
    return found


def _collect_part(part: Any, number: int, found: Collected) -> None:
    instruments = list(part.recurse().getElementsByClass("Instrument"))
    if any(instrument.transposition is not None for instrument in instruments):
        part.toSoundingPitch(inPlace=True)
    program, drum = 0, False
    for instrument in instruments:
        program = program or int(instrument.midiProgram or 0) & 127
        drum = drum or instrument.midiChannel == 9
    velocity = VELOCITY
    tied: dict[int, _Note] = {}
    for element in part.flatten():
        classes = element.classSet
        at = _exact(element.offset)
        if "Dynamic" in classes:
            velocity = min(127, max(1, round(127 * float(element.volumeScalar))))
        elif "TimeSignature" in classes:
            if 0 < element.numerator < 256 and element.denominator in (1, 2, 4, 8, 16, 32, 64, 128):
                found.meters.setdefault(at, (element.numerator, element.denominator))
            else:
                found.repairs["bad meter"] += 1
        elif "KeySignature" in classes:
            if element.sharps is not None and abs(element.sharps) <= 7:
                found.keys.setdefault(at, (element.sharps, getattr(element, "mode", None) == "minor"))
        elif "GeneralNote" in classes and "Rest" not in classes and "Harmony" not in classes:
            if element.duration.isGrace or not element.quarterLength:
                found.repairs["grace notes left out"] += 1
                continue
            drum = _collect_note(element, at, number, velocity, tied, found) or drum
    found.tracks.append(Track(program, drum, (getattr(part, "partName", None) or "").strip()))


def _collect_note(element: Any, at: Fraction, number: int, velocity: int, tied: dict[int, _Note], found: Collected) -> bool:
    """Adds the note or the notes of a chord, or lengthens those they are tied to; says whether it is percussion."""
    end = at + _exact(element.quarterLength)
    drum = False
    for note in element.notes if hasattr(element, "notes") else [element]:
        drum = drum or not hasattr(note, "pitch")
        pitch = int((note.pitch if hasattr(note, "pitch") else note.displayPitch()).midi)
        tie = note.tie.type if note.tie is not None else ""
        before = tied.pop(pitch, None)
        if tie in ("stop", "continue") and before is not None and before.end == at:
            before.end = end
            current = before
        else:
            current = _Note(at, end, pitch, velocity, number)
            found.notes.append(current)
        if tie in ("start", "continue"):
            tied[pitch] = current
    return drum


def _true_bars(part: Any, meters: dict[Fraction, tuple[int, int]]) -> dict[Fraction, tuple[int, int]]:
    """The meters with an upbeat, and any other bar that is shorter or longer than its meter, as a meter of its own."""
    starts = sorted({_exact(measure.offset) for measure in part.getElementsByClass("Measure")})
    if not starts or starts[0] != 0 or not meters:
        return meters
    stated = (4, 4)
    in_force: tuple[int, int] | None = None
    result: dict[Fraction, tuple[int, int]] = {}
    for start, stop in zip(starts, [*starts[1:], None], strict=True):
        stated = meters.get(start, stated)
        upper, lower = stated
        length = Fraction(4 * upper, lower) if stop is None else stop - start
        if length != Fraction(4 * upper, lower):
            lower = max(4, (length / 4).denominator)
            odd = length * lower / 4
            if lower > 128 or lower & (lower - 1) or odd.denominator != 1 or not 0 < odd < 256:
                return meters
            upper = int(odd)
        if (upper, lower) != in_force or start in meters:
            result[start] = in_force = (upper, lower)
    return result


def _exact(value: Any) -> Fraction:
    """music21's place in quarters, which is a float or a fraction, as the fraction that was meant."""
    return Fraction(value).limit_denominator(65535)
