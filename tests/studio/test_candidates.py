"""Tasks: what is asked for is written where it was asked for, streamed as it is written, judged, kept; and stopped at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from partimento.bars import BarGrid
from partimento.composing.compose import again
from partimento.errors import InvalidOption, UnknownName
from partimento.piece import Piece
from partimento.studio.workshop.asking import KINDS, Ask
from partimento.studio.workshop.mailbox import Event
from partimento.studio.workshop.refusals import NoModel, NotThere
from partimento.studio.workshop.samples import SAMPLES, sample
from partimento.studio.workshop.tasks_in_flight import TaskRecord
from partimento.studio.workshop.workshop import Workshop, taken

SECONDS = 60.0


def read(record: TaskRecord) -> Iterator[Event]:
    """All events of a task, to its end."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        finished = record.mailbox.finished
        yield from record.mailbox.take()
        if finished:
            return
        time.sleep(0.005)
    raise AssertionError("the task does not end")


def asked(workshop: Workshop, ask: Ask, score: str = "s1") -> tuple[TaskRecord, list[Event]]:
    record = workshop.ask(score, ask)
    return record, list(read(record))


@pytest.fixture
def minuet(workshop: Workshop) -> Piece:
    piece = sample("minuet")
    workshop.scores.open(piece, "test")
    return piece


ASKED = [
    Ask("fill", bars=(3, 4), seed=1),
    Ask("fill", bars=(3, 4), tracks=(1,), locked=(70,), seed=1),
    Ask("continue", length=2, seed=1),
    Ask("vary", bars=(1, 2), seed=1),
    Ask("vary", bars=(1, 2), tracks=(0,), locked=(0,), seed=1),
    Ask("accompany", bars=(1, 2), seed=1),
    Ask("harmonise", bars=(1, 2), key="G major", seed=1),
    Ask("melody", bars=(1, 2), seed=1),
    Ask("bass", bars=(1, 2), polyphony=4, seed=1),
]


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: f"{ask.kind} {ask.tracks}")
def test_each_kind(workshop: Workshop, minuet: Piece, ask: Ask) -> None:
    record, events = asked(workshop, ask)
    kinds = [event.kind for event in events]
    assert kinds[0] == "accepted"
    assert kinds[-1] == "done"
    assert record.status == "done"
    told = events[0].data
    start, end = told["span"]
    assert [event.data["candidate"] for event in events if event.kind == "candidate"] == [1, 2, 3]
    assert sorted(events[-1].data["ranking"]) == [1, 2, 3]
    stands = sorted(minuet.notes[told["stands"]].tolist())
    for number in (1, 2, 3):
        piece, judged = workshop.tasks.piece(record.name, number), workshop.tasks.candidate(record.name, number)
        new = np.isin(np.arange(len(piece)), judged["new"])
        assert sorted(piece.notes[~new].tolist()) == stands
        assert judged["new_notes"] == new.sum()
        assert all(start <= onset < end for onset in piece.notes["onset"][new].tolist())
        assert not any(judged["rules"].values())
        assert judged["copied"]["longest_notes"] >= 0
        assert piece.about.title == minuet.about.title
    if ask.locked:
        assert set(ask.locked) <= set(told["stands"])
    if ask.kind == "harmonise":
        assert all(len(workshop.tasks.piece(record.name, number).chords) for number in (1, 2, 3))


def test_all_kinds_are_tried() -> None:
    assert {ask.kind for ask in ASKED} == set(KINDS) - {"new"}


def test_what_is_streamed_is_what_comes(workshop: Workshop, minuet: Piece) -> None:
    """Notes come before their candidate is whole, of all three at once, and are those of the candidate up to a tick."""
    record, events = asked(workshop, Ask("fill", bars=(2, 5), seed=4))
    whole = next(at for at, event in enumerate(events) if event.kind == "candidate")
    notes = [event.data for event in events if event.kind == "notes"]
    assert all(event.kind != "notes" for event in events[whole:])
    assert len({one["candidate"] for one in notes[:8]}) == 3
    for number in (1, 2, 3):
        rows = [row for one in notes if one["candidate"] == number for row in one["rows"]]
        judged, piece = workshop.tasks.candidate(record.name, number), workshop.tasks.piece(record.name, number)
        new = piece.notes[judged["new"]]
        assert len(rows) >= len(new)
        seen = {(round(row[0] / 20), row[2]) for row in rows}
        assert {(round(onset / 20), pitch) for onset, pitch in new[["onset", "pitch"]].tolist()} <= seen
        untils = [one["until_tick"] for one in notes if one["candidate"] == number]
        assert untils == sorted(untils)


def test_the_same_seed_gives_the_same_and_the_note_of_how_it_was_made_makes_it_again(workshop: Workshop, minuet: Piece) -> None:
    first, _ = asked(workshop, Ask("fill", bars=(2, 3), seed=4))
    second, _ = asked(workshop, Ask("fill", bars=(2, 3), seed=4))
    assert [one["state"] for one in first.candidates] == [one["state"] for one in second.candidates]
    piece = workshop.tasks.piece(first.name, 2)
    twin = again(piece.about.made, workshop.warm.checkpoint)
    assert np.array_equal(twin.piece.notes, piece.notes)


def test_a_new_piece(workshop: Workshop) -> None:
    record = workshop.ask_new(Ask("new", length=2, key="D dorian", chords="Dm G", meter="3/4", tempo_qpm=80, seed=3), "test")
    events = list(read(record))
    assert events[-1].kind == "done"
    piece = workshop.tasks.piece(record.name, 1)
    assert BarGrid.of(piece).count == 2
    assert piece.meters.tolist()[0] == (0, 3, 4)
    assert not any(record.candidates[0]["rules"].values())
    workshop.keep(record.name, 1, "test")
    assert workshop.scores.piece(record.score) == piece
    more = workshop.more_like(record.name, 1, count=2)
    assert list(read(more))[-1].kind == "done"
    with pytest.raises(InvalidOption):
        workshop.ask_new(Ask("fill"), "test")


def test_keeping_all_or_a_part(workshop: Workshop, minuet: Piece) -> None:
    record, _ = asked(workshop, Ask("fill", bars=(2, 5), seed=4))
    candidate = workshop.tasks.piece(record.name, 2)
    workshop.keep(record.name, 2, "test")
    assert workshop.scores.piece("s1") == candidate
    assert workshop.history_json("s1")["acts"][-1]["seed"] == 4
    workshop.scores.walk("s1", "undo", "test")
    workshop.keep(record.name, 2, "test", bars=(3, 3), tracks=[0])
    piece = workshop.scores.piece("s1")
    start, end = BarGrid.of(minuet).span(3, 3)

    def inside(one: Piece) -> Any:
        return (one.notes["onset"] >= start) & (one.notes["onset"] < end) & (one.notes["track"] == 0)

    assert piece.notes[inside(piece)].tolist() == candidate.notes[inside(candidate)].tolist()
    assert sorted(piece.notes[~inside(piece)].tolist()) == sorted(minuet.notes[~inside(minuet)].tolist())
    assert piece.about.made == ""


def test_keeping_after_an_edit_takes_the_bars_of_the_task_alone(workshop: Workshop, minuet: Piece) -> None:
    record, _ = asked(workshop, Ask("fill", bars=(2, 3), seed=4))
    workshop.edit("s1", [{"edit": "velocity", "notes": [len(minuet) - 1], "to": 7}], "test")
    workshop.keep(record.name, 1, "test")
    assert 7 in workshop.scores.piece("s1").notes["velocity"]


def test_more_like_one_leaves_some_of_its_notes(workshop: Workshop, minuet: Piece) -> None:
    record, _ = asked(workshop, Ask("accompany", bars=(1, 4), seed=4))
    more = workshop.more_like(record.name, 1, seed=5)
    told, *_ = (event.data for event in read(more))
    candidate = workshop.tasks.piece(record.name, 1)
    new = set(record.candidates[0]["new"])
    stay = new & set(told["stands"])
    assert 0 < len(stay) < len(new)
    assert set(range(len(candidate))) - new <= set(told["stands"])
    assert more.status == "done"
    for one in more.candidates:
        piece = workshop.project.get(one["state"])
        rows = set(map(tuple, piece.notes.tolist()))
        assert {tuple(candidate.notes[number].tolist()) for number in stay} <= rows


WRONG = [
    (Ask("fill", bars=(1, 2), tracks=(5,)), InvalidOption),
    (Ask("fill", bars=(1, 2), locked=(1000,)), InvalidOption),
    (Ask("bass", bars=(1, 2), tracks=(0,)), InvalidOption),
    (Ask("fill", bars=(0, 2)), InvalidOption),
    (Ask("fill", bars=(1, 2), chords="lane"), InvalidOption),
    (Ask("fill", bars=(1, 2), key="H major"), InvalidOption),
]


@pytest.mark.parametrize(("ask", "kind"), WRONG, ids=str)
def test_what_the_score_does_not_have_is_refused_at_once(
    workshop: Workshop, minuet: Piece, ask: Ask, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        workshop.ask("s1", ask)
    assert not list(workshop.tasks)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "dance"},
        {"kind": "fill", "count": 0},
        {"kind": "fill", "bars": (4, 1)},
        {"kind": "fill", "keep": 1.0},
        {"kind": "fill", "meter": "3/4"},
        {"kind": "fill", "seed": -1},
        {"kind": "new", "length": 0},
        {"kind": "fill", "temperature": -1.0},
    ],
    ids=str,
)
def test_what_cannot_be_of_any_score(options: dict[str, Any]) -> None:
    with pytest.raises((InvalidOption, UnknownName)):
        Ask(**options)


def test_what_cannot_be_met_is_said_where_it_fails_and_what_to_relax(workshop: Workshop, minuet: Piece) -> None:
    _, events = asked(workshop, Ask("bass", bars=(5, 8), chords="G F# G G", key="C major"))
    error = events[-1]
    assert error.kind == "error"
    assert error.data["bar"] == 6
    assert {"key", "chords"} <= set(error.data["relax"])
    assert "F#" in error.data["message"]


def test_a_candidate_that_gets_stuck_takes_no_other_with_it(
    workshop: Workshop, minuet: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All three get stuck side by side at their second event, then the second one does whatever its seed."""
    from partimento.composing.compose import compose
    from partimento.studio.workshop import following_notes, writing

    push, runs = following_notes.NotesFollower.push, list[tuple[int, int]]()

    def stuck(self: following_notes.NotesFollower, events: Any) -> None:
        push(self, events)
        one = next(iter(self.stretches.values()))
        if len(one.drawn) == 2 and (len(self.now) == 3 or self.first == 2):
            raise InvalidOption("the rules leave no way on from here")

    def counted(*given: Any, **named: Any) -> Any:
        runs.append((named["count"], named["seed"]))
        return compose(*given, **named)

    monkeypatch.setattr(following_notes.NotesFollower, "push", stuck)
    monkeypatch.setattr(writing, "compose", counted)
    record, events = asked(workshop, Ask("fill", bars=(2, 3), key="G major", seed=1))
    assert [count for count, _ in runs] == [3, 1, 1, 1, 1, 1]
    assert len({seed for _, seed in runs}) == 6
    told = [(event.kind, event.data.get("candidates") or event.data.get("candidate")) for event in events if event.kind != "notes"]
    assert told[1:] == [
        *(("again", [1, 2, 3]), ("again", [2]), ("again", [2]), ("failed", 2)),
        *(("candidate", 1), ("candidate", 3), ("done", None)),
    ]
    assert sorted(record.ranking) == [1, 3]
    for number in (1, 3):
        piece = workshop.tasks.piece(record.name, number)
        assert np.array_equal(again(piece.about.made, workshop.warm.checkpoint).piece.notes, piece.notes)


def test_wishes_that_the_model_does_not_know_are_refused_with_what_it_knows(workshop: Workshop, minuet: Piece) -> None:
    _, events = asked(workshop, Ask("fill", bars=(1, 2), conditions={"composer": "Bach"}))
    assert events[-1].kind == "error"
    assert "Nobody" in events[-1].data["message"]


def test_a_task_without_a_reader_ends_within_a_second(workshop: Workshop, minuet: Piece) -> None:
    workshop.warm.start()
    assert not workshop.warm.problem
    record = workshop.ask("s1", Ask("fill", bars=(1, 16), count=8, seed=1))
    while record.status == "waiting":
        time.sleep(0.01)
    record.mailbox.take()
    began = time.monotonic()
    workshop.tasks.stop(record.name)
    while not record.mailbox.finished:
        time.sleep(0.005)
    assert time.monotonic() - began < 1.0
    assert record.status == "stopped"
    assert not record.candidates


def test_a_task_whose_reader_takes_nothing_ends(workshop: Workshop, minuet: Piece) -> None:
    record = workshop.ask("s1", Ask("fill", bars=(1, 16), count=8, seed=1))
    record.mailbox.most = 4
    until = time.monotonic() + SECONDS
    while not record.mailbox.finished and time.monotonic() < until:
        time.sleep(0.01)
    assert record.status == "stopped"


def test_candidates_are_there_when_the_project_is_opened_again(tmp_path: Path, raw_model: Path) -> None:
    with Workshop(tmp_path, raw_model) as workshop:
        workshop.scores.open(sample("twinkle"), "test")
        record, _ = asked(workshop, Ask("fill", bars=(2, 3), seed=4))
        told, piece = record.to_json(), workshop.tasks.piece("t1", 1)
    with Workshop(tmp_path) as workshop:
        assert json.loads(json.dumps(workshop.tasks["t1"].to_json())) == json.loads(json.dumps(told))
        workshop.keep("t1", 1, "test")
        assert workshop.scores.piece("s1") == piece
        with pytest.raises(NoModel, match="model of your own"):
            workshop.ask("s1", Ask("fill", bars=(2, 3)))
        with pytest.raises(NotThere):
            workshop.tasks.candidate("t1", 4)


def test_taken_adds_the_tracks_that_are_missing() -> None:
    one, other = sample("twinkle"), sample("minuet")
    both = taken(replace(one, ticks_per_quarter=one.ticks_per_quarter), other, (1, 2), [1])
    assert len(both.tracks) == 2
    assert (both.notes["track"] == 1).sum() == (other.notes["onset"][other.notes["track"] == 1] < 2880).sum()


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_whole(name: str) -> None:
    piece = sample(name)
    grid = BarGrid.of(piece)
    assert piece.end_tick == grid.lines[-1]
    assert not grid.upbeat
    assert piece.about.title
    assert piece.about.composer
