"""The leaderboard ranks, divides by seconds of music, and draws; it changes no figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from partimento.bootstrap import Interval
from partimento.likelihood.bits_per_note import Row
from partimento.likelihood.leaderboard import Entry, per_second, plot, ranked, table


def row(name: str, nats: list[float], encoding: str = "melody") -> Row:
    sums = np.array([[10, 10, one, 5] for one in nats])
    bits = float(sum(nats) / np.log(2) / (10 * len(nats)))
    one = Interval(bits, bits - 0.1, bits + 0.1)
    numbers = np.arange(1, len(nats) + 1)
    split = ("works", "test", None, len(nats), 10 * len(nats))
    return Row(name, *split, one, {"pitch": one}, {"pitch": Interval(0.5, 0.4, 0.6)}, 1.0, encoding, "", "rests", numbers, sums)


def test_bits_per_second_are_a_ratio_of_sums() -> None:
    found = per_second(row("a", [7.0, 14.0]), np.array([100.0, 3.0, 4.0, 100.0]))
    assert found.mean == pytest.approx(21 / np.log(2) / 7)
    assert found.low <= found.mean <= found.high
    assert found.low == pytest.approx(7 / np.log(2) / 3)


def test_the_table_and_the_plot(tmp_path: Path) -> None:
    entries = [
        Entry(row("ngram", [30.0, 30.0]), Interval(3, 2, 4)),
        Entry(row("small", [20.0, 20.0]), Interval(3, 2, 4), 1000, 60.0, 50.0),
        Entry(row("large", [10.0, 10.0], "notes"), Interval(3, 2, 4), 1_000_000, 120.0, 5.0),
    ]
    assert [entry.row.name for entry in ranked(entries)] == ["large", "small", "ngram"]
    lines = table(entries).splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["large", "small", "ngram"]
    assert "1,000,000" in lines[2]
    assert "2.0 min" in lines[2]
    assert "The encoding notes drops rests." in lines
    assert table(entries, markdown=True).count("|") == 5 * 9
    assert entries[0].to_json().keys() > {"bits_per_note", "bits_per_second", "parameters", "seconds", "notes_per_second"}
    plot(entries, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
