"""Meter and key of the longest time, tempo and density, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.piece import KEY, METER, TEMPO, Piece, Track, note_array
from partimento.prevailing import key_in_force, mean_tempo_qpm, meter_in_force, notes_per_quarter


def piece(meters: list[tuple[int, int, int]] = [], keys: list[tuple[int, int, bool]] = []) -> Piece:  # noqa: B006
    """A hundred quarters."""
    return Piece(note_array([(0, 400, 60, 80, 0)]), (Track(),), 4, meters=np.array(meters, METER), keys=np.array(keys, KEY))


@pytest.mark.parametrize(
    ("meters", "found"),
    [
        ([(0, 4, 4)], (4, 4)),
        ([(0, 4, 4), (160, 3, 4), (280, 4, 4)], (4, 4)),  # 160 and 120 ticks against 120
        ([(0, 2, 4), (120, 3, 4), (276, 2, 4)], (2, 4)),  # no stretch of 2/4 is the longest, both together are
        ([(0, 2, 4), (200, 3, 4)], (2, 4)),  # of equals the earlier
        ([(320, 3, 4)], (4, 4)),  # 4/4 before the first
        ([(0, 2, 4), (40, 3, 4), (5000, 6, 8)], (3, 4)),  # what stands after the end says nothing
        ([(5000, 6, 8)], None),
        ([], None),
    ],
)
def test_the_meter_in_force_longest(meters: list[tuple[int, int, int]], found: tuple[int, int] | None) -> None:
    assert meter_in_force(piece(meters)) == found


def test_the_key_in_force_longest() -> None:
    assert key_in_force(piece(keys=[(0, 0, False), (120, 0, True), (320, 1, False)])) == (0, True)
    assert key_in_force(piece(keys=[(300, 2, False), (320, 1, False)])) == (2, False)  # the first holds from the start
    assert key_in_force(piece()) is None


def test_tempo_and_density_begin_with_the_first_note() -> None:
    """Four quarters of silence at 30, then four notes in two quarters at 60 and two at 120."""
    rows = [(tick, 4, 60, 80, 0) for tick in (16, 20, 24, 28)]
    slow = Piece(note_array(rows), (Track(),), 4, np.array([(0, 30.0), (16, 60.0), (24, 120.0)], TEMPO))
    assert mean_tempo_qpm(slow) == pytest.approx(4 * 60 / (2 + 1))
    assert notes_per_quarter(slow) == 1
    assert np.isnan([mean_tempo_qpm(Piece(note_array([]), (), 4)), notes_per_quarter(Piece(note_array([]), (), 4))]).all()
