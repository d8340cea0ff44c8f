"""A card says what differs and what does not, as far as the number of pieces tells; its page loads nothing."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from partimento.analysis.card.rows import COPYING, OF_PIECES, ROWS, card, figures
from partimento.analysis.card.view import text_table, to_html
from partimento.analysis.originality import Index
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
