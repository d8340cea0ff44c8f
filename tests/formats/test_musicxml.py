"""MusicXML: what each of its elements becomes in a piece."""

from __future__ import annotations

import pytest

from partimento.chord_symbols import chord_name
from partimento.errors import UnreadableFile
from partimento.formats import parse
from partimento.piece import Piece
from tests.formats.scores import FOUR, measure, musicxml, note


def read(data: bytes, repeats: str = "written") -> Piece:
    return parse(data, ".musicxml", repeats=repeats)[0]


def rows(piece: Piece) -> list[tuple[float, float, int, int]]:
    """(onset, duration, pitch, track) in quarters."""
    per = piece.ticks_per_quarter
    return [(n["onset"] / per, n["duration"] / per, int(n["pitch"]), int(n["track"])) for n in piece.notes]


def test_voices_chords_and_staves_of_one_part_are_one_track() -> None:
    content = note("C5", 8) + note("E5", 8, chord=True) + note("D5", 8) + "<backup><duration>16</duration></backup>"
    content += "<forward><duration>4</duration></forward>" + note("C3", 12, "<voice>5</voice><staff>2</staff>")
    piece = read(musicxml(measure(content, FOUR + "<staves>2</staves>"), measure(note("G4", 16), FOUR)))
    assert rows(piece) == [(0, 2, 72, 0), (0, 2, 76, 0), (1, 3, 48, 0), (2, 2, 74, 0), (0, 4, 67, 1)]
    assert [track.name for track in piece.tracks] == ["part 0", "part 1"]


def test_ties_also_over_a_gap_and_between_voices() -> None:
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    content = note("C4", 2, start) + note("E4", 2, start) + note("C4", 12, stop) + note("E4", 12, stop, chord=True)
    again = note("E4", 4, '<notations><tied type="stop"/></notations>') + note("E4", 12)
    piece = read(musicxml(measure(content, FOUR) + measure(again)))
    assert rows(piece) == [(0, 4, 60, 0), (0.5, 3.5, 64, 0), (4, 1, 64, 0), (5, 3, 64, 0)]


def test_a_tie_that_is_not_ended_swallows_nothing() -> None:
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    piece = read(musicxml(measure(note("C5", 16, start), FOUR) + measure(note("C5", 16)) + measure(note("C5", 16, stop))))
    assert rows(piece) == [(0, 4, 72, 0), (4, 4, 72, 0), (8, 4, 72, 0)]
    # but one that is struck in another voice meanwhile leaves the tie alone
    voice = "<backup><duration>16</duration></backup><forward><duration>4</duration></forward>" + note("C5", 8)
    piece = read(musicxml(measure(note("C5", 16, start) + voice, FOUR) + measure(note("C5", 16, stop))))
    assert rows(piece) == [(0, 8, 72, 0), (1, 2, 72, 0)]


def test_quarter_tones_go_one_way_and_are_counted() -> None:
    def altered(alter: str) -> str:
        pitch = f"<pitch><step>D</step><alter>{alter}</alter><octave>4</octave></pitch>"
        return f"<note>{pitch}<duration>4</duration></note>"

    piece, repairs = parse(musicxml(measure("".join(map(altered, ("0.5", "1.5", "-0.5", "-1.5"))), FOUR)), ".xml")
    assert piece.notes["pitch"].tolist() == [63, 64, 62, 61]
    assert repairs == {"quarter tones moved to the next key": 4}


def test_transposing_instruments_sound_and_so_does_their_key() -> None:
    horn = FOUR + "<key><fifths>1</fifths></key><transpose><chromatic>-7</chromatic></transpose>"
    bass = FOUR + "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
    piece = read(musicxml(measure(note("C5", 16), horn), measure(note("C3", 16), bass)))
    assert piece.notes["pitch"].tolist() == [65, 36]
    # the transposition stands after the key in a file; both of one attributes element hold together
    assert piece.keys[["fifths", "minor"]].tolist() == [(0, False)]


def test_upbeats_and_odd_bars_are_meters_of_their_own() -> None:
    short = '<measure number="0" implicit="yes"><attributes>' + FOUR + "</attributes>" + note("C4", 4) + "</measure>"
    three = "<time><beats>3</beats><beat-type>4</beat-type></time>"
    odd = measure(note("C4", 6), "<time><beats>2+1</beats><beat-type>8</beat-type></time>")
    piece = read(musicxml(short + measure(note("C4", 16)) + measure(note("C4", 12), three) + odd))
    assert piece.meters.tolist() == [(0, 1, 4), (480, 4, 4), (2400, 3, 4), (3840, 3, 8)]


def test_tempos_by_number_by_sign_and_by_word() -> None:
    sound = '<direction><sound tempo="100"/></direction>'
    sign = "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>60</per-minute>"
    sign += "</metronome></direction-type></direction>"
    word = "<direction><direction-type><words>Allegro ma non troppo</words></direction-type></direction>"
    piece = read(musicxml(measure(word + sound + note("C4", 8) + sign + note("C4", 8), FOUR) + measure(word + note("C4", 16))))
    assert piece.tempos.tolist() == [(0, 100.0), (960, 90.0), (1920, 132.0)]


def test_dynamics_hold_for_the_part_from_where_they_stand() -> None:
    loud = "<direction><direction-type><dynamics><ff/></dynamics></direction-type></direction>"
    content = note("C4", 4) + loud + note("D4", 12) + "<backup><duration>16</duration></backup>" + note("C3", 16)
    piece = read(musicxml(measure(content, FOUR), measure(note("C5", 16), FOUR)))
    assert piece.notes["velocity"].tolist() == [80, 80, 112, 80]


def test_chord_symbols() -> None:
    def harmony(root: str, kind: str, more: str = "") -> str:
        return f'<harmony><root><root-step>{root}</root-step></root><kind text="x">{kind}</kind>{more}</harmony>'

    bass = "<bass><bass-step>B</bass-step></bass>"
    flat = "<degree><degree-value>5</degree-value><degree-alter>-1</degree-alter><degree-type>alter</degree-type></degree>"
    content = harmony("G", "dominant", bass) + note("G4", 8) + harmony("F", "minor-seventh", flat) + note("C4", 8)
    piece = read(musicxml(measure(content, FOUR) + measure("<harmony><kind>none</kind></harmony>" + note("C4", 16))))
    assert piece.chords["tick"].tolist() == [0, 960, 1920]
    assert [chord_name(*row.tolist()[1:]) for row in piece.chords] == ["G7/B", "Fm7b5", "N.C."]


def test_chord_symbols_before_one_note_share_it_and_numerals_are_left_out() -> None:
    def harmony(root: str, more: str = "") -> str:
        return f"<harmony><root><root-step>{root}</root-step></root><kind>major</kind>{more}</harmony>"

    content = harmony("C") + harmony("G") + note("E4", 8) + harmony("F") + harmony("D", "<offset>4</offset>") + note("E4", 8)
    numeral = "<harmony><numeral><numeral-root>5</numeral-root></numeral><kind>dominant</kind></harmony>"
    function = "<harmony><function>V</function><kind>dominant</kind></harmony>"
    piece, repairs = parse(musicxml(measure(content, FOUR) + measure(numeral + function + note("C4", 16))), ".xml")
    assert piece.chords[["tick", "root"]].tolist() == [(0, 0), (480, 7), (960, 5), (1440, 2)]
    assert repairs == {"chord symbols left out": 2}


def test_grace_cue_and_unpitched_notes() -> None:
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    cue = "<note><cue/><pitch><step>D</step><octave>5</octave></pitch><duration>4</duration></note>"
    place = "<unpitched><display-step>E</display-step><display-octave>4</display-octave></unpitched>"
    hit = f"<note>{place}<duration>12</duration>{{}}</note>"
    declared = '<score-part id="P0"><part-name>Drums</part-name><midi-instrument id="I1"><midi-channel>10</midi-channel>'
    declared += "<midi-unpitched>37</midi-unpitched></midi-instrument></score-part>"
    content = grace + cue + hit.format('<instrument id="I1"/>') + "<backup><duration>12</duration></backup>" + hit.format("")
    piece, repairs = parse(musicxml(measure(content, FOUR), declared=declared), ".xml")
    assert piece.notes["pitch"].tolist() == [36, 64]
    assert piece.tracks[0].is_drum
    assert repairs == {"grace notes left out": 1, "cue notes left out": 1}


def test_the_title_page_and_programs() -> None:
    declared = '<score-part id="P0"><part-name>Fl.\n 1</part-name><midi-instrument id="I"><midi-program>74</midi-program>'
    declared += "</midi-instrument></score-part>"
    head = "<work><work-title>Tune</work-title></work><identification><creator type='composer'>Someone</creator></identification>"
    piece = read(musicxml(measure(note("C4", 16), FOUR), declared=declared, head=head))
    assert (piece.about.title, piece.about.composer) == ("Tune", "Someone")
    assert (piece.tracks[0].name, piece.tracks[0].program) == ("Fl. 1", 73)


def test_repeats_and_endings() -> None:
    def bar(name: str, *lines: str) -> str:
        return measure(note(name, 16) + "".join(f"<barline>{line}</barline>" for line in lines), FOUR)

    forward, back = '<repeat direction="forward"/>', '<repeat direction="backward"/>'
    first = bar("E4", '<ending number="1" type="start"/>', back + '<ending number="1" type="stop"/>')
    second = bar("F4", '<ending number="2" type="start"/>', '<ending number="2" type="discontinue"/>')
    data = musicxml(bar("C4") + bar("D4", forward) + first + second + bar("G4"))
    assert read(data).notes["pitch"].tolist() == [60, 62, 64, 65, 67]
    played = read(data, "played")
    assert rows(played) == [(4 * at, 4, pitch, 0) for at, pitch in enumerate((60, 62, 64, 62, 65, 67))]
    assert played.meters.tolist() == [(0, 4, 4)]


def test_what_held_before_a_jump_holds_again_after_it() -> None:
    slow, fast = (f'<direction><sound tempo="{tempo}"/></direction>' for tempo in (60, 120))
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    back = '<barline><repeat direction="backward"/></barline>'
    data = musicxml(
        measure(slow + note("C4", 16), FOUR) + measure(fast + note("D4", 16, start) + back) + measure(note("D4", 16, stop))
    )
    piece = read(data, "played")
    assert piece.tempos.tolist() == [(0, 60.0), (1920, 120.0), (3840, 60.0), (5760, 120.0)]
    assert rows(piece) == [(0, 4, 60, 0), (4, 4, 62, 0), (8, 4, 60, 0), (12, 8, 62, 0)]  # a tie holds only into the next bar


def test_timewise_scores() -> None:
    measures = "".join(
        f'<measure><part id="P0"><attributes>{FOUR}</attributes>{note(name, 16)}</part></measure>' for name in ("C4", "D4")
    )
    data = f'<score-timewise><part-list><score-part id="P0"/></part-list>{measures}</score-timewise>'.encode()
    assert rows(read(data)) == [(0, 4, 60, 0), (4, 4, 62, 0)]


def test_lengths_that_no_division_holds() -> None:
    half = note("C4", 1).replace("<duration>1<", "<duration>1.5<")
    many = "".join(measure(note("C4", 1), f"<divisions>{prime}</divisions>") for prime in (10007, 10009, 10037, 10039))
    assert rows(read(musicxml(measure(half, FOUR)))) == [(0, 0.375, 60, 0)]
    piece, repairs = parse(musicxml(measure(note("C4", 16), FOUR) + many), ".xml")
    assert len(piece) == 5
    assert "moved to the grid" in repairs


def test_lengths_that_cannot_be() -> None:
    with pytest.raises(UnreadableFile, match="too long"):
        read(musicxml(measure(note("C4", 10**12), FOUR)))
    with pytest.raises(UnreadableFile, match="no notes"):
        read(musicxml(measure(note("C4", -4), FOUR)))
