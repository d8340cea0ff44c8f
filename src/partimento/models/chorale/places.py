"""Where the past of a growing piece went alike before, in any transposition: in the training pieces, and earlier in the piece.
It knows no network.

Places on the same sixteenth of the beat are looked at, and ranked by how many slots before them agree. What came next at each
of them is a vote for what comes next here; the votes of a voice are counted once the voices before it are drawn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partimento.models.chorale.memory import PLACES, Ints, Tunes, moved_to, steps_of
from partimento.models.chorale.past import BASS, INTERVALS, NONE, REST, Growing, Slot

OWN = 8  # places in the piece itself, of each kind
LISTS = 5  # of training places by soprano and by all voices; of own places by soprano, by bass, by all voices
VOTES = 3 * LISTS  # ways to count them
ALIKE = 2  # slots that must agree
_LONGEST = 48  # slots of agreement that a vote may weigh
_BESIDE = INTERVALS  # where votes for no symbol are counted
_SIZES = [PLACES] * 2 + [OWN] * 3
_LIST = np.repeat(np.arange(LISTS), _SIZES)


class Echoes(Growing):
    """The `OWN` places of each kind in the piece itself whose past agrees longest with its present end, the latest first."""

    def __init__(self) -> None:
        self.length = 0
        self._slots, self._codes, self._common = (
            np.zeros((64, 4), np.int16),
            np.zeros((3, 64), np.int64),
            np.zeros((3, 65), np.int32),
        )

    def push(self, slot: Slot) -> None:
        n = self.length
        if n == len(self._slots):  # doubled when full
            self._slots = np.concatenate([self._slots, np.zeros_like(self._slots)])
            self._codes = np.concatenate([self._codes, np.zeros_like(self._codes)], 1)
            self._common = np.concatenate([self._common, np.zeros((3, n), np.int32)], 1)
        self._slots[n] = slot
        last = self._slots[max(0, n - 1) : n + 1]
        by_bass = last[:, [BASS, 0, 2, 3]]
        soprano, _, chord = (one[-1] for one in steps_of(last))
        self._codes[:, n] = soprano, steps_of(by_bass)[0][-1], chord
        same = self._codes[:, :n] == self._codes[:, n : n + 1]
        self._common[:, 1 : n + 1] = np.where(same, self._common[:, :n] + 1, 0)
        self.length += 1

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


class Places(Growing):
    """The places of all kinds, and what they vote for."""

    def __init__(self, tunes: Tunes) -> None:
        self.tunes, self.echoes = tunes, Echoes()
        self._next, self._length = np.full((len(_LIST), 4), NONE, np.int64), np.zeros(len(_LIST), np.int64)
        self._last: Slot = [NONE] * 4

    def push(self, slot: Slot) -> None:
        """After the tunes have heard the slot."""
        self.echoes.push(slot)
        self._last = slot
        found = (*(self.tunes.places(by_chords) for by_chords in (False, True)), self.echoes.found())
        self._next = np.concatenate([following for following, _ in found])
        self._length = np.minimum(np.concatenate([lengths for _, lengths in found]), _LONGEST)

    def votes(self, voice: int, slot: Slot) -> npt.NDArray[np.float64]:
        """Of each list the shares of the intervals from the voice's last pitch that came next, [VOTES, INTERVALS]: by length; by
        length of those places alone where the voices drawn in `slot` came too; by the cube of it of these."""
        following, last = self._next[:, voice], self._last[voice]
        step = (following - last).clip(-13, 13) + 13
        step = np.where((following >= REST) | (last >= REST), INTERVALS - 1, step)
        step = np.where(following == NONE, _BESIDE, step)
        agree = (self._next[:, :voice] == np.array(slot[:voice], np.int64)).all(1)
        quarters = self._length / 4
        weights = np.stack([quarters, quarters * agree, quarters**3 * agree])
        cell = (np.arange(3)[:, None] * LISTS + _LIST) * (INTERVALS + 1) + step
        counts = np.bincount(cell.reshape(-1), weights.reshape(-1), VOTES * (INTERVALS + 1)).reshape(VOTES, -1)[:, :INTERVALS]
        shares: npt.NDArray[np.float64] = counts / (counts.sum(1, keepdims=True) + 1)
        return shares
