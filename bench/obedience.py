"""Asked and got: pieces composed under conditions, and what they turned out to be.

    python bench/obedience.py RUN CORPUS [--count 32] [--guidance 1 2]

Genre is judged by a softmax regression on simple figures of whole pieces (statistics of the card; shares of intervals, durations
and pitch classes above the tonic; mean pitch), trained on the train split and tried on the test split. Key, density, tempo and
length are measured on the notes, by the definitions of the conditions. "no condition" are pieces composed without conditions.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from partimento.analysis.figures.measures import table
from partimento.analysis.figures.registry import FIGURES
from partimento.composing.compose import compose
from partimento.corpus import Corpus
from partimento.encodings.conditions import SCALES, Conditions
from partimento.models.checkpoint import Checkpoint
from partimento.piece import Piece
from partimento.theory import find_key

NOTES = 150  # of a piece, unless its length is what is asked for
LONG = 1500
KEYS = ("C major", "G major", "D minor", "A major", "Bb major")
TEMPOS, DENSITIES, LENGTHS = (70, 100, 140), (1.4, 2.8, 5.6), (8, 16, 32)


def figures(piece: Piece) -> np.ndarray:
    """What the classifier sees of a piece."""
    notes = piece.notes[np.argsort(piece.notes["onset"], kind="stable")]
    pitch, quarters = notes["pitch"].astype(int), notes["duration"] / piece.ticks_per_quarter
    steps = np.bincount(np.clip(np.abs(np.diff(pitch)), 0, 14), minlength=15) / max(1, len(pitch) - 1)
    lengths = np.histogram(np.log2(np.maximum(quarters, 1 / 16)), np.arange(-4, 5))[0] / len(pitch)
    fifths, minor = find_key(np.bincount(pitch % 12, notes["duration"].astype(float), 12))
    degrees = np.bincount((pitch - (7 * fifths + 9 * minor)) % 12, minlength=12) / len(pitch)
    own = np.nan_to_num(table([piece], list(FIGURES)[:7])[0])  # without ending and length
    return np.concatenate([own, steps, lengths, degrees, [pitch.mean() / 12, pitch.std() / 12, float(minor)]])


class Classifier:
    """Softmax regression on standardised figures, with weight decay."""

    def __init__(self, pieces: list[Piece], labels: list[str]) -> None:
        rows = np.stack([figures(piece) for piece in pieces])
        self.names = sorted(set(labels))
        self.mean, self.spread = rows.mean(0), rows.std(0) + 1e-6
        x = torch.tensor((rows - self.mean) / self.spread, dtype=torch.float32)
        y = torch.tensor([self.names.index(label) for label in labels])
        weight = 1 / torch.bincount(y).float()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(x.shape[1], len(self.names))
        optimiser = torch.optim.LBFGS(self.layer.parameters(), max_iter=300)

        def closure() -> torch.Tensor:
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(self.layer(x), y, weight) + 1e-3 * (self.layer.weight**2).sum()
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimiser.step(closure)  # type: ignore[no-untyped-call]

    def name(self, piece: Piece) -> str:
        x = torch.tensor((figures(piece) - self.mean) / self.spread, dtype=torch.float32)
        return self.names[int(self.layer(x).argmax())]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 2.0])
    options = parser.parse_args()
    checkpoint, corpus = Checkpoint.load(options.run), Corpus.open(options.corpus)
    encoding, vocabulary = checkpoint.encoding, checkpoint.vocabulary
    assert vocabulary is not None, "the run knows no conditions"
    splits: dict[int, tuple[list[Piece], list[str]]] = {0: ([], []), 2: ([], [])}
    for number, row in enumerate(corpus.rows):
        if row.split in splits and row.about.genre:
            splits[row.split][0].append(encoding.decode(encoding.encode(corpus.piece(number))))
            splits[row.split][1].append(row.about.genre)
    classifier = Classifier(*splits[0])
    right = np.mean([classifier.name(piece) == genre for piece, genre in zip(*splits[2], strict=True)])
    print(f"The classifier is right of {100 * right:.1f}% of {len(splits[2][0])} test pieces.\n")
    record: dict[str, Any] = {"classifier": right}

    def made(guidance: float, notes: int = NOTES, **asked: Any) -> list[Piece]:
        done = compose(
            checkpoint,
            notes=notes,
            count=options.count,
            seed=1,
            conditions=asked,
            guidance=guidance if asked else 1.0,
            guard=False,
            ending=notes == NOTES,
        )
        return [one.piece for one in done]

    free = [made(1.0), made(1.0, LONG)]
    print("| condition | asked | no condition | " + " | ".join(f"guidance {g:g}" for g in options.guidance) + " |")
    print("|---|---|---:|" + "---:|" * len(options.guidance))

    def told_row(name: str, asked: Any, measure: Any, notes: int = NOTES) -> None:
        cells = [measure(free[notes == LONG])] + [measure(made(g, notes, **{name: asked})) for g in options.guidance]
        record[f"{name}={asked}"] = cells
        print(f"| {name} | {asked} | " + " | ".join(cells) + " |", flush=True)

    for genre in vocabulary.genres:
        told_row("genre", genre, lambda pieces, genre=genre: _percent(classifier.name(one) == genre for one in pieces))
    for key in KEYS:
        wanted = int(vocabulary.named(key=key)[_at("key", vocabulary)])
        told_row("key", key, lambda pieces, wanted=wanted: _percent(_same_key(one, wanted) for one in pieces))
    for name, values in (("tempo", TEMPOS), ("density", DENSITIES)):
        for value in values:
            told_row(name, value, lambda pieces, name=name: _middle(pieces, name))
    for value in LENGTHS:
        told_row("length", value, lambda pieces: _middle(pieces, "length"), LONG)
    print("\n" + json.dumps(record))


def _at(name: str, vocabulary: Conditions) -> int:
    return [field.name for field in vocabulary.fields].index(name)


def _percent(found: Any) -> str:
    return f"{100 * np.mean(list(found)):.0f}%"


def _same_key(piece: Piece, wanted: int) -> bool:
    """Whether the notes fit that key best (a relative key does not count)."""
    fifths, minor = find_key(np.bincount(piece.notes["pitch"] % 12, piece.notes["duration"].astype(float), 12))
    want_fifths, want_minor = (wanted - 1) // 2 - 7, bool((wanted - 1) % 2)
    return (fifths - want_fifths) % 12 == 0 and minor == want_minor


def _middle(pieces: list[Piece], name: str) -> str:
    """Median and quartiles of the quantity, in its unit; where a piece says nothing of it, 120 quarters a minute."""
    values = [_value(piece, name) for piece in pieces]
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def _value(piece: Piece, name: str) -> float:
    first = int(piece.notes["onset"].min())
    quarters = (piece.end_tick - first) / piece.ticks_per_quarter
    if name == "tempo":
        return float(quarters * 60 / max(1e-9, piece.seconds - float(piece.second_at(np.array([first]))[0])))
    if name == "density":
        return len(piece) / quarters
    meter = piece.meters[0] if len(piece.meters) else None
    bar = 4.0 if meter is None else 4 * int(meter["numerator"]) / int(meter["denominator"])
    return piece.end_tick / piece.ticks_per_quarter / bar


if __name__ == "__main__":
    assert set(SCALES) >= {"tempo", "density", "length"}
    main()
