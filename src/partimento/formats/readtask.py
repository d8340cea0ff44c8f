"""The reading of an item as the task of a worker. Only workers import it, and so load what their limit of memory leaves out."""

from __future__ import annotations

from typing import Any

from partimento.formats import pack, parse, sources
from partimento.formats.limits import DEFAULT_LIMITS, Limits


def read_task(task: dict[str, Any], *, limits: dict[str, Any] | None = None, repeats: str = "written") -> bytes:
    """The piece of an item, packed."""
    item = sources.Item(**task["item"])
    of_item = Limits(**limits) if limits else DEFAULT_LIMITS
    return pack(*parse(sources.load(item), item.suffix, source=item.name, limits=of_item, repeats=repeats))
