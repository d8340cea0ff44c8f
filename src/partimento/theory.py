"""Pitch-class sets, scales, keys and names: small vectorised tables.

A pitch-class set is a 12-bit mask: bit `p` is set when pitch class `p` (C = 0) sounds.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.errors import InvalidOption

PITCH_CLASS_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
MAJOR_KEYS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
MINOR_KEYS = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")

# the step (C = 0 .. B = 6) on which each pitch class is spelled when nothing else is known, as music21 spells MIDI
STEP_OF_PITCH_CLASS = np.array([0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6])


def pitch_class(letter: str, accidentals: str) -> int:
    """The pitch class 0..11 of a letter with its accidentals: `pitch_class("B", "b")` is 10."""
    alteration = sum(1 if sign in "#♯" else -1 for sign in accidentals)
    return (PITCH_CLASS_NAMES.index(letter) + alteration) % 12


SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11),  # natural, with the raised sixth and seventh of harmonic and melodic minor
    "natural minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole tone": (0, 2, 4, 6, 8, 10),
}
_FIFTHS_OF_MODE = {"major": 0, "minor": -3, "natural minor": -3, "harmonic minor": -3}
_SCALE = re.compile(r"([A-Ga-g])([#b♯♭]?)\s*(.*)")


def pitch_class_set(tonic: int, steps: tuple[int, ...]) -> int:
    """The 12-bit mask of notes so many semitones above a pitch class."""
    return sum(1 << (tonic + step) % 12 for step in set(steps))


def parse_scale(text: str) -> tuple[int, str]:
    """The tonic (a pitch class) and the name in `SCALES` of 'G major', 'a minor', 'Bb' or 'D dorian'. Raises `InvalidOption`."""
    match = _SCALE.fullmatch(text.strip())
    name = (" ".join(match[3].lower().split()) or ("minor" if match[1].islower() else "major")) if match else ""
    if match is None or name not in SCALES:
        raise InvalidOption(f"{text!r} is no key or scale; write G major, A minor, Bb, or a tonic with one of {', '.join(SCALES)}")
    return pitch_class(match[1].upper(), match[2]), name


def key_of_scale(tonic: int, scale: str) -> tuple[int, bool] | None:
    """The key signature of a major or minor scale as (fifths, minor), with the fewest signs; None for other scales."""
    if scale not in _FIFTHS_OF_MODE:
        return None
    return (7 * tonic + _FIFTHS_OF_MODE[scale] + 5) % 12 - 5, scale != "major"


def parse_pitch(text: str) -> int:
    """The MIDI pitch of a name such as 'C4' (60), 'F#3' or 'Bb5', or of a number. Raises `InvalidOption`."""
    match = re.fullmatch(r"([A-Ga-g])([#b♯♭]{0,2})(-?\d)", text.strip())
    pitch = int(text) if text.strip().isdecimal() else -1
    if match:
        alteration = sum(1 if sign in "#♯" else -1 for sign in match[2])
        pitch = PITCH_CLASS_NAMES.index(match[1].upper()) + alteration + 12 * (int(match[3]) + 1)
    if not 0 <= pitch <= 127:
        raise InvalidOption(f"{text!r} is no pitch; write C4 for middle C, F#3, Bb5, or a MIDI number 0..127")
    return pitch


def key_name(fifths: int, minor: bool) -> str:
    """The name of a key of -7..7 sharps: `key_name(-3, True)` is 'C minor'."""
    return f"{(MINOR_KEYS if minor else MAJOR_KEYS)[fifths + 7]} {'minor' if minor else 'major'}"


# how much of the time each pitch class above the tonic sounds: Albrecht and Shanahan, "The use of large corpora to train
# a new type of key-finding algorithm", Music Perception 31 (2013), table 1; bench/keys.py has the older ones beside it
MAJOR_PROFILE = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR_PROFILE = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)

_END_COUNTS = 0.3  # in correlation: chosen on valid works


def find_key(weights: npt.ArrayLike) -> tuple[int, bool]:
    """The key, as (fifths, minor), in which pitch classes sound as long as `weights` [12] says (C = 0, any unit).

    It is the key whose profile correlates best (Krumhansl, "Cognitive Foundations of Musical Pitch", 1990, ch. 4). Fifths
    are -5..6. Where nothing tells one key from another (nothing sounds, or all twelve alike) it is C major.
    """
    share = np.asarray(weights, np.float64) / max(float(np.sum(weights)), 1e-300)
    minor, tonic = divmod(int((_key_profiles() @ (share - share.mean())).round(12).argmax()), 12)
    return (7 * (tonic + 3 * minor) + 5) % 12 - 5, bool(minor)


def mode_of(weights: npt.ArrayLike, fifths: int, end_bass: int = -1) -> bool:
    """Whether music under a signature of so many fifths is minor, by how long each pitch class sounds (`weights` [12], any unit)
    and, where known, the pitch class of its last bass note, which counts as the tonic (`_END_COUNTS`)."""
    share = np.asarray(weights, np.float64) / max(float(np.sum(weights)), 1e-300)
    tonics = (7 * fifths % 12, (7 * fifths + 9) % 12)
    fits = [float(_key_profiles()[12 * minor + tonic] @ (share - share.mean())) for minor, tonic in enumerate(tonics)]
    spread = float(np.linalg.norm(share - share.mean()))
    ends = _END_COUNTS * spread * ((end_bass == tonics[1]) - (end_bass == tonics[0]))
    return bool(fits[1] + ends > fits[0])


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
