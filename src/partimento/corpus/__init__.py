"""A folder of scores as a corpus: built once, checked at every opening, split by work. Its parts are imported when asked for."""

from typing import TYPE_CHECKING, Any

from partimento.plugins import imported

if TYPE_CHECKING:
    from partimento.corpus.build import Options
    from partimento.corpus.encoded import SPLIT_METHODS, SPLITS, Encoded, Split
    from partimento.corpus.labels import Labels
    from partimento.corpus.store import Corpus

__all__ = ["SPLITS", "SPLIT_METHODS", "Corpus", "Encoded", "Labels", "Options", "Split"]

_MODULES = {
    "build": ("Options",),
    "encoded": ("SPLITS", "SPLIT_METHODS", "Encoded", "Split"),
    "labels": ("Labels",),
    "store": ("Corpus",),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return imported(f"partimento.corpus.{module}:{name}")
    raise AttributeError(f"module 'partimento.corpus' has no attribute {name!r}")
