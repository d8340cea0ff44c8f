"""MEI: what notes sound like, in which meter, key and tempo, and on which track."""

from __future__ import annotations

import pytest

from partimento.formats import parse
from tests.formats.scores import layer, mei
from tests.formats.test_mei import note, read
from tests.formats.test_mei_time import of, onsets


def pitches(content: str, *beside: str) -> list[int]:
    return [pitch for _, _, pitch in of(content, *beside)]


def test_octave_lines_move_what_says_no_octave_of_its_own() -> None:
    notes = note("c5", "4", 'xml:id="a"') + note("d5", "4", 'xml:id="b"') + note("e5", "4", 'oct.ges="5"') + note("f5")
    line = '<octave staff="1" {} dis="{}" dis.place="{}"/>'
    assert pitches(notes, line.format('startid="#a" endid="#b"', 8, "above")) == [84, 86, 76, 77]
    assert pitches(notes, line.format('tstamp="2" tstamp2="0m+4"', 15, "below")) == [72, 50, 76, 53]


def test_a_tied_note_keeps_its_accidental_over_the_bar_line() -> None:
    sharp = layer(note("f4", "1", 'accid="s" tie="i"'))
    assert onsets(read(mei(sharp + layer(note("f4", "1", 'tie="t"'))))) == [(0, 8, 66)]
    assert onsets(read(mei(sharp + layer(note("f4", "1"))))) == [(0, 4, 66), (4, 4, 65)]


def test_ties_by_time_stamps() -> None:
    tie = '<tie staff="1" tstamp="1" tstamp2="1m+1"/>'
    first = layer(note("f4", "1", 'accid="s"'), tie)
    assert onsets(read(mei(first + layer(note("f4", "1"))))) == [(0, 8, 66)]


def test_quarter_tones_go_one_way_and_are_counted() -> None:
    content = "".join(note("d4", "4", f'accid="{accid}"') for accid in ("1qs", "3qs", "1qf", "3qf"))
    piece, repairs = parse(mei(layer(content)), ".mei")
    assert piece.notes["pitch"].tolist() == [63, 64, 62, 61]
    assert repairs == {"quarter tones moved to the next key": 4}


def test_key_signatures_in_a_layer_and_of_single_letters() -> None:
    assert pitches(note("f4", "2") + '<keySig sig="1s"/>' + note("f4", "2")) == [65, 66]
    piece = read(mei(layer(note("f4", "2") + '<keySig sig="2f" mode="minor"/>' + note("b4", "2"))))
    assert piece.keys.tolist() == [(960, -2, True)]
    single = '<staffDef n="1"><keySig><keyAccid pname="b" accid="f"/><keyAccid pname="f" accid="s"/></keySig></staffDef>'
    piece = read(mei(layer(note("b4") + note("f4") + note("e4", "2")), single))
    assert piece.notes["pitch"].tolist() == [70, 66, 64]
    assert piece.keys.tolist() == []
    usual = '<staffDef n="1"><keySig><keyAccid pname="f" accid="s"/></keySig></staffDef>'
    assert read(mei(layer(note("f4", "1")), usual)).keys.tolist() == [(0, 1, False)]


def test_the_octave_that_a_staff_has_by_default() -> None:
    content = '<note pname="c" dur="2"/>' + note("c4", "2")
    assert read(mei(layer(content), '<staffDef n="1" oct.default="3"/>')).notes["pitch"].tolist() == [48, 60]


@pytest.mark.parametrize(
    ("attributes", "qpm"),
    [
        ('midi.bpm="72"', 72),
        ('mm="60" mm.unit="2"', 120),
        ('mm="60" mm.unit="4" mm.dots="1"', 90),
        ('midi.mspb="1000000"', 60),
        ('mm="120-132" mm.unit="4"', 120),
    ],
)
def test_tempos_of_a_definition_and_of_a_mark(attributes: str, qpm: float) -> None:
    content = layer(note("c4", "1"))
    assert read(mei(content, attributes=attributes)).tempos.tolist() == [(0, qpm)]
    assert read(mei(layer(note("c4", "1"), f'<tempo tstamp="3" {attributes}>X</tempo>'))).tempos.tolist() == [(960, qpm)]


def test_meters_of_several_signatures_and_of_signs() -> None:
    def meters(content: str) -> list[tuple[int, int, int]]:
        staves = f'<staffDef n="1">{content}</staffDef>'
        rows: list[tuple[int, int, int]] = read(mei(layer("<mRest/>") + layer(note("c4", "1")), staves, "")).meters.tolist()
        return rows

    pair = '<meterSig count="2" unit="4"/><meterSig count="3" unit="8"/>'
    assert meters(f'<meterSigGrp func="mixed">{pair}</meterSigGrp>')[0] == (0, 7, 8)
    assert meters(f'<meterSigGrp func="alternating">{pair}</meterSigGrp>')[0] == (0, 2, 4)
    assert meters('<meterSig sym="cut"/>')[0] == (0, 2, 2)
    assert meters('<meterSig count="2+3" unit="8"/>')[0] == (0, 5, 8)


def test_the_main_staff_of_an_ossia_is_read() -> None:
    staff = f'<staff n="1"><layer>{note("c4", "1")}</layer></staff>'
    other = f'<oStaff n="1"><layer>{note("g4", "1")}</layer></oStaff>'
    assert onsets(read(mei(f"<measure><ossia>{staff}{other}</ossia></measure>"))) == [(0, 4, 60)]


def test_parts_sound_together() -> None:
    def part(pitch: str, name: str) -> str:
        definition = f'<scoreDef><staffGrp><staffDef n="1"><label>{name}</label></staffDef></staffGrp></scoreDef>'
        return f"<part>{definition}<section>{layer(note(pitch, '1'))}{layer(note(pitch, '1'))}</section></part>"

    parts = f"<parts>{part('c5', 'A')}{part('c4', 'B')}</parts>"
    piece = read(f"<mei><music><body><mdiv>{parts}</mdiv></body></music></mei>".encode())
    assert [track.name for track in piece.tracks] == ["A", "B"]
    assert piece.notes[["onset", "pitch", "track"]].tolist() == [(0, 72, 0), (1920, 72, 0), (0, 60, 1), (1920, 60, 1)]


def test_channel_ten_is_for_drums_and_nine_where_verovio_wrote_the_file() -> None:
    def is_drum(channel: int, head: str = "") -> bool:
        staves = f'<staffDef n="1"><instrDef midi.channel="{channel}"/></staffDef>'
        return read(mei(layer(note("c4", "1")), staves, head=head)).tracks[0].is_drum

    verovio = "<encodingDesc><appInfo><application><name>Verovio</name></application></appInfo></encodingDesc>"
    assert is_drum(10)
    assert not is_drum(9)
    assert is_drum(9, verovio)
    named = '<staffDef n="1"><instrDef midi.instrname="Church_Organ"/></staffDef>'
    assert read(mei(layer(note("c4", "1")), named)).tracks[0].program == 19


def test_staves_come_in_the_order_of_the_page() -> None:
    staves = '<staffGrp symbol="bracket"><staffDef n="1"/><staffDef n="2"/></staffGrp><staffDef n="3"/>'
    measure = "".join(f'<staff n="{n}"><layer>{note(f"c{n}", "1")}</layer></staff>' for n in (1, 2, 3))
    assert read(mei(f"<measure>{measure}</measure>", staves)).notes[["pitch", "track"]].tolist() == [(24, 0), (36, 1), (48, 2)]


def test_a_dynamic_mark_is_for_its_staves_and_between_two_for_both() -> None:
    staves = '<staffGrp symbol="brace"><staffDef n="1"/><staffDef n="2"/></staffGrp>'

    def velocities(mark: str) -> list[int]:
        measure = "".join(f'<staff n="{n}"><layer>{note(f"c{n + 3}", "1")}</layer></staff>' for n in (1, 2))
        loudness: list[int] = read(mei(f"<measure>{measure}{mark}</measure>", staves)).notes["velocity"].tolist()
        return loudness

    assert velocities('<dynam staff="1" tstamp="1">ff</dynam>') == [112, 80]
    assert velocities('<dynam staff="2" tstamp="1" val="20"/>') == [80, 20]
    assert velocities('<dynam staff="1 2" tstamp="1">ff</dynam>') == [112, 112]
    assert velocities('<dynam staff="1" place="below" tstamp="1">ff</dynam>') == [112, 112]
    assert velocities('<dynam staff="2" place="above" tstamp="1">ff</dynam>') == [112, 112]
