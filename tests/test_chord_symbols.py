"""Chord symbols: the chord that each way of writing means, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.chord_symbols import (
    CHORD_NOTES,
    CHORD_SYMBOLS,
    NO_CHORD,
    ChordSymbol,
    chord_name,
    parse_chord,
    parse_chord_symbol,
)
from partimento.errors import InvalidOption
from partimento.piece import QUALITIES


def tones(symbol: str) -> str:
    found = parse_chord_symbol(symbol)
    assert found is not None
    return " ".join(str(tone) for tone in sorted(found.tones))


@pytest.mark.parametrize("root", range(12))
@pytest.mark.parametrize("quality", range(len(QUALITIES)))
def test_a_chord_symbol_is_read_as_it_is_written(root: int, quality: int) -> None:
    for bass in (root, (root + 4) % 12):
        assert parse_chord(chord_name(root, quality, bass)) == (root, quality, bass)


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        pair.split("=")
        for pair in (
            "Cmin=Cm C-7=Cm7 CΔ7=Cmaj7 CΔ=Cmaj7 CM7=Cmaj7 Cmaj=C Cmaj9=Cmaj7 C6/9=C6 Am9=Am7 G9sus=G7sus4 "
            "Dsus=Dsus4 B°7=Bdim7 Bo=Bdim Bø7=Bm7b5 Bm7(b5)=Bm7b5 C+7=C7#5 Caug=C+ C7+=C7#5 Cadd9=C C2=C G7b9=G7 "
            "G7(#11)=G7 Bb7/Ab=Bb7/G# CmMaj7=Cmmaj7 Cm(maj7)=Cmmaj7 E13=E7 C(add9)=C N.C.=N.C. NC=N.C. G5=G5 "
            "C^7=Cmaj7 Cm11=Cm7 C##=D Ebb=D F♯m=F#m B♭=Bb D/f+=D/F# A7/e=A7/E CMaj7=Cmaj7 C9#5=C7#5"
        ).split()
    ],
)
def test_the_ways_people_write_chords(symbol: str, name: str) -> None:
    assert chord_name(*parse_chord(symbol)) == name


@pytest.mark.parametrize("symbol", ["", "H", "c", "Cfoo", "C/", "C/H", "/C", "Cx7", "I", "123"])
def test_what_is_no_chord_symbol(symbol: str) -> None:
    with pytest.raises(InvalidOption, match="no chord symbol"):
        parse_chord(symbol)


def test_the_notes_of_qualities() -> None:
    notes = dict(zip(QUALITIES, CHORD_NOTES, strict=True))
    assert notes["half-diminished seventh"] == (0, 3, 6, 10)
    assert notes["suspended seventh"] == (0, 5, 7, 10)
    assert len(CHORD_SYMBOLS) == len(set(CHORD_SYMBOLS)) == len(set(CHORD_NOTES)) == len(QUALITIES)


@pytest.mark.parametrize(
    ("symbol", "notes"),
    [
        pair.split("=")
        for pair in (
            "C7b5=0 4 6 10|Cmaj7#5=0 4 8 11|C7alt=0 4 10|C9=0 2 4 7 10|Cmaj9=0 2 4 7 11|C11=0 4 5 7 10|Cm11=0 3 5 7 10"
            "|C13=0 4 7 9 10|C6/9=0 2 4 7 9|C69=0 2 4 7 9|C7/9=0 2 4 7 10|Cadd9=0 2 4 7|Cmadd9=0 2 3 7|Cm7(11)=0 3 5 7 10"
            "|C7b9#11=0 1 4 6 7 10"
            "|C7(b9,#11)=0 1 4 6 7 10|C7b9#9=0 1 3 4 7 10|C7#9=0 3 4 7 10|C7b13=0 4 7 8 10|C7sus4=0 5 7 10|C9sus=0 2 5 7 10"
            "|C7sus4(b9)=0 1 5 7 10|Csus2=0 2 7|Csus24=0 2 5 7|C5=0 7|Comit3=0 7|C7no5=0 4 10|C9omit5=0 2 4 10|Cdim7=0 3 6 9"
            "|Cdimmaj7=0 3 6 11|C+7=0 4 8 10|C7+=0 4 8 10|C7+5=0 4 8 10|C-5=0 4 6|C-7=0 3 7 10|C-7b5=0 3 6 10"
            "|C-9=0 2 3 7 10|Cm7-5=0 3 6 10"
            "|CmMaj7=0 3 7 11|Cmmaj9=0 2 3 7 11|CΔ=0 4 7 11|CMI7=0 3 7 10|CMAJ7=0 4 7 11|Cmaj13=0 4 7 9 11|C7add13=0 4 7 9 10"
        ).split("|")
    ],
)
def test_the_notes_of_a_symbol(symbol: str, notes: str) -> None:
    assert tones(symbol) == notes


def test_colours_may_sound_and_need_not() -> None:
    altered = parse_chord_symbol("C7alt")
    assert altered is not None
    assert altered.colours == {1, 3, 6, 8}
    assert altered.notes == sum(1 << pitch_class for pitch_class in (0, 1, 3, 4, 6, 8, 10))
    thirteenth = parse_chord_symbol("G13/B")
    assert thirteenth == ChordSymbol(7, 11, frozenset({0, 4, 7, 9, 10}), frozenset({2}), 4)
    assert thirteenth.notes == sum(1 << pitch_class for pitch_class in (7, 9, 11, 2, 4, 5))


def test_a_bass_that_is_no_note_of_the_chord_sounds_with_it() -> None:
    over = parse_chord_symbol("C/D")
    assert over is not None
    assert over.tones == {0, 4, 7}
    assert over.notes == sum(1 << pitch_class for pitch_class in (0, 2, 4, 7))


@pytest.mark.parametrize(("symbol", "third"), [("C", 4), ("Cm9", 3), ("Csus4", 5), ("Csus2", 2), ("C5", None), ("C7no3", None)])
def test_what_stands_for_the_third(symbol: str, third: int | None) -> None:
    found = parse_chord_symbol(symbol)
    assert found is not None
    assert found.third == third


@pytest.mark.parametrize(
    ("symbol", "quality"),
    [
        ("C7b5", "dominant seventh"),
        ("Cmaj7#5", "major seventh"),
        ("C7alt", "dominant seventh"),
        ("Cm9b5", "half-diminished seventh"),
        ("C7sus2", "suspended second"),
        ("Cm#5", "minor"),
    ],
)
def test_the_quality_that_is_most_like_it(symbol: str, quality: str) -> None:
    assert QUALITIES[parse_chord(symbol)[1]] == quality


@pytest.mark.parametrize("symbol", ["Gmaj7#13x", "C7#13", "C8", "C77", "Cmm", "Cmmaj", "C7foo", "Cadd3", "Cno4", "Csus3"])
def test_what_is_not_understood_is_refused(symbol: str) -> None:
    with pytest.raises(InvalidOption, match="no chord symbol"):
        parse_chord_symbol(symbol)


@given(st.text("CDEFGABb#m7912356adjsuo+-()/Δ°øltiMn,", max_size=12))
def test_any_text_is_a_chord_or_refused(text: str) -> None:
    try:
        root, quality, bass = parse_chord(text)
    except InvalidOption:
        return
    assert (root, quality, bass) == NO_CHORD or (0 <= root < 12 and 0 <= quality < len(QUALITIES) and 0 <= bass < 12)
    if root >= 0:
        found = parse_chord_symbol(text)
        assert found is not None
        assert 0 in found.tones
        assert found.notes >> root & 1
