"""For those who follow music while it is written: what a run begins with, then each event as it is drawn. It draws nothing.

A follower that raises ends the run: so work is stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

from partimento.composing.rules import Inside
from partimento.composing.windows import Window
from partimento.encodings import Events


class Follower:
    """Follows a run of several pieces; it does nothing until a method is overridden."""

    def begin(self, numbers: Sequence[int], before: Events, window: Window | None = None, place: Inside | None = None) -> None:
        """The pieces of these numbers go on together after the events `before` [T, F]; in a task in this `window`, at this
        `place`."""

    def push(self, events: Events) -> None:
        """The next event of each of them [B, F]; zeros of one that has ended."""


NOBODY = Follower()
