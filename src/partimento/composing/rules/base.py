"""What a rule is: answers, in musical terms, to what the next note may be. It knows no field, no encoding and no model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.rules.state import State

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Rule:
    """Restricts nothing until a method is overridden. Ticks are those of the encoding's grid.

    A rule with `drums_too` False is asked about pitched notes only, and drums are free of it. Rules are asked again for every
    field, so a note that is drawn has passed all of them.
    """

    drums_too = False

    def onsets(self, state: State, ticks: Ints) -> Bools:
        """At which of the ticks (from now on) a note may begin."""
        return np.ones(len(ticks), bool)

    def deadline(self, state: State) -> int | None:
        """The tick at which, or before which, the next note must begin; None where it need not."""
        return None

    def pitches(self, state: State, onset: int) -> Bools:
        """Which pitches a note there may have, bool[128]."""
        return np.ones(128, bool)

    def ends(self, state: State, onset: int, pitch: int, ends: Ints) -> Bools:
        """At which of the ticks it may end."""
        return np.ones(len(ends), bool)

    def programs(self, state: State, onset: int, pitch: int) -> Bools:
        """Which programs may play it, bool[129]; 128 is drums."""
        return np.ones(129, bool)

    def may_end(self, state: State) -> bool:
        """Whether the piece may end here."""
        return True


def classes(mask: int) -> Any:
    """bool[128]: the pitches whose pitch class is in the 12-bit mask."""
    return (mask >> np.arange(128) % 12) & 1 == 1
