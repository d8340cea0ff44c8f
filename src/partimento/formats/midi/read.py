"""A `Piece` from the bytes of a Standard MIDI File: what `events.py` finds in it becomes tracks, notes, maps and a title page.

What makes a track is decided here, and the title page of our own files is read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from partimento.errors import InvalidPiece, UnreadableFile
from partimento.formats.decode import text_of
from partimento.formats.limits import DEFAULT_LIMITS, Limits, check_piece
from partimento.formats.midi import container as smf
from partimento.formats.midi import maps as midimaps
from partimento.piece import TEMPO, About, Piece, Track

if TYPE_CHECKING:
    from partimento.formats.midi.playing import Played

DRUM_CHANNEL = 9

Place = tuple[int, int, bool]  # of a sound: chunk, program, drums


def piece_from_midi(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in a MIDI file's bytes, and how many repairs of each kind it needed. Raises `UnreadableFile`, nothing else.

    MIDI has no repeats, so `repeats` changes nothing.
    """
    from partimento.formats.midi.playing import play  # here, since it takes a while to load

    container = smf.open_container(data, max_bytes=limits.max_bytes)
    raw = smf.title_page(data, *container.chunks[0])
    played = play(data, container.chunks, max_notes=limits.max_notes, apart=bool(raw))  # each chunk of our own stands for itself
    container.repairs.update(played.repairs)
    if not len(played.notes):
        cut = "truncated" in played.repairs
        raise UnreadableFile("truncated" if cut else "no notes", "no complete note" if cut else "")
    try:
        piece = _piece(container, played, raw, source, limits)
        check_piece(piece, limits)
    except InvalidPiece as error:
        raise UnreadableFile("bad timing", str(error)) from None
    return piece, container.repairs


def _piece(container: smf.Container, played: Played, raw: bytes, source: str, limits: Limits) -> Piece:
    from partimento.formats.midi.note_order import by_track

    # by chunk, channel and program
    sounds = sorted((*sound[:3], number) for number, sound in enumerate(played.sounds.tolist()))
    places = [(chunk, program, channel % 16 == DRUM_CHANNEL) for chunk, channel, program, _ in sounds]
    page = _page(raw) if raw else None
    layout = _layout(page, container, places) if page is not None else None
    if layout is not None:
        tracks, numbers = layout
    else:
        names = {place[0]: _name(container, place[0]) if container.format else "" for place in places}
        # a chunk is a part, however many channels it uses for one sound; format 0 has but one, and its channels are the parts
        keys = places if container.format else list(enumerate(places))
        number_of = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        numbers = [number_of[key] for key in keys]
        first = dict(zip(reversed(numbers), reversed(places), strict=True))
        tracks = [Track(program, drum, names[chunk]) for _, (chunk, program, drum) in sorted(first.items())]
    if len(tracks) > limits.max_tracks:
        raise UnreadableFile("too many tracks", f"{len(tracks)}; the limit is {limits.max_tracks}")
    track_of_sound = [-1] * len(played.sounds)
    for (*_, sound), track in zip(sounds, numbers, strict=True):
        track_of_sound[sound] = track
    notes, canonical = by_track(played.notes, track_of_sound, len(tracks))
    if page is not None:
        about = About(**{name: str(page.get(name, "")) for name in About.__dataclass_fields__})
    else:
        about = About(title=_sequence_title(container, places), source=source)
    maps: dict[str, Any] = {name: midimaps.in_force(getattr(played, name)) for name in ("tempos", "meters", "keys")}
    if container.mspq:
        maps["tempos"] = np.array([(0, 6e7 / container.mspq)], TEMPO)
    maps["chords"] = midimaps.chords(played.markers, container.data, container.repairs)
    maps["pedals"] = midimaps.pedals(played.pedals, track_of_sound, notes)
    return Piece(notes, tuple(tracks), container.ticks_per_quarter, about=about, canonical=canonical, **maps)


def _name(container: smf.Container, chunk: int) -> str:
    return text_of(smf.chunk_name(container.data, *container.chunks[chunk])).strip("\0 \t\r\n")


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
            track = Track(program, drum, text_of(smf.chunk_name(container.data, *container.chunks[chunk])))
            if type(number) is not int or number < 0 or found.setdefault(number, track) != track:
                return None
            numbers.append(number)
        for chunk, program in silent:
            number = int(parts[chunk - 1])  # type: ignore[index]
            name = text_of(smf.chunk_name(container.data, *container.chunks[chunk]))
            if number in found or not (type(program) is int and 0 <= program < 256):
                return None
            found[number] = Track(program & 127, program > 127, name)
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None
    return ([found[number] for number in range(len(found))], numbers) if sorted(found) == list(range(len(found))) else None
