"""Humdrum: spines, tokens, bar lines and expansion lists."""

from __future__ import annotations

import pytest

from partimento.chord_symbols import chord_name
from partimento.errors import UnreadableFile
from partimento.formats import WRITERS, parse
from partimento.piece import Piece, Track, note_array
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


def test_a_column_that_becomes_text_and_kern_again() -> None:
    words = read("**kern | **kern", "1c | 1e", "**text | *", "4word | 1f", "**kern | *", "1d | 1g", "*- | *-")
    assert rows(words) == [(0, 4, 64, 0), (4, 4, 65, 0), (8, 4, 67, 0), (0, 4, 60, 1), (8, 4, 62, 1)]
    assert len(words.tracks) == 2
    late = read("**text | **kern", "a | 1e", "**kern | *", "1c | 1f", "*- | *-")
    assert rows(late) == [(0, 4, 64, 0), (4, 4, 65, 0), (4, 4, 60, 1)]


def test_a_percussion_clef_makes_drums() -> None:
    piece = read("**kern | **kern", '*I"Drums | *', "*clefX | *clefG2", "4CC | 4c", "* | *clefX", "4DD | 4d", "*- | *-")
    assert [(track.name, track.is_drum) for track in piece.tracks] == [("", False), ("Drums", True)]


@pytest.mark.parametrize(
    ("line", "qpm"),
    [
        ("*MM96", 96),
        ("*MM72.5", 72.5),
        ("*MM[Allegro]", 132),
        ("*MM[quarter-dot=80]", 120),
        ("!!!OMD: Lento [half] = 40", 80),
        ("!!!OMD: Largo", 48),
    ],
)
def test_tempos_as_numbers_and_words(line: str, qpm: float) -> None:
    assert read("**kern", line, "4c", "*-").tempos["qpm"].tolist() == [qpm]


def test_who_has_the_rights_and_on_what_terms() -> None:
    notes = ("**kern", "4c", "*-")
    assert (
        read("!!!YEC: Copyright 2022 A", *notes, "!!!YEM: License CC-BY-4.0").about.licence == "Copyright 2022 A; License CC-BY-4.0"
    )
    assert read("!!!YEM: CC0", "!!!YEM: CC0", *notes).about.licence == "CC0"


def test_lengths_without_a_common_unit_are_still_read() -> None:
    odd = [f"{number}c" for number in (4093, 4091, 4079, 4073, 4057)]
    piece = read("**kern", "4c", *odd, "4d", "*-")
    assert len(piece) == 7


def test_drums_are_written_as_their_numbers() -> None:
    drums = Piece(
        note_array([(at * 480, 480, pitch, 80, 0) for at, pitch in enumerate((36, 38, 42, 49))]), (Track(0, True, "D"),), 480
    )
    again, _ = parse(WRITERS[".krn"](drums), ".krn")
    assert again.notes["pitch"].tolist() == [36, 38, 42, 49]
    assert again.tracks[0].is_drum
