"""MEI: what each of its elements becomes in a piece."""

from __future__ import annotations

from partimento.chord_symbols import chord_name
from partimento.formats import parse
from partimento.piece import Piece
from tests.formats.scores import layer, mei
from tests.formats.test_musicxml import rows


def read(data: bytes, repeats: str = "written") -> Piece:
    return parse(data, ".mei", repeats=repeats)[0]


def note(name: str, dur: str = "4", more: str = "") -> str:
    return f'<note pname="{name[0]}" oct="{name[1]}" dur="{dur}" {more}/>'


def test_notes_chords_rests_and_tuplets() -> None:
    triplet = f'<tuplet num="3" numbase="2"><beam>{note("c5", "8") * 3}</beam></tuplet>'
    chord = '<chord dur="4" dots="1"><note pname="c" oct="4"/><note pname="e" oct="4"/></chord>'
    piece = read(mei(layer(triplet + chord + '<rest dur="8"/><space dur="8"/>' + note("g4", "8"))))
    third = 1 / 3
    assert [(round(on, 6), round(length, 6), pitch) for on, length, pitch, _ in rows(piece)] == [
        (0, round(third, 6), 72),
        (round(third, 6), round(third, 6), 72),
        (round(2 * third, 6), round(third, 6), 72),
        (1, 1.5, 60),
        (1, 1.5, 64),
        (3.5, 0.5, 67),
    ]


def test_staves_under_a_brace_are_one_track() -> None:
    piano = '<staffGrp symbol="brace"><label>Piano</label><staffDef n="2"/><staffDef n="3"/></staffGrp>'
    staves = f'<staffDef n="1"><label>Voice</label><instrDef midi.instrnum="52"/></staffDef>{piano}'
    staff = '<staff n="{0}"><layer><note pname="c" oct="{0}" dur="1"/></layer></staff>'
    piece = read(mei("<measure>" + "".join(staff.format(number) for number in (1, 2, 3)) + "</measure>", staves))
    assert [(track.name, track.program) for track in piece.tracks] == [("Voice", 52), ("Piano", 0)]
    assert rows(piece) == [(0, 4, 24, 0), (0, 4, 36, 1), (0, 4, 48, 1)]


def test_accidentals_sound_as_said_or_as_the_signature_and_the_bar_say() -> None:
    written = layer(note("f4") + note("f4", "4", 'accid="n"') + note("f4") + note("f5"))
    assert read(mei(written * 2, attributes='key.sig="1s"')).notes["pitch"].tolist() == [66, 65, 65, 78] * 2
    sounding = layer(note("f4", "2", 'accid.ges="s"') + note("f4", "2"))
    assert read(mei(sounding, attributes='key.sig="1s"')).notes["pitch"].tolist() == [66, 65]
    inside = '<note pname="f" oct="4" dur="1"><accid accid="f"/></note>'
    assert read(mei(layer(inside))).notes["pitch"].tolist() == [64]


def test_ties_by_attribute_and_by_element() -> None:
    first = layer(note("c4", "1", 'xml:id="a" tie="i"')) + layer(
        note("c4", "1", 'tie="t" xml:id="b"'), '<tie startid="#b" endid="#c"/>'
    )
    piece = read(mei(first + layer(note("c4", "2", 'xml:id="c"') + note("c4", "2"))))
    assert rows(piece) == [(0, 10, 60, 0), (10, 2, 60, 0)]


def test_what_stands_beside_the_staves() -> None:
    beside = '<tempo tstamp="1" mm="80" mm.unit="4" mm.dots="1"/><dynam tstamp="3" staff="1">f</dynam>'
    beside += '<harm tstamp="1">G7</harm><harm startid="#x"><rend>Am</rend>/C</harm>'
    piece = read(mei(layer(note("c4", "2") + note("c4", "2", 'xml:id="x"'), beside)))
    assert piece.tempos["qpm"].tolist() == [120.0]
    assert piece.notes["velocity"].tolist() == [80, 96]
    assert [(row["tick"], chord_name(*row.tolist()[1:])) for row in piece.chords] == [(0, "G7"), (960, "Am/C")]


def test_keys_meters_transposition_and_the_title_page() -> None:
    names = "<title>Tune</title><respStmt><persName role='composer'>Someone</persName></respStmt>"
    head = f"<fileDesc><titleStmt>{names}</titleStmt></fileDesc>"
    change = '<scoreDef meter.count="3" meter.unit="8" key.sig="2f"/>'
    staff = '<staffDef n="1" trans.semi="-2" key.sig="2s"/>'
    piece = read(mei(layer(note("d4", "4")) + change + layer(note("d4", "4.")), staff, head=head))
    assert (piece.about.title, piece.about.composer) == ("Tune", "Someone")
    assert piece.notes["pitch"].tolist() == [60, 60]
    assert piece.meters.tolist() == [(0, 1, 4), (480, 3, 8)]
    assert piece.keys["fifths"].tolist() == [0, -4]


def test_grace_notes_cues_and_rests_of_whole_bars() -> None:
    content = (
        note("d5", "8", 'grace="unacc"') + '<graceGrp><note pname="d" oct="5" dur="8"/></graceGrp>' + note("c4", "1", 'cue="true"')
    )
    piece, repairs = parse(mei(layer(content) + layer("<mRest/>") + layer(note("c4", "1"))), ".mei")
    assert rows(piece) == [(8, 4, 60, 0)]
    assert repairs == {"grace notes left out": 2, "cue notes left out": 1}


def test_repeats_and_endings() -> None:
    bars = layer(note("c4", "1"), attributes='left="rptstart"')
    bars += f'<ending n="1">{layer(note("d4", "1"), attributes="right=" + chr(34) + "rptend" + chr(34))}</ending>'
    bars += f'<ending n="2">{layer(note("e4", "1"))}</ending>' + layer(note("f4", "1"))
    assert read(mei(bars)).notes["pitch"].tolist() == [60, 62, 64, 65]
    assert read(mei(bars), "played").notes["pitch"].tolist() == [60, 62, 60, 64, 65]


def test_of_alternatives_one_is_read() -> None:
    both = f"<choice><sic>{note('c4', '1')}</sic><corr>{note('d4', '1')}</corr></choice>"
    readings = f"<app><lem>{note('e4', '1')}</lem><rdg>{note('f4', '1')}</rdg></app>"
    assert read(mei(layer(both) + layer(readings))).notes["pitch"].tolist() == [62, 64]
