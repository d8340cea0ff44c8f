"""Workers that are kept from one call to the next: a fresh process for each file would cost a thousand times what reading does.

They have the same limits as those of `supervise.run`, end with the process that started them, however that ends, and are never
used by two threads at once, nor by a forked child.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import threading
from typing import Any

from partimento.formats.supervise import Pool, Reply

MOST_IDLE = 4
_idle: list[tuple[str, Pool]] = []  # what each was started for; the one used last comes last
_lock = threading.Lock()


def ask(function: str, task: Any, *, seconds: float, memory_bytes: int = 1 << 30, init: dict[str, Any] | None = None) -> Reply:
    """What `supervise.run` would answer to this one task, by a worker that stays."""
    key = json.dumps([function, seconds, memory_bytes, init], sort_keys=True)
    pool = _take(key) or Pool(function, iter(()), 1, seconds, memory_bytes, init or {})
    try:
        reply = pool.answer(task)
    except BaseException:
        pool.close()
        raise
    _give_back(key, pool)
    return reply


def close() -> None:
    """Ends the workers that are idle."""
    with _lock:
        pools = [pool for _, pool in _idle]
        _idle.clear()
    for pool in pools:
        pool.close()


def _take(key: str) -> Pool | None:
    with _lock:
        for place in reversed(range(len(_idle))):
            if _idle[place][0] == key:
                return _idle.pop(place)[1]
    return None


def _give_back(key: str, pool: Pool) -> None:
    with _lock:
        _idle.append((key, pool))
        surplus = [_idle.pop(0)[1] for _ in range(len(_idle) - MOST_IDLE)]
    for one in surplus:
        one.close()


def _forget() -> None:
    global _lock
    _lock = threading.Lock()  # a thread of the parent may have held it
    pools = [pool for _, pool in _idle]
    _idle.clear()
    for pool in pools:
        with contextlib.suppress(OSError):
            pool.forget()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
