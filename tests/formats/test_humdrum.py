"""Humdrum: spines, tokens, bar lines and expansion lists."""

from __future__ import annotations

import pytest

from partimento.chord_symbols import chord_name
from partimento.errors import UnreadableFile
from partimento.formats import parse
from partimento.piece import Piece
from tests.formats.test_musicxml import rows


def read(*lines: str, repeats: str = "written") -> Piece:
    return parse("\n".join(line.replace(" | ", "\t") for line in lines).encode(), ".krn", repeats=repeats)[0]


def test_tokens() -> None:
    piece = read("**kern", "*M4/4", "=1", "4c.#/L", "8BB^^-J", "12e^ee", "12r", "12dn", "4GG 4B", "=", "0C", "3%2c", "*-")
    quarter = [(on * 6, length * 6, pitch) for on, length, pitch, _ in rows(piece)]
    expected = [(0, 9, 61), (9, 3, 46), (12, 2, 88), (16, 2, 62), (18, 6, 43), (18, 6, 59), (24, 48, 48), (72, 16, 60)]
    assert [tuple(round(one, 4) for one in row) for row in quarter] == expected


def test_spines_split_join_and_are_exchanged() -> None:
    piece = read(
        *("**kern | **dynam | **kern", "*^ | * | *", "4C | 2E | p | 4c", "4D | . | . | 4d", "*v | *v | * | *"),
        *("* | *x | *x", "4F | 4f | mf", "*- | *- | *-"),
    )
    assert rows(piece) == [(0, 1, 60, 0), (1, 1, 62, 0), (2, 1, 65, 0), (0, 1, 48, 1), (0, 2, 52, 1), (1, 1, 50, 1), (2, 1, 53, 1)]


def test_neighbours_of_two_spines_join_in_one_line_also_where_an_encoder_erred() -> None:
    both = ("**kern | **kern", "*^ | *^", "4C | 4E | 4c | 4e", "*v | *v | *v | *v", "4D | 4d", "*- | *-")
    assert len(read(*both)) == 6
    wrong = ("**kern | **kern", "*^ | *", "4C | 4E | 4c", "* | *v | *v", "4D | 4d", "*- | *-")
    assert len(read(*wrong)) == 5


def test_parts_and_keyboards_are_one_track() -> None:
    piece = read(
        "**kern | **kern | **kern", "*part2 | *part2 | *part1", '*I"Piano | *I"Piano | *I"Voice', "4C | 4c | 4e", "*- | *- | *-"
    )
    assert [track.name for track in piece.tracks] == ["Voice", "Piano"]
    assert [row[3] for row in rows(piece)] == [0, 1, 1]
    assert len(read("**kern | **kern", "*Iclavi | *Iclavi", "4C | 4c", "*- | *-").tracks) == 1
    assert len(read("**kern | **kern", "*Ivioln | *Ivioln", "4C | 4c", "*- | *-").tracks) == 2


def test_ties_grace_notes_and_chords_of_unequal_notes() -> None:
    piece = read("**kern", "[4c", "8ddq", "4c_", "4c]", "4e 8g", "4a", "*-")
    assert rows(piece) == [(0, 3, 60, 0), (3, 1, 64, 0), (3, 0.5, 67, 0), (4, 1, 69, 0)]


def test_maps_and_the_title_page() -> None:
    head = (
        "!!!COM: Bach, Johann Sebastian",
        "!!!OTL@@DE: Stück",
        "**kern | **mxhm",
        "*M3/4 | *",
        "*k[b-] | *",
        "*d: | *",
        "*MM90 | *",
    )
    piece = read(*head, "=1 | =1", "2.d | D minor", "*M2/4 | *", "=2 | =2", "2A | A dominant", "*- | *-")
    assert (piece.about.composer, piece.about.title) == ("Johann Sebastian Bach", "Stück")
    assert piece.meters.tolist() == [(0, 3, 4), (1440, 2, 4)]
    assert piece.keys.tolist() == [(0, -1, True)]
    assert piece.tempos["qpm"].tolist() == [90.0]
    assert [chord_name(*row.tolist()[1:]) for row in piece.chords] == ["Dm", "A7"]


def test_repeats_by_list_or_by_bar_line() -> None:
    listed = ("**kern", "*>[A,A1,A,A2]", "*>norep[A,A2]", "*>A", "1c", "=", "*>A1", "1d", "=:|!", "*>A2", "1e", "=", "*-")
    assert read(*listed).notes["pitch"].tolist() == [60, 62, 64]
    assert read(*listed, repeats="played").notes["pitch"].tolist() == [60, 62, 60, 64]
    lines = ("**kern", "*M4/4", "1c", "=:|!|:", "1d", "=:|!", "1e", "==", "*-")
    assert read(*lines, repeats="played").notes["pitch"].tolist() == [60, 60, 62, 62, 64]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("**kern", "4c | 4d", "*-"), "damaged"),
        (("**kern", "4c", "*-", "**kern", "4d", "*-"), "several pieces"),
        (("**kern", "1%99999999999c", "*-"), "too long"),
        (("**text", "la", "*-"), "not Humdrum"),
    ],
)
def test_what_is_refused(lines: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(*lines)
    assert caught.value.reason == reason
