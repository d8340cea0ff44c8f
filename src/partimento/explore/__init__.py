"""Counting a corpus or a set of generated pieces: distributions, figures, distances with a human floor, and the report."""

from partimento.explore.analysis import Exploration, explore
from partimento.explore.counting import measure
from partimento.explore.features import FEATURES, FIGURES, Measures
from partimento.explore.music import Music
from partimento.explore.ngrams import KINDS, Ngrams, stream
from partimento.explore.similarity import self_similarity

__all__ = [
    "FEATURES",
    "FIGURES",
    "KINDS",
    "Exploration",
    "Measures",
    "Music",
    "Ngrams",
    "explore",
    "measure",
    "self_similarity",
    "stream",
]
