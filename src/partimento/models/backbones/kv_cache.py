"""Keys and values of the steps that later ones may still see."""

from __future__ import annotations

import torch
from torch import Tensor

ROOM = 64  # steps at least for which there is room when it runs out; otherwise half as many as there are

Pair = tuple[Tensor, Tensor]  # keys and values [B, heads, S, size]


class KVCache:
    """The steps `first` to `last` of a store, with room behind them.

    It does not change when a sequence goes on from it, but the first to go on takes the room (`taken`); another one gets a
    store of its own. So a sequence that grows step by step is seldom copied.
    """

    def __init__(self, store: Pair, last: int, span: int, taken: list[int]) -> None:
        self.store, self.last, self.span, self.taken = store, last, span, taken
        self.first = max(0, last - span + 1) if span else 0

    @classmethod
    def of(cls, new: Pair, span: int) -> KVCache:
        """After the first steps of a sequence."""
        steps = new[0].shape[2]
        return cls(new, steps, span, [steps])

    @property
    def steps(self) -> int:
        return self.last - self.first

    def then(self, new: Pair) -> tuple[Pair, KVCache]:
        """All keys and values that new steps may see, themselves among it, [B, heads, S, size] each, and the cache after them."""
        after = self.last + new[0].shape[2]
        if torch.is_grad_enabled():  # what a gradient may need is never written over
            key, value = (torch.cat([old[:, :, self.first : self.last], one], 2) for old, one in zip(self.store, new, strict=True))
            return (key, value), KVCache.of((key, value), self.span)
        store, first, taken = self.store, self.first, self.taken
        if taken[0] != self.last or after > store[0].shape[2]:
            after -= first
            room = max(ROOM, after // 2)
            key, value = (one.new_empty(*one.shape[:2], after + room, one.shape[3]) for one in new)
            for old, one in zip(store, (key, value), strict=True):
                one[:, :, : self.steps] = old[:, :, first : self.last]
            store, first, taken = (key, value), 0, [0]
        for one, part in zip(store, new, strict=True):
            one[:, :, after - part.shape[2] : after] = part
        taken[0] = after
        key, value = (one[:, :, first:after] for one in store)
        return (key, value), KVCache(store, after, self.span, taken)

    def select(self, rows: Tensor) -> KVCache:
        """The cache of some of the sequences: `rows` [K] are indices into the batch."""
        key, value = (one[rows, :, self.first : self.last] for one in self.store)
        return KVCache.of((key, value), self.span)
