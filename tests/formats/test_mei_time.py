"""MEI: how long its events last, what stands once for several places, and in what order bars are played."""

from __future__ import annotations

import pytest

from partimento.errors import UnreadableFile
from partimento.formats import parse
from partimento.piece import Piece
from tests.formats.scores import layer, mei
from tests.formats.test_mei import note, read


def onsets(piece: Piece) -> list[tuple[float, float, int]]:
    per = piece.ticks_per_quarter
    return [(round(n["onset"] / per, 3), round(n["duration"] / per, 3), int(n["pitch"])) for n in piece.notes]


def of(content: str, *beside: str) -> list[tuple[float, float, int]]:
    return onsets(read(mei(layer(content, *beside))))


def eighths(*names: str) -> str:
    return "".join(note(name[:2], "8", f'xml:id="{name}"') for name in names)


def test_a_span_and_a_tuplet_element_over_the_same_notes_count_once() -> None:
    inside = f'<tuplet num="3" numbase="2">{eighths("c4", "d4", "e4")}</tuplet>' + note("f4")
    span = '<tupletSpan startid="#{}" endid="#{}" num="3" numbase="2"/>'
    thirds = [(0, 0.333, 60), (0.333, 0.333, 62), (0.667, 0.333, 64), (1, 1, 65)]
    assert of(inside, span.format("c4", "e4")) == of(eighths("c4", "d4", "e4") + note("f4"), span.format("c4", "e4")) == thirds
    by_list = '<tupletSpan plist="#c4 #d4 #e4" num="3" numbase="2"/>'
    assert of(eighths("c4", "d4", "e4") + note("f4"), by_list) == thirds


def test_nested_spans_multiply() -> None:
    content = note("g3", "4", 'xml:id="a"') + eighths("f3b", "e3x", "f3c") + note("e3", "4", 'xml:id="d"') + note("c3", "2")
    spans = "".join(f'<tupletSpan startid="#{a}" endid="#{b}" num="3" numbase="2"/>' for a, b in (("f3b", "f3c"), ("a", "d")))
    expected = [(0, 0.667, 55), (0.667, 0.222, 53), (0.889, 0.222, 52), (1.111, 0.222, 53), (1.333, 0.667, 52), (2, 2, 48)]
    assert of(content, spans) == expected


@pytest.mark.parametrize(("num", "third"), [(3, 0.333), (5, 0.4), (6, 0.333), (7, 0.286), (2, 0.75), (4, 0.375), (9, 0.444)])
def test_a_tuplet_without_its_base_takes_the_usual_one(num: int, third: float) -> None:
    assert of(f'<tuplet num="{num}">{note("c4", "8")}</tuplet>' + note("f4"))[0] == (0, third, 60)


def test_ratios_of_notes() -> None:
    one = note("c4", "4", 'num="3" numbase="2"')
    assert of(one + note("f4")) == [(0, 0.667, 60), (0.667, 1, 65)]
    assert of(f'<tuplet num="3" numbase="2">{one}</tuplet>' + note("f4")) == [(0, 0.667, 60), (0.667, 1, 65)]


def test_lengths_and_dots_of_the_notes_of_a_chord() -> None:
    def chord(attributes: str, *notes: str) -> str:
        heads = "".join(f'<note pname="{name}" oct="4" {more}/>' for name, more in zip("ce", notes, strict=True))
        return f"<chord {attributes}>{heads}</chord>" + note("g4")

    assert of(chord("", 'dur="2"', 'dur="4"')) == [(0, 2, 60), (0, 1, 64), (2, 1, 67)]
    assert of(chord('dur="4"', 'dots="1"', 'dots="1"')) == [(0, 1.5, 60), (0, 1.5, 64), (1.5, 1, 67)]
    assert of(chord('dur="2"', "", 'dur="4" dots="1"')) == [(0, 2, 60), (0, 1.5, 64), (2, 1, 67)]
    assert of(note("c4", "4", "").replace("/>", "><dot/></note>") + note("g4")) == [(0, 1.5, 60), (1.5, 1, 67)]


def test_lengths_in_ticks() -> None:
    space = '<space dur.ppq="4"/>'
    assert of(note("c4", "4", 'dur.ppq="2"') + space + note("d4")) == [(0, 1, 60), (3, 1, 62)]
    piece = read(mei(layer(space + note("d4")), '<staffDef n="1" ppq="4"/>'))
    assert onsets(piece) == [(1, 1, 62)]


def test_copies_are_written_out_and_one_head_of_two_voices_is_one_note() -> None:
    triplet = f'<tuplet xml:id="t" num="3" numbase="2">{eighths("c4", "d4", "e4")}</tuplet>'
    copy = '<tuplet copyof="#t"/>'
    assert [pitch for _, _, pitch in of(triplet + copy + note("g4", "2"))] == [60, 62, 64, 60, 62, 64, 67]
    assert of(triplet + copy + note("g4", "2"))[-1] == (2, 2, 67)
    bars = layer(note("c4", "1"), attributes='xml:id="m"') + '<measure copyof="#m"/>' + '<measure copyof="#m"/>'
    assert onsets(read(mei(bars))) == [(0, 4, 60), (4, 4, 60), (8, 4, 60)]
    voices = '<layer n="1">' + note("f3", "2", 'xml:id="a"') + '</layer><layer n="2">' + note("f3", "1", 'sameas="#a"') + "</layer>"
    assert onsets(read(mei(f'<measure><staff n="1">{voices}</staff></measure>'))) == [(0, 4, 53)]


def test_copies_without_end_are_refused() -> None:
    circle = '<tuplet xml:id="a" copyof="#b"/><tuplet xml:id="b" copyof="#a"/>'
    assert of(circle + note("c4")) == [(0, 1, 60)]
    within = f'<tuplet xml:id="a"><tuplet copyof="#a"/>{note("c4")}</tuplet>'
    with pytest.raises(UnreadableFile, match="copies within themselves"):
        of(within)
    bombs = f'<beam xml:id="b0">{note("c4") * 10}</beam>'
    for number in range(1, 10):
        copies = f'<beam copyof="#b{number - 1}"/>' * 10
        bombs += f'<beam xml:id="b{number}">{copies}</beam>'
    with pytest.raises(UnreadableFile, match="too large"):
        of(bombs)


def test_signs_that_repeat_a_beat_half_a_bar_and_bars() -> None:
    assert of(note("c4") + "<beatRpt/>" + note("e4", "2")) == [(0, 1, 60), (1, 1, 60), (2, 2, 64)]
    assert of('<rest dur="4"/><beatRpt/>' + note("e4", "2")) == [(2, 2, 64)]
    assert of("<halfmRpt/>" + note("e4", "2")) == [(2, 2, 64)]
    assert of(note("c4") + note("d4") + "<halfmRpt/>") == [(0, 1, 60), (1, 1, 62), (2, 1, 60), (3, 1, 62)]
    bars = layer(note("c4", "1")) + layer("<mRpt/>") + layer("<mRpt/>") + layer(note("d4", "1"))
    assert onsets(read(mei(bars))) == [(0, 4, 60), (4, 4, 60), (8, 4, 60), (12, 4, 62)]
    two = layer(note("c4", "1")) + layer(note("d4", "1")) + layer("<mRpt2/>") + layer("") + layer("<mRest/>")
    assert onsets(read(mei(two))) == [(0, 4, 60), (4, 4, 62), (8, 4, 60), (12, 4, 62)]
    piece, repairs = parse(mei(layer("<mRpt/>") + layer(note("c4", "1"))), ".mei")
    assert onsets(piece) == [(4, 4, 60)]
    assert repairs == {"signs for a repeated bar left out": 1}


def test_what_is_repeated_sounds_as_it_did_under_an_octave_line() -> None:
    line = '<octave staff="1" startid="#c4" endid="#c4" dis="8" dis.place="above"/>'
    assert of(note("c4", "2", 'xml:id="c4"') + "<halfmRpt/>", line) == [(0, 2, 72), (2, 2, 72)]


def test_a_rest_of_several_bars() -> None:
    piece = read(mei(layer('<multiRest num="3"/>') + layer(note("c4", "1")), attributes='meter.count="3" meter.unit="4"'))
    assert onsets(piece) == [(9, 4, 60)]


def test_an_expansion_says_what_is_played() -> None:
    def section(name: str, pitch: str) -> str:
        return f'<section xml:id="{name}">{layer(note(pitch, "1"))}</section>'

    data = mei('<expansion plist="#A #B #A"/>' + section("A", "c4") + section("B", "d4"))
    assert [pitch for _, _, pitch in onsets(read(data))] == [60, 62]
    assert [pitch for _, _, pitch in onsets(read(data, "played"))] == [60, 62, 60]
    endless = mei('<section xml:id="A"><expansion plist="#A #A"/>' + layer(note("c4", "1")) + "</section>")
    with pytest.raises(UnreadableFile, match="does not end"):
        read(endless, "played")
