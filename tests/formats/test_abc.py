"""ABC: fields, notes, bars, and the order in which they are played."""

from __future__ import annotations

import pytest

from partimento.errors import UnreadableFile
from partimento.formats import parse
from partimento.piece import Piece
from partimento.theory import chord_name
from tests.formats.test_musicxml import rows


def read(body: str, head: str = "M:4/4\nL:1/4\nK:C", repeats: str = "written") -> Piece:
    return parse(f"X:1\nT:Tune\nC:Someone\n{head}\n{body}\n".encode(), ".abc", repeats=repeats)[0]


def pitches(body: str, head: str = "M:4/4\nL:1/4\nK:C", repeats: str = "written") -> list[int]:
    return read(body, head, repeats).notes["pitch"].tolist()  # type: ignore[no-any-return]


def test_notes_lengths_rests_and_chords() -> None:
    piece = read("C, c' z/ E3/2|[CEG]2 [C2E]/ x G//|")
    assert rows(piece) == [
        *((0, 1, 48, 0), (1, 1, 84, 0), (2.5, 1.5, 64, 0), (4, 2, 60, 0), (4, 2, 64, 0), (4, 2, 67, 0)),
        *((6, 1, 60, 0), (6, 0.5, 64, 0), (8, 0.25, 67, 0)),
    ]
    assert (piece.about.title, piece.about.composer) == ("Tune", "Someone")


def test_accidentals_hold_for_the_bar_in_all_octaves() -> None:
    assert pitches("^F f F =F|F", "L:1/4\nK:C") == [66, 78, 66, 65, 65]
    assert pitches("F B E _B|B", "L:1/4\nK:D") == [66, 71, 64, 70, 71]


@pytest.mark.parametrize(
    ("key", "fifths", "minor"),
    [
        ("C", 0, False),
        ("F#m", 3, True),
        ("Bb", -2, False),
        ("D dorian", 0, False),
        ("Emin", 1, True),
        ("GMix", 0, False),
        ("Hp", 2, False),
    ],
)
def test_keys(key: str, fifths: int, minor: bool) -> None:
    assert read("cdef|", f"L:1/4\nK:{key}").keys.tolist() == [(0, fifths, minor)]


def test_signs_of_their_own_in_a_key() -> None:
    assert pitches("f b c", "L:1/4\nK:D ^c _b =f") == [77, 82, 73]
    assert pitches("f b c", "L:1/4\nK:D exp _b") == [77, 82, 72]


def test_ties_carry_their_accidental_over_the_bar() -> None:
    assert rows(read("z3 ^F-|F F z2|")) == [(3, 2, 66, 0), (5, 1, 65, 0)]
    assert len(read("[C-C-]2 [CC]2|")) == 2
    assert rows(read("[C-E-]2 [CG]2|E-E|")) == [(0, 4, 60, 0), (0, 2, 64, 0), (2, 2, 67, 0), (4, 2, 64, 0)]


def test_broken_rhythm_and_tuplets() -> None:
    onsets = [row[0] for row in rows(read("A>B A<B|(A>>B) A2|", "L:1/4\nK:C"))]
    assert onsets == [0, 1.5, 2, 2.5, 4, 5.75, 6]
    assert [round(row[1], 4) for row in rows(read("(3ABc (3:2:2G2A|(2AB|(5ABcde", "M:6/8\nL:1/8\nK:C"))] == [
        *(0.3333, 0.3333, 0.3333, 0.6667, 0.3333, 0.75, 0.75, 0.3, 0.3, 0.3, 0.3, 0.3)
    ]


def test_the_unit_follows_from_the_meter_when_none_is_given() -> None:
    assert rows(read("A", "M:2/4\nK:C"))[0][1] == 0.25
    assert rows(read("A", "M:3/4\nK:C"))[0][1] == 0.5
    assert rows(read("A", "K:C"))[0][1] == 0.5


def test_meters_tempos_and_upbeats() -> None:
    piece = read("A|ABcd|[M:3/4][Q:1/4=60]ABc|", 'M:C\nL:1/4\nQ:"Allegro" 3/8=80\nK:C')
    assert piece.meters.tolist() == [(0, 1, 4), (480, 4, 4), (2400, 3, 4)]
    assert piece.tempos.tolist() == [(0, 120.0), (2400, 60.0)]


def test_chord_symbols_and_annotations() -> None:
    piece = read('"G7"AB "^slow"c"Am/C"d|"4"A "H?"B|')
    assert [(row["tick"], chord_name(*row.tolist()[1:])) for row in piece.chords] == [(0, "G7"), (1440, "Am/C")]


def test_voices_and_overlays() -> None:
    piece = read("[V:2]C,4|[V:1]c2 d2 & e4|", 'L:1/4\nV:1 name="Flute" octave=1\nV:2 name="Bass"\n%%MIDI program 32\nK:C')
    assert [(track.name, track.program) for track in piece.tracks] == [("Flute", 0), ("Bass", 32)]
    assert rows(piece) == [(0, 2, 84, 0), (0, 4, 88, 0), (2, 2, 86, 0), (0, 4, 48, 1)]


def test_lines_that_go_on_comments_and_words() -> None:
    assert pitches("A\\\n% a comment\nB|\n%another\nc|\nw: la la la\n\nThese are words about it.\n") == [69, 71, 72]


def test_repeats_and_endings() -> None:
    assert pitches("A|:B|[1c:|[2d||e|", repeats="played") == [69, 71, 72, 71, 74, 76]
    assert pitches("A::B:|", repeats="played") == [69, 69, 71, 71]
    assert pitches("|:A|1,2 B:|3 c|]", repeats="played") == [69, 71, 69, 71, 69, 72]
    assert pitches("A|B !fine!|c !D.C.!|", repeats="played") == [69, 71, 72, 69, 71]
    assert pitches('A|B "^Fine"|c "D.C."|', repeats="played") == [69, 71, 72, 69, 71]


def test_parts_in_the_order_of_the_header() -> None:
    head = "L:1/4\nP:A2(BA)\nK:C"
    assert pitches("P:A\nA|:B:|\nP:B\nc|", head) == [69, 71, 72]
    assert pitches("P:A\nA|:B:|\nP:B\nc|", head, "played") == [69, 71, 71, 69, 71, 71, 72, 69, 71, 71]
    assert pitches("P:A\nA|", "L:1/4\nP:" + "(" * 6 + "A9" + ")9" * 6 + "\nK:C", "played") == [69]  # endless parts are not followed


def test_grace_notes_and_macros_are_counted() -> None:
    piece, repairs = parse(b"X:1\nm:~n3 = n{o}n{m}n\nL:1/4\nK:C\n{gf}A {/e}B|", ".abc")
    assert repairs == {"grace notes left out": 3, "macros left out": 1}
    assert len(piece) == 2


def test_notes_that_are_too_long() -> None:
    with pytest.raises(UnreadableFile, match="too long"):
        read("A99999999")
