"""What came next where the past of a growing piece went alike before, in the training pieces and in the piece itself: votes for
what comes next, counted for each voice once the voices before it are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.chorale.memory import PLACES, Tunes
from partimento.benchmarks.chorale.own_repeats import OWN, OwnRepeats
from partimento.benchmarks.chorale.past import INTERVALS, NONE, Growing, Slot, intervals

LISTS = 5  # of training places by soprano and by all voices; of own places by soprano, by bass, by all voices
VOTES = 3 * LISTS  # ways to count them
_LONGEST = 48  # slots of agreement that a vote may weigh
_BESIDE = INTERVALS  # where votes for no symbol are counted
_SIZES = [PLACES] * 2 + [OWN] * 3
_LIST = np.repeat(np.arange(LISTS), _SIZES)


class Places(Growing):
    """The places of all kinds, and what they vote for."""

    def __init__(self, tunes: Tunes) -> None:
        self.tunes, self.own = tunes, OwnRepeats()
        self._next, self._length = np.full((len(_LIST), 4), NONE, np.int64), np.zeros(len(_LIST), np.int64)
        self._last: Slot = [NONE] * 4

    def push(self, slot: Slot) -> None:
        """After the tunes have taken in the slot."""
        self.own.push(slot)
        self._last = slot
        found = (*(self.tunes.places(by_chords) for by_chords in (False, True)), self.own.found())
        self._next = np.concatenate([following for following, _ in found])
        self._length = np.minimum(np.concatenate([lengths for _, lengths in found]), _LONGEST)

    def votes(self, voice: int, slot: Slot) -> npt.NDArray[np.float64]:
        """Of each list the shares of the intervals from the voice's last pitch that came next, [VOTES, INTERVALS]: by length; by
        length of those places alone where the voices drawn in `slot` came too; by the cube of it of these."""
        following, last = self._next[:, voice], self._last[voice]
        step = np.where(following == NONE, _BESIDE, intervals(following, last))
        agree = (self._next[:, :voice] == np.array(slot[:voice], np.int64)).all(1)
        quarters = self._length / 4
        weights = np.stack([quarters, quarters * agree, quarters**3 * agree])
        cell = (np.arange(3)[:, None] * LISTS + _LIST) * (INTERVALS + 1) + step
        counts = np.bincount(cell.reshape(-1), weights.reshape(-1), VOTES * (INTERVALS + 1)).reshape(VOTES, -1)[:, :INTERVALS]
        shares: npt.NDArray[np.float64] = counts / (counts.sum(1, keepdims=True) + 1)
        return shares
