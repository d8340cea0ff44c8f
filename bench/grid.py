"""Why one encoding beats another under one budget: the same recipe on coarser times, and without transposition.

    python bench/grid.py CORPUS [--grid 8] [--no-transpose] [--minutes 3]

MidiTok's REMI keeps eighths of a quarter, `notes` 48 ticks. Here the pieces are put on `--grid` lines a quarter before they are
encoded, so that `lstm_notes@notes` pays for the same times as a REMI row of `partimento leaderboard`; MidiTok's tokens cannot be
transposed by the recipe either, and `--no-transpose` leaves that out. Prints bits per note on the test split.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from partimento import encodings
from partimento.corpus import Corpus
from partimento.corpus.encoded import Encoded
from partimento.models.checkpoint import Checkpoint
from partimento.models.recipes import recipe
from partimento.training.train import train


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--grid", type=int, default=0)
    parser.add_argument("--no-transpose", action="store_true")
    parser.add_argument("--minutes", type=float, default=3.0)
    options = parser.parse_args()
    corpus, encoding = Corpus.open(options.corpus), encodings.make("notes")
    pieces = []
    for number in range(len(corpus)):
        piece = corpus.piece(number)
        pieces.append(encoding.encode(piece.quantise(options.grid) if options.grid else piece))
    encoded = Encoded.of(encoding, pieces, [row.split for row in corpus.rows])
    chosen = recipe("lstm_notes")
    chosen = replace(chosen.without_conditions(), encoding=encoding.key)
    if options.no_transpose:
        chosen = replace(chosen, training=replace(chosen.training, transpose=0))
    with tempfile.TemporaryDirectory() as folder:
        result = train(chosen, encoded, Path(folder), threads=1, budget_seconds=60 * options.minutes)
        predictor = Checkpoint.load(result.path).predictor()
    test = [pieces[number] for number in encoded.split("test").pieces.tolist()]
    nats = np.array([one.nats.sum(0, dtype=np.float64) for one in predictor.score(test)]).sum(0)
    notes = sum(encoding.notes_in(piece) for piece in test)
    bits = nats / np.log(2) / notes
    fields = dict(zip((field.name for field in encoding.fields), bits.round(3).tolist(), strict=True))
    print(json.dumps({"grid": options.grid, "transposed": not options.no_transpose, "bits_per_note": float(bits.sum()), **fields}))


if __name__ == "__main__":
    main()
