"""Tasks that behave badly, run inside worker processes by the tests of the supervisor."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any

from partimento.errors import UnreadableFile
from partimento.formats import pack, parse


def act(task: Any) -> bytes:
    """Does what the task says."""
    if task == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "exit":
        os._exit(3)
    if task == "hang":
        time.sleep(1000)
    if task == "spin":
        while True:
            pass
    if task == "swell":
        return bytes(8 << 30)
    if task == "raise":
        raise ValueError("no such luck")
    if task == "refuse":
        raise UnreadableFile("no notes", "not one")
    if task == "print":
        print("this must not get between the replies")  # noqa: T201
    return task if isinstance(task, bytes) else str(task).encode()


def parse_named(task: dict[str, Any], *, folder: str) -> bytes:
    """Parses a file of a folder."""
    with open(os.path.join(folder, task["name"]), "rb") as file:
        return pack(*parse(file.read(), os.path.splitext(task["name"])[1], source=task["name"], repeats="played"))


def parse_mutant(seed: int, *, valid: str) -> bytes:
    """Parses a file with a few bytes changed, removed or doubled."""
    rng = random.Random(seed)
    data = bytearray.fromhex(valid)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data))
        kind = rng.randrange(3)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at : at + rng.randint(1, 4)]
        else:
            data[at:at] = data[at : at + rng.randint(1, 8)]
    return pack(*parse(bytes(data), ".mid"))
