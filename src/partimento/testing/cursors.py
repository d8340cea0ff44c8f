"""What a cursor answers, against what its encoding says of the whole and what the decoded piece holds. It draws no events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bars import bar_ticks
from partimento.encodings import Cursor, Encoding
from partimento.encodings.cursor import Note
from partimento.encodings.texture import Texture, texture_of
from partimento.instruments import DRUMS
from partimento.piece import Piece

_Outer = tuple[int, int] | None


def follow_cursor(encoding: Encoding, events: npt.NDArray[Any]) -> None:
    """Context, law and end after each of the events [T, F], as the encoding says of them from scratch."""
    whole = encoding.context(events)
    cursor = encoding.cursor()
    for t in range(len(events) + 1):
        row = cursor.context()
        assert row.dtype == np.uint8
        assert row.tolist() == whole[t].tolist(), f"{encoding.key}: the context after {t} events"
        assert cursor.ended == encoding.ended(events[:t])
        if t == len(events):
            return
        event = events[t].tolist()
        for field in range(len(event)) if t % 7 == 0 else ():
            drawn = tuple(event[:field])
            assert np.array_equal(cursor.allowed(drawn), encoding.allowed(events[:t], drawn))
        twin = cursor.copy()
        cursor.push(event)
        assert twin.context().tolist() == row.tolist(), f"{encoding.key}: a copy moved with its original"


def follow_music(encoding: Encoding, events: npt.NDArray[Any]) -> None:
    """Where the cursor knows of music: its notes, ticks and bars after each of the events [T, F], against the decoded piece."""
    cursor, key = encoding.cursor(), encoding.key
    if not cursor.ticks_per_quarter:
        assert not any(cursor.next_note(tuple([1] * at)) for at in range(len(encoding.fields))), f"{key}: notes, and no ticks"
        return
    piece = encoding.decode(events)
    ticks = cursor.ticks_per_quarter / piece.ticks_per_quarter
    meters = _meters(piece, ticks)
    begun: list[Note] = []
    for t, event in enumerate(events.tolist()):
        foretold = _foretold(cursor, event)
        cursor.push(event)
        place = f"{key}: after {t + 1} events"
        assert not cursor.ended or event[0] == cursor.end_id, f"{place} it has ended, by an event that is no end"
        now = [(note.onset, note.pitch) for note in cursor.notes_begun]
        assert not now or now == foretold, f"{place} the notes {now} have begun, where {foretold} were foretold"
        assert all(onset <= cursor.tick for onset, _ in now), f"{place} notes begin after its tick"
        begun += cursor.notes_begun
        texture = texture_of(cursor)
        if now and (texture is None or texture.has_bars):  # meters after the last note are no part of the piece
            start, upper, lower = next(row for row in reversed(meters) if row[0] <= cursor.bar_tick)
            length = int(bar_ticks(upper, lower, cursor.ticks_per_quarter))
            later = [tick for tick in (*(tick for tick, *_ in meters), cursor.bar_tick + length) if tick > cursor.bar_tick]
            assert (cursor.bar_tick - start) % length == 0, f"{place} no bar begins at {cursor.bar_tick}"
            assert cursor.tick <= min(later), f"{place} a bar begins at {min(later)}, not at {cursor.bar_tick}"
            if texture is not None:
                assert (texture.numerator, texture.denominator) == (upper, lower), f"{place} the meter is {upper}/{lower}"
                assert all(onset < min(later) for onset, _ in now), f"{place} a note begins after its bar"
        if texture is not None:
            _hold_texture(texture, begun, place)
    found = _notes(piece, ticks)
    assert _places(begun) == _places(found), (
        f"{key}: the cursor found {_places(begun) - _places(found)} beside the notes of the piece"
    )
    if (texture := texture_of(cursor)) is not None:
        players = [texture.players[note.player] for note in texture.notes]
        assert players == [note.program for note in texture.notes], f"{key}: players are not those of the notes' programs"
        told = Counter(note._replace(player=0) for note in texture.notes)
        assert told == Counter(found), f"{key}: ends or programs differ from the notes of the piece"


def _foretold(cursor: Cursor, event: Sequence[int]) -> list[tuple[int, int]]:
    """Onset and pitch of the notes of an event, as its fields imply one after another before it is pushed."""
    found: list[tuple[int, int]] = []
    for at, drawn in enumerate(event):
        note = cursor.next_note(tuple(event[:at]))
        if note is not None and drawn in note.ids and drawn != note.held:
            pitch = drawn - note.ids.start + note.lowest
            assert note.chord == tuple(pitch for _, pitch in found), "the chord that an event has begun so far"
            assert note.id_of(pitch) == drawn, f"the id of the pitch {pitch}"
            found.append((note.onset_tick, pitch))
    return found


def _hold_texture(texture: Texture, begun: Sequence[Note], place: str) -> None:
    """What a texture knows of its notes, worked out of all of them."""
    notes = texture.notes
    onsets = sorted({note.onset for note in notes})
    assert [(note.onset, note.pitch) for note in notes] == [(note.onset, note.pitch) for note in begun], f"{place}: its notes"
    assert texture.last_onset == (onsets[-1] if onsets else -1), f"{place}: the onset of the last note"
    at_last = [note for note in notes if note.onset == texture.last_onset or note.end > texture.last_onset]
    assert Counter(texture.sounding) == Counter(at_last), f"{place}: what sounds"
    assert texture.chord_size == sum(note.onset == texture.last_onset for note in notes), f"{place}: notes of the last onset"
    assert texture.outer(texture.last_onset) == _outer(notes, texture.last_onset), f"{place}: the outer pitches"
    if len(onsets) > 1:
        before = [note for note in notes if note.onset < onsets[-1]]
        assert texture.outer_before == _outer(before, onsets[-2]), f"{place}: the outer pitches of the onset before"


def _outer(notes: Iterable[Note], tick: int) -> _Outer:
    pitches = [note.pitch for note in notes if note.onset <= tick < note.end and note.program != DRUMS]
    return (min(pitches), max(pitches)) if pitches else None


def _meters(piece: Piece, ticks: float) -> list[tuple[int, int, int]]:
    """Tick of the cursor, numerator and denominator: a meter begins a bar where it lies, and the first is 4/4 unless stated."""
    return [(0, 4, 4), *((round(tick * ticks), upper, lower) for tick, upper, lower in piece.meters.tolist())]


def _notes(piece: Piece, ticks: float) -> list[Note]:
    """The notes of a piece in ticks of the cursor, `ticks` of which are one of its own."""
    found = []
    for onset, duration, pitch, _, track in piece.notes.tolist():
        of = piece.tracks[track]
        found.append(Note(round(onset * ticks), round((onset + duration) * ticks), pitch, DRUMS if of.is_drum else of.program))
    return found


def _places(notes: Iterable[Note]) -> Counter[tuple[int, int]]:
    return Counter((note.onset, note.pitch) for note in notes)
