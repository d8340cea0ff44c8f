"""The training chorales as a place to look things up: tunes that went alike, in any transposition, and counted contexts.

A training piece never finds itself (leave one out), so that the network meets the memory in training as it will on new pieces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.chorale.past import INTERVALS, NONE, REST, Growing, Lines, Slot, Symbols

TUNES = 4  # places in the training pieces whose soprano went alike
TUNE_LENGTHS = [1, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 100]  # edges of buckets
SEEN_COUNTS = [1, 2, 3, 5, 9, 17, 33, 65]  # likewise
PLACES = 16  # places whose past went alike, by the soprano or by all voices, in whatever pieces
_NEAREST = 40  # places looked at in search of these
_A_PIECE = 2  # places of one piece at most
_ID_BITS = 5  # of an interval
_INTERVAL = np.uint64(2**_ID_BITS - 1)
_NOWHERE = 1000  # a step that no piece takes

Ints = npt.NDArray[np.int64]
Counts = dict[int, list[int]]  # the intervals that followed each context


class Memory:
    """The training pieces [T, 4] each, symbols. Without `remember` nothing is ever found in them: a piece's own past is left."""

    def __init__(self, pieces: Sequence[Symbols], remember: bool = True) -> None:
        self.remembers = remember
        padded = [_padded(piece) for piece in pieces]
        self.slots = np.concatenate([np.zeros((0, 4), np.int16), *padded])
        self.piece = np.repeat(np.arange(len(pieces)), [len(piece) for piece in padded])
        self.first = np.r_[True, self.piece[1:] != self.piece[:-1]][: len(self.piece)]
        parts = [steps_of(piece, len(whole)) for piece, whole in zip(pieces, padded, strict=True)]
        self.step, self.shape, self.chord = (
            np.concatenate([np.zeros(0, np.int64), *(part[i] for part in parts)]) for i in range(3)
        )
        before = np.roll(self.slots[:, 0], 1)
        self.goes_on = ~self.first & (self.shape >= 0) & (before != REST)  # from a pitch of the soprano, within its piece
        if not remember:
            self.step[:], self.shape[:], self.chord[:] = _NOWHERE, -1, -1
        met = (
            [_key(context) << _ID_BITS | interval for piece in pieces for context, interval in followed(piece)] if remember else []
        )
        self._keys, self._counts = np.unique(np.array(met, np.uint64), return_counts=True)

    def __deepcopy__(self, _: object) -> Memory:
        return self  # never changed

    def followers(self, contexts: Sequence[int]) -> npt.NDArray[np.float32]:
        """How often each of I intervals followed each of C contexts, [C, I]."""
        keys = np.array([_key(context) for context in contexts], np.uint64) << np.uint64(_ID_BITS)
        begin, end = np.searchsorted(self._keys, np.stack([keys, keys + np.uint64(INTERVALS)]))
        size = end - begin
        entry = np.repeat(begin - np.cumsum(size) + size, size) + np.arange(int(size.sum()))
        counts = np.zeros((len(contexts), INTERVALS), np.float32)
        counts[np.repeat(np.arange(len(contexts)), size), self._keys[entry] & _INTERVAL] = self._counts[entry]
        return counts


class Tunes(Growing):
    """The places in the training pieces whose soprano's past agrees longest with that of a growing piece in some transposition,
    ties by the agreement of all voices; or the other way round. `left_out` is a training piece that is not looked at."""

    def __init__(self, memory: Memory, left_out: int = -1) -> None:
        self.memory, self.length = memory, 0
        self._may_be = memory.goes_on & (memory.piece != left_out)
        self._last: Slot = ()
        places = len(memory.slots) + 1
        self._tune, self._chords = np.zeros(places, np.int16), np.zeros(places, np.int16)  # at s: how long slots[:s] ends alike

    def push(self, slot: Slot) -> None:
        memory = self.memory
        step, shape, chord = (int(one[-1]) for one in steps_of(np.array([self._last, slot] if self.length else [slot], np.int16)))
        if self.length:
            self._tune[1:] = np.where(memory.first, 1, np.where(memory.step == step, self._tune[:-1] + 1, 0))
            self._chords[1:] = np.where(~memory.first & (memory.chord == chord), self._chords[:-1] + 1, 0)
        else:  # a first slot agrees with every first slot, its chord with those of the same shape
            self._tune[1:], self._chords[1:] = memory.first, memory.first & (memory.shape == shape)
        self._last = slot
        self.length += 1

    def found(self) -> tuple[Symbols, list[int]]:
        """What came next in `TUNES` different pieces, moved to this key, [4 voices x TUNES], and how long the soprano agreed
        [TUNES] in buckets."""
        following, lengths = self.places(a_piece=1, count=TUNES)
        return following.T.reshape(-1).astype(np.int16), np.searchsorted(TUNE_LENGTHS, lengths, side="right").tolist()

    def places(self, by_chords: bool = False, a_piece: int = _A_PIECE, count: int = PLACES) -> tuple[Ints, Ints]:
        """What came next at the N places that agree longest by the soprano (`by_chords`: by all voices), moved to this key, [N, 4],
        and how long they agree [N]."""
        memory, place = self.memory, self.length % 4
        following, lengths = np.full((count, 4), NONE, np.int64), np.zeros(count, np.int64)
        if not self.length or self._last[0] == REST or not len(memory.slots):
            return following, lengths
        by_tune, by_chord = self._tune[place:-1:4].astype(np.int32), self._chords[place:-1:4].astype(np.int32)
        first, then = (by_chord, by_tune) if by_chords else (by_tune, by_chord)
        rank = np.where(self._may_be[place::4], first * 64 + np.minimum(then, 63), -1)
        order = np.arange(len(rank)) - rank.astype(np.int64) * len(rank)  # the earliest of those that agree equally long
        nearest = min(_NEAREST, len(rank) - 1)
        best = np.argpartition(order, nearest)[: nearest + 1]
        at = [s for s in best[np.argsort(order[best])].tolist() if rank[s] >= 2 * 64]
        pieces = memory.piece[place::4][at].tolist()
        at = [s for number, s in enumerate(at) if pieces[:number].count(pieces[number]) < a_piece][:count]
        size = len(at)
        following[:size] = moved_to(memory.slots, np.array(at, np.int64) * 4 + place, 0, self._last[0])
        lengths[:size] = first[at]
        return following, lengths


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
        """Shares of the I intervals that followed each of C contexts, [C, I], and how often it was met, [C], in buckets."""
        counts = self.memory.followers(contexts)
        for row, context in enumerate(contexts):
            for interval in self.own.get(context, ()):
                counts[row, interval] -= 1
            for interval in self._here.get(context, ()):
                counts[row, interval] += 1
        totals = counts.sum(1, keepdims=True)
        return counts / (totals + 0.5), np.searchsorted(SEEN_COUNTS, totals[:, 0], side="right")


def followed(piece: Symbols) -> Iterator[tuple[int, int]]:
    """Every context of a piece [T, 4] with the interval that followed."""
    lines = Lines()
    for slot in piece.tolist():
        for voice in range(4):
            interval = lines.interval(voice, slot[voice])
            for context in lines.contexts(voice, slot):
                yield context, interval
        lines.push(slot)


def counts_of(piece: Symbols) -> Counts:
    """What followed each context of a piece [T, 4]."""
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


def moved_to(slots: Symbols, at: Ints, voice: int, pitch: int) -> Ints:
    """Some slots [N, 4] in the key in which a voice's symbol before each is this pitch; `NONE` where that is beyond the compass or
    one of them is a rest."""
    if pitch >= REST:
        return np.full((len(at), 4), NONE, np.int64)
    before, found = slots[at - 1, voice].astype(np.int64)[:, None], slots[at].astype(np.int64)
    moved = found + (pitch - before)
    moved = np.where((moved < 0) | (moved >= REST), NONE, moved)
    return np.where(before >= REST, NONE, np.where(found >= REST, REST, moved))


def steps_of(piece: Symbols, size: int | None = None) -> tuple[Ints, Ints, Ints]:
    """Of each slot of a piece [T, 4]: the soprano's step from the slot before (98 into or out of a rest, 99 at the start), the
    chord's shape, and both as one code, [T] each; up to `size` slots, of which those after the end are like no other."""
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
