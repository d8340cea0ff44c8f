"""How many threads torch computes on."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from partimento.errors import InvalidOption


@contextlib.contextmanager
def thread_count(count: int) -> Iterator[None]:
    """Torch works with `count` threads inside, where it is loaded; 0 leaves its choice. Raises `InvalidOption` for fewer."""
    if count < 0:
        raise InvalidOption(f"{count} is below 0, which takes one for each core", option="threads")
    torch: Any = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
