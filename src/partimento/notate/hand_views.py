"""What the networks of the two hands see of each note: the notes around it, by how far they lie above or below and how long before
or after."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

BINS = 35  # of intervals: single semitones within an octave, then threes, then all beyond two octaves
GROUPS = ((1, 1), (2, 2), (3, 4), (5, 8))  # onsets before a note, and after it
AROUND = 2 + 2 * len(GROUPS)  # with the note, sounding on, and the groups before and after
PLAIN = 23
INPUTS = PLAIN + AROUND * BINS
AGAIN = PLAIN + 1 + 2 * AROUND * BINS
_FADE = 2.0  # quarters over which another note matters less and less
_HELD = 64  # onsets after which a note that sounds on is forgotten
_PAIRS = 1 << 21  # at a time, for memory


def views(onset: Ints, end: Ints, pitch: Ints, quarter: int, hand: Floats) -> Floats:
    """The inputs [N, I] of all notes, in the order of onset and pitch, by onset and end (`quarter` places a quarter note) and MIDI
    pitch.

    Where `hand` [N] holds an estimate for each note, -1 for the right hand to 1 for the left, those of others are seen too.
    """
    count = len(pitch)
    first = np.flatnonzero(np.diff(onset, prepend=-1))
    slot = np.searchsorted(first, np.arange(count), side="right") - 1
    stop = np.append(first[1:], count)
    times = onset[first]
    channels = 2 if len(hand) else 1
    head = PLAIN + len(hand[:1])
    table = np.zeros(count * AROUND * channels * BINS, np.float32)
    held_by = np.zeros(count, np.int64)
    for group, note, other in _pairs(slot, first, stop, times, end):
        if group == 1:
            held_by += np.bincount(note, minlength=count)
        weight = np.exp(-np.abs(onset[other] - onset[note]) / quarter / _FADE) if group > 1 else np.ones(len(note))
        place = (note * AROUND + group) * channels * BINS + _bin(pitch[other] - pitch[note])
        np.add.at(table, place, weight.astype(np.float32))
        if len(hand):
            np.add.at(table, place + BINS, (weight * hand[other]).astype(np.float32))
    seen = np.zeros((count, head + AROUND * channels * BINS), np.float32)
    seen[:, head:] = table.reshape(count, -1)
    gap = np.minimum(np.diff(times) / quarter, 4.0)
    seen[np.arange(count), np.clip((pitch - 21) // 6, 0, 14)] = 1
    plain = [(pitch - 60) / 24, np.minimum((end - onset) / quarter, 8.0) / 4]
    plain += [np.append(4.0, gap)[slot], np.append(gap, 4.0)[slot]]
    plain += [(np.arange(count) - first[slot]) / 4, (stop[slot] - 1 - np.arange(count)) / 4]
    plain += [(pitch[stop - 1] - pitch[first])[slot] / 24, held_by / 4]
    for column, values in enumerate(plain, 15):
        seen[:, column] = values
    if len(hand):
        seen[:, PLAIN] = hand
    return seen


def _pairs(slot: Ints, first: Ints, stop: Ints, times: Ints, end: Ints) -> Iterator[tuple[int, Ints, Ints]]:
    """Pairs of a note and another one that it sees, by what that is to it: 0 for one that begins with it, 1 for one that sounds on,
    then the groups of onsets before it and after it."""
    last = len(first) - 1
    for way, (near, far) in [(way, group) for way in (-1, 1) for group in GROUPS]:
        group = 2 + GROUPS.index((near, far)) + (len(GROUPS) if way > 0 else 0)
        for away in range(near, far + 1):
            seen = slot + way * away
            inside = np.flatnonzero((seen >= 0) & (seen <= last))
            yield from ((group, note, other) for note, other in _each(inside, seen[inside], first, stop))
    for note, other in _each(np.arange(len(slot)), slot, first, stop):
        yield 0, note[note != other], other[note != other]
    until = np.minimum(np.searchsorted(times, end) - 1, slot + _HELD)  # the last onset at which a note still sounds
    for away in range(1, _HELD + 1):
        held = np.flatnonzero(until >= slot + away)
        if not len(held):
            break
        yield from ((1, note, other) for other, note in _each(held, slot[held] + away, first, stop))


def _each(note: Ints, seen: Ints, first: Ints, stop: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Each note with each of those of the onset that it sees."""
    if not len(note):
        return
    size = stop[seen] - first[seen]
    total = np.cumsum(size)
    cuts = np.searchsorted(total, np.arange(0, int(total[-1]), _PAIRS), side="left").tolist()
    for low, high in zip(cuts, [*cuts[1:], len(note)], strict=True):
        sizes = size[low:high]
        repeated = np.repeat(note[low:high], sizes)
        within = np.arange(len(repeated)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        yield repeated, np.repeat(first[seen[low:high]], sizes) + within


def _bin(step: Ints) -> Ints:
    """The bin of each interval in semitones [N]."""
    size = np.abs(step)
    place = np.where(size <= 12, size, np.minimum(12 + (size - 10) // 3, BINS // 2))
    bins: Ints = BINS // 2 + np.where(step >= 0, place, -place)
    return bins
