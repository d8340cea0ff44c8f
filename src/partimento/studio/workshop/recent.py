"""The last results of work that takes long, by what they are of. Work on one thing is done once, however many ask at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Recent(Generic[Found]):
    """At most so many results, those used last."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._found: OrderedDict[Hashable, Found] = OrderedDict()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, of: Hashable, work: Callable[[], Found]) -> Found:
        """What was found before, or what `work` gives."""
        with self._lock:
            own = self._locks.setdefault(of, threading.Lock())
        with own:
            with self._lock:
                if of in self._found:
                    self._found.move_to_end(of)
                    return self._found[of]
            found = work()
            with self._lock:
                self._found[of] = found
                while len(self._found) > self.most:
                    self._found.popitem(last=False)
                self._locks.pop(of, None)
            return found
