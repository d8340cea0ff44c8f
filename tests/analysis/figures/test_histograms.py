"""Histograms and figures of pieces whose notes can be counted on the fingers; and blocks that do not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from partimento.analysis.beat_chords import NUMERALS
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.measures import Measures, figures_of, measure
from partimento.analysis.figures.of_harmony import CADENCES
from partimento.analysis.figures.of_pitch import LARGEST_INTERVAL
from partimento.analysis.figures.of_time import METERS, PLACES
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.melodic_lines import VALUE_NAMES
from partimento.analysis.piece_set import Music
from partimento.piece import KEY, METER, NOTE, TEMPO, Piece, Track
from partimento.theory import MAJOR_KEYS
from tests.made import made_piece


def triads(*roots: tuple[int, int], beats: int = 1) -> list[tuple[int, int, int, int, int]]:
    """Close triads (root, third), a chord every `beats` quarters of four ticks."""
    rows = []
    for at, (root, third) in enumerate(roots):
        rows += [(4 * at * beats, 4 * beats, root + offset, 80, 0) for offset in (0, third, 7)]
    return rows


CADENCE = Piece(
    np.array(triads((48, 4), (53, 4), (55, 4), (48, 4)), NOTE),
    (Track(73),),
    4,
    np.array([(0, 60.0)], TEMPO),
    np.array([(0, 2, 4)], METER),
    np.array([(0, -3, True)], KEY),
)


def found(measures: Measures, name: str, number: int = 0) -> dict[str, int]:
    """What a histogram of one piece holds, by label."""
    counts = measures.counts[name][number]
    return {HISTOGRAMS[name].labels[at]: int(counts[at]) for at in np.flatnonzero(counts)}


def test_a_cadence_counted_by_hand() -> None:
    measures = measure(Music.of("made", [CADENCE]))
    assert found(measures, "pitch_class") == {"C": 3, "D": 1, "E": 2, "F": 1, "G": 3, "A": 1, "B": 1}
    assert found(measures, "degree") == {"1": 3, "2": 1, "3": 2, "4": 1, "5": 3, "6": 1, "7": 1}
    assert found(measures, "pitch")["48"] == 2
    assert found(measures, "interval") == {"4th up": 1, "major 2nd up": 1, "5th down": 1}  # 55 60 62 55
    assert found(measures, "harmonic") == {"major 3rd": 4, "5th": 4}
    assert found(measures, "duration") == {"quarter": 12}
    assert found(measures, "wait") == {"quarter": 3}
    assert found(measures, "place") == {"downbeat": 6, "other beats": 6}
    assert found(measures, "place_2_4") == {"0": 6, "4": 6}
    assert found(measures, "place_4_4") == {}
    assert found(measures, "meter") == {"2/4": 1}
    assert found(measures, "tempo") == {"60": 1}
    assert found(measures, "length") == {"< ½ min": 1}
    assert found(measures, "key_found") == {"C": 1}
    assert found(measures, "key_written") == {"Cm": 1}
    assert found(measures, "chord") == {"I": 2, "IV": 1, "V": 1}
    assert found(measures, "quality") == {"major": 4}
    assert found(measures, "root_motion") == {"4th": 2, "major 2nd": 1}
    assert found(measures, "chord_change") == {"I → IV": 1, "IV → V": 1, "V → I": 1}
    assert found(measures, "cadence") == {"V–I": 1}
    assert found(measures, "polyphony") == {"3": 4}
    assert found(measures, "velocity") == {"80": 12}
    assert found(measures, "instrument") == {"pipe": 12}
    assert found(measures, "pitch_class_change") == {"G → C": 1, "C → D": 1, "D → G": 1}
    assert found(measures, "duration_change") == {"quarter → quarter": 2}
    figures = {name: float(measures.figures[name][0]) for name in FIGURES}
    expected = {"notes": 12, "seconds": 4, "tempo_qpm": 60, "pitches": 8, "pitch_range": 14, "mean_interval": 14 / 3}
    expected |= {"steps": 1 / 3, "wait_quarters": 1, "minor": 0, "chords_per_beat": 3 / 4, "velocity_spread": 0, "off_grid": 0}
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    own = figures_of(CADENCE)
    assert figures["pitch_class_entropy"] == own["pitch_class_entropy"]
    assert figures["bars"] == own["bars"] == 2


@pytest.mark.parametrize(
    ("roots", "cadence"),
    [
        ([(48, 4), (55, 4), (48, 3)], "V–I"),
        ([(48, 4), (55, 4), (53, 4), (48, 4)], "IV–I"),
        ([(48, 4), (53, 4), (48, 4), (55, 4)], "ends on V"),
        ([(48, 4), (53, 4), (55, 4), (57, 3)], "others"),
        ([(48, 4), (53, 4), (55, 4), (50, 3), (48, 4)], "others to I"),
    ],
)
def test_endings(roots: list[tuple[int, int]], cadence: str) -> None:
    firm = triads((48, 4), (55, 4), (48, 4), beats=8)  # so that the key is C
    rows = np.array([*firm, *[(onset + 96, *rest) for onset, *rest in triads(*roots)]], NOTE)
    measures = measure(Music.of("made", [replace(CADENCE, notes=rows)]))
    assert found(measures, "key_found") == {"C": 1}
    assert found(measures, "cadence") == {cadence: 1}


def test_a_dominant_seventh_after_the_dominant_is_still_a_dominant() -> None:
    rows = [*triads((48, 4), (53, 4), (55, 4)), *[(12, 4, pitch, 80, 0) for pitch in (55, 59, 62, 65)], (16, 4, 48, 80, 0)]
    rows += [(16, 4, 52, 80, 0), (16, 4, 55, 80, 0)]
    assert found(measure(Music.of("made", [replace(CADENCE, notes=np.array(rows, NOTE))])), "cadence") == {"V–I": 1}


@pytest.mark.parametrize(
    ("onset", "meter", "place"),
    [
        *((0, (4, 4), 0), (24, (4, 4), 1), (12, (4, 4), 2), (8, (4, 4), 2), (6, (4, 4), 3), (10, (4, 4), 4), (95, (4, 4), 4)),
        *((96, (4, 4), 0), (36, (6, 8), 1), (12, (6, 8), 2), (18, (6, 8), 2), (6, (6, 8), 3), (72, (6, 8), 0)),
    ],
)
def test_places_in_the_beat(onset: int, meter: tuple[int, int], place: int) -> None:
    piece = Piece(np.array([(onset, 1, 60, 64, 0)], NOTE), (Track(),), 24, meters=np.array([(0, *meter)], METER))
    assert found(measure(Music.of("made", [piece])), "place") == {PLACES[place]: 1}


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = replace(CADENCE, notes=np.zeros(0, NOTE))
    drums = replace(CADENCE, tracks=(Track(0, True),))
    music = Music.of("made", [*[made_piece(number) for number in range(7)], empty, drums, CADENCE])
    whole = measure(music)
    told: list[tuple[int, int]] = []
    blocks = list(music.blocks(130))
    assert len(blocks) > 2
    monkeypatch.setattr(Music, "blocks", lambda self: iter(blocks))
    parts = measure(music, lambda done, of: told.append((done, of)))
    assert told[-1] == (10, 10)
    for name in HISTOGRAMS:
        assert np.array_equal(whole.counts[name], parts.counts[name]), name
    for name in FIGURES:
        assert np.array_equal(whole.figures[name], parts.figures[name], equal_nan=True), name


def test_every_histogram_has_its_labels_and_sums_up() -> None:
    music = Music.of("made", [made_piece(number) for number in range(5)])
    measures = measure(music)
    assert set(measures.counts) == set(HISTOGRAMS)
    notes = np.diff(music.offsets)
    for name, histogram in HISTOGRAMS.items():
        assert measures.counts[name].shape == (5, len(histogram.labels))
        assert len(set(histogram.labels)) == len(histogram.labels) or name == "interval"
        total = measures.counts[name].sum(axis=1)
        if histogram.things == "pieces" and name != "cadence":
            assert (total == 1).all(), name
        if histogram.things == "notes" and name not in ("harmonic",) and not name.startswith("place_"):
            assert (total == notes).all(), name
        share = measures.share(name)
        assert share.sum() == pytest.approx(1 if total.any() else 0)
    assert measures.share("place_6_8").tolist() == [0] * 12


def test_labels_stand_where_they_are_counted() -> None:
    assert HISTOGRAMS["interval"].labels[LARGEST_INTERVAL + 7] == "5th up"
    assert (NUMERALS[7 * 3], NUMERALS[11 * 3 + 2], CADENCES[0], METERS[2]) == ("V", "vii°", "V–I", "4/4")
    assert HISTOGRAMS["key_found"].labels[7 + len(MAJOR_KEYS)] == "Am"
    assert HISTOGRAMS["duration"].labels == VALUE_NAMES
