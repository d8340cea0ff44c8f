"""Chords, beat by beat: what a harmony book says, and a slow twin for what sounds."""

from __future__ import annotations

import numpy as np
import pytest

from partimento.analysis.beat_chords import QUALITY_NAMES, Beats, chords, keys_found, tonic
from partimento.analysis.piece_set import Music
from partimento.chord_symbols import CHORD_NOTES
from partimento.piece import METER, NOTE, QUALITIES, Piece, Track
from tests.made import made_piece

Note = tuple[int, int, int]


def beats_of(*rows: Note, ticks_per_quarter: int = 4) -> Beats:
    notes = np.array([(onset, duration, pitch, 64, 0) for onset, duration, pitch in rows], NOTE)
    return Beats.of(Music.of("made", [Piece(notes, (Track(),), ticks_per_quarter)]))


@pytest.mark.parametrize("name", QUALITY_NAMES)
@pytest.mark.parametrize("root", range(12))
def test_every_chord_in_root_position_is_found(name: str, root: int) -> None:
    beats = beats_of(*((0, 4, 36 + root + offset) for offset in CHORD_NOTES[QUALITIES.index(name)]))
    assert (beats.root.tolist(), QUALITY_NAMES[beats.quality[0]]) == ([root], name)


def test_passing_notes_do_not_make_another_chord() -> None:
    # C major with the tenor passing G F, one after the other: F sounds for half of the beat, G too
    beats = beats_of((0, 4, 48), (0, 4, 64), (0, 4, 72), (0, 2, 55), (2, 2, 53))
    assert (beats.root[0], QUALITY_NAMES[beats.quality[0]]) == (0, "major")


def test_an_arpeggio_is_a_chord_and_an_interval_is_none() -> None:
    beats = beats_of((0, 1, 50), (1, 1, 54), (2, 2, 57), (4, 4, 50), (4, 4, 57))
    assert (beats.root.tolist(), QUALITY_NAMES[beats.quality[0]]) == ([2, -1], "major")
    assert beats.voices.tolist() == [1, 2]
    assert beats.bass.tolist() == [50, 50]


def test_changes_pass_over_what_stays_and_what_is_no_chord() -> None:
    def triad(beat: int, root: int) -> list[Note]:
        return [(4 * beat, 4, root + offset) for offset in (0, 4, 7)]

    beats = beats_of(*triad(0, 48), *triad(1, 48), *triad(2, 55), (12, 4, 55), *triad(4, 55), *triad(5, 48))
    piece, root, quality = beats.changes()
    assert (piece.tolist(), root.tolist(), quality.tolist()) == ([0, 0, 0], [0, 7, 0], [0, 0, 0])


def test_what_sounds_in_each_beat_is_as_counted_note_by_note() -> None:
    pieces = [made_piece(3), Piece(made_piece(4).notes, made_piece(4).tracks, 480, meters=np.array([(0, 6, 8)], METER))]
    beats = Beats.of(Music.of("made", pieces))
    row = 0
    for number, (piece, ticks) in enumerate(zip(pieces, (480, 720), strict=True)):
        count = -(-piece.end_tick // ticks)
        if number == 0:  # 3/4 for 1440 ticks, then 4/4: beats are quarters all along
            assert count == int((beats.piece == 0).sum())
        for beat in range(count):
            weight, lowest = np.zeros(12), 128
            for onset, duration, pitch, _, _ in piece.notes.tolist():
                sounds = min(onset + duration, (beat + 1) * ticks) - max(onset, beat * ticks)
                weight[pitch % 12] += max(0, sounds) / ticks
                lowest = min(lowest, pitch) if sounds > 0.1 * ticks else lowest
            np.testing.assert_allclose(beats.weight[row], np.minimum(weight, 1), atol=1e-6)
            assert beats.bass[row] == lowest
            row += 1
    assert row == len(beats.piece)


def test_the_bass_decides_between_equals() -> None:
    weight = np.zeros((2, 12), np.float32)
    weight[:, [0, 4, 8]] = 1  # an augmented triad may have any of its notes as root
    root, quality = chords(weight, np.array([52, 56], np.uint8))
    assert root.tolist() == [4, 8]
    assert {QUALITY_NAMES[at] for at in quality} == {"augmented"}


def test_keys() -> None:
    scale = [62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62]
    notes = np.array([(4 * at, 4, pitch, 64, 0) for at, pitch in enumerate(scale)], NOTE)
    silent = np.zeros(0, NOTE)
    music = Music.of("made", [Piece(rows, (Track(),), 4) for rows in (notes, silent)])
    fifths, minor, weight = keys_found(music)
    assert (fifths.tolist(), minor.tolist()) == ([2, 0], [False, False])
    assert weight[0].sum() == len(scale)
    assert tonic(np.array([2, 0, -3, 0]), np.array([False, True, True, False])).tolist() == [2, 9, 0, 0]
