"""What came next when a piece was as it is now: the event after the longest stretch of events that ends like the last ones, at the
same place of a bar. It knows no note, no encoding and no model."""

from __future__ import annotations

from copy import copy

import numpy as np

from partimento.analysis.repetition import GRID

MOST = 4096  # events that are remembered
NEAREST = 8 * GRID  # an echo is of what lies two bars of 4/4 back or more: people hardly ever say a bar twice in a row


class Echo:
    """The events of one sequence so far."""

    def __init__(self) -> None:
        self._events: list[tuple[int, ...]] = []
        self._codes = np.zeros(MOST, np.int64)
        self._same = np.zeros(MOST, np.int64)  # how many of the last events are those 1, 2, .. events before
        self._ticks = np.zeros(MOST, np.int64)
        self._found: tuple[tuple[int, ...], int] | None = None  # since the last event

    def push(self, event: list[int], place: tuple[int, int]) -> None:
        """Takes in an event, and where it lies: in its bar, and from the beginning, in twelfths of a quarter."""
        count = len(self._events)
        self._found = None
        if count == MOST:
            return
        code = hash((place[0], *event))
        same = self._same[:count]
        same += 1
        same *= self._codes[:count][::-1] == code
        self._codes[count], self._ticks[count] = code, place[1]
        self._events.append(tuple(event))

    def copy(self) -> Echo:
        """Another sequence that begins with the same events."""
        twin = copy(self)
        twin._events = list(self._events)
        twin._codes, twin._same, twin._ticks = self._codes.copy(), self._same.copy(), self._ticks.copy()
        return twin

    def following(self) -> tuple[tuple[int, ...], int]:
        """The event that followed such a stretch, the latest of equals, and how many events long it is: none, and 0, where even the
        last event is new, or too much was heard to be remembered."""
        if self._found is None:
            self._found = self._find()
        return self._found

    def _find(self) -> tuple[tuple[int, ...], int]:
        count = len(self._events)
        near = count - int(np.searchsorted(self._ticks[:count], self._ticks[count - 1] - NEAREST, side="right")) if count else 0
        if near >= count or count == MOST:
            return (), 0
        lag = near + int(np.argmax(self._same[near - 1 : count - 1]))
        length = int(self._same[lag - 1])
        return (self._events[count - lag] if length else ()), length
