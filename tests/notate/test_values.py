"""Note values by the rules of meter, as a player expects them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.notate.values import note_value, values_of
from tests.notate.made import bars_of, line, piece_of

WHOLE = 4 * 480
THIRD = 1 / 3


@pytest.mark.parametrize(
    ("meter", "lengths", "expected"),
    [
        ((4, 4), [1, 2, 1], "4 2 4"),  # a syncopation in the middle of the bar
        ((4, 4), [1, 3], "4 2."),
        ((4, 4), [1.5, 1, 1.5], "4. 8~ 8 4."),  # hides the middle otherwise
        ((4, 4), [0.5, 1, 0.5, 2], "8 4 8 2"),
        ((4, 4), [2.5, 1.5], "2~ 8 4."),
        ((4, 4), [0.25, 0.5, 0.25, 3], "16 8 16 2."),
        ((4, 4), [1, -3], "4 r4 r2"),
        ((4, 4), [-1, 1, -2], "r4 4 r2"),
        ((4, 4), [-0.75, 0.25, 3], "r8 r16 16 2."),
        ((3, 4), [1.5, 1.5], "4. 8~ 4"),
        ((3, 4), [1, -2], "4 r4 r4"),
        ((3, 4), [0.5, 1, 1, 0.5], "8 4 4 8"),
        ((6, 8), [1.5, 1.5], "4. 4."),
        ((6, 8), [1, 0.5, 0.5, 1], "4 8 8 4"),
        ((6, 8), [2, 1], "4.~ 8 4"),
        ((6, 8), [-2, 1], "r4. r8 4"),
        ((6, 8), [0.5, -2.5], "8 r8 r8 r4."),
        ((12, 8), [6], "1."),
        ((5, 4), [5], "2.~ 2"),
        ((7, 8), [3.5], "2~ 4."),
        ((2, 2), [1, 2, 1], "4 2 4"),
        ((4, 4), [THIRD, THIRD, THIRD, 3], "8 8 8 2."),
        ((4, 4), [2 * THIRD, THIRD, 3], "4 8 2."),
        ((4, 4), [4 * THIRD, 4 * THIRD, 4 * THIRD], "2 2 2"),
        ((4, 4), [1 + 2 * THIRD, THIRD, 2], "4~ 4 8 2"),
    ],
)
def test_the_usual_way_to_write_it(meter: tuple[int, int], lengths: list[float], expected: str) -> None:
    assert bars_of(piece_of(line(lengths), meters=[(0, *meter)]))[0] == expected


def test_a_bar_without_notes_has_one_rest_and_an_upbeat_counts_as_none() -> None:
    piece = piece_of([(0, 1, 60), (9, 4, 62)], meters=[(0, 1, 4), (1, 4, 4)])
    assert bars_of(piece) == ["4", "R", "R", "1"]


@pytest.mark.parametrize(
    ("lengths", "ratio"), [([1 / 6] * 6 + [3], (6, 4)), ([0.2] * 5 + [3], (5, 4)), ([THIRD] * 3 + [3], (3, 2))]
)
def test_a_beat_in_odd_parts_is_one_tuplet(lengths: list[float], ratio: tuple[int, int]) -> None:
    from partimento.notate import score_of

    events = score_of(piece_of(line(lengths))).parts[0].staves[0].voices[0][0]
    tuplets = {id(event.tuplet): event.tuplet for event in events if event.tuplet}
    assert [(one.actual, one.normal) for one in tuplets.values() if one] == [ratio]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([1, 2, 3, 4, 6, 8, 12, 16, 24, 48]), min_size=1, max_size=12),
    st.sampled_from([(4, 4), (3, 4), (6, 8)]),
)
def test_values_fill_the_bar_and_say_their_length(lengths: list[int], meter: tuple[int, int]) -> None:
    """The slow twin: every value is its kind with its dots, in its tuplet, and they follow one another without a gap."""
    whole = 4 * 96
    bar = whole * meter[0] // meter[1]
    edges = sorted({0, bar, *(min(bar, 4 * sum(lengths[:number])) for number in range(len(lengths) + 1))})
    items = [(start, stop, number % 3 > 0) for number, (start, stop) in enumerate(pairwise(edges))]
    values = values_of(items, meter, whole)
    assert [value[1] for value in values] == [0, *(value[2] for value in values[:-1])]
    assert values[-1][2] == bar
    for _, start, stop, kind, dots, tuplet in values:
        said = Fraction(2) ** kind * (2 - Fraction(1, 2**dots))
        said *= Fraction(tuplet.normal, tuplet.actual) if tuplet else 1
        assert said == Fraction(stop - start, whole)


def test_note_values() -> None:
    assert [note_value(*length) for length in ((1, 4), (3, 8), (7, 16), (1, 1), (2, 1), (5, 8), (1, 12), (4, 1))] == [
        *((-2, 0), (-2, 1), (-2, 2), (0, 0), (1, 0), None, None, None)
    ]
