"""Repeated runs and loops, counted again by slow twins; the habits of people as they travel in files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partimento.analysis.repetition import (
    FIGURES,
    GRID,
    HABITS,
    LENGTHS,
    PERIODS,
    RUN,
    Habits,
    figures,
    loops,
    repeats,
    row_of,
)
from partimento.piece import Piece, Track, note_array
from partimento.testing.random_pieces import pieces
from tests.made import made_piece

few = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # drawing pieces takes its time
# few pitches and times, so that much comes again
rows = st.lists(st.tuples(st.integers(60, 62), st.sampled_from([0, 6, 6, 12])), max_size=60)


def columns(drawn: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([pitch for pitch, _ in drawn], np.int64), np.cumsum([wait for _, wait in drawn], dtype=np.int64)


def steps_of(pitch: np.ndarray, onset: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(np.diff(pitch).tolist(), np.diff(onset).tolist(), strict=True))


@few
@given(rows)
def test_repeats_are_runs_heard_before(drawn: list[tuple[int, int]]) -> None:
    pitch, onset = columns(drawn)
    steps, seen = steps_of(pitch, onset), set()
    expected = [False] * len(drawn)
    for last in range(RUN - 1, len(drawn)):
        run = tuple(steps[last - RUN + 1 : last])
        expected[last] = run in seen
        seen.add(run)
    assert repeats(pitch, onset).tolist() == expected


@few
@given(rows)
def test_loops_are_the_longest_time_that_a_figure_goes_round(drawn: list[tuple[int, int]]) -> None:
    pitch, onset = columns(drawn)
    steps, expected = steps_of(pitch, onset), [0.0] * len(PERIODS)
    for lag in range(1, len(steps)):
        since = None
        for at in range(lag, len(steps)):
            if steps[at] != steps[at - lag]:
                since = None
                continue
            since = at if since is None else since
            period = onset[at + 1] - onset[at + 1 - lag]
            for number, most in enumerate(PERIODS):
                if period <= most * GRID:
                    expected[number] = max(expected[number], (onset[at + 1] - onset[since]) / GRID)
    assert loops(pitch, onset).tolist() == expected


def test_figures_of_a_piece_do_not_depend_on_its_key_or_its_drums() -> None:
    rows = [(120 * at, 120, 60 + [0, 2, 4, 5, 7, 5, 4, 2][at % 8], 80, 0) for at in range(64)]
    piece = Piece(note_array(rows), (Track(),), 480)
    measured = figures(piece)
    assert measured.shape == (FIGURES,)
    assert measured[:2].tolist() == [(32 - 15) / 25, (64 - 15) / 57]  # the first of each run of two bars is new
    assert np.isnan(measured[2 : len(LENGTHS)]).all()
    assert measured[len(LENGTHS) :].tolist() == [55 / 4] * 3  # all but the first bar, from its first note on
    assert figures(piece.transpose(5)).tobytes() == measured.tobytes()
    drums = note_array([(120 * at, 60, 36, 80, 1) for at in range(64)])
    both = replace(piece, notes=np.concatenate([piece.notes, drums]), tracks=(Track(), Track(0, True)))
    assert figures(both).tobytes() == measured.tobytes()


def test_a_figure_as_long_as_a_period_is_of_it() -> None:
    """Four quarters over and over: a bar, and no less than a bar."""
    pitch, onset = np.array([60, 64, 67, 72] * 6), np.arange(24) * GRID
    assert loops(pitch, onset).tolist() == [19, 19, 19]
    assert loops(pitch, 2 * onset).tolist() == [0, 38, 38]


def test_notes_at_once_stand_by_pitch_whatever_their_tracks() -> None:
    rows = [(480 * at, 480, 72 - at, 80, 0) for at in range(3)] + [(480 * at, 480, 48 + at, 80, 1) for at in range(3)]
    piece = Piece(note_array(rows), (Track(), Track()), 480)
    assert row_of(piece)[0].tolist() == [48, 72, 49, 71, 50, 70]
    assert row_of(piece)[1].tolist() == [0, 0, GRID, GRID, 2 * GRID, 2 * GRID]


@few
@given(pieces())
def test_any_piece_has_figures(piece: Piece) -> None:
    assert (np.diff(row_of(piece)[1]) >= 0).all()
    shares = figures(piece)[: len(LENGTHS)]
    assert (np.isnan(shares) | ((shares >= 0) & (shares <= 1))).all()


def test_habits() -> None:
    table = np.array([figures(made_piece(number, 200)) for number in range(6)])
    table[:, 0] = [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    habits = Habits.of(table)
    assert Habits.from_json(habits.to_json()) == habits
    assert habits.share(0.5)[0] == pytest.approx(0.25)
    assert habits.share(0.99)[0] == habits.share(0.95)[0]
    assert (np.diff(habits.shares, axis=0) >= 0).all()
    known = ~np.isnan(table).all(axis=0)
    assert not known[len(LENGTHS) - 1]
    last = [row[int(np.flatnonzero(known[: len(LENGTHS)])[-1])] for row in habits.shares]
    assert [row[-1] for row in habits.shares] == last, "of longer pieces than there are, as of the longest"
    many = np.full((101, FIGURES), 0.5)
    many[:, len(LENGTHS) :] = np.arange(101)[:, None]
    assert Habits.of(many).loops == (99, 99, 99), "what 99 of 100 stay below"
    short = np.array([figures(made_piece(number, 20)) for number in range(3)])
    assert set(Habits.of(short).share(0.5).tolist()) == {1.0}, "of nothing known, nothing is asked"
    assert all(loop >= period for loop, period in zip(habits.loops, PERIODS, strict=True))


@pytest.mark.parametrize("told", [{}, {"shares": [[1]], "loops": [4, 8, 16]}, HABITS.to_json() | {"loops": [0, 1, 2]}])
def test_what_are_no_habits(told: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        Habits.from_json(told)
