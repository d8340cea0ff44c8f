"""From a piece to bars, staves, voices and names: what each pass decides on small music."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.bars import BarGrid
from partimento.notate import score_of
from partimento.notate.score import ALTO, BASS, GUITAR, LOW_BASS, PERCUSSION, TREBLE
from partimento.piece import NOTE, Piece, Track, note_array
from tests.notate.made import QUARTER, line, piece_of, staff_of, written

PIANO, DRUMS = Track(0), Track(0, True)


def test_an_upbeat_a_split_bar_and_a_change_of_meter() -> None:
    upbeat = score_of(piece_of(line([1] * 9), meters=[(0, 1, 4), (1, 4, 4)])).bars
    assert [(bar.number, bar.partial, bar.shown_meter) for bar in upbeat] == [(0, True, (4, 4)), (1, False, None), (2, False, None)]
    split = score_of(piece_of(line([1] * 12), meters=[(0, 4, 4), (4, 3, 4), (7, 1, 4), (8, 4, 4)])).bars
    assert [(bar.number, bar.partial, bar.shown_meter) for bar in split] == [
        *((1, False, (4, 4)), (2, True, None), (2, True, None), (3, False, None))
    ]
    change = score_of(piece_of(line([1] * 10), meters=[(0, 4, 4), (4, 3, 4)])).bars
    assert [(bar.number, bar.shown_meter) for bar in change] == [(1, (4, 4)), (2, (3, 4)), (3, None)]


@pytest.mark.parametrize(
    "meters",
    [
        [],
        [(4, 3, 4)],
        [(0, 1, 4), (1, 4, 4)],
        [(0, 4, 4), (3, 4, 4)],
        [(0, 1, 4), (1, 4, 4), (9, 2, 4), (13, 4, 4)],
        [(0, 4, 4), (4.01, 3, 4)],
        [(0, 6, 8), (7, 5, 16), (40, 3, 4)],
    ],
)
def test_a_page_numbers_bars_as_everything_else_does(meters: list[tuple[float, int, int]]) -> None:
    piece = piece_of(line([1] * 24), meters=meters)
    bars, grid = score_of(piece).bars, BarGrid.of(piece)
    assert [bar.number for bar in bars] == grid.numbers.tolist()
    assert [round(bar.start / bars[-1].start * 100) for bar in bars] == np.rint(grid.lines[:-1] / grid.lines[-2] * 100).tolist()


def test_a_meter_that_comes_inside_a_bar_cuts_it() -> None:
    bars = score_of(piece_of(line([1] * 8), meters=[(0, 4, 4), (6, 2, 4)])).bars
    assert [(bar.length // 480, bar.partial) for bar in bars] == [(4, False), (2, True), (2, False)]


def test_a_key_of_its_own_is_believed_and_a_sequencers_c_major_is_not() -> None:
    d_major = line([1] * 8, 62)[:0] + [
        (at, 1.0, pitch) for at, pitch in enumerate((62, 66, 69, 74, 73, 71, 69, 66, 67, 64, 61, 62))
    ]
    assert {bar.key for bar in score_of(piece_of(d_major)).bars} == {(2, False)}
    assert {bar.key for bar in score_of(piece_of(d_major, keys=[(0, -1, True)])).bars} == {(-1, True)}
    assert {bar.key for bar in score_of(piece_of(d_major, keys=())).bars} == {(2, False)}


@pytest.mark.parametrize(
    ("pitches", "key", "names"),
    [
        ((60, 62, 63, 65, 67, 68, 71, 72), (-3, True), "C D Eb F G Ab B C"),
        ((69, 71, 72, 74, 76, 77, 80, 81), (0, True), "A B C D E F G# A"),
        ((64, 66, 68, 69, 71, 73, 75, 76), (4, False), "E F# G# A B C# D# E"),
        ((61, 63, 65, 66, 68, 70, 72, 73), (-5, False), "Db Eb F Gb Ab Bb C Db"),
    ],
)
def test_spelling_in_a_key(pitches: tuple[int, ...], key: tuple[int, bool], names: str) -> None:
    score = score_of(piece_of([(at, 1, pitch) for at, pitch in enumerate(pitches)], keys=[(0, *key)]))
    spelled = [event.heads[0].spelled for bar in staff_of(score) for event in bar[0] if event.heads]
    assert " ".join("CDEFGAB"[one.step] + {0: "", 1: "#", -1: "b"}[one.alter] for one in spelled) == names
    assert [12 * (one.octave + 1) + (0, 2, 4, 5, 7, 9, 11)[one.step] + one.alter for one in spelled] == list(pitches)


def test_chords_share_a_voice_and_conflicting_rhythms_do_not() -> None:
    chords = score_of(piece_of([(0, 2, 60), (0, 2, 64), (2, 2, 62), (2, 2, 65)]))
    assert [len(bar) for bar in staff_of(chords)] == [1]
    conflict = staff_of(score_of(piece_of([(0, 4, 60), (0, 1, 72), (1, 1, 74), (2, 2, 76)])))
    assert [written(voice) for voice in conflict[0]] == ["4 4 2", "1"]
    one_bar_only = piece_of([(0, 4, 60), (0, 1, 72), (1, 3, 74), *((at, 1, 70) for at in range(4, 8))])
    assert [len(bar) for bar in staff_of(score_of(one_bar_only))] == [2, 1]


def test_a_note_inside_one_of_its_pitch_gets_a_voice_of_its_own() -> None:
    voices = staff_of(score_of(piece_of([(0, 4, 60), (1, 1, 60), (2, 1, 60)])))[0]
    assert [written(voice) for voice in voices] == ["1", "r4 4 4 r4"]


def test_a_piano_part_has_two_hands_unless_its_tracks_are_hands() -> None:
    left = [(at, 1.0, pitch) for at in range(0, 16) for pitch in (36 + at % 5, 43 + at % 5)]
    right = [(at / 2, 0.5, 72 + at % 7) for at in range(0, 32)]
    both = score_of(piece_of(left + right, track=PIANO)).parts[0]
    assert [staff.clefs[0] for staff in both.staves] == [TREBLE, BASS]
    pitches = [{head.spelled.pitch for bar in staff.voices for v in bar for e in v for head in e.heads} for staff in both.staves]
    assert min(pitches[0]) == 72
    assert max(pitches[1]) == 47
    rows = np.concatenate([piece_of(right).notes, piece_of(left).notes])
    rows["track"][len(right) :] = 1
    assert [len(part.staves) for part in score_of(Piece(rows, (PIANO, PIANO), QUARTER)).parts] == [1, 1]


@pytest.mark.parametrize(
    ("track", "pitch", "clef"),
    [
        *((Track(40), 76, TREBLE), (Track(41), 60, ALTO), (Track(42), 45, BASS), (Track(33), 33, LOW_BASS)),
        *((Track(24), 52, GUITAR), (DRUMS, 38, PERCUSSION)),
    ],
)
def test_clefs(track: Track, pitch: int, clef: tuple[str, int, int]) -> None:
    assert score_of(piece_of(line([1] * 8, pitch), track=track)).parts[0].staves[0].clefs == [clef] * 2


def test_drums_are_never_tied_and_feet_have_their_voice() -> None:
    hits = [(at / 4, 0.1, 42) for at in range(16)] + [(0, 0.1, 36), (1.75, 0.1, 36), (0.625, 0.1, 38)]
    voices = staff_of(score_of(piece_of(hits, track=DRUMS)))[0]
    assert not any(head.tied_after for voice in voices for event in voice for head in event.heads)
    assert {head.spelled.pitch for event in voices[1] for head in event.heads} == {36}


def test_playing_is_snapped_and_releases_are_not_written() -> None:
    chance = np.random.RandomState(1)
    rows = np.zeros(64, NOTE)
    rows["onset"] = np.arange(64) * 240 + chance.randint(-14, 15, 64).clip(0)
    rows["duration"] = 180 + chance.randint(0, 50, 64)
    rows["pitch"] = 60 + chance.randint(0, 12, 64)
    score = score_of(Piece(rows, (Track(40),), QUARTER))
    assert {written(bar[0]) for bar in staff_of(score)} == {"8 8 8 8 8 8 8 8"}
    assert len(score.shifts) == 64


def test_beams_go_by_beats() -> None:
    def beams(lengths: list[float], meter: tuple[int, int]) -> list[str]:
        events = staff_of(score_of(piece_of(line(lengths), meters=[(0, *meter)])))[0][0]
        return [event.beams[0] if event.beams else "" for event in events]

    assert beams([0.5] * 8, (4, 4)) == ["begin", "continue", "continue", "end"] * 2
    assert beams([0.5] * 6, (6, 8)) == ["begin", "continue", "end"] * 2
    assert beams([0.5] * 6, (3, 4)) == ["begin", *["continue"] * 4, "end"]
    assert beams([0.75, 0.25, 0.5, -0.5, 2], (4, 4)) == ["begin", "end", "", "", ""]


def test_tempos_are_shown_where_they_stay() -> None:
    tempos = [(0, 120), (4, 122), (8, 60), (9, 58), (10, 90)]
    marks = score_of(piece_of(line([4] * 8), tempos=tempos)).tempos
    assert [mark.qpm for mark in marks] == [qpm for _, qpm in tempos]
    assert [mark.qpm for mark in marks if mark.shown] == [120, 90]


def test_parts_are_named_after_their_instruments() -> None:
    tracks = (Track(40), Track(40), Track(73, False, "Solo"), Track(0, True))
    piece = Piece(note_array([(0, 480, 60, 80, number) for number in range(4)]), tracks, 480)
    assert [part.name for part in score_of(piece).parts] == ["Violin 1", "Violin 2", "Solo", "Drums"]
    assert [part.short_name for part in score_of(piece).parts] == ["Vio. 1", "Vio. 2", "Sol.", "Dru."]


def test_a_piece_without_notes_is_one_empty_bar() -> None:
    score = score_of(Piece(note_array([]), (Track(),), 480))
    assert [len(staff.voices) for staff in score.parts[0].staves] == [1]
