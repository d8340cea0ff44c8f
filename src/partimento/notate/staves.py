"""Which staff a note stands on: the two hands of a keyboard, and the clefs. It knows pitches and times, no rhythm."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.notate.score import ALTO, BASS, PERCUSSION, TREBLE, Bar, Clef
from partimento.piece import Track

Ints = npt.NDArray[np.int64]

KEYBOARDS = {*range(8), 8, 11, 12, 13, 15, *range(16, 22), 46, 88, 89, 90, 91, 92, 93, 94, 95}  # General MIDI, from 0; the harp too
VIOLA = 41
HAND_SPAN = 14  # semitones that a hand reaches: a ninth
_MIDDLE = 60
_LEDGER_FREE = {TREBLE: (62, 81), BASS: (41, 60), ALTO: (51, 71)}  # pitches within a step of the staff
_CHANGE = 12.0  # what a change of clef costs, in ledger lines


def is_keyboard(track: Track) -> bool:
    return not track.is_drum and track.program in KEYBOARDS


def needs_two_staves(onset: Ints, end: Ints, pitch: Ints) -> bool:
    """Whether a keyboard part is for two hands: it is wide, and several notes sound at a time in a fair part of it."""
    if not len(pitch) or pitch.min() > 57 or pitch.max() < 62:
        return False
    low, high = np.percentile(pitch, [5, 95])
    if high - low < HAND_SPAN:
        return False
    order = np.argsort(onset, kind="stable")
    overlap = np.maximum.accumulate(end[order])[:-1] > onset[order][1:]
    return bool(overlap.mean() > 0.1) if len(pitch) > 1 else False


def hands_of(onset: Ints, end: Ints, pitch: Ints) -> Ints:
    """0 for the right hand and 1 for the left, for each note in any order.

    At each onset the notes that start, with those that still sound, are cut at one place; the cheapest path of cuts wins:
    each hand wants a span it can reach, to stay near where it was and its own side of middle C, and sounding notes keep it busy.
    """
    hand = np.zeros(len(pitch), np.int64)
    if not len(pitch):
        return hand
    order = np.lexsort([pitch, onset])
    times, first = np.unique(onset[order], return_index=True)
    groups = np.split(order, first[1:])
    cuts = np.arange(30, 91)  # a cut is the lowest pitch of the right hand
    best = np.abs(cuts - _MIDDLE) * 0.02
    move = np.minimum(np.abs(cuts[:, None] - cuts[None, :]) * 0.12, 1.5)
    came_from = np.zeros((len(groups), len(cuts)), np.int64)
    heard: list[int] = []  # rows that sound on
    for number, group in enumerate(groups):
        now = times[number]
        heard = [row for row in heard if end[row] > now]
        total = best[:, None] + move
        came_from[number] = total.argmin(axis=0)
        best = total.min(axis=0) + _cut_costs(pitch[group], pitch[heard] if heard else pitch[:0], cuts)
        heard += group.tolist()
    at = int(best.argmin())
    for number in range(len(groups) - 1, -1, -1):
        hand[groups[number]] = pitch[groups[number]] < cuts[at]
        at = int(came_from[number, at])
    return hand


def _cut_costs(new: Ints, sounding: Ints, cuts: Ints) -> npt.NDArray[np.float64]:
    """What each cut costs a player: spans beyond a hand, notes beyond five, distance from where the hands live."""
    cost = np.abs(cuts - _MIDDLE) * 0.02
    together = np.concatenate([new, sounding])
    right = together[None, :] >= cuts[:, None]
    for side, home in ((right, 64), (~right, 55)):
        count = side.sum(axis=1)
        top = np.where(side, together, 0).max(axis=1)
        low = np.where(side, together, 127).min(axis=1)
        span = np.where(count > 0, top - low, 0)
        cost = cost + np.maximum(span - HAND_SPAN + 2, 0) * 0.5 + np.maximum(count - 5, 0) * 2.0
        # a right hand far below middle C, a left hand far above it
        far = home - low if home == 64 else top - home
        cost = cost + np.where(count > 0, np.maximum(far - 4, 0) * 0.12, 0)
    # the cut goes through the widest gap: near neighbours stay together
    if len(together) > 1:
        ordered = np.sort(together)
        place = np.searchsorted(ordered, cuts)
        inside = (place > 0) & (place < len(ordered))
        gap = ordered[np.minimum(place, len(ordered) - 1)] - ordered[np.maximum(place - 1, 0)]
        cost = cost + np.where(inside, 6.0 / (gap + 3.0), 0.0)
    return cost


def clefs_of(bars: list[Bar], onset: Ints, pitch: Ints, *, staff: int, staves: int, track: Track) -> list[Clef]:
    """The clef of each bar: the one with the fewest ledger lines, and few changes."""
    if track.is_drum:
        return [PERCUSSION] * len(bars)
    choices = [ALTO, TREBLE] if track.program == VIOLA else [TREBLE, BASS]
    if staves == 2 and staff == 1:
        choices.reverse()
    bar = np.searchsorted([bar.start for bar in bars], onset, side="right") - 1
    cost = np.zeros((len(bars), len(choices)))
    for number, clef in enumerate(choices):
        low, high = _LEDGER_FREE[clef]
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
