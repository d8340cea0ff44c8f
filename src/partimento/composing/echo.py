"""What came next when a piece was as it is now: the event after the longest stretch of events that ends like the last ones, at the
same place of a bar. It knows no note, no encoding and no model."""

from __future__ import annotations

import numpy as np

MOST = 4096  # events that are remembered


class Echo:
    """The events of one sequence so far."""

    def __init__(self) -> None:
        self._events: list[tuple[int, ...]] = []
        self._codes = np.zeros(MOST, np.int64)
        self._same = np.zeros(MOST, np.int64)  # how many of the last events are those 1, 2, .. events before

    def push(self, event: list[int], place: int) -> None:
        """Takes in an event, and where in its bar it lies."""
        count = len(self._events)
        if count == MOST:
            return
        code = hash((place, *event))
        same = self._same[:count]
        same += 1
        same *= self._codes[:count][::-1] == code
        self._codes[count] = code
        self._events.append(tuple(event))

    def following(self) -> tuple[tuple[int, ...], int]:
        """The event that followed such a stretch, the latest of equals, and how many events long it is: none, and 0, where even the
        last event is new, or too much was heard to be remembered."""
        count = len(self._events)
        if count < 2 or count == MOST:
            return (), 0
        lag = int(np.argmax(self._same[: count - 1])) + 1
        length = int(self._same[lag - 1])
        return (self._events[count - lag] if length else ()), length
