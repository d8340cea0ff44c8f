"""The present weights of a training that still runs, as a model that composes: python bench/milestone.py RUN OUT --corpus CORPUS

A finished run knows its corpus; one that still runs does not say it yet.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from partimento.corpus import Corpus
from partimento.models.whereabouts import corpus_of
from partimento.training.milestone import milestone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    corpus = Corpus.open(options.corpus or corpus_of(options.run))
    made = milestone(options.run, corpus, options.out)
    print(made, f"step {made.metadata['training']['step']}, valid bits per note {made.metadata['training']['valid_bits']}")


if __name__ == "__main__":
    main()
