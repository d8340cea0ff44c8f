"""ABC: fields, notes, bars, and the order in which they are played."""

from __future__ import annotations

import pytest

from partimento.chord_symbols import chord_name
from partimento.errors import UnreadableFile
from partimento.formats import parse
from partimento.formats.abc.write import abc_from_piece
from partimento.piece import Piece, Track, note_array
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
        ("HP", 2, False),
        ("G treble-8", 1, False),
        ("none", 0, False),
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


def test_fields_after_a_voice_are_of_that_voice_alone() -> None:
    units = "X:1\nL:1/4\nM:4/4\nK:C\nV:1\nL:1/8\nV:2\nV:1\nCDEF|\nV:2\nCD|\n"
    assert [row[1] for row in rows(parse(units.encode(), ".abc")[0])] == [0.5] * 4 + [1] * 2
    keys = "X:1\nL:1/4\nM:4/4\nK:C\nV:1\nV:2\n[V:1]F|\n[V:2][K:D]F|F|\n[V:1]F|\n[V:2]F|\n"
    piece = parse(keys.encode(), ".abc")[0]
    assert [(row[2], row[3]) for row in rows(piece)] == [(65, 0), (65, 0), (66, 1), (66, 1), (66, 1)]
    meters = "X:1\nL:1/4\nM:4/4\nK:C\nV:1\nC4|[M:2/4]C2|\nV:2\nZ|[M:2/4]D2|\n"
    assert rows(parse(meters.encode(), ".abc")[0]) == [(0, 4, 60, 0), (4, 2, 60, 0), (4, 2, 62, 1)]


def test_header_fields_hold_for_voices_that_the_header_named_before_them() -> None:
    tune = "X:1\nV:1\nV:2 octave=-1\nL:1/4\nM:3/4\nK:D\nV:1\nF|\nV:2\nF|\n"
    assert rows(parse(tune.encode(), ".abc")[0]) == [(0, 1, 66, 0), (0, 1, 54, 1)]


@pytest.mark.parametrize(
    ("key", "semitones"),
    [
        *(("C clef=treble+8", 12), ("C treble-8", -12), ("C clef=bass_8", -12), ("C clef=treble^15", 24), ("C clef=bass", 0)),
        *(("C octave=1 transpose=-2", 10), ("C clef=treble-8 octave=1 transpose=3", 3), ('C name="treble-8"', 0)),
    ],
)
def test_clefs_octaves_and_transpositions_add_up(key: str, semitones: int) -> None:
    assert pitches("C", f"L:1/4\nK:{key}") == [60 + semitones]
    assert pitches("C", f"L:1/4\nK:C\nV:1 {key[2:]}") == [60 + semitones]


def test_directives_transpose_too() -> None:
    assert pitches("C|\n%%MIDI transpose -12\nC|[I:MIDI transpose 2]C|") == [60, 48, 62]


@pytest.mark.parametrize("pitch", [24, 36, 60, 96, 108])
def test_octave_clefs_that_are_written_are_read_back(pitch: int) -> None:
    piece = Piece(note_array([(480 * n, 480, pitch, 80, 0) for n in range(8)]), (Track(),))
    assert rows(parse(abc_from_piece(piece), ".abc")[0]) == rows(piece)


def test_a_clef_alone_changes_no_key() -> None:
    assert pitches("F [K:bass]F [K:clef=treble-8]F [K:bass]F [K:C]F", "L:1/4\nK:D") == [66, 66, 54, 66, 65]


def test_the_bagpipe_sounds_two_sharps_with_and_without_a_signature() -> None:
    assert pitches("F c G", "L:1/4\nK:HP") == [66, 73, 67]
    assert pitches("F c G", "L:1/4\nK:Hp ^g") == [66, 73, 68]


def test_tempos_in_old_and_loose_forms() -> None:
    assert read("C", "Q:120\nL:1/8\nK:C").tempos.tolist() == [(0, 60.0)]
    assert read("C", "Q:C=120\nL:1/8\nK:C").tempos.tolist() == [(0, 60.0)]
    assert read("C", "L:1/8\nQ:C3=40\nK:C").tempos.tolist() == [(0, 60.0)]
    assert read("C", "Q:1/8=ca. 80\nK:C").tempos.tolist() == [(0, 40.0)]
    assert read("C", 'Q:"Slowly" 3/8 1/4=40 "in two"\nK:C').tempos.tolist() == [(0, 100.0)]


def test_blocks_of_text_are_no_music() -> None:
    assert pitches("A|\n%%begintext\nFACE | DEAD\n%%endtext\nB|\n%%beginps\n/C { A B } def\n%%endps\nc|") == [69, 71, 72]


def test_symbol_lines_say_dynamics_and_chords() -> None:
    piece = read('C z D|[EG] F|\ns: !pp! * | "Am" !f!', "L:1/4\nK:C")
    assert piece.notes["velocity"].tolist() == [33, 33, 33, 33, 96]
    assert [(row["tick"], chord_name(*row.tolist()[1:])) for row in piece.chords] == [(1440, "Am")]


def test_drums_are_the_pitches_that_the_file_says_they_are() -> None:
    head = "L:1/4\n%%MIDI channel 10\n%%MIDI drummap B 38\n%%MIDI drummap ^g 42\nK:G"
    assert pitches("B ^g|g", head) == [38, 42, 79]


def test_texts_with_per_cent_signs_and_accents() -> None:
    piece = parse(b"X:1\nT:50\\% of Caf\\'e % a comment\nC:Bart\\'ok &amp; S\\o/n\nK:C\nC|", ".abc")[0]
    assert (piece.about.title, piece.about.composer) == ("50% of Café", "Bartók & S\\o/n")


def test_endings_after_double_bars_and_strains_that_follow_them() -> None:
    assert pitches("|:A||1 B:||2 c||", repeats="played") == [69, 71, 69, 72]
    assert pitches("|:A|1 B:|2 c|:d|e:|", repeats="played") == [69, 71, 69, 72, 74, 76, 74, 76]
    assert pitches("|::A::|B|", repeats="played") == [69, 69, 69, 71]


def test_a_tie_at_the_end_of_an_ending_leads_nowhere() -> None:
    tune = read("|:A3 A|1 A3 c-:|2 c4|]", repeats="played")
    assert [row[1] for row in rows(tune) if row[2] == 72] == [1, 4]
    assert [row[1] for row in rows(read("|:A3 c-|1 c4:|2 c4|]")) if row[2] == 72] == [5, 4]  # but one into the first holds


def test_user_symbols_and_reach_of_accidentals() -> None:
    assert pitches("A|SB|c !D.S.!|", "U:S=!trill!\nL:1/4\nK:C", "played") == [69, 71, 72, 69, 71, 72]
    assert pitches("^c c C|c", "%%propagate-accidentals octave\nL:1/4\nK:C") == [73, 73, 60, 72]
    assert pitches("^c c|", "%%propagate-accidentals not\nL:1/4\nK:C") == [73, 72]


@pytest.mark.parametrize(
    ("head", "body", "wanted"),
    [
        ("M:4/4\nK:C", "[M:2/4] CD|", [(0, 0.5, 60, 0), (0.5, 0.5, 62, 0)]),  # 3.1.7: the meter of the header makes the unit
        ("M:none\nK:C", "CD|", [(0, 0.5, 60, 0), (0.5, 0.5, 62, 0)]),
        ("I:linebreak !\nL:1/4\nK:C", "CD!EF!G|", [(at, 1, 60 + step, 0) for at, step in enumerate((0, 2, 4, 5, 7))]),  # 6.1.1
        ("L:1/4\nK:C t=-2", "C|", [(0, 1, 58, 0)]),
        ("L:1/4\nK:C clef=bass middle=d", "F|", [(0, 1, 65, 0)]),  # 4.6: where it is drawn
        ("M:6/8\nL:1/8\nK:C", "(5CDEFG|", [(0.3 * at, 0.3, 60 + step, 0) for at, step in enumerate((0, 2, 4, 5, 7))]),  # 4.13
        ("L:1/4\nK:C", "[CE]-<[CE]|", [(0, 2, 60, 0), (0, 2, 64, 0)]),
        ("L:1/4\nK:C", "C .|D[|]E|", [(0, 1, 60, 0), (1, 1, 62, 0), (2, 1, 64, 0)]),  # 4.8: dotted and invisible bar lines
        ("M:3/4\nL:1/4\nK:C", "C3|X2|D3|", [(0, 3, 60, 0), (9, 3, 62, 0)]),  # 4.5
    ],
)
def test_what_tune_books_do(head: str, body: str, wanted: list[tuple[float, float, int, int]]) -> None:
    assert rows(read(body, head)) == [pytest.approx(row, abs=0.01) for row in wanted]


@pytest.mark.parametrize(
    ("head", "body", "wanted"),
    [
        ("L:1/4\nK:C", "|::C::|D|", [60, 60, 60, 62]),
        ("L:1/4\nK:C", "|:C[1,3D:|[2,4E:|F|", [60, 62, 60, 64, 60, 62, 60, 64, 65]),
        ("L:1/4\nK:C", "C:||:D:|", [60, 60, 62, 62]),
        ("L:1/4\nP:((AB)2C)2\nK:C", "P:A\nC|\nP:B\nD|\nP:C\nE|", [60, 62, 60, 62, 64] * 2),
        ("L:1/4\nP:A.A.B\nK:C", "P:A\nC|\nP:B\nD|", [60, 60, 62]),
    ],
)
def test_how_tune_books_repeat(head: str, body: str, wanted: list[int]) -> None:
    assert pitches(body, head, "played") == wanted


def test_fields_go_on_in_the_next_line() -> None:
    piece = parse(b"X:1\nT:A long\n+:title\nT:Another\n+:one\nC:Some\n+:one\nK:C\nC|\nw:la\n+:la\n", ".abc")[0]
    assert (piece.about.title, piece.about.composer) == ("A long title", "Some one")


def test_words_after_an_empty_line_are_no_music() -> None:
    assert pitches("C|\n\nSome text | with bars") == [60]
    assert pitches("C|\n\nD E|F|]\n") == [60, 62, 64, 65]
