"""MusicXML directions, sounds and bar lines: what they make of tempo, loudness, instruments and the order of bars."""

from __future__ import annotations

import pytest

from partimento.formats import parse
from partimento.piece import Piece
from tests.formats.scores import FOUR, measure, musicxml, note


def read(data: bytes, repeats: str = "written") -> Piece:
    return parse(data, ".musicxml", repeats=repeats)[0]


def direction(content: str, more: str = "", placement: str = "") -> str:
    where = f' placement="{placement}"' if placement else ""
    return f"<direction{where}><direction-type>{content}</direction-type>{more}</direction>"


def metronome(content: str) -> str:
    return direction(f"<metronome>{content}</metronome>")


def unit(name: str, dots: int = 0) -> str:
    return f"<beat-unit>{name}</beat-unit>" + "<beat-unit-dot/>" * dots


def onsets(piece: Piece) -> list[tuple[float, int]]:
    return [(note["onset"] / piece.ticks_per_quarter, int(note["pitch"])) for note in piece.notes]


@pytest.mark.parametrize(
    ("mark", "qpm"),
    [
        (unit("eighth") + "<per-minute>120</per-minute>", 60),
        (unit("eighth", 1) + "<per-minute>80</per-minute>", 60),
        (unit("16th") + "<per-minute>160</per-minute>", 40),
        (unit("half") + "<per-minute>60</per-minute>", 120),
        (unit("quarter", 2) + "<per-minute>40</per-minute>", 70),
        (unit("quarter") + "<per-minute>120-132</per-minute>", 120),
        (unit("quarter") + "<per-minute>ca. 66.5</per-minute>", 66.5),
    ],
)
def test_a_beat_of_any_length_and_a_rate_in_words(mark: str, qpm: float) -> None:
    assert read(musicxml(measure(metronome(mark) + note("C4", 16), FOUR))).tempos.tolist() == [(0, qpm)]


def test_of_several_tempos_at_one_place() -> None:
    def tempo(qpm: int) -> str:
        return f'<direction><sound tempo="{qpm}"/></direction>'

    both = direction(f"<metronome>{unit('quarter')}<per-minute>60</per-minute></metronome>", '<sound tempo="66"/>')
    assert read(musicxml(measure(both + note("C4", 16), FOUR))).tempos.tolist() == [(0, 66)]  # what sounds
    upper, lower = (measure("".join(map(tempo, tempos)) + note("C4", 16), FOUR) for tempos in ((70, 76), (50,)))
    assert read(musicxml(upper, lower)).tempos.tolist() == [(0, 76)]  # the last of the first part


def written_beat(name: str, more: str = "") -> str:
    return f"<metronome-note><metronome-type>{name}</metronome-type>{more}</metronome-note>"


@pytest.mark.parametrize(
    ("equation", "qpm"),
    [
        (unit("quarter") + unit("half"), 120),
        (unit("quarter", 1) + unit("quarter"), 40),
        (written_beat("eighth") + "<metronome-relation>equals</metronome-relation>" + written_beat("quarter"), 120),
        (
            "<metronome-relation>equals</metronome-relation>".join(
                (
                    written_beat("quarter", "<metronome-dot/>"),
                    written_beat(
                        "quarter",
                        "<metronome-tuplet><actual-notes>3</actual-notes><normal-notes>2</normal-notes></metronome-tuplet>",
                    ),
                )
            ),
            60 * 4 / 9,
        ),
    ],
)
def test_an_equation_of_beats_makes_a_tempo_of_the_one_before(equation: str, qpm: float) -> None:
    tempo = '<direction><sound tempo="60"/></direction>'
    data = musicxml(measure(tempo + note("C4", 16), FOUR) + measure(metronome(equation) + note("C4", 16)))
    assert read(data).tempos.tolist() == [(0, 60), (1920, pytest.approx(qpm))]


def test_an_offset_moves_what_is_heard_only_where_it_says_so() -> None:
    def late(sound: str) -> str:
        return direction("<words>x</words>", f'<offset{sound}>-4</offset><sound tempo="60"/>')

    def tempos(mark: str) -> list[tuple[int, float]]:
        rows: list[tuple[int, float]] = read(musicxml(measure(note("C4", 8) + mark + note("C4", 8), FOUR))).tempos.tolist()
        return rows

    assert tempos(late("")) == tempos(late(' sound="no"')) == [(960, 60)]
    ours = "<identification><encoding><software>Partimento</software></encoding></identification>"  # before it said so
    data = musicxml(measure(note("C4", 8) + late("") + note("C4", 8), FOUR), head=ours)
    assert read(data).tempos.tolist() == [(480, 60)]
    assert tempos(late(' sound="yes"')) == tempos('<sound tempo="60"><offset>-4</offset></sound>') == [(480, 60)]


def two_staves(marks: str) -> list[int]:
    """The velocities of a note on the lower and of one on the upper staff of a piano."""
    back = "<backup><duration>16</duration></backup>"
    content = marks + note("C5", 16, "<staff>1</staff>") + back + note("C3", 16, "<staff>2</staff>")
    velocities: list[int] = read(musicxml(measure(content, FOUR + "<staves>2</staves>"))).notes["velocity"].tolist()
    return velocities


def mark(name: str, staff: str = "", placement: str = "") -> str:
    return direction(f"<dynamics><{name}/></dynamics>", staff and f"<staff>{staff}</staff>", placement)


def test_a_dynamic_mark_is_for_its_staff_and_between_two_staves_for_both() -> None:
    assert two_staves(mark("ff", "1") + mark("pp", "2")) == [33, 112]
    assert two_staves(mark("pp", "2")) == [33, 80]
    assert two_staves(mark("f", "1", "above")) == [80, 96]
    assert two_staves(mark("f", "1", "below")) == two_staves(mark("f", "2", "above")) == two_staves(mark("f")) == [96, 96]


def test_loudness_of_a_note_of_a_sound_and_of_marks_in_notations() -> None:
    loud = "<notations><dynamics><ff/></dynamics></notations>"
    half = '<sound dynamics="50"/>'
    content = note("C4", 4) + note("D4", 4, loud) + half + note("E4", 4) + note("F4", 4).replace("<note>", '<note dynamics="100">')
    assert read(musicxml(measure(content, FOUR))).notes["velocity"].tolist() == [80, 112, 45, 90]
    accent = direction("<dynamics><sfz/></dynamics>", '<sound dynamics="124.44"/>')  # of one note, not from there on
    said = direction("<dynamics><p/></dynamics>", '<sound dynamics="100"/>')
    content = accent + note("C4", 8) + said + note("D4", 8)
    assert read(musicxml(measure(content, FOUR))).notes["velocity"].tolist() == [80, 90]


def test_a_part_whose_instrument_changes_is_a_track_for_each_program() -> None:
    declared = '<score-part id="P0"><part-name>Flute</part-name>'
    for name, program in (("a", 74), ("b", 73)):
        declared += f'<midi-instrument id="{name}"><midi-program>{program}</midi-program></midi-instrument>'
    declared += "</score-part><score-part id='P1'><part-name>Cello</part-name></score-part>"
    content = note("C5", 4, '<instrument id="a"/>') + note("D5", 4, '<instrument id="b"/>')
    change = '<direction><sound><midi-instrument id="a"><midi-program>1</midi-program></midi-instrument></sound></direction>'
    content += change + note("E5", 8, '<instrument id="a"/>')
    piece = read(musicxml(measure(content, FOUR), measure(note("C3", 16), FOUR), declared=declared))
    assert [(track.program, track.name) for track in piece.tracks] == [(73, "Flute"), (72, "Flute"), (0, "Flute"), (0, "Cello")]
    assert piece.notes[["track", "pitch"]].tolist() == [(0, 72), (1, 74), (2, 76), (3, 48)]


BACK, FORWARD = '<repeat direction="backward"/>', '<repeat direction="forward"/>'


def line(content: str, location: str = "right") -> str:
    return f'<barline location="{location}">{content}</barline>'


def test_a_repeat_sign_inside_a_bar() -> None:
    data = musicxml(
        measure(line(FORWARD, "left") + note("C4", 16), FOUR)
        + measure(note("D4", 8) + line(BACK, "middle") + note("E4", 8))
        + measure(note("F4", 4) + line(FORWARD, "middle") + note("G4", 12) + line(BACK))
    )
    written = read(data)
    assert onsets(written) == [(0, 60), (4, 62), (6, 64), (8, 65), (9, 67)]
    assert written.meters.tolist() == [(0, 4, 4)]  # on the page the bar is whole
    played = read(data, "played")
    assert onsets(played) == [(0, 60), (4, 62), (6, 60), (10, 62), (12, 64), (14, 65), (15, 67), (18, 67)]


def test_a_second_ending_that_nobody_ends_and_a_new_strain() -> None:
    def ending(number: int) -> str:
        return line(f'<ending number="{number}" type="start"/>', "left")

    first = measure(ending(1) + note("D4", 16) + line(BACK + '<ending number="1" type="stop"/>'))
    strain = measure(line(FORWARD, "left") + note("F4", 16)) + measure(note("G4", 16) + line(BACK))
    data = musicxml(measure(note("C4", 16), FOUR) + first + measure(ending(2) + note("E4", 16)) + strain)
    assert [pitch for _, pitch in onsets(read(data, "played"))] == [60, 62, 60, 64, 65, 67, 65, 67]


def test_a_jump_goes_to_the_sign_it_names_and_else_to_the_nearest() -> None:
    def bars(jump: str) -> bytes:
        signs = [f'<sound segno="{name}"/>' for name in ("one", "two")]
        content = measure(note("C4", 16), FOUR) + measure(signs[0] + note("D4", 16)) + measure(signs[1] + note("E4", 16))
        return musicxml(content + measure(note("F4", 16) + f"<sound {jump}/>"))

    assert [pitch for _, pitch in onsets(read(bars('dalsegno="one"'), "played"))] == [60, 62, 64, 65, 62, 64, 65]
    assert [pitch for _, pitch in onsets(read(bars('dalsegno="two"'), "played"))] == [60, 62, 64, 65, 64, 65]
    assert [pitch for _, pitch in onsets(read(bars('dalsegno="other"'), "played"))] == [60, 62, 64, 65, 64, 65]
