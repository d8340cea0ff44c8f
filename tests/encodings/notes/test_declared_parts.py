"""The option `parts` of `notes` and `tasks`: tracks kept, in any order, each key struck once at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from partimento.encodings import make
from partimento.encodings.notes.layout import MOST_PARTS
from partimento.encodings.tasks import Tasks
from partimento.instruments import DRUMS
from partimento.piece import Piece, Track, note_array, without_empty_tracks
from partimento.task import Region
from partimento.testing.random_pieces import pieces

NOTES, TASKS = make("notes:profile=ensemble,parts=yes"), Tasks("ensemble", "yes")
QUARTET = (Track(40), Track(40), Track(41), Track(42))


def quartet(*rows: tuple[int, int, int, int, int]) -> Piece:
    return Piece(note_array(rows), QUARTET, 48)


def notes_of(piece: Piece, number: int) -> list[tuple[int, int, int]]:
    notes = piece.notes[piece.notes["track"] == number]
    return sorted(notes[["onset", "duration", "pitch"]].tolist())


def test_a_quartet_by_hand() -> None:
    events = make("notes:profile=score,parts=yes").encode(
        quartet((0, 48, 67, 80, 0), (0, 48, 67, 80, 1), (0, 96, 60, 80, 2), (96, 48, 48, 80, 3))
    )
    part, bar, note, end = 1, 2, 7, 9
    assert events.tolist() == [
        [part, 0, 41, 1, 1],
        [part, 0, 41, 1, 2],
        [part, 0, 42, 1, 3],
        [part, 0, 43, 1, 4],
        [note, 1, 61, 96, 3],
        [note, 1, 68, 48, 1],  # one pitch in two parts, the first part first
        [note, 1, 68, 48, 2],
        [note, 97, 49, 48, 4],
        [end, 0, 0, 0, 0],
    ]
    assert bar not in events[:, 0]


@settings(max_examples=60, deadline=None)
@given(piece=pieces())
def test_tracks_come_back(piece: Piece) -> None:
    assume(piece.end_tick * 48 < 2**24 * piece.ticks_per_quarter)
    piece = piece.quantise(48)
    again = NOTES.decode(NOTES.encode(piece))
    if not len(piece.notes):
        return
    drums = [number for number, track in enumerate(piece.tracks) if track.is_drum]
    place: dict[int, int] = {}
    number = 0
    for at, track in enumerate(piece.tracks):
        if track.is_drum and at != drums[0]:
            place[at] = place[drums[0]]
        else:
            place[at], number = number, number + 1
    assert [(track.program * (not track.is_drum), track.is_drum) for track in again.tracks] == [
        (track.program * (not track.is_drum), track.is_drum)
        for at, track in enumerate(piece.tracks)
        if not track.is_drum or at == drums[0]
    ]
    kept: dict[tuple[int, int, int], int] = {}
    for onset, duration, pitch, _, track in piece.notes.tolist():
        key = (place[track], onset, pitch)
        kept[key] = max(kept.get(key, 0), min(duration, 192 * 193))
    assert {(track, onset, pitch): duration for onset, duration, pitch, _, track in again.notes.tolist()} == kept


def test_of_a_key_struck_twice_the_longest_is_kept() -> None:
    events = NOTES.encode(quartet((0, 400, 60, 30, 0), (0, 20, 60, 90, 0), (0, 20, 60, 90, 1)))
    assert notes_of(NOTES.decode(events), 0) == [(0, 400, 60)]
    assert notes_of(NOTES.decode(events), 1) == [(0, 20, 60)]


def test_no_part_may_strike_a_key_twice_at_once() -> None:
    events = NOTES.encode(quartet((0, 48, 60, 80, 1)))[:-1]
    here, note = NOTES.cursor(), int(events[-1, 0])
    for event in events.tolist():
        here.push(event)
    same = (note, 1, 61, 48, 20)
    assert np.flatnonzero(here.allowed(same)).tolist() == [3, 4]
    assert np.flatnonzero(here.allowed((note, 1, 62, 48, 20))).tolist() == [1, 2, 3, 4]
    assert np.flatnonzero(here.allowed((note, 2, 61, 48, 20))).tolist() == [1, 2, 3, 4]
    here.push([note, 1, 61, 48, 20, 4])
    assert np.flatnonzero(here.allowed((note, 1)))[0] == 62


def test_parts_are_declared_before_all_else_and_drums_once() -> None:
    here = NOTES.cursor()
    assert np.flatnonzero(here.allowed(())).tolist() == [1]
    assert np.flatnonzero(here.allowed((1, 0, 1))).tolist() == [1, 2]
    here.push([1, 0, 1, 2, 0, 1])
    assert np.flatnonzero(here.allowed((1, 0, 1))).tolist() == [1]
    assert np.flatnonzero(here.allowed((1, 0, 5, 1, 0))).tolist() == [2]
    for number in range(2, MOST_PARTS + 1):
        here.push([1, 0, 5, 1, 0, number])
    assert not here.allowed(())[1]


@pytest.mark.parametrize("tracks", [MOST_PARTS + 1, 3 * MOST_PARTS])
def test_more_tracks_than_parts_are_joined_by_program_then_by_family(tracks: int) -> None:
    programs = [*range(0, 16), *(40 + number % 3 for number in range(tracks - 17)), DRUMS]
    of = tuple(Track(0, True) if program == DRUMS else Track(program) for program in programs)
    piece = Piece(note_array([(48 * n, 48, 40 + n % 60, 80, n) for n in range(tracks)]), of, 48)
    again = NOTES.decode(NOTES.encode(piece))
    assert len(again.tracks) == MOST_PARTS if tracks == MOST_PARTS + 1 else len(again.tracks) <= MOST_PARTS
    assert len(again.notes) == tracks
    assert Counter(track.is_drum for track in again.tracks)[True] == 1
    assert {track.program for track in again.tracks if not track.is_drum} == set(programs) - {DRUMS}


def test_families_are_joined_where_programs_are_not_enough() -> None:
    piece = Piece(note_array([(48 * n, 48, 40, 80, n) for n in range(60)]), tuple(Track(n) for n in range(60)), 48)
    again = NOTES.decode(NOTES.encode(piece))
    assert len(again.tracks) == MOST_PARTS
    assert len(again.notes) == 60
    assert {track.program // 8 for track in again.tracks} == set(range(8))


@settings(max_examples=60, deadline=None)
@given(piece=pieces(), seed=st.integers(0, 2**32 - 1))
def test_another_order_of_parts_is_that_of_the_tracks(piece: Piece, seed: int) -> None:
    events = NOTES.encode(piece)
    if not len(events):
        return
    piece = NOTES.decode(events)
    order = np.random.default_rng(seed).permutation(NOTES.part_count(events))
    place = np.argsort(order)
    notes = piece.notes.copy()
    notes["track"] = place[notes["track"]]
    turned = replace(piece, notes=notes, tracks=tuple(piece.tracks[number] for number in order.tolist()))
    assert NOTES.permute(events, order).tolist() == NOTES.encode(turned).tolist()


def test_context_tells_the_parts_and_their_last_pitches() -> None:
    events = NOTES.encode(quartet((0, 400, 60, 80, 1), (96, 48, 72, 80, 0)))
    names = [column.name for column in NOTES.context_fields]
    last = dict(zip(names, NOTES.context(events)[-2].tolist(), strict=True))
    assert [last[f"instrument of part {number}"] for number in (1, 2, 3, 4, 5)] == [41, 41, 42, 43, 0]
    assert [last[f"last pitch of part {number}"] for number in (1, 2, 3)] == [73, 61, 0]
    assert last["until part 1 is silent"] == 48
    assert last["until part 2 is silent"] == 192
    assert last["instrument"] == 41


@pytest.mark.parametrize(("write", "marked"), [("tracks=2,4", [2, 4]), ("bars=1", []), ("bass", [4])])
def test_a_task_names_the_parts_to_be_written(write: str, marked: list[int]) -> None:
    piece = quartet(*((48 * n, 48, 72 - 8 * track + n, 80, track) for n in range(4) for track in range(4)))
    region = Region.parse(write)
    written = piece.notes["track"] == 3 if region.part else np.isin(piece.notes["track"], np.array(region.tracks) - 1)
    if region.role == "all":
        written |= True
    prompt, target = TASKS.prompt(piece, ~written, region), TASKS.target(piece, ~written, region)
    assert np.flatnonzero(prompt[:, 0] == TASKS.separator).tolist() == [len(prompt) - 5]
    assert prompt[-4:][prompt[-4:, 1] == 1, -1].tolist() == marked
    here = TASKS.cursor()
    for event in prompt.tolist():
        here.push(event)
    for event in target.tolist():
        for at in range(len(event)):
            assert here.allowed(tuple(event[:at]))[event[at]]
        here.push(event)
    assert Counter(TASKS.decode(np.concatenate([prompt, target])).notes["pitch"].tolist()) == Counter(piece.notes["pitch"].tolist())
    whole = np.concatenate([prompt, target])
    cursor = TASKS.cursor()
    for event, row in zip(whole.tolist(), TASKS.context(whole)[:-1].tolist(), strict=True):
        assert cursor.context().tolist() == row
        cursor.push(event)


def test_what_is_written_strikes_no_key_that_a_fixed_note_of_its_part_has_struck() -> None:
    piece = quartet((0, 48, 60, 80, 0), (0, 48, 64, 80, 0))
    prompt = TASKS.prompt(piece, np.ones(2, bool), Region(bars=(1, 1)))
    here, note = TASKS.cursor(), TASKS.layout.kind("note")
    for event in [*prompt.tolist(), [TASKS.fixed_note, 1, 61, 48, 21, 1]]:
        here.push(event)
    assert not here.allowed(())[note]  # the other fixed note comes first
    here.push([TASKS.fixed_note, 1, 65, 48, 21, 1])
    assert np.flatnonzero(here.allowed((note, 1, 61, 48, 21))).tolist() == [2, 3, 4]
    assert np.flatnonzero(here.allowed((note, 2, 61, 48, 21))).tolist() == [1, 2, 3, 4]


def test_tracks_without_notes_are_left_out() -> None:
    piece = quartet((0, 48, 60, 80, 1), (0, 48, 50, 80, 3))
    kept = without_empty_tracks(piece)
    assert kept.tracks == (QUARTET[1], QUARTET[3])
    assert [notes_of(kept, number) for number in (0, 1)] == [notes_of(piece, number) for number in (1, 3)]
    assert without_empty_tracks(kept) is kept
