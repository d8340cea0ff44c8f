"""Which voice of its staff a note is in: one where rhythms agree, two where they conflict.

Any notes can share a voice, since a note that sounds on is tied from chord to chord; that is a cost and not an error. Only
two notes of one pitch cannot, unless they start and end together, so these may open a third voice and more.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Group = tuple[int, int, int, int, list[int]]  # onset, end, lowest and highest pitch, rows
State = tuple[int, int, int, int]  # of two voices: busy until, pitch last heard

_BEAM = 12  # paths kept
_TIED = 3.0  # what tying a note across an onset in its voice costs, against
_CROSSED = 2.0  # an upper voice that is below the lower one
_SECOND = 0.6  # and each chord in the second voice


def voices_of(onset: Ints, end: Ints, pitch: Ints, bar_starts: Ints) -> Ints:
    """The voice 0, 1, .. of each note [N] of a staff, in any order, by onset, end (both in places) and MIDI pitch; two voices only
    in stretches of bars where one is not enough."""
    voice = np.zeros(len(pitch), np.int64)
    groups = _groups(onset, end, pitch)
    for stretch in _stretches(groups, bar_starts):
        if any(before[1] > after[0] for before, after in pairwise(stretch)):
            for group, number in zip(stretch, _two_voices(stretch), strict=True):
                voice[group[4]] = number
    _part_unisons(onset, end, pitch, voice)
    return voice


def _groups(onset: Ints, end: Ints, pitch: Ints) -> list[Group]:
    """Chords: notes that start and end together, by onset, the highest chord first."""
    order = np.lexsort([pitch, end, onset])
    groups: list[Group] = []
    for row, start, stop, height in zip(
        order.tolist(), onset[order].tolist(), end[order].tolist(), pitch[order].tolist(), strict=True
    ):
        if groups and groups[-1][:2] == (start, stop):
            last = groups[-1]
            groups[-1] = (start, stop, last[2], height, [*last[4], row])
        else:
            groups.append((start, stop, height, height, [row]))
    groups.sort(key=lambda group: (group[0], -group[3] - group[2]))
    return groups


def _stretches(groups: list[Group], bar_starts: Ints) -> list[list[Group]]:
    """The groups, cut at each bar line that no note crosses."""
    if not groups:
        return []
    bar = (np.searchsorted(bar_starts, [group[0] for group in groups], side="right") - 1).tolist()
    starts = bar_starts.tolist()
    stretches = [[groups[0]]]
    reach = groups[0][1]
    for number in range(1, len(groups)):
        if bar[number] != bar[number - 1] and reach <= starts[bar[number]]:
            stretches.append([])
        stretches[-1].append(groups[number])
        reach = max(reach, groups[number][1])
    return stretches


def _two_voices(groups: list[Group]) -> list[int]:
    """0 or 1 for each group: the cheapest of the paths that a beam search keeps.

    At each onset the groups that start are cut into an upper and a lower set.
    """
    paths: list[tuple[float, State, tuple[int, ...] | None, object]] = [(0.0, (0, 0, 72, 48), None, None)]
    at = 0
    while at < len(groups):
        stop = at + 1
        while stop < len(groups) and groups[stop][0] == groups[at][0]:
            stop += 1
        new = groups[at:stop]
        best: dict[State, tuple[float, State, tuple[int, ...] | None, object]] = {}
        for path in paths:
            for cut in range(len(new) + 1):
                cost, state = _step(path[1], new[:cut], new[cut:])
                cost += path[0]
                if state not in best or cost < best[state][0]:
                    best[state] = (cost, state, (cut, len(new)), path)
        paths = sorted(best.values(), key=lambda path: path[0])[:_BEAM]
        at = stop
    voices: list[int] = []
    link: object = paths[0]
    while isinstance(link, tuple) and link[2] is not None:
        cut, count = link[2]
        voices += [1] * (count - cut) + [0] * cut
        link = link[3]
    return voices[::-1]


def _step(state: State, upper: list[Group], lower: list[Group]) -> tuple[float, State]:
    """The cost of starting these groups in the two voices, and the state after it."""
    busy, low_busy, pitch, low_pitch = state
    cost = 0.0
    now = (upper or lower)[0][0]
    if upper:
        top = upper[0][3]
        cost += _TIED * (busy > now) + _TIED * (len(upper) - 1) + abs(top - pitch) * 0.02
        busy, pitch = max(busy, *(group[1] for group in upper)) if busy > now else max(group[1] for group in upper), top
    if lower:
        bottom = lower[-1][2]
        cost += _TIED * (low_busy > now) + _TIED * (len(lower) - 1) + abs(bottom - low_pitch) * 0.02 + _SECOND
        low_busy, low_pitch = (
            max(low_busy, *(group[1] for group in lower)) if low_busy > now else max(group[1] for group in lower),
            bottom,
        )
    if (busy > now and low_busy > now) and pitch < low_pitch:
        cost += _CROSSED
    return cost, (busy, low_busy, pitch, low_pitch)


def _part_unisons(onset: Ints, end: Ints, pitch: Ints, voice: Ints) -> None:
    """Moves notes that meet one of their own pitch in their voice into a voice below it: the earlier note stays the upper one."""
    for rows in overlapping_unisons(onset, end, pitch):
        until: dict[int, tuple[int, int]] = {}  # of each voice: the onset and end of the last note of this pitch
        for row in rows:
            span = (int(onset[row]), int(end[row]))
            lowest = max((v for v, other in until.items() if other[1] > span[0]), default=-1)
            if lowest >= 0 and until[lowest] == span:
                voice[row] = lowest
            else:
                voice[row] = max(int(voice[row]), lowest + 1)
            until[int(voice[row])] = span


def overlapping_unisons(onset: Ints, end: Ints, pitch: Ints) -> list[list[int]]:
    """The rows of each pitch of notes [N] that sounds twice at a time, by onset and then by end; twins do not count."""
    order = np.lexsort([end, onset, pitch])
    height, start, stop = pitch[order], onset[order], end[order]
    latest = np.maximum.accumulate(stop + (height << 40)) - (height << 40)
    meets = (height[1:] == height[:-1]) & (latest[:-1] > start[1:])
    twins = (start[1:] == start[:-1]) & (stop[1:] == stop[:-1]) & (height[1:] == height[:-1])
    return [order[height == one].tolist() for one in np.unique(height[1:][meets & ~twins])]
