"""Small figures are well-formed pictures with every note where it belongs."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.analysis.melodic_lines import NOTE_VALUES
from partimento.render.snippet import intervals_svg, notes_svg, rhythm_svg

STAFF = re.compile(r'cx="([\d.-]+)" cy="([\d.-]+)" rx')


def heads(svg: str) -> list[tuple[float, float]]:
    """Where the heads lie, in spaces: the bottom line is at 4."""
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    left, top, width, height = map(float, (root.get("viewBox") or "").split())
    found = [(float(x), float(y)) for x, y in STAFF.findall(svg)]
    assert all(left < x < left + width and top + 0.4 < y < top + height - 0.4 for x, y in found)
    return found


def test_places_on_the_staff() -> None:
    assert [y for _, y in heads(notes_svg([64, 65, 67, 77, 60]))] == [4, 3.5, 3, 0, 5]  # E4 F4 G4 F5 C4 in treble
    assert [y for _, y in heads(notes_svg([43, 45, 57]))] == [4, 3.5, 0]  # G2 A2 A3 in bass
    assert notes_svg([60]).count("M-1 5.0H1") == 1  # the ledger line of middle C
    assert notes_svg([81]).count("H1") == 1
    assert notes_svg([64]).count("H1") == 0


def test_signs_hold_until_they_are_taken_back() -> None:
    def signs(pitches: list[int]) -> tuple[int, int, int]:
        svg = notes_svg(pitches)
        return svg.count("M-.25-1.1V1.25"), svg.count("M-.3-1.7V.6"), svg.count("M-.25-1.3V.55")

    assert signs([66, 66, 65, 66]) == (2, 0, 1)
    assert signs([70, 63]) == (0, 2, 0)
    assert signs([60, 62, 64]) == (0, 0, 0)


@given(st.lists(st.integers(0, 127), min_size=1, max_size=8))
def test_any_pitches(pitches: list[int]) -> None:
    places = heads(notes_svg(pitches))
    assert len(places) == len(pitches)
    assert all(one < other for (one, _), (other, _) in pairwise(places))


@given(st.lists(st.integers(-127, 127), min_size=1, max_size=8))
def test_any_intervals(intervals: list[int]) -> None:
    assert len(heads(intervals_svg(intervals))) == len(intervals) + 1


def test_intervals_are_written_without_signs_where_they_can_be() -> None:
    svg = intervals_svg([2, 2, 1, 2])
    assert "M-.25-1.1" not in svg
    assert "M-.3-1.7" not in svg
    ys = [y for _, y in heads(svg)]
    assert [one - other for one, other in pairwise(ys)] == [0.5] * 4


@given(st.lists(st.sampled_from([quarters for quarters, _ in NOTE_VALUES]), min_size=1, max_size=8))
def test_any_rhythm(quarters: list[float]) -> None:
    tied = sum(value in (5 / 4, 5 / 2) for value in quarters)
    assert len(heads(rhythm_svg(quarters))) == len(quarters) + tied


@pytest.mark.parametrize(
    ("quarters", "beams"), [([0.5, 0.5], 1), ([0.25] * 4, 2), ([1, 1], 0), ([0.5, 1, 0.5], 0), ([0.75, 0.25], 1)]
)
def test_beams_within_a_quarter(quarters: list[float], beams: int) -> None:
    assert len({y for x, y in re.findall(r"M([\d.]+) (-[\d.]+)H", rhythm_svg(quarters))}) == beams
