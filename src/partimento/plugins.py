"""Objects that are named and imported when they are first used: "package.module:object"."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

from partimento.errors import InvalidOption


def imported(place: str) -> Any:
    """The object at a place such as "package.module:Class.method"."""
    module, _, path = place.partition(":")
    found: Any = import_module(module)
    for attribute in path.split("."):
        found = getattr(found, attribute)
    return found


EXTRAS = {"torch": "train", "lightgbm": "chorale", "miditok": "compare", "symusic": "compare", "music21": "corpora"}


def missing(error: ModuleNotFoundError) -> str | None:
    """What to install, where the module that is not found belongs to an optional dependency."""
    module = (error.name or "").partition(".")[0]
    return f"this needs {module}, which is not installed: pip install 'partimento[{EXTRAS[module]}]'" if module in EXTRAS else None


def extra(module: str, name: str, purpose: str) -> ModuleType:
    """A module of an optional dependency, which `pip install partimento[name]` brings.

    Raises `InvalidOption` where it is not installed: `purpose` says in one word or a few what needs it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise InvalidOption(f"{purpose} needs {module}, which is not installed: pip install 'partimento[{name}]'") from None
