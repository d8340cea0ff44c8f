"""Pitch-class sets, chord symbols and names: small vectorised tables. It knows nothing of pieces, files or models.

A pitch-class set is a 12-bit mask: bit `p` is set when pitch class `p` (C = 0) sounds.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.errors import InvalidOption
from partimento.piece import QUALITIES

PITCH_CLASS_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MINOR_KEYS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")

# the step (C = 0 .. B = 6) on which each pitch class is spelled when nothing else is known, as music21 spells MIDI
STEP_OF_PITCH_CLASS = np.array([0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6])


# for each of `QUALITIES`: how it is written after the root, and its notes in semitones above it
CHORD_SYMBOLS = ("", "m", "+", "dim", "sus4", "sus2", "5", "6", "m6", "7", "maj7", "m7", "m7b5", "dim7", "mmaj7", "7#5", "7sus4")
CHORD_NOTES = (
    *((0, 4, 7), (0, 3, 7), (0, 4, 8), (0, 3, 6), (0, 5, 7), (0, 2, 7), (0, 7), (0, 4, 7, 9), (0, 3, 7, 9)),
    *((0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9), (0, 3, 7, 11), (0, 4, 8, 10), (0, 5, 7, 10)),
)
NO_CHORD = (-1, 0, -1)  # root, quality, bass

_CHORD = re.compile(r"([A-G])([#b♯♭]{0,2})([^/]*|6/9)(?:/([A-G])([#b♯♭]{0,2}))?")
# the first pattern that matches what stands after a root decides; ninths and higher are as the seventh chord below them
_QUALITY_PATTERNS = [
    (re.compile(pattern), QUALITIES.index(quality))
    for pattern, quality in (
        (r"(5|power)$", "fifth"),
        (r"(ø|hdim|half-?dim|(m|min|mi|-)7\(?[b♭-]5)", "half-diminished seventh"),
        (r"(dim|o|°)7", "diminished seventh"),
        (r"(dim|o|°|(m|min|mi|-)\(?[b♭]5)", "diminished"),
        (r"(m|min|mi|-)\(?(maj|ma|M|Δ|\^)", "minor major seventh"),
        (r"(aug|\+)7|7(\(?[#♯+]5|\+|aug)", "augmented seventh"),
        (r"aug|\+$|\(?[#♯]5", "augmented"),
        (r"(7|9|11|13)sus", "suspended seventh"),
        (r"sus2", "suspended second"),
        (r"sus", "suspended fourth"),
        (r"(maj|ma|M|Δ|\^)(7|9|11|13)|[Δ^]", "major seventh"),
        (r"(min|mi|m(?!aj)|-)6", "minor sixth"),
        (r"(min|mi|m(?!aj)|-)(7|9|11|13)", "minor seventh"),
        (r"(min|mi|m(?!aj)|-)", "minor"),
        (r"(maj|M)?6", "major sixth"),
        (r"(dom)?(7|9|11|13)", "dominant seventh"),
        (r"(maj|ma|M)?(add.*|2|4|\(.*)?$", "major"),
    )
]


def chord_name(root: int, quality: int, bass: int) -> str:
    """The symbol of a chord: `chord_name(9, 11, 7)` is 'Am7/G'; 'N.C.' where no chord sounds."""
    if root < 0:
        return "N.C."
    inversion = "" if bass == root else "/" + PITCH_CLASS_NAMES[bass]
    return PITCH_CLASS_NAMES[root] + CHORD_SYMBOLS[quality] + inversion


def parse_chord(symbol: str) -> tuple[int, int, int]:
    """Root, quality (an index into `QUALITIES`) and bass of a chord symbol, such as 'F#m7b5/E'.

    Of ninths and higher chords the seventh chord is kept. Raises `InvalidOption` for what is no chord symbol.
    """
    text = symbol.strip()
    if text.upper().rstrip(".") in ("N.C", "NC", "N", "NONE"):
        return NO_CHORD
    match = _CHORD.fullmatch(text)
    quality = next((index for pattern, index in _QUALITY_PATTERNS if match and pattern.match(match[3])), None)
    if match is None or quality is None:
        raise InvalidOption(f"{symbol!r} is no chord symbol; write chords as C, G/B, Am7, F#m7b5, Bbmaj7, Dsus4 or N.C.")
    root = _pitch_class(match[1], match[2])
    return root, quality, _pitch_class(match[4], match[5]) if match[4] else root


def _pitch_class(letter: str, accidentals: str) -> int:
    alteration = sum(1 if sign in "#♯" else -1 for sign in accidentals)
    return (PITCH_CLASS_NAMES.index(letter) + alteration) % 12


def key_name(fifths: int, minor: bool) -> str:
    """The name of a key of -7..7 sharps: `key_name(-3, True)` is 'C minor'."""
    return f"{(MINOR_KEYS if minor else MAJOR_KEYS)[fifths + 7]} {'minor' if minor else 'major'}"


# how much of the time each pitch class above the tonic sounds: Albrecht and Shanahan, "The use of large corpora to train
# a new type of key-finding algorithm", Music Perception 31 (2013), table 1; bench/keys.py has the older ones beside it
MAJOR_PROFILE = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR_PROFILE = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)


def find_key(weights: npt.ArrayLike) -> tuple[int, bool]:
    """The key, as (fifths, minor), in which pitch classes sound as long as `weights` [12] says (C = 0, any unit).

    It is the key whose profile correlates best (Krumhansl, "Cognitive Foundations of Musical Pitch", 1990, ch. 4). Fifths
    are -5..6. Where nothing tells one key from another (nothing sounds, or all twelve alike) it is C major.
    """
    share = np.asarray(weights, np.float64) / max(float(np.sum(weights)), 1e-300)
    minor, tonic = divmod(int((_key_profiles() @ (share - share.mean())).round(12).argmax()), 12)
    return (7 * (tonic + 3 * minor) + 5) % 12 - 5, bool(minor)


@cache
def _key_profiles() -> npt.NDArray[np.float64]:
    """[24, 12]: the profile of each key, twelve major and then twelve minor ones, with mean 0 and length 1."""
    rows = np.array([np.roll(profile, tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)])
    rows -= rows.mean(axis=1, keepdims=True)
    scaled: npt.NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


@cache
def chord_root_table() -> npt.NDArray[np.uint8]:
    """The root, 0..11, of every pitch-class set over every bass: uint8[12, 4096]; the empty set over C has C.

    The rule of music21's `Chord.root` (version 10): a set that stacks in thirds has the lowest note of that stack; all
    seven steps take the bass; otherwise the note with the best score wins, where a third, fifth, seventh, ninth,
    eleventh and thirteenth above it count 1/6, 1/7, .. 1/11. Where music21 goes by the order of notes (equal scores,
    or two notes on one step such as C and C#), the bass comes first here, then the lower pitch class.
    """
    sounds = (np.arange(4096)[:, None] >> np.arange(12)) & 1 == 1
    step_sounds = np.zeros((4096, 7), bool)
    for pitch_class, step in enumerate(STEP_OF_PITCH_CLASS):
        step_sounds[:, step] |= sounds[:, pitch_class]
    steps = step_sounds.sum(axis=1)
    score = np.zeros((4096, 7))
    for place, above in enumerate((2, 4, 6, 1, 3, 5)):
        score += np.roll(step_sounds, -above, axis=1) / (place + 6)
    # a stack of thirds of n steps: s, s + 2, .. s + 2 (n - 1); above four steps the rule does not look for it
    stacked = step_sounds & (steps <= 4)[:, None]
    for third in range(1, 4):
        stacked &= np.roll(step_sounds, -2 * third, axis=1) | (steps <= third)[:, None]
    # equal sums must tie whatever their order of addition was
    score = np.where(step_sounds, score + 10 * stacked, -1).round(9)
    score_of_class: npt.NDArray[Any] = np.where(sounds, score[:, STEP_OF_PITCH_CLASS], -1)
    bass = np.arange(12)[:, None]
    root = np.broadcast_to(score_of_class.argmax(axis=1), (12, 4096))
    best = score_of_class.max(axis=1)
    bass_is_first = (best == score_of_class.T) | (steps == 7) | (STEP_OF_PITCH_CLASS[root] == STEP_OF_PITCH_CLASS[bass])
    return np.where(bass_is_first & sounds.T, bass, root).astype(np.uint8)
