"""The order of bars, by hand and against any marks at all."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.errors import UnreadableFile
from partimento.formats.repeats import MOST_TIMES, Marks, complete, playing_order, read_words


def bars(*lines: str) -> list[Marks]:
    """Marks from words such as `|: 1 :| $ coda tocoda fine dc ds`, with `x3` for three times and `]` where an ending stops."""
    result = []
    for line in lines:
        marks = Marks()
        for word in line.split():
            if word == "|:":
                marks.repeat_from = True
            elif word == ":|":
                marks.repeat_to = max(2, marks.repeat_to)
            elif word[0] == "x":
                marks.repeat_to = int(word[1:])
            elif word == "]":
                marks.ending_stops = True
            elif word[0].isdigit():
                marks.endings = tuple(int(number) for number in word.split(","))
            else:
                name = {"$": "segno", "coda": "coda", "tocoda": "to_coda", "fine": "fine", "dc": "da_capo", "ds": "dal_segno"}[word]
                setattr(marks, name, True)
        result.append(marks)
    complete(result)
    return result


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        (["", ""], [0, 1]),
        (["", ":|", ""], [0, 1, 0, 1, 2]),
        (["", "|:", ":|", ""], [0, 1, 2, 1, 2, 3]),
        ([":|", ":|"], [0, 0, 1, 1]),
        (["|:", ":| x3"], [0, 1, 0, 1, 0, 1]),
        (["|:", "1 :| ]", "2 ]", ""], [0, 1, 0, 2, 3]),
        (["|:", "1 :| ]", "2 :| ]", ""], [0, 1, 0, 2, 3]),
        (["|:", "1", ":| ]", "2", "]", "|:", ":|"], [0, 1, 2, 0, 3, 4, 5, 6, 5, 6]),
        (["|:", "1,2 :| ]", "3 ]"], [0, 1, 0, 1, 0, 2]),
        (["|:", "1 ]", ":|", "2 ]"], [0, 1, 2, 0, 3]),  # a bracket drawn too short
        (["|:", "1 :| ]", ""], [0, 1, 0, 2]),  # no second bracket
        (["|:", "1 :| ]", "2 ]", "", ":|"], [0, 1, 0, 2, 3, 4, 3, 4]),  # after the endings a stretch of its own
        (["", "fine", "dc"], [0, 1, 2, 0, 1]),
        (["", "$", "fine", "ds"], [0, 1, 2, 3, 1, 2]),
        (["", "$", "coda", "ds", "coda"], [0, 1, 2, 3, 1, 2, 4]),  # the first of two signs says where to leave
        (["|:", "1 :| ]", "2 fine ]", "dc"], [0, 1, 0, 2, 3, 0, 2]),  # after the jump the last ending, and no repeats
        (["|:", "1 :| ]", "3 ]"], [0, 1, 0, 2]),  # misnumbered
        (["$", "tocoda", "ds", "coda", "1 :| ]", "2 ]"], [0, 1, 2, 0, 1, 3, 4, 3, 5]),  # what is new after a jump has its repeats
        (["", "ds"], [0, 1, 0, 1]),  # no sign
        (["$", "$", "ds", "dc"], [0, 1, 2, 1, 2, 3, 0, 1, 2, 3]),  # the nearest sign; each jump once
        (["|:", "1 :|", "2", "|:", ":|"], [0, 1, 0, 2, 3, 4, 3, 4]),  # a bracket that nobody ends
        (["", "1 ]", "2 ]"], [0, 1, 2]),  # marks that would leave out a bar are not believed
    ],
)
def test_orders(lines: list[str], order: list[int]) -> None:
    assert playing_order(bars(*lines)) == order


def test_words() -> None:
    for words, name in [("D.C. al Fine", "da_capo"), ("D.S. al Coda", "dal_segno"), ("Fine", "fine"), ("To Coda", "to_coda")]:
        marks = Marks()
        read_words(marks, words)
        assert getattr(marks, name)
    marks = Marks()
    read_words(marks, "D.C. al Segno")
    assert marks == Marks(da_capo=True)
    marks = Marks()
    read_words(marks, "dim. al fine")
    read_words(marks, "dolce")
    assert marks == Marks()


def test_how_far_one_plays_after_a_jump() -> None:
    def order(words: str) -> list[int]:
        marks = bars("tocoda", "fine", "coda", "")
        read_words(marks[3], words)
        return playing_order(marks)

    assert order("D.C. al Fine") == [0, 1, 2, 3, 0, 1]
    assert order("D.C. al Coda") == [0, 1, 2, 3, 0, 2, 3]


MARKS = st.builds(
    Marks,
    repeat_from=st.booleans(),
    repeat_to=st.sampled_from([0, 0, 2, 10**9]),
    endings=st.lists(st.integers(1, 99), max_size=2).map(tuple),
    ending_stops=st.booleans(),
    **dict.fromkeys(("segno", "coda", "to_coda", "fine", "da_capo", "dal_segno"), st.booleans()),
)


@given(st.lists(MARKS, max_size=12))
def test_any_marks_end_and_leave_out_nothing(marks: list[Marks]) -> None:
    complete(marks)
    with contextlib.suppress(UnreadableFile):  # they go on for ever
        order = playing_order(marks)
        assert set(order) == set(range(len(marks)))
        assert len(order) <= MOST_TIMES * (len(marks) + 1)
