"""Tied note heads as one note."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from operator import attrgetter

Place = int | Fraction  # quarters, or whole units of which each score says how many make a quarter
_GAP = 4  # quarters over which a tie still holds a note: those of a written-out arpeggio end before the chord begins


@dataclass(slots=True)
class Note:
    """One note head: tied ones are joined later. Velocity 0 means that the dynamic marks of its `staff` decide.

    `attack` and `release` are how much later than written it starts and ends. `step` is what it is written on, 0..6 (C..B), -1
    where the format does not say or the part transposes by other than octaves. `heads` are where its tied heads begin, but for
    the first one, `tuplet` how many notes its tuplet has in the time of the usual number, 0 where that is not said.
    """

    onset: Place
    end: Place
    pitch: int
    track: int
    tied_before: bool = False
    tied_after: bool = False
    velocity: int = 0
    attack: Place = 0
    release: Place = 0
    staff: int = -1  # -1: the one that has the number of the track
    voice: str = ""
    step: int = -1
    heads: tuple[Place, ...] = ()
    tuplet: int = 0


def joined(notes: list[Note], unit: int = 1) -> list[Note]:
    """The notes with tied ones as one, in the order of their onsets; what is tied to nothing stands alone.

    A head that is struck ends every tie of its key that is over by then, so that a tie without its end swallows nothing.
    """
    result: list[Note] = []
    open_ties: dict[int, list[Note]] = {}
    gap = _GAP * unit
    ordered = sorted(notes, key=attrgetter("onset"))
    # at one onset what goes on comes before what is struck
    if any(note.tied_before for note in ordered):
        ordered.sort(key=lambda note: (note.onset, not note.tied_before))
    for note in ordered:
        if not open_ties and not note.tied_after:  # as nearly all are
            result.append(note)
            continue
        key = note.track << 7 | note.pitch & 127
        waiting = open_ties.get(key, [])
        current = note
        if note.tied_before:
            reached = [one for one in waiting if note.onset - gap <= one.end <= note.onset]
            if reached:
                # of unisons the one in the same voice, else the one that began first
                current = max(reached, key=lambda one: (one.voice == note.voice, one.end, -one.onset))
                current.voice = note.voice
                waiting.remove(current)
                current.end, current.release = max(current.end, note.end), note.release
                current.heads += (note.onset,)
        elif waiting:
            open_ties[key] = waiting = [one for one in waiting if one.end > note.onset]
        if current is note:
            result.append(note)
        if note.tied_after:
            open_ties.setdefault(key, waiting).append(current)
        elif not waiting:
            open_ties.pop(key, None)
    for note in result:
        if note.attack or note.release:
            note.onset, note.end = note.onset + note.attack, note.end + note.release
    return result
