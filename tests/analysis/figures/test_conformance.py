"""What holds for every figure and every histogram that is declared, whoever adds one: nothing else must be written for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from partimento.analysis.card.rows import COPYING, ROWS, Row, figures
from partimento.analysis.card.view import text_table
from partimento.analysis.exploration import explore
from partimento.analysis.figures.block import Block
from partimento.analysis.figures.figure import TRANSFORMATIONS, Figure
from partimento.analysis.figures.histograms import HISTOGRAMS, SECTIONS
from partimento.analysis.figures.measures import measure, table
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.originality import Index
from partimento.analysis.piece_set import Floats, Ints, Music
from partimento.analysis.report.html_page import to_html
from partimento.analysis.report.numbers import write_tables
from partimento.bootstrap import Interval
from partimento.piece import METER, NOTE, TEMPO, Piece, Track
from partimento.testing.random_pieces import pieces
from tests.made import made_piece


def transposed(piece: Piece, semitones: int) -> Piece:
    keys = piece.keys.copy()
    keys["fifths"] = (keys["fifths"] + 7 * semitones + 5) % 12 - 5
    return replace(piece.transpose(semitones), keys=keys)


def slower(piece: Piece) -> Piece:
    tempos = piece.tempos.copy()
    tempos["qpm"] /= 4
    return replace(piece, tempos=tempos)


def louder(piece: Piece) -> Piece:
    notes = piece.notes.copy()
    notes["velocity"] = notes["velocity"] // 2 + 60
    return replace(piece, notes=notes)


CHANGES: dict[str, Callable[[Piece], Piece]] = {
    "transposition": lambda piece: transposed(piece, 5),
    "octave": lambda piece: transposed(piece, 12),
    "tempo": slower,
    "velocity": louder,
    "instrument": lambda piece: replace(piece, tracks=tuple(replace(track, program=73) for track in piece.tracks)),
}


def with_drums(piece: Piece) -> Piece:
    drums = np.array([(at, 60, 36 + at // 240 % 3, 90, 2) for at in range(0, piece.end_tick, 240)], NOTE)
    return replace(piece, notes=np.concatenate([piece.notes, drums]), tracks=(*piece.tracks, Track(0, True)))


PIECES = [*(made_piece(number) for number in range(5)), with_drums(made_piece(5))]
BOTH = [*FIGURES.values(), *HISTOGRAMS.values()]
every_figure = pytest.mark.parametrize("figure", FIGURES.values(), ids=lambda figure: figure.name)
every_histogram = pytest.mark.parametrize("histogram", HISTOGRAMS.values(), ids=lambda histogram: histogram.name)
everything = pytest.mark.parametrize("one", BOTH, ids=lambda one: f"{type(one).__name__} {one.name}")


def asked(function: Callable[[Block], Ints | Floats], *of: Piece) -> Ints | Floats:
    return function(Block(Music.of("made", of)))


@every_figure
def test_a_figure_is_declared_well(figure: Figure[Block]) -> None:
    assert FIGURES[figure.name] is figure
    assert figure.label
    assert figure.what, "its function has no docstring: it is the sentence of docs/figures.md"
    assert figure.unit != "%" or figure.share
    assert set(figure.changes_with) <= set(TRANSFORMATIONS)
    assert 0 <= figure.digits <= 4


@every_figure
def test_a_figure_of_many_pieces_is_that_of_each(figure: Figure[Block]) -> None:
    empty, drums = replace(PIECES[0], notes=np.zeros(0, NOTE)), replace(PIECES[1], tracks=(Track(0, True),) * 2)
    some = [*PIECES, empty, drums, PIECES[0]]
    together = asked(figure.of, *some)
    assert together.shape == (len(some),)
    assert together.dtype == np.float64
    np.testing.assert_array_equal(together, np.concatenate([asked(figure.of, piece) for piece in some]))
    assert np.isfinite(together[: len(PIECES)]).all()
    assert not np.isinf(together).any()


@everything
@pytest.mark.parametrize("change", TRANSFORMATIONS)
def test_what_it_does_not_depend_on_changes_nothing(one: Figure[Block], change: str) -> None:
    before, after = asked(one.of, *PIECES), asked(one.of, *map(CHANGES[change], PIECES))
    if change in one.changes_with:
        assert not np.allclose(before, after), f"it says that it changes with {change}, and does not"
    else:
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(pieces())
def test_any_piece(piece: Piece) -> None:
    """No figure fails; shares are in 0..1; a figure is a number or it is none; the same again."""
    first, again = table([piece]), table([piece])
    np.testing.assert_array_equal(first, again)
    assert not np.isinf(first).any()
    for figure, value in zip(FIGURES.values(), first[0].tolist(), strict=True):
        assert not figure.share or not (value < 0 or value > 1), figure.name
    for name, counts in measure(Music.of("any", [piece])).counts.items():
        assert counts.min() >= 0, name


@every_histogram
def test_a_histogram_has_its_labels(histogram: Figure[Block]) -> None:
    declared = HISTOGRAMS[histogram.name]
    counts = asked(declared.of, *PIECES, replace(PIECES[0], notes=np.zeros(0, NOTE)))
    assert counts.shape == (len(PIECES) + 1, len(declared.labels))
    assert np.issubdtype(counts.dtype, np.integer)
    assert counts.min() >= 0
    assert declared.section in (*SECTIONS, "")
    assert not declared.axis or len(declared.axis) == len(declared.labels)
    if declared.things == "notes" and declared.additive and not declared.least_share:
        notes = [len(piece) for piece in PIECES]
        pitched = [len(piece) - int((piece.notes["track"] == 2).sum()) for piece in PIECES]
        assert counts[:-1].sum(axis=1).tolist() in (notes, pitched)


@pytest.mark.parametrize("name", [name for name, histogram in HISTOGRAMS.items() if histogram.additive])
def test_two_pieces_in_a_row_have_the_counts_of_both(name: str) -> None:
    """The second begins on a bar line, under the meters of the first."""
    one, other = (replace(piece, meters=np.array([(0, 4, 4)], METER)) for piece in PIECES[:2])
    notes = other.notes.copy()
    notes["onset"] += -(-one.end_tick // 1920) * 1920
    row = replace(one, notes=np.concatenate([one.notes, notes]))
    function = HISTOGRAMS[name].of
    assert (asked(function, row)[0] == asked(function, one)[0] + asked(function, other)[0]).all()


def test_a_new_figure_is_in_the_card_the_report_and_the_numbers(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """One function and one entry: no table of labels, no view and no file is told of it."""

    def half(block: Block) -> Floats:
        """The number of the notes over two."""
        return block.notes / 2

    figure = Figure("half_the_notes", half, "half of the notes", "notes", 1)
    monkeypatch.setitem(FIGURES, figure.name, figure)
    exploration = explore([Music.of("one", PIECES), Music.of("other", [made_piece(number, 70) for number in range(10, 16)])])
    assert exploration.sets[0].measures.figures[figure.name].tolist() == [len(piece) / 2 for piece in PIECES]
    assert "half of the notes, notes" in to_html(exploration).decode()
    write_tables(exploration, tmp_path)
    assert "half_the_notes" in (tmp_path / "figures.csv").read_text()


def test_the_card_has_a_row_of_every_figure_that_is_for_it() -> None:
    assert list(ROWS) == [*(name for name, figure in FIGURES.items() if figure.in_card), *COPYING]
    index = Index.of([("first", PIECES[0])])
    rows = figures(PIECES, [index.find(piece) for piece in PIECES])
    assert rows.shape == (len(PIECES), len(ROWS))
    text = text_table([Row(name, Interval(0.5, 0.25, 0.75), Interval(0.5, 0.5, 0.5), 0.125, True, {}) for name in ROWS])
    for name, figure in ROWS.items():
        line = next(line for line in text.splitlines() if line.startswith(figure.title + "  "))
        assert line.split("  ")[-1].strip() == figure.text(0.125), name
        assert figure.what


TUNE = Piece(
    np.array([(4 * at, 4, pitch, 60 + at, 0) for at, pitch in enumerate([60, 62, 64, 60, 60, 62, 64, 60])], NOTE),
    (Track(73),),
    4,
    np.array([(0, 90.0)], TEMPO),
    np.array([(0, 4, 4)], METER),
)
BY_HAND = {
    "pitch_class_entropy": 1.5,  # C four times, D and E twice
    "scale_consistency": 1,
    "groove_consistency": 1,
    "notes_per_bar": 4,
    "polyphony": 1,
    "repeated_runs": 0,  # there is one run of eight
    "repeated_bars": 1 / 2,
    "ending": 1,
    "bars": 2,
    "notes": 8,
    "seconds": 8 * 60 / 90,
    "tempo_qpm": 90,
    "wait_quarters": 1,
    "off_grid": 0,
    "pitches": 3,
    "pitch_range": 4,
    "mean_interval": (2 + 2 + 4 + 0 + 2 + 2 + 4) / 7,
    "steps": 4 / 7,
    "minor": 0,
    "chords_per_beat": 0,
    "most_at_once": 1,
    "parts": 1,
    "empty_bars": 0,
    "onsets_per_bar": 4,
    "velocity_spread": np.sqrt(63 / 12),  # of eight numbers in a row
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    assert float(asked(FIGURES[name].of, TUNE)[0]) == pytest.approx(BY_HAND[name])


def test_the_page_of_figures_says_what_is_declared() -> None:
    script = Path(__file__).parents[3] / "bench" / "figures.py"
    found = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, f"docs/figures.md is not what the registries say: python bench/figures.py --write\n{found.stderr}"
