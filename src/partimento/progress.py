"""How work that takes long says where it stands: a function that is handed in."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[str, int, int], None]  # what is done, how much of it, of how much


def silent(stage: str, done: int, total: int) -> None:
    """Says nothing."""
