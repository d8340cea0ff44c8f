"""A folder of scores as a corpus: built once, checked at every opening, split by work."""

from partimento.corpus.build import Options, build
from partimento.corpus.encoded import PARTS, SPLITS, Encoded, Part
from partimento.corpus.labels import Labels
from partimento.corpus.store import Corpus

__all__ = ["PARTS", "SPLITS", "Corpus", "Encoded", "Labels", "Options", "Part", "build"]
