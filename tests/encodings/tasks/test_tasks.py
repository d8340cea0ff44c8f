"""The encoding `tasks`: halves that make a whole, context that knows all of the first and no more of the second than is past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partimento.bars import BarGrid
from partimento.encodings import Events, make
from partimento.encodings.notes.ticks import walk
from partimento.encodings.tasks import Tasks
from partimento.encodings.tasks.around import BARS_LEFT, BEGIN
from partimento.errors import InvalidOption
from partimento.piece import Piece
from partimento.task import Region
from tests.made import made_piece

KINDS = [Tasks(profile) for profile in ("score", "piano", "ensemble")]
NOTES = tuple(KINDS[0].layout.kind(name) for name in ("note", "tie"))
each = pytest.mark.parametrize("encoding", KINDS, ids=lambda encoding: encoding.profile)


def some(encoding: Tasks, count: int = 30, longest: int = 200, blind: bool = False) -> list[tuple[Events, np.ndarray]]:
    found = []
    for seed in range(count):
        events = encoding.encode(made_piece(seed, 90))
        chance = np.random.default_rng(seed)
        made = encoding.task(events, int(chance.integers(len(events))), longest, chance)
        if made is not None and (made[0][0, 0] == encoding.separator and encoding.fixed_note in made[0][:, 0]) == blind:
            found.append(made)
    assert blind or len(found) > count // 3
    return found


def rows(piece: Piece) -> list[tuple[int, ...]]:
    return sorted(tuple(row[:4]) for row in piece.notes.tolist())


@each
def test_a_task_is_some_bars_of_its_piece_in_two_halves(encoding: Tasks) -> None:
    for events, written in some(encoding):
        stands, separator, answer = encoding.halves(events)
        assert separator is not None
        assert answer is not None
        assert len(events) <= 200
        assert events.dtype == encoding.dtype
        assert encoding.ended(events)
        assert not encoding.ended(stands)
        head = len(answer) - int(written.sum())
        assert np.array_equal(written, np.arange(len(events)) > len(stands) + head)
        whole = encoding.decode(events)
        parts = rows(encoding.notes.decode(stands)) + rows(encoding.generated(answer))
        assert rows(whole) == sorted(parts)
        # bars cut from the piece have the same intervals and rhythm somewhere in it
        assert len(whole) > 1


@each
def test_what_stands_in_the_region_comes_once_more_in_its_place(encoding: Tasks) -> None:
    came = 0
    for events, _ in some(encoding):
        stands, separator, answer = encoding.halves(events)
        assert separator is not None
        assert answer is not None
        first, _, bars = separator[1:4].tolist()
        is_again = answer[:, 0] == encoding.fixed_note
        as_notes = answer.copy()
        as_notes[is_again, 0] = encoding.layout.kind("note")
        again = encoding.notes.decode_some(as_notes, is_again)
        bar = int(np.diff(BarGrid.of(again).lines[:2])[0])
        there = [
            (onset, min(duration, 192), *others)
            for onset, duration, *others in rows(encoding.notes.decode(stands))
            if (first - 1) * bar <= onset < (first - 1 + bars) * bar
        ]
        assert rows(again) == sorted(there)
        onset = walk(as_notes, encoding.layout).tick
        for row in np.flatnonzero(is_again):  # at each moment before what is written
            assert row == 0 or onset[row - 1] < onset[row] or is_again[row - 1] or answer[row - 1, 0] not in NOTES
        came += len(there)
    assert came > 100


@each
def test_what_is_given_of_a_fixed_note_has_one_legal_id(encoding: Tasks) -> None:
    for events, written in some(encoding, 8):
        cursor = encoding.cursor()
        for event, is_written in zip(events.tolist(), written.tolist(), strict=True):
            if is_written and event[0] == encoding.fixed_note:
                for field, entry in enumerate(encoding.fields):
                    assert entry.given_after == (encoding.fixed_note if field else 0)
                    assert field == 0 or cursor.allowed(tuple(event[:field])).sum() == 1
            elif is_written and cursor.due is not None and cursor.allowed(())[encoding.layout.kind("note")]:
                legal = cursor.allowed((encoding.layout.kind("note"),))
                assert legal[1:].any()
                assert not legal[cursor.due - cursor.tick + 1 :].any()  # nothing goes by a note that is due
            cursor.push(event)
        assert cursor.due is None


@each
def test_the_answer_is_legal_and_the_separator_never_is(encoding: Tasks) -> None:
    for events, written in some(encoding, 8):
        cursor = encoding.cursor()
        for event, is_written in zip(events.tolist(), written.tolist(), strict=True):
            for field in range(len(event) if event[0] != encoding.separator else 1):
                legal = cursor.allowed(tuple(event[:field]))
                assert legal.shape == (encoding.fields[field].size,)
                assert not is_written or legal[event[field]]
                assert field or not legal[encoding.separator]
            cursor.push(event)
        assert cursor.ended


@each
def test_context_is_of_the_past_and_a_cursor_says_the_same(encoding: Tasks) -> None:
    for events, _ in some(encoding, 10):
        whole, cursor = encoding.context(events), encoding.cursor()
        twin = cursor
        for column, said in zip(encoding.context_fields, whole.T, strict=True):
            assert said.max() < column.size, column
        for t in range(len(events) + 1):
            assert cursor.context().tolist() == whole[t].tolist(), t
            if t % 9 == 0:
                assert encoding.context(events[:t])[-1].tolist() == whole[t].tolist()
                twin = cursor.copy()
            if t < len(events):
                cursor.push(events[t].tolist())
        assert twin.context().tolist() == whole[len(events) // 9 * 9].tolist()


@each
def test_what_stands_around(encoding: Tasks) -> None:
    """Its slow twin: each column looked up note by note."""
    own = len(encoding.notes.context_fields)
    for events, _ in some(encoding, 10):
        stands, separator, answer = encoding.halves(events)
        assert separator is not None
        assert answer is not None
        notes = encoding.notes.decode(stands).notes.tolist()
        meter = answer[0, 2:4].tolist() if answer[0, 0] == encoding.layout.kind("meter") else [4, 3]
        bar = 4 * 48 * meter[0] // (1 << meter[1] - 1)
        start, end = (int(separator[1]) - 1) * bar, (int(separator[1]) + int(separator[3]) - 1) * bar
        context = encoding.context(events)[len(stands) + 1 :, own:].tolist()
        cursor = encoding.notes.cursor()
        for row, event in zip(context, [*answer.tolist(), None], strict=True):
            tick = max(cursor.tick, start)
            sounding = [pitch + 1 for onset, duration, pitch, *_ in notes if onset <= tick < onset + duration]
            later = [onset for onset, *_ in notes if onset > tick]
            following = [pitch + 1 for onset, _, pitch, *_ in notes if later and onset == min(later)]
            begin = sum(onset == tick for onset, *_ in notes)
            assert row[:2] == [min(sounding, default=0), max(sounding, default=0)]
            assert row[2:4] == [min(following, default=0), max(following, default=0)]
            assert row[4] == (min(192, min(later) - tick) if later else 0)
            assert row[5] == (min(begin, BEGIN) + 1 if notes else 0)
            assert row[6] == separator[2]
            assert row[7] == min(max(0, -((tick - end) // bar)), BARS_LEFT) + 1
            if event is not None:
                cursor.push([NOTES[0] if event[0] == encoding.fixed_note else event[0], *event[1:]])


@each
def test_some_tasks_are_of_one_who_does_not_know_what_comes(encoding: Tasks) -> None:
    found = some(encoding, 100, blind=True)
    assert 3 <= len(found) <= 25
    own = len(encoding.notes.context_fields)
    for events, written in found:
        answer = events[1:].copy()
        answer[answer[:, 0] == encoding.fixed_note, 0] = NOTES[0]
        assert rows(encoding.decode(events)) == rows(encoding.notes.decode(answer))
        assert not written[0]
        assert encoding.context(events)[1:, own : own + 6].max() == 0, "nothing is said of what comes"
        cursor = encoding.cursor()
        for event in events.tolist():
            cursor.push(event)
        assert cursor.context().tolist() == encoding.context(events)[-1].tolist()


@each
def test_any_legal_answer_encodes_to_itself(encoding: Tasks) -> None:
    """Drawn evenly from what is legal in a region from the first bar on: no way leads nowhere, all that stands comes, and the
    events are the answer of their piece."""
    tried = 0
    for number, (events, written) in enumerate(some(encoding)):
        chance, head = np.random.default_rng(number), int(np.flatnonzero(written)[0])
        stands, separator, before = encoding.halves(events[:head])
        assert separator is not None
        assert before is not None
        if separator[1] > 1 or not len(stands):
            continue
        cursor = encoding.cursor()
        answer: list[tuple[int, ...]] = []
        for event in events[:head].tolist():
            cursor.push(event)
        end = encoding.layout.kind("end")
        while not cursor.ended:
            drawn: tuple[int, ...] = ()
            for _ in encoding.fields:
                legal = np.flatnonzero(cursor.allowed(drawn))[:40]
                if not drawn and end in legal:
                    legal = legal[(legal == end) == (len(answer) > 40)]
                drawn += (int(chance.choice(legal)),)
            cursor.push(drawn)
            answer.append(drawn)
        assert sum(event[0] == encoding.fixed_note for event in answer) == int((events[:, 0] == encoding.fixed_note).sum())
        second = np.array(answer, encoding.dtype)
        first = encoding.notes.decode(stands)
        both = first.merge(encoding.generated(np.concatenate([before, second]), len(before)))
        asked = Region(bars=(1, int(separator[3])))
        assert encoding.target(both, both.notes["track"] < len(first.tracks), asked).tolist() == second.tolist()
        tried += 1
    assert tried > 3


def test_what_is_asked() -> None:
    encoding = Tasks("score")
    piece = encoding.decode(encoding.encode(made_piece(1, 90)))
    piece = replace(piece, meters=piece.meters[:1])
    stands = piece.notes["track"] == 0
    asked = encoding.prompt(piece, stands, Region(bars=(3, 5), part="bass"))
    first, separator, head = encoding.halves(asked)
    assert separator is not None
    assert head is not None
    assert separator.tolist()[:4] == [encoding.separator, 3, 3, 3]
    assert head[0, :4].tolist() == [encoding.layout.kind("meter"), 1, 3, 3]
    late = piece.notes["onset"] >= 2 * 144
    assert rows(encoding.notes.decode(first)) == rows(replace(piece, notes=piece.notes[stands & late]))
    assert rows(encoding.notes.decode(head)) == rows(replace(piece, notes=piece.notes[stands & ~late]))
    answer = encoding.target(piece, stands | ~late, Region(bars=(3, 5), part="bass"))
    assert rows(encoding.generated(np.concatenate([head, answer]), len(head))) == rows(
        replace(piece, notes=piece.notes[~stands & late])
    )


def test_pieces_without_tasks() -> None:
    encoding, chance = Tasks("score"), np.random.default_rng(0)
    one_note = encoding.encode(replace(made_piece(1), notes=made_piece(1).notes[:1]))
    assert encoding.task(one_note, 0, 100, chance) is None
    assert make("melody").task(make("melody").encode(made_piece(1)), 0, 100, chance) is None
    with pytest.raises(InvalidOption, match="profile"):
        Tasks("performance")
