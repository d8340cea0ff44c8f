"""The process at the other end of `supervise.py`: reads tasks from stdin, answers each on stdout, and may die at any of them.

It keeps to limits of memory and time, and turns an exception into a reply.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any, BinaryIO

from partimento import system
from partimento.errors import UnreadableFile

_CHECK_EVERY = 64  # tasks between two looks at the memory in use
_LOOK_SECONDS = 1.0  # between two looks whether the parent is still there


def main() -> None:
    """Serves until stdin ends."""
    replies = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # what a library prints must not get between the replies
    tasks = os.fdopen(os.dup(0), "rb", buffering=1 << 18)
    os.dup2(null, 0)
    hello = json.loads(_frame(tasks) or b"{}")
    sys.path[:] = hello["path"]
    module, _, name = hello["function"].partition(":")
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        _write(replies, f"{type(error).__name__}: {error}".encode())
        return
    system.leave_no_core()
    ceiling = system.address_space() + hello["memory_bytes"] // 2  # where to retire early
    _write(replies, b"ready" if system.limit_address_space(hello["memory_bytes"]) else b"ready, without a limit")
    count = 0
    alarm = int(hello["seconds"]) + 90  # the supervisor is faster; this is for the case that it is dead
    if os.getppid() == hello["parent"]:
        threading.Thread(target=_follow, args=(hello["parent"],), daemon=True).start()
    while (task := _frame(tasks)) is not None:
        count += 1
        _alarm(alarm)
        kind, body, exhausted = _answer(function, task, hello["init"])
        retire = exhausted or (count % _CHECK_EVERY == 0 and system.address_space() > ceiling)
        _write(replies, kind + (b"R" if retire else b" "), body)
        if retire:
            return
        _alarm(0)


def _answer(function: Any, task: bytes, init: dict[str, Any]) -> tuple[bytes, bytes, bool]:
    try:
        return b"K", function(task[1:] if task[:1] == b"B" else json.loads(task[1:]), **init), False
    except UnreadableFile as error:
        return b"E", json.dumps([error.reason, error.detail]).encode(), False
    except MemoryError:
        return b"E", json.dumps(["out of memory", "the limit of a worker's memory"]).encode(), True
    except RecursionError:
        return b"E", json.dumps(["crashed", "nested too deeply"]).encode(), False
    except Exception as error:
        return b"E", json.dumps(["crashed", f"{type(error).__name__}: {error}"[:500]]).encode(), False


def _follow(parent: int) -> None:
    """Ends this process when its parent has ended, whatever it is at."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _alarm(seconds: int) -> None:
    if hasattr(signal, "alarm"):  # Windows has none
        signal.alarm(seconds)


def _frame(tasks: BinaryIO) -> bytes | None:
    head = tasks.read(4)
    if len(head) < 4:
        return None
    length = int.from_bytes(head, "big")
    body = tasks.read(length)
    return body if len(body) == length else None


def _write(replies: int, head: bytes, body: bytes = b"") -> None:
    head = (len(head) + len(body)).to_bytes(4, "big") + head
    if hasattr(os, "writev"):
        written = os.writev(replies, [head, body])  # spares a copy of what may be long
        rest = memoryview(head + body)[written:] if written < len(head) + len(body) else b""
    else:
        rest = memoryview(head + body)
    while rest:
        rest = rest[os.write(replies, rest) :]


if __name__ == "__main__":
    main()
