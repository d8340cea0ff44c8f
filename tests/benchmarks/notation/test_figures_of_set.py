"""The whole way: scores written by us, read, split by work and measured; every task has a figure for each of its names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from partimento.benchmarks.notation.figures_of_set import measured, table
from partimento.benchmarks.notation.tasks import TASKS
from partimento.benchmarks.notation.truth import Case, Truth, pitched, read_truth
from partimento.errors import CorpusError
from partimento.formats import write
from partimento.formats.written import WRITTEN, Written
from partimento.piece import CHORD, METER, NOTE, Piece, Track
from tests.made import made_piece


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    folder = tmp_path_factory.mktemp("scores")
    for number in range(8):
        piece = replace(made_piece(number), chords=np.array([(0, 0, 0, 0), (960, 7, 9, 7)], CHORD))
        write(replace(piece, tracks=(Track(), Track(32))), folder / f"{number}.musicxml")
        write(piece, folder / f"{number}.mid")  # its twin, which is left out
    return read_truth([folder])


def test_notation_is_read_and_not_its_twins(truth: Truth) -> None:
    assert len(truth.cases) == 8
    assert not truth.refused
    assert {case.split for case in truth.cases} == {"train", "valid", "test"}
    assert sum(len(truth.split(name)) for name in ("train", "valid", "test")) == len(truth.split("all")) == 8


@pytest.mark.parametrize("name", TASKS)
def test_every_task_measures(truth: Truth, name: str) -> None:
    result = measured(name, truth.cases)
    known = result.to_json()
    assert not result.failed
    if name in ("hands", "voices", "parts"):  # these are two parts of one staff and one voice
        assert not result.intervals
        return
    assert set(result.intervals) <= set(TASKS[name].figures)
    assert TASKS[name].figures[0] in result.intervals
    for interval in result.intervals.values():
        assert 0 <= interval.low <= interval.mean <= interval.high <= 1
    assert 0 < len(known["worst"]) <= 5
    assert len(table([result])) == 1 + len(result.intervals)


def test_values_of_our_own_pages_are_read_back(truth: Truth) -> None:
    assert measured("values", truth.cases).intervals["as written"].mean == 1


def test_meters_are_taken_away_before_they_are_looked_for(truth: Truth) -> None:
    one = truth.cases[0]
    case = replace(one, written=replace(one.written, piece=replace(one.written.piece, meters=np.array([(0, 4, 4)], METER))))
    assert TASKS["bars"].run(case)["4/4 from the start"][0] == TASKS["bars"].run(case)["4/4 from the start"][1]


def test_two_tracks_that_are_hands_become_two_staves() -> None:
    notes = np.array([(at, 10, pitch, 80, track) for track, pitch in ((0, 72), (1, 48)) for at in (0, 10)], NOTE)
    piece = Piece(np.concatenate([notes, np.array([(5, 5, 38, 80, 2)], NOTE)]), (Track(), Track(), Track(0, True)))
    found = pitched(Written.of(piece))
    assert found.piece.notes["track"].tolist() == [0] * 4
    assert found.piece.notes["pitch"].tolist() == [48, 72, 48, 72]
    assert found.notes["staff"].tolist() == [1, 0, 1, 0]
    figures = TASKS["hands"].run(Case("a", "a", "test", found))
    assert figures["a split at middle C"] == (4, 4)


def test_ties_follow_their_notes() -> None:
    rows = np.array([(0, 20, 72, 80, 0), (0, 5, 48, 80, 1), (5, 5, 50, 80, 1)], NOTE)
    written = np.zeros(3, WRITTEN)
    written["staff"] = -1
    ties = np.array([(0, 10)], [("note", "<i4"), ("tick", "<i4")])
    found = pitched(Written(Piece(rows, (Track(), Track())), written, ties))
    assert found.piece.notes["pitch"][found.ties["note"]].tolist() == [72]


def test_too_few_works_are_refused(tmp_path: Path) -> None:
    write(made_piece(1), tmp_path / "a.mid")
    with pytest.raises(CorpusError, match="too few scores"):
        read_truth([tmp_path])
