"""Partimento trains, measures and plays models of written music. Nothing is imported until it is asked for."""

from importlib import import_module

__all__ = [
    "Corpus",
    "Piece",
    "Rules",
    "Sampling",
    "Task",
    "build",
    "compare",
    "compose",
    "evaluate",
    "load",
    "read",
    "train",
    "write",
]

TYPE_CHECKING = False  # true to checkers and editors; typing's own would have to be imported
if TYPE_CHECKING:
    from partimento.composing.pieces import compose
    from partimento.composing.rules import Rules
    from partimento.composing.sampling import Sampling
    from partimento.corpus import Corpus
    from partimento.corpus.from_sources import build
    from partimento.formats import read, write
    from partimento.likelihood.of_corpus import compare, evaluate
    from partimento.models.checkpoint import Checkpoint as _Checkpoint
    from partimento.piece import Piece
    from partimento.task import Task
    from partimento.training.from_corpus import train
    from partimento.version import VERSION

    load = _Checkpoint.load
    __version__ = VERSION
else:
    _PLACES = {
        "Corpus": "corpus:Corpus",
        "Piece": "piece:Piece",
        "Rules": "composing.rules:Rules",
        "Sampling": "composing.sampling:Sampling",
        "Task": "task:Task",
        "build": "corpus.from_sources:build",
        "compare": "likelihood.of_corpus:compare",
        "compose": "composing.pieces:compose",
        "evaluate": "likelihood.of_corpus:evaluate",
        "load": "models.checkpoint:Checkpoint.load",
        "read": "formats:read",
        "train": "training.from_corpus:train",
        "write": "formats:write",
        "__version__": "version:VERSION",
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
