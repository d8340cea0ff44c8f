"""Where the past of a growing piece went alike earlier in the piece, on the same sixteenth of the beat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from partimento.benchmarks.chorale.memory import Ints, moved_to, steps_of
from partimento.benchmarks.chorale.past import BASS, NONE, Growing, Slot, Symbols

OWN = 8  # places of each kind
ALIKE = 2  # slots that must agree
OWN_LENGTHS = [1, 2, 4, 6, 8, 12, 16, 24, 32, 48]  # edges of buckets


class Agreeing(Growing):
    """The slots of a growing piece, and at each place how many slots before it agree with those at the present end: by codes of
    some kinds, which slots that are alike share."""

    def __init__(self, kinds: int) -> None:
        self.length = 0
        self._slots, self._codes = np.zeros((64, 4), np.int16), np.zeros((kinds, 64), np.int64)
        self._common = np.zeros((kinds, 65), np.int32)  # at s: how long the whole and its first s slots end alike

    def add(self, slot: Slot, codes: Sequence[int]) -> None:
        n = self.length
        if n == len(self._slots):  # doubled when full
            self._slots, self._codes = np.resize(self._slots, (2 * n, 4)), np.concatenate([self._codes, self._codes], 1)
            self._common = np.pad(self._common, ((0, 0), (0, n)))
        self._slots[n], self._codes[:, n] = slot, codes
        self._common[:, 1 : n + 1] = np.where(self._codes[:, :n] == self._codes[:, n : n + 1], self._common[:, :n] + 1, 0)
        self.length += 1


class Repeats(Agreeing):
    """Where the past (by soprano, by bass, by all voices) went on in the same way earlier in the piece, on the same sixteenth of
    the beat: the latest of the longest matches."""

    def __init__(self) -> None:
        super().__init__(3)

    def push(self, slot: Slot) -> None:
        soprano, bass, alto, tenor = slot
        self.add(slot, (soprano, bass, ((soprano * 64 + bass) * 64 + alto) * 64 + tenor))

    def found(self) -> tuple[Symbols, list[int]]:
        """The slot that came next at each match [3 x 4], and the match's length [3] in buckets."""
        t, place = self.length, self.length % 4
        following, lengths = np.full((3, 4), NONE, np.int16), [0, 0, 0]
        if t > place:
            latest_first = self._common[:, place:t:4][:, ::-1]
            for kind, at in enumerate(latest_first.argmax(1).tolist()):
                length = int(latest_first[kind, at])
                if length >= ALIKE:
                    following[kind] = self._slots[place + 4 * (latest_first.shape[1] - 1 - at)]
                    lengths[kind] = min(length, 63)
        return following.reshape(-1), np.searchsorted(OWN_LENGTHS, lengths, side="right").tolist()


class OwnRepeats(Agreeing):
    """The `OWN` places whose past agrees longest with the present end in any transposition, the latest first: by soprano, by bass,
    by all voices."""

    def __init__(self) -> None:
        super().__init__(3)

    def push(self, slot: Slot) -> None:
        last = np.array([self._slots[self.length - 1], slot] if self.length else [slot], np.int16)
        soprano, _, chord = (int(one[-1]) for one in steps_of(last))
        bass = int(steps_of(last[:, [BASS, 0, 2, 3]])[0][-1])
        self.add(slot, (soprano, bass, chord))

    def found(self) -> tuple[Ints, Ints]:
        """What came next at each place, moved to this key [3 x OWN, 4], and how many slots agree [3 x OWN]."""
        t = self.length
        following, lengths = np.full((3, OWN, 4), NONE, np.int64), np.zeros((3, OWN), np.int64)
        at = np.arange(t % 4 or 4, t, 4)
        for kind, base in enumerate((0, BASS, 0)) if len(at) else ():
            common = self._common[kind, at]
            best = np.argsort(-(common.astype(np.int64) * (t + 1) + at), kind="stable")[:OWN]
            best = best[common[best] >= ALIKE]
            size = len(best)
            following[kind, :size] = moved_to(self._slots, at[best], base, int(self._slots[t - 1, base]))
            lengths[kind, :size] = common[best]
        return following.reshape(-1, 4), lengths.reshape(-1)
