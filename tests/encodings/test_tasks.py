"""The encoding `tasks`: halves that make a whole, context that knows all of the first and no more of the second than is past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partimento.encodings import Events, make
from partimento.encodings.tasks import Tasks
from partimento.encodings.tasks_around import BARS_LEFT, BEGIN
from partimento.errors import InvalidOption
from partimento.piece import Piece
from partimento.task import Region
from tests.made import made_piece

KINDS = [Tasks(profile) for profile in ("score", "piano", "ensemble")]
each = pytest.mark.parametrize("encoding", KINDS, ids=lambda encoding: encoding.profile)


def some(encoding: Tasks, count: int = 30, longest: int = 200) -> list[tuple[Events, np.ndarray]]:
    found = []
    for seed in range(count):
        events = encoding.encode(made_piece(seed, 90))
        chance = np.random.default_rng(seed)
        made = encoding.task(events, int(chance.integers(len(events))), longest, chance)
        if made is not None:
            found.append(made)
    assert len(found) > count // 2
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
        parts = rows(encoding.notes.decode(stands)) + rows(encoding.notes.decode(answer))
        assert rows(whole) == sorted(parts)
        # bars cut from the piece have the same intervals and rhythm somewhere in it
        assert len(whole) > 1


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
                cursor.push(event)


def test_what_is_asked() -> None:
    encoding = Tasks("score")
    piece = encoding.decode(encoding.encode(made_piece(1, 90)))
    piece = replace(piece, meters=piece.meters[:1])
    stands = piece.notes["track"] == 0
    asked = encoding.asked(piece, stands, Region(bars=(3, 5), part="bass"))
    first, separator, head = encoding.halves(asked)
    assert separator is not None
    assert head is not None
    assert separator.tolist()[:4] == [encoding.separator, 3, 3, 3]
    assert head[0, :4].tolist() == [encoding.layout.kind("meter"), 1, 3, 3]
    late = piece.notes["onset"] >= 2 * 144
    assert rows(encoding.notes.decode(first)) == rows(replace(piece, notes=piece.notes[stands & late]))
    assert rows(encoding.notes.decode(head)) == rows(replace(piece, notes=piece.notes[stands & ~late]))
    answer = encoding.answered(piece, stands | ~late, Region(bars=(3, 5), part="bass"))
    assert (
        rows(encoding.notes.decode(np.concatenate([head, answer])))[-5:]
        == rows(replace(piece, notes=piece.notes[~stands & late]))[-5:]
    )


def test_pieces_without_tasks() -> None:
    encoding, chance = Tasks("score"), np.random.default_rng(0)
    one_note = encoding.encode(replace(made_piece(1), notes=made_piece(1).notes[:1]))
    assert encoding.task(one_note, 0, 100, chance) is None
    assert make("melody").task(make("melody").encode(made_piece(1)), 0, 100, chance) is None
    with pytest.raises(InvalidOption, match="profile"):
        Tasks("performance")
