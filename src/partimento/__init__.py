"""Partimento trains, measures and plays models of written music. Nothing is imported until it is asked for."""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["Rules", "Task", "compose", "load", "read", "write"]

TYPE_CHECKING = False  # true to checkers and editors; typing's own would have to be imported
if TYPE_CHECKING:
    from partimento.composing.compose import compose
    from partimento.composing.rules import Rules
    from partimento.formats import read, write
    from partimento.models.checkpoint import Checkpoint as _Checkpoint
    from partimento.task import Task

    load = _Checkpoint.load
else:
    _PLACES = {
        "Rules": "composing.rules:Rules",
        "Task": "task:Task",
        "compose": "composing.compose:compose",
        "load": "models.checkpoint:Checkpoint.load",
        "read": "formats:read",
        "write": "formats:write",
    }

    def __getattr__(name):
        if name not in _PLACES:
            raise AttributeError(f"module 'partimento' has no attribute {name!r}; it has {', '.join(__all__)}")
        module, _, path = _PLACES[name].partition(":")
        found = import_module(f"partimento.{module}")
        for attribute in path.split("."):
            found = getattr(found, attribute)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
