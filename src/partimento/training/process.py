"""What a training asks of its process: signals that wait for the end of a step, other processes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as distributed

from partimento.system import locked


@dataclass(frozen=True)
class World:
    """This process among those that train one model together."""

    rank: int = 0
    size: int = 1

    def sum(self, value: float) -> float:
        """The sum over all processes."""
        if self.size == 1:
            return value
        total = torch.tensor([value], dtype=torch.float64, device="cuda" if distributed.get_backend() == "nccl" else "cpu")
        distributed.all_reduce(total)
        return float(total.item())

    def first(self, value: float) -> float:
        """The value that the first process gives."""
        return self.sum(value if self.rank == 0 else 0.0)


@contextlib.contextmanager
def world() -> Iterator[World]:
    """Joins the processes that torchrun started (it sets RANK and WORLD_SIZE); alone without it."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or distributed.is_initialized():
        yield World(distributed.get_rank(), distributed.get_world_size()) if size > 1 else World()
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield World(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def alone_in(folder: Path, processes: World) -> Iterator[None]:
    """No other training is at work in the folder meanwhile. Raises `InvalidOption` where one is."""
    if processes.rank:  # the first process speaks for all of them
        yield
        return
    with locked(folder / ".lock", f"{folder}: another training is at work there; wait for it or choose another folder"):
        yield


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


def is_first() -> bool:
    """Whether this is the first of the processes that torchrun started; alone it is."""
    return os.environ.get("RANK", "0") == "0"
