"""Chord roots as music21 finds them, and key names."""

from __future__ import annotations

import itertools
import random
from functools import cache

import numpy as np
import pytest
from music21 import chord, key, pitch

from partimento.theory import (
    MAJOR_KEYS,
    MAJOR_PROFILE,
    MINOR_KEYS,
    MINOR_PROFILE,
    PITCH_CLASS_NAMES,
    STEP_OF_PITCH_CLASS,
    chord_root_table,
    find_key,
    key_name,
)

STEPS = "CDEFGAB"
CHORDS = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "dominant seventh": (0, 4, 7, 10),
    "major seventh": (0, 4, 7, 11),
    "minor seventh": (0, 3, 7, 10),
    "half-diminished seventh": (0, 3, 6, 10),
    "minor-major seventh": (0, 3, 7, 11),
}


def root_by_table(pitches: tuple[int, ...]) -> int:
    return int(chord_root_table()[min(pitches) % 12, sum({1 << one % 12 for one in pitches})])


@cache
def root_by_music21(pitches: tuple[int, ...]) -> int:
    members = []
    for one in pitches:
        members.append(pitch.Pitch())
        members[-1].midi = one  # spelled as a MIDI file is read
    found = chord.Chord()
    found.pitches = tuple(members)
    return int(found.root().pitchClass)


def random_chords(count: int, seed: int) -> list[tuple[int, ...]]:
    """Two to seven notes from one and a half octaves somewhere on the keyboard."""
    source = random.Random(seed)
    found = []
    for _ in range(count):
        lowest = source.randrange(30, 80)
        found.append(tuple(sorted(source.sample(range(lowest, lowest + 19), source.randrange(2, 8)))))
    return found


def test_random_chords_against_music21() -> None:
    chords = random_chords(400, seed=7)
    equal = sum(root_by_table(one) == root_by_music21(one) for one in chords)
    assert equal / len(chords) >= 0.98


@pytest.mark.parametrize("name", CHORDS)
@pytest.mark.parametrize("octave", [3, 5])
def test_triads_and_sevenths_in_every_inversion(name: str, octave: int) -> None:
    intervals = CHORDS[name]
    for tonic, inversion in itertools.product(range(12), range(len(intervals))):
        classes = [(tonic + interval) % 12 for interval in intervals]
        ordered = classes[inversion:] + classes[:inversion]
        pitches = [12 * octave + ordered[0]]
        for pitch_class in ordered[1:]:
            pitches.append(pitches[-1] + (pitch_class - pitches[-1]) % 12)
        assert root_by_table(tuple(pitches)) == root_by_music21(tuple(pitches)), (name, pitches)


def test_the_root_sounds() -> None:
    table = chord_root_table()
    assert table.shape == (12, 4096)
    assert table.dtype == np.uint8
    assert table[0, 0] == 0
    mask = np.arange(1, 4096)
    for bass in range(12):
        with_bass = mask[(mask >> bass) & 1 == 1]
        assert ((with_bass >> table[bass, with_bass].astype(np.int64)) & 1 == 1).all()
        assert table[bass, 1 << bass] == bass


def test_octaves_and_doublings_change_nothing() -> None:
    for one in random_chords(50, seed=8):
        doubled = tuple(sorted([*one, *(note + 12 for note in one[1:])]))
        assert root_by_table(doubled) == root_by_table(one)


@pytest.mark.parametrize("fifths", range(-7, 8))
@pytest.mark.parametrize("minor", [False, True])
def test_key_names(fifths: int, minor: bool) -> None:
    known = key.KeySignature(fifths).asKey("minor" if minor else "major")
    tonic = known.tonic.name.replace("-", "b")
    assert key_name(fifths, minor) == f"{tonic} {known.mode}"
    assert (MINOR_KEYS if minor else MAJOR_KEYS)[fifths + 7] == tonic


@pytest.mark.parametrize("number", range(12))
def test_pitch_classes_are_spelled_as_music21_spells_midi(number: int) -> None:
    spelled = pitch.Pitch()
    spelled.midi = 60 + number
    assert STEPS[STEP_OF_PITCH_CLASS[number]] == spelled.step
    assert pitch.Pitch(PITCH_CLASS_NAMES[number].replace("b", "-")).pitchClass == number


def key_by_correlation(weights: list[float]) -> tuple[int, bool]:
    """The slow twin of `find_key`: one correlation for each key."""
    found = {}
    for minor, profile in ((False, MAJOR_PROFILE), (True, MINOR_PROFILE)):
        for fifths in range(-5, 7):
            tonic = (7 * fifths + (9 if minor else 0)) % 12
            found[fifths, minor] = np.corrcoef(np.roll(profile, tonic), weights)[0, 1]
    return max(found, key=lambda one: found[one])


def test_keys_against_correlation() -> None:
    chance = np.random.RandomState(3)
    for _ in range(200):
        weights = chance.randint(0, 1000, 12)
        assert find_key(weights) == key_by_correlation(weights.tolist())
        assert find_key(weights * 1e-6) == find_key(weights)


@pytest.mark.parametrize("fifths", range(-5, 7))
@pytest.mark.parametrize("minor", [False, True])
def test_a_scale_with_its_triad_is_in_its_key(fifths: int, minor: bool) -> None:
    tonic = (7 * fifths + (9 if minor else 0)) % 12
    weights = np.zeros(12)
    for interval in (0, 2, 3, 5, 7, 8, 11) if minor else (0, 2, 4, 5, 7, 9, 11):
        weights[(tonic + interval) % 12] = 1
    weights[[(tonic + interval) % 12 for interval in ((0, 3, 7) if minor else (0, 4, 7))]] = 3
    assert find_key(weights) == (fifths, minor)


@pytest.mark.parametrize("amount", [0, 1, 7])
def test_where_nothing_tells_a_key(amount: int) -> None:
    assert find_key([amount] * 12) == (0, False)
