"""The training chorales as a place to look things up: tunes that went alike, in any transposition, and counted contexts. It knows
no network.

A training piece never finds itself (leave one out), so that the network meets the memory in training as it will on new pieces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from partimento.models.chorale.past import INTERVALS, NONE, REST, Growing, Lines, Slot, Symbols

TUNES = 4  # places in the training pieces whose soprano went alike
TUNE_LENGTHS = [1, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 100]  # edges of buckets
SEEN_COUNTS = [1, 2, 3, 5, 9, 17, 33, 65]  # likewise
_NEAREST = 24  # places looked at in search of TUNES different pieces
_ID_BITS = 5  # of an interval
_INTERVAL = np.uint64(2**_ID_BITS - 1)
_NOWHERE = 1000  # a step that no piece takes

Ints = npt.NDArray[np.int64]
Counts = dict[int, list[int]]  # the intervals that followed each context


class Memory:
    """The training pieces [T, 4] each, symbols. Without `remember` nothing is ever found in them: a piece's own past is left."""

    def __init__(self, pieces: Sequence[Symbols], remember: bool = True) -> None:
        padded = [_padded(piece) for piece in pieces]
        self.slots = np.concatenate([np.zeros((0, 4), np.int16), *padded])
        self.piece = np.repeat(np.arange(len(pieces)), [len(piece) for piece in padded])
        self.first = np.r_[True, self.piece[1:] != self.piece[:-1]][: len(self.piece)]
        parts = [_steps(piece, len(whole)) for piece, whole in zip(pieces, padded, strict=True)]
        self.step, self.shape, self.chord = (
            np.concatenate([np.zeros(0, np.int64), *(part[i] for part in parts)]) for i in range(3)
        )
        if not remember:
            self.step[:], self.shape[:], self.chord[:] = _NOWHERE, -1, -1
        met = (
            [_key(context) << _ID_BITS | interval for piece in pieces for context, interval in followed(piece)] if remember else []
        )
        self._keys, self._counts = np.unique(np.array(met, np.uint64), return_counts=True)

    def __deepcopy__(self, _: object) -> Memory:
        return self  # never changed

    def followers(self, contexts: Sequence[int]) -> npt.NDArray[np.float32]:
        """How often each interval followed each of some contexts, [contexts, INTERVALS]."""
        keys = np.array([_key(context) for context in contexts], np.uint64) << np.uint64(_ID_BITS)
        begin, end = np.searchsorted(self._keys, np.stack([keys, keys + np.uint64(INTERVALS)]))
        size = end - begin
        entry = np.repeat(begin - np.cumsum(size) + size, size) + np.arange(int(size.sum()))
        counts = np.zeros((len(contexts), INTERVALS), np.float32)
        counts[np.repeat(np.arange(len(contexts)), size), self._keys[entry] & _INTERVAL] = self._counts[entry]
        return counts


class Tunes(Growing):
    """The `TUNES` training pieces (each once) whose soprano's past agrees longest with that of a growing piece in some
    transposition, ties by the agreement of all voices. `left_out` is a training piece that is not looked at."""

    def __init__(self, memory: Memory, left_out: int = -1) -> None:
        self.memory, self.left_out, self.length = memory, left_out, 0
        self._last: Slot = ()
        places = len(memory.slots) + 1
        self._tune, self._chords = np.zeros(places, np.int16), np.zeros(places, np.int16)  # at s: how long slots[:s] ends alike

    def push(self, slot: Slot) -> None:
        memory = self.memory
        step, shape, chord = (int(one[-1]) for one in _steps(np.array([self._last, slot] if self.length else [slot], np.int16)))
        if self.length:
            self._tune[1:] = np.where(memory.first, 1, np.where(memory.step == step, self._tune[:-1] + 1, 0))
            self._chords[1:] = np.where(~memory.first & (memory.chord == chord), self._chords[:-1] + 1, 0)
        else:  # a first slot agrees with every first slot, its chord with those of the same shape
            self._tune[1:], self._chords[1:] = memory.first, memory.first & (memory.shape == shape)
        self._last = slot
        self.length += 1

    def found(self) -> tuple[Symbols, list[int]]:
        """What came next at each place found, moved to this key, [4 voices x TUNES], and how long the soprano agreed [TUNES] in
        buckets."""
        memory, place = self.memory, self.length % 4
        following, lengths = np.full((4, TUNES), NONE, np.int16), [0] * TUNES
        if self.length and self._last[0] != REST and len(memory.slots):
            rank = self._tune[place:-1:4].astype(np.int32) * 64 + np.minimum(self._chords[place:-1:4], 63)
            if self.left_out >= 0:
                rank[memory.piece[place::4] == self.left_out] = -1
            nearest = min(_NEAREST, len(rank) - 1)
            best = np.argpartition(-rank, nearest)[: nearest + 1]
            used: list[int] = []
            for s in (best[np.argsort(-rank[best], kind="stable")] * 4 + place).tolist():
                piece = int(memory.piece[s])
                goes_on = not memory.first[s] and memory.shape[s] >= 0 and memory.slots[s - 1, 0] != REST
                if rank[s // 4] < 2 * 64 or not goes_on or piece in used or len(used) == TUNES:
                    continue
                moved = memory.slots[s] + (self._last[0] - memory.slots[s - 1, 0])
                moved = np.where((moved < 0) | (moved >= REST), NONE, moved)
                following[:, len(used)] = np.where(memory.slots[s] == REST, REST, moved)
                lengths[len(used)] = min(int(self._tune[s]), 127)
                used.append(piece)
        return following.reshape(-1), np.searchsorted(TUNE_LENGTHS, lengths, side="right").tolist()


class Counted(Growing):
    """What followed the contexts of a growing piece: in the training pieces less the counts `own`, and in itself so far."""

    def __init__(self, memory: Memory, own: Counts | None = None) -> None:
        self.memory, self.own, self._here = memory, own or {}, Counts()

    def push(self, contexts: Sequence[Sequence[int]], intervals: Sequence[int]) -> None:
        """The contexts of each voice in a slot, and the interval that followed."""
        for keys, interval in zip(contexts, intervals, strict=True):
            for key in keys:
                self._here.setdefault(key, []).append(interval)

    def shares(self, contexts: Sequence[int]) -> tuple[npt.NDArray[np.float32], Ints]:
        """Shares of what followed each of some contexts [contexts, INTERVALS], and how often it was met [contexts] in buckets."""
        counts = self.memory.followers(contexts)
        for row, context in enumerate(contexts):
            for interval in self.own.get(context, ()):
                counts[row, interval] -= 1
            for interval in self._here.get(context, ()):
                counts[row, interval] += 1
        totals = counts.sum(1, keepdims=True)
        return counts / (totals + 0.5), np.searchsorted(SEEN_COUNTS, totals[:, 0], side="right")


def followed(piece: Symbols) -> Iterator[tuple[int, int]]:
    """Every context of a piece with the interval that followed."""
    lines = Lines()
    for slot in piece.tolist():
        for voice in range(4):
            interval = lines.interval(voice, slot[voice])
            for context in lines.contexts(voice, slot):
                yield context, interval
        lines.push(slot)


def counts_of(piece: Symbols) -> Counts:
    """What followed each context of a piece."""
    counts: Counts = defaultdict(list)
    for context, interval in followed(piece):
        counts[context].append(interval)
    return dict(counts)


def _key(context: int) -> int:
    key: int = context & (2 ** (64 - _ID_BITS) - 1)
    return key


def _padded(piece: Symbols) -> Symbols:
    """With rests up to a whole number of beats, so that places on one sixteenth of the beat lie four apart in all pieces."""
    return np.concatenate([piece, np.full((-len(piece) % 4, 4), REST, np.int16)])


def _steps(piece: Symbols, size: int | None = None) -> tuple[Ints, Ints, Ints]:
    """Of each slot: the soprano's step from the slot before (98 into or out of a rest, 99 at the start), the chord's shape, and
    both as one code; up to `size` slots, of which those after the end are like no other."""
    pitch = piece.astype(np.int64)
    rest = pitch == REST
    step = np.full(len(piece), 99, np.int64)
    in_or_out = np.where(rest[1:, 0] == rest[:-1, 0], 0, 98)
    step[1:] = np.where(rest[1:, 0] | rest[:-1, 0], in_or_out, pitch[1:, 0] - pitch[:-1, 0])
    above = np.where(rest[:, 1:] | rest[:, :1], 120, pitch[:, 1:] - pitch[:, :1] + 60)
    shape = (above[:, 0] * 128 + above[:, 1]) * 128 + above[:, 2]
    chord = (step + 100) * 128**3 + shape
    after = (0, 0 if size is None else size - len(piece))
    return tuple(np.pad(one, after, constant_values=like) for one, like in ((step, _NOWHERE), (shape, -1), (chord, -1)))  # type: ignore[return-value]
