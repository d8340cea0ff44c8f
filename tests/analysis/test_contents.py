"""What a piece holds, against counts by hand and a slow twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.analysis.contents import Voices, contents, kept, voices
from partimento.errors import UnknownName
from partimento.piece import CHORD, KEY, METER, TEMPO, Piece, Track, note_array
from tests.made import made_piece

TRACKS = (Track(40, False, "Violin"), Track(0, True, "Kit"))


def piece(rows: list[tuple[int, int, int, int, int]], **maps: object) -> Piece:
    return Piece(note_array(rows), TRACKS, 480, **maps)  # type: ignore[arg-type]


def test_a_small_piece() -> None:
    rows = [(0, 480, 60, 70, 0), (480, 480, 64, 70, 0), (480, 960, 67, 80, 0), (0, 120, 36, 90, 1), (50, 120, 38, 90, 1)]
    one = piece(
        rows,
        tempos=np.array([(0, 60.0)], TEMPO),
        meters=np.array([(0, 3, 4)], METER),
        keys=np.array([(0, 0, True)], KEY),
        chords=np.array([(0, 0, 0, 4)], CHORD),
    )
    found = contents(one, {"clamped": 2}, ())
    assert (found.notes, found.seconds, found.quarters, found.bars) == (5, 3.0, 3.0, 1)
    assert (found.lowest, found.highest, found.polyphony) == ("C4", "G4", Voices(1.333, 2))
    assert (found.key_found, found.keys, found.meters) == ("C major", [(0.0, "A minor")], [(0.0, "3/4")])
    assert (found.tempos, found.first_chords) == ([(0.0, "60")], ["C/E"])
    assert (found.notes_per_second, found.notes_per_bar, found.on_grid) == (1.667, 5.0, 0.8)
    assert (found.velocities, found.repairs, found.encodings) == ((70, 90, 3), {"clamped": 2}, [])
    violin, kit = found.tracks
    assert (violin.name, violin.instrument, violin.notes, violin.lowest, violin.highest) == ("Violin", "Violin", 3, "C4", "G4")
    assert (kit.instrument, kit.drums, kit.lowest, kit.notes) == ("Drums", True, "", 2)


def test_a_piece_without_notes() -> None:
    found = contents(piece([]))
    assert (found.notes, found.bars, found.key_found, found.lowest, found.on_grid) == (0, 0, "", "", 0.0)
    assert all(one.back == 0 for one in found.encodings)


SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(60, 63)), min_size=1, max_size=12)


@given(SPANS)
def test_voices_against_counting_every_tick(spans: list[tuple[int, int, int]]) -> None:
    one = piece([(onset, duration, pitch, 64, 0) for onset, duration, pitch in spans])
    counts = [len({pitch for onset, duration, pitch in spans if onset <= tick < onset + duration}) for tick in range(50)]
    sounding = [count for count in counts if count]
    assert voices(one.notes) == Voices(round(sum(sounding) / len(sounding), 3), max(counts))


@pytest.mark.parametrize(
    ("meters", "end", "bars", "upbeat"),
    [
        ([], 1920, 1, False),
        ([], 1921, 2, False),
        ([(0, 3, 4)], 1440 * 5, 5, False),
        ([(0, 1, 4), (480, 4, 4)], 480 + 1920, 1, True),
        ([(960, 2, 4)], 1920, 2, False),
    ],
)
def test_bars(meters: list[tuple[int, int, int]], end: int, bars: int, upbeat: bool) -> None:
    """As a page numbers them, so that an upbeat is none."""
    found = contents(piece([(0, end, 60, 64, 0)], meters=np.array(meters, METER)), encodings=())
    assert (found.bars, found.upbeat) == (bars, upbeat)
    assert contents(piece([]), encodings=()).bars == 0


def test_what_encodings_keep() -> None:
    made = made_piece(3)
    exact = kept(made, "notes")
    assert (exact.held, exact.back, exact.onset_error, exact.duration_error, exact.refused) == (1.0, 1.0, 0.0, 0.0, "")
    assert exact.events_per_note == pytest.approx(exact.events / len(made), abs=1e-4)
    assert kept(made, "melody").held <= 1
    rough = kept(piece([(7, 233, 60, 64, 0), (491, 240, 62, 64, 0)]), "notes:profile=score")
    assert rough.back == 1
    assert 0 < rough.onset_error < 1 / 48
    played = kept(replace(made, tempos=np.array([(0, 50.0)], TEMPO)), "notes:profile=performance")
    assert played.in_seconds
    assert played.back == 1
    assert played.onset_error <= 0.005
    with pytest.raises(UnknownName):
        kept(made, "nothing")
