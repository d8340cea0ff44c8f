"""A folder of scores as a corpus: built once, checked at every opening, split by work."""

from partimento.corpus.build import Options, build
from partimento.corpus.encoded import SPLIT_METHODS, SPLITS, Encoded, Split
from partimento.corpus.labels import Labels
from partimento.corpus.store import Corpus

__all__ = ["SPLITS", "SPLIT_METHODS", "Corpus", "Encoded", "Labels", "Options", "Split", "build"]
