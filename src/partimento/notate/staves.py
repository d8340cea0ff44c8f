"""Which staff a note is on: the two hands of a keyboard, and the clefs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt

from partimento.learned import network
from partimento.notate.score import ALTO, BASS, GUITAR, HIGH_TREBLE, LOW_BASS, PERCUSSION, TREBLE, Bar, Clef
from partimento.notate.voices import overlapping_unisons
from partimento.piece import Track

Ints = npt.NDArray[np.int64]

KEYBOARDS = {*range(8), 8, 11, 12, 13, 15, *range(16, 22), 46, 88, 89, 90, 91, 92, 93, 94, 95}  # General MIDI, from 0; the harp too
VIOLA = 41
_GUITARS, _BASSES = range(24, 32), (*range(32, 40), 43)  # written an octave higher than they sound
HAND_SPAN = 14  # semitones that a hand reaches: a ninth
_WIDE_SHARE = 0.2  # of onsets
_HANDS_APART = 4  # semitones between the medians of two tracks
_LEDGER_FREE = {("G", 2): (62, 81), ("F", 4): (41, 60), ("C", 3): (51, 71)}  # pitches within a step of the staff
_CHANGE = 12.0  # what a change of clef costs, in ledger lines


def is_keyboard(track: Track) -> bool:
    return not track.is_drum and track.program in KEYBOARDS


def needs_two_staves(onset: Ints, end: Ints, pitch: Ints) -> bool:
    """Whether a keyboard part, by onset, end (both in places) and MIDI pitch [N], is for two hands: at many onsets more sounds
    together than one hand reaches."""
    if not len(pitch) or pitch.min() > 57 or pitch.max() < 62:
        return False
    order = np.lexsort([pitch, onset])
    times, first = np.unique(onset[order], return_index=True)
    low = np.minimum.reduceat(pitch[order], first)
    high = np.maximum.reduceat(pitch[order], first)
    # what still sounds, from the last onsets alone: enough for a share
    for back in range(1, 4):
        still = np.maximum.reduceat(end[order], first)[:-back] > times[back:]
        low[back:] = np.where(still, np.minimum(low[back:], np.minimum.reduceat(pitch[order], first)[:-back]), low[back:])
        high[back:] = np.where(still, np.maximum(high[back:], np.maximum.reduceat(pitch[order], first)[:-back]), high[back:])
    return bool(np.mean(high - low > HAND_SPAN) > _WIDE_SHARE)


def are_hands(tracks: Sequence[Track], pitches: Sequence[Ints]) -> list[bool]:
    """For each track, with the MIDI pitches [N] of its notes, whether it is one hand of a keyboard: exactly two neighbours of one
    program, the first one higher."""
    hands = [False] * len(tracks)
    runs = groupby(range(len(tracks)), key=lambda number: (is_keyboard(tracks[number]), tracks[number].program))
    for (keyboard, _), run in runs:
        first, *rest = run
        if keyboard and len(rest) == 1 and len(pitches[first]) and len(pitches[rest[0]]):
            higher = np.median(pitches[first]) - np.median(pitches[rest[0]]) >= _HANDS_APART
            hands[first] = hands[rest[0]] = bool(higher)
    return hands


def hands_of(onset: Ints, end: Ints, pitch: Ints, quarter: int) -> Ints:
    """0 for the right hand and 1 for the left, for each note [N] in any order, by onset, end (both in places, `quarter` of them a
    quarter note) and MIDI pitch.

    A small network judges each note by those around it, and another one by these judgements too, so that lines stay whole.
    """
    hand = np.zeros(len(pitch), np.int64)
    if not len(pitch):
        return hand
    order = np.lexsort([pitch, onset])
    logits = network("hands-again")(seen_again(onset[order], end[order], pitch[order], quarter))
    hand[order] = logits.argmax(axis=1)
    for unisons in overlapping_unisons(onset, end, pitch):  # stay in one hand, where voices can tell them apart
        for before, row in pairwise(unisons):
            if end[before] > onset[row]:
                hand[row] = hand[before]
    return hand


def seen_again(onset: Ints, end: Ints, pitch: Ints, quarter: int) -> npt.NDArray[np.float32]:
    """What the second network sees of each note [N], in the order of onset and pitch, times in places: the judgements of the first
    one too."""
    from partimento.notate.hand_views import views

    first = network("hands")(views(onset, end, pitch, quarter, np.zeros(0, np.float32)))
    return views(onset, end, pitch, quarter, np.tanh((first[:, 1] - first[:, 0]) / 2))


def clefs_of(bars: list[Bar], onset: Ints, pitch: Ints, *, staff: int, staves: int, track: Track) -> list[Clef]:
    """The clef of each bar, from onset (in places) and MIDI pitch of its notes [N]: the one with the fewest ledger lines, and few
    changes."""
    if track.is_drum:
        return [PERCUSSION] * len(bars)
    choices = _choices(pitch, staff=staff, staves=staves, track=track)
    bar = np.searchsorted([bar.start for bar in bars], onset, side="right") - 1
    cost = np.zeros((len(bars), len(choices)))
    for number, (sign, line, octaves) in enumerate(choices):
        low, high = (edge + 12 * octaves for edge in _LEDGER_FREE[sign, line])
        beyond = np.maximum(np.maximum(low - pitch, pitch - high), 0)
        lines = np.minimum(beyond / 3.5, 6.0)
        cost[:, number] = np.bincount(bar, lines + lines**2 / 4, minlength=len(bars))
    cost[:, 0] -= 1e-6
    if staves == 1 and track.program != VIOLA:  # a part of one staff has one clef as a rule
        change = 4 * _CHANGE
    else:
        change = _CHANGE
    path = np.zeros((len(bars), len(choices)), np.int64)
    best = cost[0].copy()
    for number in range(1, len(bars)):
        other = best[::-1] + change
        path[number] = np.where(best <= other, [0, 1], [1, 0])
        best = np.minimum(best, other) + cost[number]
    at = int(best.argmin())
    clefs: list[Clef] = []
    for number in range(len(bars) - 1, -1, -1):
        clefs.append(choices[at])
        at = int(path[number, at])
    return clefs[::-1]


def _choices(pitch: Ints, *, staff: int, staves: int, track: Track) -> list[Clef]:
    """Two clefs that a staff may have, the usual one first."""
    if track.program == VIOLA:
        return [ALTO, TREBLE]
    if staves == 1 and len(pitch):
        middle = float(np.median(pitch))
        if track.program in _BASSES or middle < 38:
            return [LOW_BASS, BASS]
        if track.program in _GUITARS and middle < 67:
            return [GUITAR, TREBLE]
        if middle > 86:
            return [HIGH_TREBLE, TREBLE]
    return [BASS, TREBLE] if staff else [TREBLE, BASS]
