"""A `Piece` from the bytes of a Standard MIDI File: by symusic where the file is sound, by `walk.py` where it is not.

It knows symusic's habits (pairs notes first in, first out; drops unfinished ones; splits each chunk by channel and
program) and what the title page of our own files says. It does not write; `midiwrite.py` does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from symusic.core import NoteTick, NoteTickList, ScoreTick

from partimento.errors import InvalidPiece, UnreadableFile
from partimento.formats import midimaps, smf
from partimento.formats.limits import DEFAULT_LIMITS, Limits, check_piece
from partimento.formats.walk import ALL_PITCHES, DOWN, SUSTAIN, Walked, walk
from partimento.piece import NOTE, PEDAL, TEMPO, About, Array, Piece, Track

DRUM_CHANNEL = 9


@dataclass(slots=True)
class _Found:
    """What either reader found: for each future track its place (chunk, program, drums) and its number of notes, and the notes.

    `notes` are `NOTE` rows, track after track; their own `track` is not set yet. `pedals` are `PEDAL` rows, some for each place.
    """

    places: list[tuple[int, int, bool]]
    counts: list[int]
    notes: Array
    tempos: Array
    meters: Array
    keys: Array
    chords: Array
    pedals: list[Array]

    def take(self, walked: Walked, instead_of: Mapping[int, Set[int]]) -> None:
        """Takes in the notes that the walker read, instead of those of some pitches in some chunks, each in its place."""
        segments: list[tuple[tuple[int, int, bool], Array, Array]] = []
        kept: dict[tuple[int, int, bool], int] = {}  # where the other pitches of a chunk are, when not all were walked
        parts = np.split(self.notes, np.cumsum(self.counts)[:-1])
        for place, part, pedals in zip(self.places, parts, self.pedals, strict=False):
            pitches = instead_of.get(place[0])
            if pitches is None:
                segments.append((place, part, pedals))
            elif pitches != ALL_PITCHES:
                kept[place] = len(segments)
                segments.append((place, part[~np.isin(part["pitch"], list(pitches))], pedals))
        for chunk, channel, program in sorted(walked.notes):
            columns = np.array(walked.notes[chunk, channel, program], np.int64)
            midimaps.check_ticks("note", columns[:, :2].min(), columns[:, :2].max())
            part = np.zeros(len(columns), NOTE)
            part["onset"], part["duration"], part["pitch"], part["velocity"] = columns.T
            place = (chunk, program, channel == DRUM_CHANNEL)
            if place in kept:
                _, other, pedals = segments[kept[place]]
                segments[kept[place]] = (place, np.concatenate([other, part]), pedals)
            else:
                pedals = pedal_rows(walked.pedals.get((chunk, channel, program), []))
                segments.append((place, part, pedals))
        segments.sort(key=lambda segment: segment[0][0])
        self.places = [place for place, _, _ in segments]
        self.counts = [len(part) for _, part, _ in segments]
        self.pedals = [pedals for _, _, pedals in segments]
        if segments:
            self.notes = np.concatenate([part for _, part, _ in segments])


def piece_from_midi(data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS) -> tuple[Piece, Counter[str]]:
    """The piece in a MIDI file's bytes, and how many repairs of each kind it needed. Raises `UnreadableFile`, nothing else."""
    container = smf.open_container(data, max_bytes=limits.max_bytes)
    repairs = container.repairs
    truncated = False
    try:
        found, unfinished = _parse(smf.probed(container), repairs)
        if unfinished:
            walked = walk(container, max_notes=limits.max_notes, only=unfinished)
            repairs.update(+walked.repairs)
            found.take(walked, unfinished)
    except smf.NeedsWalk:
        walked = walk(container, max_notes=limits.max_notes)
        truncated = walked.truncated
        repairs.update(+walked.repairs)
        found = _from_walk(walked, repairs)
    if not found.places:
        raise UnreadableFile("truncated" if truncated else "no notes", "no complete note" if truncated else "")
    if container.mspq:
        found.tempos = np.array([(0, 6e7 / container.mspq)], TEMPO)
    try:
        piece = _piece(container, found, source, limits)
        check_piece(piece, limits)
    except InvalidPiece as error:
        raise UnreadableFile("bad timing", str(error)) from None
    return piece, repairs


def _parse(data: bytes, repairs: Counter[str]) -> tuple[_Found, dict[int, Set[int]]]:
    """symusic's reading of a probed file, and the chunks and pitches of unfinished notes.

    Raises `NeedsWalk` for all that symusic refuses.
    """
    try:
        score = ScoreTick.from_midi(data)
    except Exception as error:  # it throws whatever C++ threw; the walker decides what the file is worth
        raise smf.NeedsWalk(str(error)) from None
    places, lists, pedals = [], [], []
    for track in score.tracks:
        notes = track.notes
        if not notes:
            continue
        name = track.name
        if not name.startswith(smf.LABEL):
            raise smf.NeedsWalk("an end of track before the end of its chunk")
        places.append((int(name[len(smf.LABEL) :]), track.program, track.is_drum))
        lists.append(notes)
        # its `pedals` tell whether there are any; their times are wrong beyond the first channel (version 0.6.0)
        pedals.append(_pedals_of_controls(track.controls.numpy()) if len(track.pedals) else NO_PEDALS)
    if not lists:
        raise smf.NeedsWalk("no notes")
    counts = [len(notes) for notes in lists]
    found = _Found(
        places,
        counts,
        note_rows(lists),
        midimaps.shared_map("tempo", score.tempos, repairs),
        midimaps.shared_map("meter", score.time_signatures, repairs),
        midimaps.shared_map("key", score.key_signatures, repairs),
        midimaps.chords([(marker.time, marker.text) for marker in score.markers], repairs),
        pedals,
    )
    longest = np.maximum.reduce(found.notes["duration"])
    return found, _unfinished(found) if longest >= smf.OPEN_TICKS else {}


def _unfinished(found: _Found) -> dict[int, Set[int]]:
    """The chunks with notes that the probe had to end, and their pitches; all pitches of a chunk that holds several sounds."""
    unfinished: dict[int, Set[int]] = {}
    sounds = Counter(place[0] for place in found.places)
    for place, part in zip(found.places, np.split(found.notes, np.cumsum(found.counts)[:-1]), strict=True):
        pitches = set(part["pitch"][part["duration"] >= smf.OPEN_TICKS].tolist())
        if pitches:
            unfinished[place[0]] = pitches if sounds[place[0]] == 1 else ALL_PITCHES
    return unfinished


def note_rows(lists: Sequence[Any]) -> Array:
    """All notes of symusic's lists as `NOTE` rows, list after list; `track` is not set."""
    count = sum(map(len, lists))
    if pickles_are_rows():
        data = bytearray().join([memoryview(notes.__getstate__())[4:] for notes in lists])
        if len(data) == count * NOTE.itemsize:
            return np.frombuffer(data, NOTE)
    rows = np.zeros(count, NOTE)
    at = 0
    for notes in lists:
        part = rows[at : at + len(notes)]
        columns = notes.numpy()
        part["onset"], part["duration"] = columns["time"], columns["duration"]
        part["pitch"], part["velocity"] = columns["pitch"], columns["velocity"]
        at += len(notes)
    return rows


@cache
def pickles_are_rows() -> bool:
    """Whether symusic pickles a list of notes as their count and then rows like `NOTE`, with spare bytes for `track`.

    Version 0.6 does, and reading those takes a fourth of the time of its `numpy()`. It is no promise, so it is tried once.
    """
    known = [(1, 2, 3, 4), (2**29 + 5, 2**30 - 1, 127, 126)]
    try:
        state = NoteTickList([NoteTick(*note) for note in known]).__getstate__()
        rows = np.frombuffer(state, NOTE, offset=4)
    except Exception:  # whatever another version does instead
        return False
    return [row[:4] for row in rows.tolist()] == known


NO_PEDALS = np.zeros(0, PEDAL)


def pedal_rows(stretches: Iterable[tuple[int, int]]) -> Array:
    """`PEDAL` rows from onsets and durations; `track` is not set."""
    return np.array([(onset, duration, 0) for onset, duration in stretches if duration > 0], PEDAL)


def _pedals_of_controls(controls: Mapping[str, Array]) -> Array:
    """`PEDAL` rows from a track's controllers, in which every pedal is lifted at last."""
    of_pedal = controls["number"] == SUSTAIN
    tick, down = controls["time"][of_pedal], controls["value"][of_pedal] >= DOWN
    changes = np.diff(down, prepend=False)
    pressed, lifted = tick[changes & down], tick[changes & ~down]
    return pedal_rows(zip(pressed, lifted - pressed[: len(lifted)], strict=False))


def _from_walk(walked: Walked, repairs: Counter[str]) -> _Found:
    tempos = np.array(walked.tempos, np.int64).reshape(-1, 2)
    if len(tempos):
        midimaps.check_ticks("tempo", tempos[:, 0].min(), tempos[:, 0].max())
    meters = [(tick, upper, 1 << lower if lower < 8 else 0) for tick, upper, lower in walked.meters]
    found = _Found(
        [],
        [],
        np.zeros(0, NOTE),
        midimaps.tempos(tempos[:, 0], tempos[:, 1], repairs),
        midimaps.meters(meters, repairs),
        midimaps.keys(walked.keys, repairs),
        midimaps.chords(walked.markers, repairs),
        [],
    )
    found.take(walked, {})
    return found


def _piece(container: smf.Container, found: _Found, source: str, limits: Limits) -> Piece:
    total = len(found.notes)
    if total > limits.max_notes:
        raise UnreadableFile("too many notes", f"{total}; the limit is {limits.max_notes}")
    raw = smf.title_page(container.data, *container.chunks[0])
    page = _page(raw) if raw else None
    layout = _layout(page, container, found.places) if page is not None else None
    if layout is not None:
        tracks, numbers = layout
    else:
        names = {place[0]: _name(container, place[0]) if container.format else "" for place in found.places}
        # a chunk is a part, however many channels it uses for one sound; format 0 has but one, and its channels are the parts
        keys = found.places if container.format else list(enumerate(found.places))
        number_of = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        numbers = [number_of[key] for key in keys]
        first = dict(zip(reversed(numbers), reversed(found.places), strict=True))
        tracks = [Track(program, drum, names[chunk]) for _, (chunk, program, drum) in sorted(first.items())]
    if len(tracks) > limits.max_tracks:
        raise UnreadableFile("too many tracks", f"{len(tracks)}; the limit is {limits.max_tracks}")
    notes = _notes(found, numbers, container.repairs)
    if page is not None:
        about = About(**{name: str(page.get(name, "")) for name in About.__dataclass_fields__})
    else:
        about = About(title=_sequence_title(container, found.places), source=source)
    maps = {"tempos": found.tempos, "meters": found.meters, "keys": found.keys, "chords": found.chords}
    return Piece(notes, tuple(tracks), container.ticks_per_quarter, about=about, pedals=_pedals(found, numbers), **maps)


def _notes(found: _Found, numbers: Sequence[int], repairs: Counter[str]) -> Array:
    """All notes; those without length last one tick. What is out of range is left to `Piece` to refuse."""
    notes = found.notes
    duration = notes["duration"]
    if not np.minimum.reduce(duration):
        repairs["lengthened"] += len(duration) - int(np.count_nonzero(duration))
        duration += duration == 0
    notes["track"] = np.repeat(np.array(numbers, np.uint16), found.counts) if len(numbers) > 1 else numbers[0]
    notes.setflags(write=False)  # nobody else has them, so the piece needs no copy
    return notes


def _pedals(found: _Found, numbers: Sequence[int]) -> Array:
    """All pedals; one that is never lifted is, when the last note ends."""
    pedals = np.concatenate(found.pedals)
    if not len(pedals):
        return NO_PEDALS
    pedals["track"] = np.repeat(np.array(numbers, np.uint16), [len(rows) for rows in found.pedals])
    down = pedals["duration"] >= smf.OPEN_TICKS
    pedals["duration"][down] = np.max(found.notes["onset"] + found.notes["duration"]) - pedals["onset"][down]
    return pedals[pedals["duration"] > 0]


def _name(container: smf.Container, chunk: int) -> str:
    return smf.text_of(smf.chunk_name(container.data, *container.chunks[chunk])).strip("\0 \t\r\n")


def _sequence_title(container: smf.Container, places: Sequence[tuple[int, int, bool]]) -> str:
    """The name of the whole: that of the only chunk of format 0, or of a first chunk without notes."""
    if container.format == 0 or all(place[0] for place in places):
        return _name(container, 0)
    return ""


def _page(raw: bytes) -> dict[str, Any] | None:
    try:
        page = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return page if isinstance(page, dict) else None


def _layout(
    page: dict[str, Any], container: smf.Container, places: Sequence[tuple[int, int, bool]]
) -> tuple[list[Track], list[int]] | None:
    """Tracks and the track number of each place as our writer laid them out; None when someone changed the file since.

    `parts` gives the track of each chunk after the first (a track may need several), `silent` the tracks without notes.
    """
    parts, silent = page.get("parts"), page.get("silent", [])
    try:
        if len(parts) != len(container.chunks) - 1 or len({place[0] for place in places}) != len(places):  # type: ignore[arg-type]
            return None
        found: dict[int, Track] = {}
        numbers = []
        for chunk, program, drum in places:
            number = parts[chunk - 1] if chunk else -1  # type: ignore[index]
            track = Track(program, drum, smf.text_of(smf.chunk_name(container.data, *container.chunks[chunk])))
            if type(number) is not int or number < 0 or found.setdefault(number, track) != track:
                return None
            numbers.append(number)
        for chunk, program in silent:
            number = int(parts[chunk - 1])  # type: ignore[index]
            name = smf.text_of(smf.chunk_name(container.data, *container.chunks[chunk]))
            if number in found or not (type(program) is int and 0 <= program < 256):
                return None
            found[number] = Track(program & 127, program > 127, name)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None
    return ([found[number] for number in range(len(found))], numbers) if sorted(found) == list(range(len(found))) else None
