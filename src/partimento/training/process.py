"""What a training asks of its process: a number of threads, and signals that wait for the end of a step. It knows no model."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def thread_count(count: int) -> Iterator[None]:
    """Torch works with `count` threads inside; 0 leaves its choice."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def signals() -> Iterator[list[int]]:
    """Collects SIGTERM and SIGINT instead of dying of them; only the main thread may."""
    got: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield got
        return
    before = {number: signal.signal(number, lambda number, _: got.append(number)) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield got
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
