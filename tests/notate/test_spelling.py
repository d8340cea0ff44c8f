"""Spelling: what the network sees, beside a slow twin; it turns with the key; written pitches sound as they should."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.notate import spelling
from partimento.notate.spelling import class_of, own_steps, spell, usual_places
from partimento.notate.spelling_views import INPUTS, views

Ints = npt.NDArray[np.int64]
NATURAL = (0, 2, 4, 5, 7, 9, 11)


def some_notes(seed: int, count: int = 70) -> tuple[Ints, Ints]:
    chance = np.random.default_rng(seed)
    onset, pitch = np.sort(chance.integers(0, count, count)), chance.integers(40, 80, count)
    order = np.lexsort([pitch, onset])
    return pitch[order], onset[order]


def slow_views(pitch: list[int], onset: list[int], fifths: list[int], note: int) -> list[float]:
    turn = 7 * fifths[note]
    row = [0.0] * 12
    row[(pitch[note] - turn) % 12] = 1.0
    for window in (4, 12, 40, 160, 500):
        before = pitch[max(0, note - window) : note]
        row += [sum((one - turn) % 12 == name for one in before) / window for name in range(12)]
    for window in (4, 12, 40, 160, 500):
        after = pitch[note + 1 : note + 1 + window]
        row += [sum((one - turn) % 12 == name for one in after) / window for name in range(12)]
    together = {(one - turn) % 12 for one, at in zip(pitch, onset, strict=True) if at == onset[note]}
    row += [float(name in together) for name in range(12)]
    for way in (1, -1):
        for step in range(-2, 3):
            others = [far for far in range(1, 13) if 0 <= note + way * far < len(pitch)]
            away = [far for far in others if onset[note + way * far] != onset[note]]
            near = [far for far in away if pitch[note + way * far] - pitch[note] == step]
            row.append(math.exp(-near[0] / 6) if near else 0.0)
    return [*row, fifths[note] / 7, abs(fifths[note]) / 7]


def test_views_are_those_of_the_slow_twin() -> None:
    pitch, onset = some_notes(1)
    fifths = np.repeat([-3, 4], len(pitch) // 2)
    seen = views(pitch, onset, fifths, 0, len(pitch))
    slow = [slow_views(pitch.tolist(), onset.tolist(), fifths.tolist(), note) for note in range(len(pitch))]
    assert seen.shape == (len(pitch), INPUTS)
    np.testing.assert_allclose(seen, slow, atol=1e-6)
    parts = [views(pitch, onset, fifths, at, min(at + 17, len(pitch))) for at in range(0, len(pitch), 17)]
    assert np.array_equal(np.concatenate(parts), seen)


def test_the_same_music_in_another_key_looks_the_same() -> None:
    pitch, onset = some_notes(2)
    fifths = np.zeros(len(pitch), np.int64)
    seen, other = views(pitch, onset, fifths, 0, len(pitch)), views(pitch + 3, onset, fifths - 3, 0, len(pitch))
    assert np.array_equal(seen[:, :-2], other[:, :-2])


@pytest.mark.parametrize(("fifths", "names"), [(0, "C C# D Eb E F F# G G# A Bb B"), (-3, "C Db D Eb E F Gb G Ab A Bb B")])
def test_the_usual_places(fifths: int, names: str) -> None:
    pitch = np.arange(60, 72)
    place = usual_places(pitch, np.full(12, fifths))
    step, alter = 4 * place % 7, (place + 1) // 7
    found = ["CDEFGAB"[one] + {-1: "b", 0: "", 1: "#"}[sign] for one, sign in zip(step.tolist(), alter.tolist(), strict=True)]
    assert " ".join(found) == names
    assert own_steps(pitch, np.full(12, fifths)).tolist() == step.tolist()
    assert class_of(pitch, step, np.full(12, fifths)).tolist() == [1] * 12


def test_classes_of_other_spellings() -> None:
    pitch, fifths = np.array([66, 61, 59, 60, 60]), np.zeros(5, np.int64)
    written = np.array([4, 1, 0, 6, 1])  # G flat, D flat, C flat, B sharp, D double flat
    assert class_of(pitch, written, fifths).tolist() == [0, 0, 0, 2, 0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(-7, 7))
def test_every_written_pitch_sounds_right_and_none_has_three_signs(seed: int, fifths: int) -> None:
    pitch, onset = some_notes(seed, 30)
    for one, height in zip(spell(pitch, onset, np.full(30, fifths)), pitch.tolist(), strict=True):
        assert one.pitch == height == 12 * (one.octave + 1) + NATURAL[one.step] + one.alter
        assert abs(one.alter) <= 2


def test_parts_of_a_piece_are_spelled_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    pitch, onset = some_notes(5)
    fifths = np.full(len(pitch), 2)
    whole = spell(pitch, onset, fifths)
    monkeypatch.setattr(spelling, "_AT_ONCE", 9)
    assert spell(pitch, onset, fifths) == whole
    back = np.arange(len(pitch))[::-1]
    assert [one.pitch for one in spell(pitch[back], onset[back], fifths)] == pitch[back].tolist()


def test_leading_notes_and_flat_sixths() -> None:
    """In A minor G sharp goes up to A; a chromatic scale down from the dominant of C minor has flats."""
    up = [(69, 68, 69), (71, 68, 69), (64, 68, 69)] * 4
    pitch = np.array([one for chord in up for one in chord])
    names = {one.pitch: (one.step, one.alter) for one in spell(pitch, np.arange(len(pitch)), np.zeros(len(pitch), np.int64))}
    assert names[68] == (4, 1)
    down = np.array([67, 63, 60, 68, 67, 63, 62, 60, 59, 60, 63, 67, 68, 67] * 3)
    names = {one.pitch: (one.step, one.alter) for one in spell(down, np.arange(len(down)), np.full(len(down), -3))}
    assert names[68] == (5, -1)
    assert names[63] == (2, -1)
