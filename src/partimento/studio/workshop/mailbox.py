"""From one who works to one who reads: events in order, never more of them than the reader may fall behind.

Who writes waits a moment for a slow reader; then the mailbox is closed, and writing raises `Stopped`. So work ends with its reader.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from partimento.studio.workshop.refusals import Stopped


class Event(NamedTuple):
    """What happened: a kind, and data as JSON has it."""

    kind: str
    data: dict[str, Any]


class Mailbox:
    """Holds at most `most` events; `patience_seconds` is how long a writer waits for room."""

    def __init__(self, most: int = 256, patience_seconds: float = 1.0) -> None:
        self.most, self.patience_seconds = most, patience_seconds
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._notify: Callable[[], None] = lambda: None
        self.closed = False  # nobody reads any more
        self.finished = False  # nobody writes any more

    def listen(self, notify: Callable[[], None]) -> None:
        """Calls `notify`, from whatever thread writes, when there is something to take."""
        self._notify = notify
        notify()

    def put(self, kind: str, data: dict[str, Any]) -> None:
        """Writes an event. Raises `Stopped` where nobody reads."""
        until = time.monotonic() + self.patience_seconds
        with self._changed:
            while len(self._events) >= self.most and not self.closed:
                if not self._changed.wait(max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                    self.closed = True
            self.check()
            self._events.append(Event(kind, data))
        self._notify()

    def check(self) -> None:
        """Raises `Stopped` where nobody reads."""
        if self.closed:
            raise Stopped("nobody reads this any more")

    def take(self) -> list[Event]:
        """All events that are there, at once."""
        with self._changed:
            found = list(self._events)
            self._events.clear()
            self._changed.notify_all()
        return found

    def finish(self) -> None:
        """No more is written."""
        self.finished = True
        self._notify()

    def close(self) -> None:
        """Nobody reads any more."""
        with self._changed:
            self.closed = True
            self._events.clear()
            self._changed.notify_all()
        self._notify()


class Feed:
    """What happens in the workshop, for all who want to know. It keeps the last events, and waits for nobody."""

    def __init__(self, most: int = 1000) -> None:
        self._last: deque[Event] = deque(maxlen=most)
        self._readers: list[Mailbox] = []
        self._lock = threading.Lock()
        self.most, self.seq = most, 0

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        with self._lock:
            self.seq += 1
            event = Event(kind, {"seq": self.seq} | data)
            self._last.append(event)
            for reader in list(self._readers):
                self._give(reader, event)

    def read(self, after: int | None = None) -> Mailbox:
        """A mailbox of all events from now on, and of those after number `after` that are still there. Close it when done."""
        reader = Mailbox(self.most + 1, patience_seconds=0.0)
        with self._lock:
            for event in self._last:
                if after is not None and event.data["seq"] > after:
                    self._give(reader, event)
            self._readers.append(reader)
        return reader

    def _give(self, reader: Mailbox, event: Event) -> None:
        try:
            reader.put(*event)
        except Stopped:
            if reader in self._readers:
                self._readers.remove(reader)
