"""How many threads torch computes on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from partimento.errors import InvalidOption


@contextlib.contextmanager
def thread_count(count: int) -> Iterator[None]:
    """Torch works with `count` threads inside; 0 leaves its choice. Raises `InvalidOption` for fewer."""
    if count < 0:
        raise InvalidOption(f"{count} is below 0, which takes one for each core", option="threads")
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
