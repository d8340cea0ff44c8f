"""Chords, beat by beat, and keys, piece by piece, for many pieces at once.

A beat's chord is the template with the most evidence: the time that the pitch classes of the template sound, less the time
that others do, less one for each note of the template that is missing (Pardo and Birmingham, "Algorithms for Chordal
Analysis", Computer Music Journal 26, 2002, with time as weight). Where fewer than three pitch classes sound there is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.analysis.piece_set import Floats, Ints, Music
from partimento.chord_symbols import CHORD_NOTES
from partimento.piece import QUALITIES
from partimento.theory import find_key

# the kinds of chord that are told apart; triads come first and win where a seventh chord has no more evidence
QUALITY_NAMES = (
    *("major", "minor", "dominant seventh", "minor seventh", "major seventh", "diminished", "half-diminished seventh"),
    *("diminished seventh", "augmented"),
)
THIRD_OF_QUALITY = np.array([0, 1, 0, 1, 0, 2, 2, 2, 0])  # major, minor, diminished: what a Roman numeral shows
_ROMAN = ("I", "♭II", "II", "♭III", "III", "IV", "♯IV", "V", "♭VI", "VI", "♭VII", "VII")
NUMERALS = tuple(text for roman in _ROMAN for text in (roman, roman.lower(), roman.lower() + "°"))
DEGREES = ("1", "♭2", "2", "♭3", "3", "4", "♯4", "5", "♭6", "6", "♭7", "7")
SOUNDS = 0.1  # of a beat that a pitch must last to count as there
MOST_BEATS = 1 << 17  # of a piece; what a broken file claims beyond is not counted
MOST_BEATS_OF_A_NOTE = 64
_BEATS_AT_ONCE = 1 << 16


@dataclass(frozen=True, eq=False)
class Beats:
    """Every beat of a set, piece after piece.

    `piece` [B]; `weight` [B, 12], the share of the beat in which each pitch class sounds; `bass` [B], the lowest pitch
    (128: silence); `voices` [B], notes that sound at its start; `root` [B] (-1: no chord) and `quality` [B] of its chord.
    """

    piece: Ints
    weight: npt.NDArray[np.float32]
    bass: npt.NDArray[np.uint8]
    voices: Ints
    root: Ints
    quality: Ints

    @classmethod
    def of(cls, music: Music) -> Beats:
        """The beats of a set; drums are left out."""
        rows = np.flatnonzero(~music.is_drum)
        notes, piece = music.notes[rows], music.piece_of_note[rows]
        onset = notes["onset"].astype(np.int64)
        start, end = (np.minimum(music.meters.pulses_at(tick, piece), MOST_BEATS) for tick in (onset, onset + notes["duration"]))
        end = np.minimum(end, start + MOST_BEATS_OF_A_NOTE)
        length = np.zeros(len(music), np.int64)
        np.maximum.at(length, piece, np.ceil(end).astype(np.int64))
        first = np.cumsum(length) - length
        # one row for each beat in which each note sounds
        begins = np.floor(start).astype(np.int64)
        times = np.maximum(np.ceil(end).astype(np.int64) - begins, 0)
        note = np.repeat(np.arange(len(rows)), times)
        beat = begins[note] + np.arange(len(note)) - np.repeat(np.cumsum(times) - times, times)
        sounds = np.minimum(end[note], beat + 1) - np.maximum(start[note], beat)
        at_start = (start[note] - beat < SOUNDS) & (sounds > SOUNDS)
        beat += first[piece[note]]
        pitch = notes["pitch"][note]
        count = int(length.sum())
        weight = np.bincount(beat * 12 + pitch % 12, weights=sounds, minlength=count * 12).reshape(count, 12).astype(np.float32)
        bass = np.full(count, 128, np.uint8)
        there = sounds > SOUNDS
        np.minimum.at(bass, beat[there], pitch[there])
        voices = np.bincount(beat[at_start], minlength=count)
        np.minimum(weight, 1, out=weight)
        root, quality = chords(weight, bass)
        return cls(np.repeat(np.arange(len(music)), length), weight, bass, voices, root, quality)

    def changes(self) -> tuple[Ints, Ints, Ints]:
        """Piece, root and quality of every chord that differs from the one before it in its piece; beats without one are
        passed. Three int64 [C]."""
        rows = np.flatnonzero(self.root >= 0)
        piece, root, quality = self.piece[rows], self.root[rows], self.quality[rows]
        chord = (piece * 12 + root) * len(QUALITY_NAMES) + quality
        new = np.diff(chord, prepend=-1) != 0
        return piece[new], root[new], quality[new]


def chords(weight_B12: npt.NDArray[np.float32], bass_B: npt.NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Root (0..11; -1: fewer than three pitch classes) and quality (index into `QUALITY_NAMES`) of each beat.

    Among templates of equal evidence the one whose root lies in the bass wins, then the one whose root sounds longer, then the
    one whose root is nearer above the bass. All is counted from the bass up, so a chord is the same in any transposition.

    `weight_B12` [B, 12] is the share of the beat that each pitch class sounds, 0..1; `bass_B` [B] the lowest pitch (128:
    silence). Gives int64 [B] twice.
    """
    table = np.zeros((12, 12, len(QUALITY_NAMES)), np.float32)  # pitch class, root, quality
    for quality, name in enumerate(QUALITY_NAMES):
        for root in range(12):
            table[[(root + pc) % 12 for pc in CHORD_NOTES[QUALITIES.index(name)]], root, quality] = 1
    size = table.sum(axis=0).ravel()
    flat = table.reshape(12, -1)
    best = np.zeros(len(weight_B12), np.int64)
    bass = bass_B.astype(np.int64) % 12
    for begin in range(0, len(best), _BEATS_AT_ONCE):
        some = slice(begin, begin + _BEATS_AT_ONCE)
        weight = np.take_along_axis(weight_B12[some], (np.arange(12) + bass[some, None]) % 12, axis=1)
        there = (weight > SOUNDS).astype(np.float32)
        score = (2 * weight + there) @ flat - size  # the time of all notes is the same for all templates
        ties = 0.002 * weight
        ties[:, 0] += 0.02
        best[some] = (score.reshape(-1, 12, len(QUALITY_NAMES)) + ties[:, :, None]).reshape(len(weight), -1).argmax(axis=1)
    chord = (weight_B12 > SOUNDS).sum(axis=1) >= 3
    return np.where(chord, (best // len(QUALITY_NAMES) + bass) % 12, -1), best % len(QUALITY_NAMES)


def keys_found(music: Music) -> tuple[Ints, npt.NDArray[np.bool_], Floats]:
    """Fifths [P], whether minor [P], and how long each pitch class sounds [P, 12] in quarters; C major for silence."""
    rows = np.flatnonzero(~music.is_drum)
    place = music.piece_of_note[rows] * 12 + music.notes["pitch"][rows] % 12
    long = np.minimum(music.in_quarters(music.notes["duration"])[rows], MOST_BEATS_OF_A_NOTE)
    weight = np.bincount(place, weights=long, minlength=12 * len(music)).astype(np.float64).reshape(-1, 12)
    keys = [find_key(row) for row in weight]
    return np.array([fifths for fifths, _ in keys], np.int64), np.array([minor for _, minor in keys], bool), weight


def tonic(fifths: Ints, minor: npt.NDArray[np.bool_]) -> Ints:
    """The pitch class of the tonic of each key, int64 [P], from its fifths [P] (sharps less flats) and whether it is minor [P]."""
    result: Ints = (7 * fifths + 9 * minor) % 12
    return result
