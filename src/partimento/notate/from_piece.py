"""A `Score` from a `Piece`: the passes of notation, one after another. Each has its own rules; this is their order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from partimento.bars import is_compound
from partimento.errors import WriteFailed
from partimento.notate.beams import set_beams
from partimento.notate.drums import FEET, written_ends
from partimento.notate.grid import places_of
from partimento.notate.meter import bars_of, divisions_of
from partimento.notate.names import family_of, part_names, short_name
from partimento.notate.score import WHOLE, Bar, Event, Head, Mark, Part, Score, Spelled, Staff
from partimento.notate.spelling import keys_of, spell
from partimento.notate.staves import are_hands, clefs_of, hands_of, is_keyboard, needs_two_staves
from partimento.notate.values import Item, values_of
from partimento.notate.voices import voices_of
from partimento.piece import Piece

Ints = npt.NDArray[np.int64]

MOST_QUARTERS = 200_000  # ten operas
MOST_PARTS = 200
_SHOWN = 0.06  # share by which a tempo must change for a player to read it


def score_of(piece: Piece) -> Score:
    """The piece as notation, concert pitch throughout. A part is a track; one with many lines at a keyboard has two staves.

    Raises `WriteFailed` for a piece that no score could hold.
    """
    if piece.end_tick > MOST_QUARTERS * piece.ticks_per_quarter or len(piece.tracks) > MOST_PARTS:
        raise WriteFailed(f"a score holds {MOST_QUARTERS} quarters and {MOST_PARTS} parts at most; cut the piece first")
    divisions = divisions_of(piece)
    scale = divisions // piece.ticks_per_quarter
    onset, end = places_of(piece, divisions)
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    pitch = piece.notes["pitch"].astype(np.int64)
    for number in np.flatnonzero(drums).tolist():
        mine = piece.notes["track"] == number
        end[mine] = written_ends(onset[mine], pitch[mine], divisions)
    keys = [(tick * scale, key) for tick, key in keys_of(piece)]
    bars = bars_of(piece, divisions, int(end.max()) if len(end) else 1, keys)
    spelled = _spelled(piece, onset, pitch, bars)
    names = part_names(piece.tracks)
    bar_starts = np.array([bar.start for bar in bars])
    hands = are_hands(piece.tracks, [pitch[piece.notes["track"] == number] for number in range(len(piece.tracks))])
    parts: list[Part] = []
    for number, track in enumerate(piece.tracks):
        rows = np.flatnonzero(piece.notes["track"] == number)
        hand = np.zeros(len(rows), np.int64)
        staves = 1
        if is_keyboard(track) and not hands[number] and needs_two_staves(onset[rows], end[rows], pitch[rows]):
            staves, hand = 2, hands_of(onset[rows], end[rows], pitch[rows], divisions)
        part = Part(number, names[number], track.program, track.is_drum, [], family_of(track), short_name(names[number]))
        for staff in range(staves):
            mine = rows[hand == staff]
            clefs = clefs_of(bars, onset[mine], pitch[mine], staff=staff, staves=staves, track=track)
            if track.is_drum:
                voice = np.isin(pitch[mine], FEET).astype(np.int64)
            else:
                voice = voices_of(onset[mine], end[mine], pitch[mine], bar_starts)
            part.staves.append(Staff(clefs, _voices(mine, voice, onset, end, spelled, bars, divisions)))
        parts.append(part)
    chords = [(tick * scale, *row) for tick, *row in piece.chords.tolist()]
    velocity = piece.notes["velocity"].tolist()
    exact_onset = piece.notes["onset"].astype(np.int64) * scale
    exact_end = exact_onset + piece.notes["duration"].astype(np.int64) * scale
    shifts = np.stack([exact_onset - onset, exact_end - end], axis=1)
    return Score(
        piece.about, divisions, bars, parts, _tempos(piece, bars, scale), chords, velocity, shifts.tolist() if shifts.any() else []
    )


def _spelled(piece: Piece, onset: Ints, pitch: Ints, bars: list[Bar]) -> list[Spelled]:
    """All pitched parts are spelled together; drums have their pitch alone."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    is_drum = drums[piece.notes["track"]] if len(pitch) else np.zeros(0, bool)
    bar = np.searchsorted([bar.start for bar in bars], onset, side="right") - 1
    fifths = np.array([bar.key[0] for bar in bars])[bar]
    result = [Spelled(0, 0, 0, height) for height in pitch.tolist()]
    pitched = np.flatnonzero(~is_drum)
    for row, name in zip(pitched.tolist(), spell(pitch[pitched], onset[pitched], fifths[pitched]), strict=True):
        result[row] = name
    return result


def _voices(
    rows: Ints, voice: Ints, onset: Ints, end: Ints, spelled: list[Spelled], bars: list[Bar], divisions: int
) -> list[list[list[Event]]]:
    """The voices of each bar of a staff with the notes `rows`; an empty bar has one voice with a rest."""
    count = int(voice.max()) + 1 if len(rows) else 1
    by_voice = []
    for number in range(count):
        mine = rows[voice == number]
        mine = mine[np.argsort(onset[mine], kind="stable")]
        by_voice.append(_sounding(mine.tolist(), onset[mine].tolist(), end[mine].tolist(), bars))
    result: list[list[list[Event]]] = []
    for place, bar in enumerate(bars):
        filled = [slices[place] for slices in by_voice if slices[place]]
        if len(filled) == 2 and _can_join(*filled):
            filled = [sorted(filled[0] + filled[1])]
        voices = [_events(slices, bar, onset, end, spelled, divisions) for slices in filled]
        result.append(voices or [_silent(bar, divisions)])
        _hide_rests(result[-1])
    return result


Slice = tuple[int, int, list[int]]  # start, stop, the rows that sound


def _can_join(upper: list[Slice], lower: list[Slice]) -> bool:
    """Whether two voices of a bar never sound together and so are one."""
    spans = sorted([piece[:2] for piece in upper + lower])
    return all(before[1] <= after[0] for before, after in pairwise(spans))


def _sounding(rows: list[int], onset: list[int], end: list[int], bars: list[Bar]) -> list[list[Slice]]:
    """For each bar the stretches of a voice in which the same notes sound, silence left out."""
    result: list[list[Slice]] = [[] for _ in bars]
    if not rows:
        return result
    edges = sorted({*onset, *end})
    place, number = 0, 0
    sounding: list[tuple[int, int]] = []  # end, row
    for start, stop in pairwise(edges):
        sounding = [note for note in sounding if note[0] > start]
        while number < len(rows) and onset[number] == start:
            sounding.append((end[number], rows[number]))
            number += 1
        if not sounding:
            continue
        while bars[place].start + bars[place].length <= start:
            place += 1
        at, bar = start, place
        while at < stop:
            last = min(stop, bars[bar].start + bars[bar].length)
            result[bar].append((at, last, [row for _, row in sounding]))
            at, bar = last, bar + 1
    return result


def _silent(bar: Bar, divisions: int) -> list[Event]:
    """A rest of a whole bar; in a bar that is not what its meter says, rests that show how long it is."""
    if not bar.partial:
        return [Event(bar.start, bar.length, 0, 0, whole_bar=True)]
    rests = values_of([(0, bar.length, False)], bar.meter, WHOLE * divisions)
    return [Event(bar.start + start, stop - start, kind, dots) for _, start, stop, kind, dots, _ in rests]


def _events(slices: list[Slice], bar: Bar, onset: Ints, end: Ints, spelled: list[Spelled], divisions: int) -> list[Event]:
    """One voice of a bar: rests between the slices, everything as note values, beamed."""
    items: list[Item] = []
    rows: list[list[int]] = []
    at = 0
    for start, stop, sounding in slices:
        if start - bar.start > at:
            items.append((at, start - bar.start, False))
            rows.append([])
        items.append((start - bar.start, stop - bar.start, True))
        rows.append(sounding)
        at = stop - bar.start
    if at < bar.length:
        items.append((at, bar.length, False))
        rows.append([])
    events = []
    for item, start, stop, kind, dots, tuplet in values_of(items, bar.meter, WHOLE * divisions):
        first, last = bar.start + start, bar.start + stop
        heads = [Head(spelled[row], row, bool(onset[row] < first), bool(end[row] > last)) for row in rows[item]]
        heads.sort(key=lambda head: head.spelled.pitch)
        events.append(Event(first, last - first, kind, dots, heads, tuplet))
    set_beams(events, bar.start, bar.meter, WHOLE * divisions)
    return events


def _hide_rests(voices: list[list[Event]]) -> None:
    """In a bar of several voices, rests before the first and after the last note of a voice are hidden where another sounds."""
    if len(voices) < 2:
        return
    for number, voice in enumerate(voices):
        first = next(place for place, event in enumerate(voice) if event.heads)
        last = max(place for place, event in enumerate(voice) if event.heads)
        others = [event for other in voices[:number] + voices[number + 1 :] for event in other if event.heads]
        for place, event in enumerate(voice):
            if event.heads or event.tuplet is not None or first < place < last:
                continue
            stop = event.start + event.length
            covered = sum(max(0, min(stop, other.start + other.length) - max(event.start, other.start)) for other in others)
            event.hidden = number > 0 or covered >= event.length


def _tempos(piece: Piece, bars: list[Bar], scale: int) -> list[Mark]:
    """Every tempo; shown are the first and those that change by 6% or more and hold for a bar at least."""
    rows = {tick * scale: qpm for tick, qpm in piece.tempos.tolist()}
    places = sorted(rows)
    marks: list[Mark] = []
    shown: float | None = None
    starts = [bar.start for bar in bars]
    stop = bars[-1].start + bars[-1].length
    for at, following in zip(places, [*places[1:], stop], strict=False):
        if at >= stop:
            break
        bar = bars[int(np.searchsorted(starts, at, side="right")) - 1]
        first = shown is None
        wanted = first or (abs(rows[at] / (shown or 1) - 1) >= _SHOWN and following - at >= bar.length)
        if wanted:
            shown = rows[at]
        marks.append(Mark(at, rows[at], wanted, (-2, 1) if is_compound(*bar.meter) else (-2, 0)))
    return marks
