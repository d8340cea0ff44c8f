"""An interpolated n-gram over events, field by field, in sorted arrays.

Field f of an event is predicted from the earlier fields of its event and the last k events, k = order .. 0, and at the
bottom from nothing. Smoothing is Witten and Bell's (1991, method C), as in Chen and Goodman 1999, section 2.5, with a factor:
p_k(x | c) = (n(c, x) + a t(c) p_(k-1)(x | shorter c)) / (n(c) + a t(c)), with n counts and t the number of distinct x seen
after c. With their a = 1 long contexts are trusted far too much (on 3,029 classical pieces 4.5 bits per note instead of 3.7),
so a is chosen on train pieces that are held out of a first count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.encodings import Events, Field
from partimento.errors import CorpusError
from partimento.models.count_based import Counting, Floats, Ints, Targeted, choices_of

ORDER = 8
FACTORS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
HELD_OUT = 20  # one piece of so many chooses the factor
HELD_OUT_EVENTS = 50_000  # at most
USUAL_FACTOR = 8.0  # where pieces are too few to hold one out
Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Level:
    """Counts after contexts of one length. Key = (hash of the context) << bits | id, ascending; `below[i]` sums counts before i."""

    keys: Hashes
    below: npt.NDArray[np.uint32]

    @classmethod
    def count(cls, keys: Hashes) -> Level:
        """From the key of each target, [N], in any order; sorts them in place."""
        keys.sort()
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        return cls(keys[first], np.append(first, len(keys)).astype(np.uint32))


class NGram(Counting):
    """Counted once; each level is one sorted array, searched for whole batches of contexts."""

    def __init__(
        self, fields: tuple[Field, ...], pieces: Iterable[Targeted], order: int = ORDER, factor: float | None = None
    ) -> None:
        """`factor` None chooses it; more memory than the counts need is used while counting only."""
        super().__init__(fields, order)
        self.bits = [max(1, (field.size - 1).bit_length()) for field in fields]
        self.levels: list[list[Level]] = []  # of field f: nothing, own fields (where f > 0), then 1..order events as well
        kept = list(pieces)
        self.factor = self._chosen_factor(kept) if factor is None else factor
        self._count(kept)

    def _chosen_factor(self, pieces: list[Targeted]) -> float:
        """The factor under which counts of most pieces predict the targets of the held out ones best."""
        held = [(events[:HELD_OUT_EVENTS], mask[:HELD_OUT_EVENTS]) for events, mask in pieces[HELD_OUT // 2 :: HELD_OUT]]
        rest = [piece for number, piece in enumerate(pieces) if number % HELD_OUT != HELD_OUT // 2]
        most = 1 + int(np.searchsorted(np.cumsum([len(events) for events, _ in held]), HELD_OUT_EVENTS))
        held = held[:most]
        if not any(mask.any() for _, mask in held) or not any(mask.any() for _, mask in rest):
            return USUAL_FACTOR
        trial = NGram(self.fields, rest, self.order, USUAL_FACTOR)
        return min(FACTORS, key=lambda factor: trial._nats(held, factor))

    def _nats(self, pieces: list[Targeted], factor: float) -> float:
        self.factor = factor
        scores = self.score([events for events, _ in pieces], hits=False)
        return sum(float(score.nats[mask].sum(dtype=np.float64)) for score, (_, mask) in zip(scores, pieces, strict=True))

    def _count(self, pieces: list[Targeted]) -> None:
        events, codes, targets = _laid_out(pieces, self.order)
        for f in range(len(self.fields)):
            x = events[targets, f].astype(np.uint64)
            own = _own(events[targets, :f])
            levels = [] if f == 0 else [Level.count(self._keys(_own(events[targets, :0]), f, x))]
            past = np.zeros(len(targets), np.uint64)
            for k in range(self.order + 1):
                if k:
                    past = _longer(past, codes[targets - k])
                levels.append(Level.count(self._keys(past ^ own, f, x)))
            self.levels.append(levels)

    def _keys(self, context: Hashes, f: int, x: Hashes | int = 0) -> Hashes:
        keys: Hashes = (_mix(context) << np.uint64(self.bits[f])) | np.uint64(x)
        return keys

    def probabilities(self, history: Ints, drawn: Ints) -> Floats:
        f, count, events_seen = drawn.shape[1], len(history), history.shape[1]
        possible = choices_of(self.fields[f])
        dense: Floats = np.tile(possible / possible.sum(), (count, 1))
        own = _own(drawn)
        levels = self.levels[f]
        if f:
            self._mix_in(levels[0], dense, np.arange(count), self._keys(_own(drawn[:, :0]), f), f)
            levels = levels[1:]
        rows = np.arange(count)
        past = np.zeros(count, np.uint64)
        for k, level in enumerate(levels[: events_seen + 1]):
            if k:
                past = _longer(past, _code(history[rows, -k]))
            seen = self._mix_in(level, dense, rows, self._keys(past ^ own, f), f)
            # what was never seen after fewer events was never seen after more
            rows, past, own = rows[seen], past[seen], own[seen]
            if not len(rows):
                break
        return dense

    def _mix_in(self, level: Level, dense: Floats, rows: Ints, keys: Hashes, f: int) -> npt.NDArray[np.bool_]:
        """Interpolates the level's counts into `dense` at `rows`, whose contexts have `keys`; says which contexts were seen."""
        distinct, back = np.unique(keys, return_inverse=True)  # sorted look-ups are kind to the cache
        begin = np.searchsorted(level.keys, distinct)
        end = begin + _run_length(level.keys, begin, distinct, self.bits[f])
        begin, end = begin[back], end[back]
        types = end - begin
        seen = types > 0
        rows, begin, end, types = rows[seen], begin[seen], end[seen], types[seen]
        if len(rows):
            backed = self.factor * types
            total = (level.below[end] - level.below[begin]) + backed
            dense[rows] *= (backed / total)[:, None]
            entry = np.repeat(begin - np.cumsum(types) + types, types) + np.arange(int(types.sum()))
            counts = level.below[entry + 1] - level.below[entry]
            ids = (level.keys[entry] & np.uint64((1 << self.bits[f]) - 1)).astype(np.int64)
            dense[np.repeat(rows, types), ids] += counts / np.repeat(total, types)
        return seen


def _run_length(keys: Hashes, begin: Ints, context: Hashes, bits: int) -> Ints:
    """How many keys from `begin` on belong to each context: doubling steps, then halving ones; runs are at most 2^bits long."""
    last = context | np.uint64((1 << bits) - 1)
    length = np.zeros(len(begin), np.int64)
    for power in range(bits, -1, -1):
        probe = begin + length + (1 << power) - 1
        inside = probe < len(keys)
        inside[inside] = keys[probe[inside]] <= last[inside]
        length[inside] += 1 << power
    return length


def _laid_out(pieces: list[Targeted], order: int) -> tuple[npt.NDArray[Any], Hashes, Ints]:
    """All events with `order` zero rows before each piece, the code of each row, and the rows of targets."""
    if not pieces:
        raise CorpusError("there are no events to count; the train split is empty")
    total = sum(len(events) for events, _ in pieces) + order * len(pieces)
    laid = np.zeros((total, pieces[0][0].shape[1]), pieces[0][0].dtype)
    chosen = np.zeros(total, bool)
    at = 0
    for events, mask in pieces:
        at += order
        laid[at : at + len(events)] = events
        chosen[at : at + len(events)] = mask
        at += len(events)
    targets = np.flatnonzero(chosen)
    if not len(targets):
        raise CorpusError("there are no events to count; the train split is empty")
    return laid, _code(laid), targets


def _code(events: npt.NDArray[Any]) -> Hashes:
    """A hash of each event [N, F]."""
    code = np.zeros(len(events), np.uint64)
    for f in range(events.shape[1]):
        code = _mix(code ^ events[:, f].astype(np.uint64))
    return code


def _own(drawn: Events | Ints) -> Hashes:
    """A hash of the earlier fields of the own event [N, f]; unlike `_code` of as many fields."""
    own = np.full(len(drawn), 0xD1B54A32D192ED03 + drawn.shape[1], np.uint64)
    for f in range(drawn.shape[1]):
        own = _mix(own ^ drawn[:, f].astype(np.uint64))
    return own


def _longer(past: Hashes, code: Hashes) -> Hashes:
    """The hash of a past that reaches one event further back."""
    return _mix((past << np.uint64(1) | past >> np.uint64(63)) ^ code)


def _mix(x: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014): each bit of the input moves every bit of the result."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x
