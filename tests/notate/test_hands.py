"""The two hands: what the networks see, beside a slow twin; hands that are told apart; the same pitch twice in one hand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from partimento.notate import hand_views
from partimento.notate.hand_views import AGAIN, BINS, INPUTS, PLAIN, views
from partimento.notate.staves import hands_of

Ints = npt.NDArray[np.int64]
QUARTER = 480


def some_notes(seed: int, count: int = 60) -> tuple[Ints, Ints, Ints]:
    chance = np.random.default_rng(seed)
    onset, pitch = np.sort(chance.integers(0, 30, count)) * 240, chance.integers(30, 90, count)
    order = np.lexsort([pitch, onset])
    return onset[order], onset[order] + chance.integers(1, 900, count), pitch[order]


def bin_of(step: int) -> int:
    size = abs(step)
    place = size if size <= 12 else min(12 + (size - 10) // 3, 17)
    return 17 + (place if step >= 0 else -place)


def slow_view(onset: Ints, end: Ints, pitch: Ints, note: int, hand: npt.NDArray[np.float32]) -> list[float]:
    times = np.unique(onset).tolist()
    now, height = int(onset[note]), int(pitch[note])
    slot = times.index(now)
    here = [row for row in range(len(pitch)) if onset[row] == now]
    held = [row for row in range(len(pitch)) if onset[row] < now < end[row]]
    plain = [0.0] * PLAIN
    plain[min(max((height - 21) // 6, 0), 14)] = 1.0
    plain[15] = (height - 60) / 24
    plain[16] = min((end[note] - now) / QUARTER, 8.0) / 4
    plain[17] = min((now - times[slot - 1]) / QUARTER, 4.0) if slot else 4.0
    plain[18] = min((times[slot + 1] - now) / QUARTER, 4.0) if slot + 1 < len(times) else 4.0
    plain[19], plain[20] = (note - here[0]) / 4, (here[-1] - note) / 4
    plain[21], plain[22] = (pitch[here[-1]] - pitch[here[0]]) / 24, len(held) / 4
    groups: list[list[tuple[int, float]]] = [[(row, 1.0) for row in here if row != note], [(row, 1.0) for row in held]]
    for way in (-1, 1):
        for first, last in ((1, 1), (2, 2), (3, 4), (5, 8)):
            group = []
            for far in range(first, last + 1):
                if 0 <= slot + way * far < len(times):
                    then = times[slot + way * far]
                    group += [(row, math.exp(-abs(then - now) / QUARTER / 2)) for row in range(len(pitch)) if onset[row] == then]
            groups.append(group)
    row = plain + ([float(hand[note])] if len(hand) else [])
    for group in groups:
        bins = np.zeros((2, BINS))
        for other, weight in group:
            bins[0, bin_of(int(pitch[other]) - height)] += weight
            if len(hand):
                bins[1, bin_of(int(pitch[other]) - height)] += weight * hand[other]
        row += bins[: 1 + (len(hand) > 0)].ravel().tolist()
    return row


@pytest.mark.parametrize("again", [False, True])
def test_views_are_those_of_the_slow_twin(again: bool) -> None:
    onset, end, pitch = some_notes(3)
    chance = np.random.default_rng(0)
    hand = chance.uniform(-1, 1, len(pitch) * again).astype(np.float32)
    seen = views(onset, end, pitch, QUARTER, hand)
    assert seen.shape == (len(pitch), AGAIN if again else INPUTS)
    np.testing.assert_allclose(seen, [slow_view(onset, end, pitch, note, hand) for note in range(len(pitch))], atol=1e-5)


def test_a_tune_over_chords() -> None:
    tune = [(at * QUARTER, (at + 1) * QUARTER, 72 + at % 5) for at in range(16)]
    chords = [(at * QUARTER, (at + 4) * QUARTER, pitch) for at in range(0, 16, 4) for pitch in (41, 48, 53)]
    notes = np.array(tune + chords)
    chance = np.random.default_rng(1).permutation(len(notes))
    onset, end, pitch = notes[chance].T
    hand = hands_of(onset, end, pitch, QUARTER)
    assert hand.tolist() == (notes[chance][:, 2] < 60).astype(int).tolist()


def test_one_pitch_that_overlaps_itself_stays_in_one_hand() -> None:
    onset, end, pitch = some_notes(4)
    onset, end, pitch = np.append(onset, onset), np.append(end + 100, end), np.append(pitch, pitch)
    hand = hands_of(onset, end, pitch, QUARTER)
    half = len(pitch) // 2
    assert (hand[:half] == hand[half:]).all()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_few_notes_have_hands_too(count: int) -> None:
    onset, end, pitch = (column[:count] for column in some_notes(6))
    assert len(hands_of(onset, end, pitch, QUARTER)) == count


def test_pairs_taken_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    onset, end, pitch = some_notes(7)
    whole = views(onset, end, pitch, QUARTER, np.zeros(0, np.float32))
    monkeypatch.setattr(hand_views, "_PAIRS", 7)
    np.testing.assert_allclose(views(onset, end, pitch, QUARTER, np.zeros(0, np.float32)), whole, atol=1e-6)


def test_nothing_has_no_hands() -> None:
    none = np.zeros(0, np.int64)
    assert not len(hands_of(none, none, none, QUARTER))
