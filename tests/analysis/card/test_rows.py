"""A card says what differs and what does not, as far as the number of pieces tells; its page loads nothing."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from partimento.analysis.card.rows import COPYING, OF_PIECES, ROWS, Row, card, figures
from partimento.analysis.card.view import text_table, to_html
from partimento.analysis.originality import Finding, Index
from partimento.bootstrap import Interval
from tests.made import made_piece


def made_figures(pieces: int, seed: int) -> np.ndarray:
    return np.random.RandomState(seed).standard_normal((pieces, len(ROWS)))


def test_figures() -> None:
    pieces = [made_piece(number) for number in range(3)]
    index = Index.of([("first", pieces[0])])
    table = figures(pieces, [index.find(piece) for piece in pieces])
    assert table.shape == (3, len(OF_PIECES) + len(COPYING))
    at = list(ROWS).index("longest_run_notes")
    assert table[0, at] > 50 > table[1, at]
    assert table[0, list(ROWS).index("copied_4_bars")] == 1


def test_what_is_inside() -> None:
    """Of draws from one distribution about 95 of 100 rows are inside; what lies two deviations off is outside."""
    inside = [row.inside for seed in range(10) for row in card(made_figures(40, seed), made_figures(60, 100 + seed))]
    assert 0.88 <= np.mean(inside) <= 1
    assert not any(row.inside for row in card(made_figures(40, 1) + 2, made_figures(60, 2)))


def test_intervals_and_floor_by_theory() -> None:
    rows = card(made_figures(400, 1), made_figures(900, 2), {"n-gram": made_figures(100, 3) + 5})
    for row in rows:
        assert row.files.high - row.files.low == pytest.approx(2 * 1.96 / 20, rel=0.2)
        assert row.floor == pytest.approx(1.96 * np.sqrt(1 / 400 + 1 / 900), rel=0.2)
        interval, inside = row.others["n-gram"]
        assert interval.mean == pytest.approx(5, abs=0.5)
        assert not inside
    assert rows == card(made_figures(400, 1), made_figures(900, 2), {"n-gram": made_figures(100, 3) + 5})


def test_what_no_piece_has_is_no_number() -> None:
    table = made_figures(5, 1)
    table[:, 2] = np.nan
    row = card(table, made_figures(5, 2))[2]
    assert np.isnan(row.files.mean)
    assert not row.inside
    table[0, 2] = 1.0
    assert card(table, made_figures(5, 2))[2].files.mean == 1


def test_a_piece_that_lacks_a_figure_does_not_pull_the_mean_down() -> None:
    table = np.ones((10, len(ROWS)))
    table[::2, 3] = np.nan
    row = card(table, made_figures(5, 2))[3]
    assert row.files == Interval(1, 1, 1)


def test_copying_is_of_the_texture_or_of_any_line() -> None:
    finding = Finding(100, (), {1: 0.1, 2: 0.2, 4: 0.4}, {1: 0.5, 2: 0.6, 4: 0.8})
    found = {name: float(figure.of([finding])[0]) for name, figure in COPYING.items()}
    wanted = {"longest_run_notes": 0, **{f"copied_{n}_bars": n / 10 for n in (1, 2, 4)}}
    assert found == pytest.approx(wanted | {f"copied_line_{n}_bars": 0.4 + n / 10 for n in (1, 2, 4)})


def test_what_a_cell_says() -> None:
    """The mean, half of the interval, and a star at what is outside; shares in per cent where the figure says so."""
    one = Interval(0.5, 0.25, 0.75)
    rows = [Row(name, one, one, 0.125, name == "ending", {"x": (one, True)}) for name in ("ending", "repeated_runs")]
    _, ending, runs = (line.split("  ") for line in text_table(rows).splitlines())
    assert [cell.strip() for cell in ending if cell] == [ROWS["ending"].title, *["0.50 ± 0.25"] * 2, "0.12", "0.50 ± 0.25"]
    cells = [cell.strip() for cell in runs if cell]
    assert cells == [ROWS["repeated_runs"].title, "50.0 ± 25.0 *", "50.0 ± 25.0", "12.5", "50.0 ± 25.0"]


def test_text_and_page() -> None:
    rows = card(made_figures(40, 1), made_figures(60, 2), {"n-gram": made_figures(40, 3) + 5})
    text = text_table(rows)
    assert len(text.splitlines()) == len(ROWS) + 1
    assert text.count("*") >= len(ROWS)  # all of the n-gram's
    page = to_html(rows, "<Card>", "40 pieces").decode()
    assert "&lt;Card&gt;" in page
    assert "nan" not in page
    assert not re.search(r"https?:|src=|href=", page)
    keys = {"name", "files", "human", "floor", "inside", "others"}
    assert all(set(row.to_json()) == keys for row in rows)
    json.dumps([row.to_json() for row in rows])
