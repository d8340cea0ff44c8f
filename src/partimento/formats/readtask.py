"""The reading of an item as the task of a worker. Only workers import it, and so load what their limit of memory leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from partimento.formats import pack, parse, register, sources
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.midi import note_order as note_order  # compiled loops: large to import
from partimento.formats.midi import playing as playing


def read_task(
    task: dict[str, Any], *, limits: dict[str, Any] | None = None, repeats: str = "written", formats: Sequence[str] = ()
) -> bytes:
    """The piece of an item, packed; `formats` are the modules that declare those of the main process."""
    _register(formats)
    item = sources.Item(**task["item"])
    of_item = Limits(**limits) if limits else DEFAULT_LIMITS
    return pack(*parse(sources.load(item), item.suffix, source=item.name, limits=of_item, repeats=repeats))


def parse_task(data: bytes, *, suffix: str, formats: Sequence[str] = ()) -> bytes:
    """The piece in bytes, packed."""
    _register(formats)
    return pack(*parse(data, suffix))


def _register(formats: Sequence[str]) -> None:
    for module in formats:
        register(module)
