"""Protocol P1: the JSB chorales, four voices in sixteenths, in nats per note.

A note is one voice in one sixteenth: one of 47 symbols, MIDI pitches 36..81 and rest. Soprano, bass, alto and tenor of a slot
are predicted in this order, each given all slots before and the voices before it; every piece is scored from its first slot,
untransposed, and its nats are divided by 4 T. Rests count; there is no end symbol. What a model may know beside the notes is
the voice and the place in the beat (of pieces that begin on the first slot). Published: `docs/benchmarks.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.protocol import Benchmark, Figures, pieces_of, read_set
from partimento.corpus.encoded import SPLITS, Encoded, Split
from partimento.encodings import Events, make
from partimento.encodings.slots import FIRST_PITCH, GRID, HIGHEST, LOWEST, ORDER, REST, SYMBOLS, VOICES
from partimento.errors import UnreadableFile
from partimento.models.predictor import Scores

MEMBER = "Jsb16thSeparated.json"
PIECES = (229, 76, 77)  # of train, valid, test
NOTES = (220_912, 73_632, 75_600)
PUBLISHED_VALID = 0.335  # Music Transformer, Huang et al. 2019, table 2
CAVEATS = (
    "Rests count, there is no end symbol, nothing is transposed.",
    "Each note is predicted from all slots before and the voices before it (soprano, bass, alto, tenor); nothing else is given "
    "but the place in the beat.",
)
_STEPS = 40  # of expectation-maximisation; the figures below stand after 10


def read(path: Path) -> tuple[Encoded, str]:
    """The three sets in the encoding `slots`, and the SHA-256 of the file. Raises `UnreadableFile` where it is another."""
    rows, digest = read_set(path, MEMBER)
    pieces, splits = [], []
    try:
        for split, name in enumerate(SPLITS):
            for piece in rows[name]:
                pieces.append(_ids(np.array(piece, np.int64).reshape(-1, VOICES)))
                splits.append(split)
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFile("not the data set", f"no chorales as lists of four pitches ({error!r})", name=str(path)) from None
    counts = tuple(splits.count(split) for split in range(3))
    notes = tuple(sum(piece.size for piece, of in zip(pieces, splits, strict=True) if of == split) for split in range(3))
    if (counts, notes) != (PIECES, NOTES):
        raise UnreadableFile("not the data set", f"{counts} pieces of {notes} notes, not {PIECES} of {NOTES}", name=str(path))
    return Encoded.of(make("slots"), pieces, splits), digest


def _ids(pitch: npt.NDArray[np.int64]) -> Events:
    if not ((pitch == -1) | ((pitch >= LOWEST) & (pitch <= HIGHEST))).all():
        raise ValueError("a pitch outside 36..81")
    return np.where(pitch < 0, REST, pitch - LOWEST + FIRST_PITCH).astype(np.uint8)[:, ORDER]


def benchmark(path: Path) -> Benchmark:
    """The protocol on the data in a file. Raises `UnreadableFile`."""
    encoded, digest = read(path)
    held = HoldLast(pieces_of(encoded.split("train")))
    splits = {name: encoded.split(name) for name in ("valid", "test")}
    baselines = {name: measure(held.score(pieces_of(split)), split) for name, split in splits.items()}
    return Benchmark("jsb", "nats per note", encoded, digest, "hold the last note", baselines, measure, CAVEATS)


def measure(scores: Iterable[Scores], split: Split) -> Figures:
    """The protocol's figures from the scores of a split's pieces, in their order."""
    return Figures.of(scores, [split.encoded.piece(number).size for number in split.pieces.tolist()])


class HoldLast:
    """The baseline: with a probability that depends on voice and place in the beat the last note again, otherwise a draw
    from the voice's notes in train (each symbol counted once more). The probabilities are fitted on train by expectation-
    maximisation. Gives 0.841 on valid and 0.895 on test."""

    def __init__(self, train: Sequence[Events]) -> None:
        counts = np.stack(
            [np.bincount(np.concatenate([piece[:, v] for piece in train]), minlength=SYMBOLS + 1) for v in range(VOICES)]
        )
        counts = counts + (np.arange(SYMBOLS + 1) > 0)
        self.unigram: npt.NDArray[np.float64] = counts / counts.sum(1, keepdims=True)  # [V, id]
        now = np.concatenate([piece[1:] for piece in train])
        same = now == np.concatenate([piece[:-1] for piece in train])
        beat = np.concatenate([np.arange(1, len(piece)) for piece in train]) % GRID
        chance = self.unigram[np.arange(VOICES), now]
        self.hold = np.full((GRID, VOICES), 0.8)
        for _ in range(_STEPS):
            held = same * self.hold[beat] / (same * self.hold[beat] + (1 - self.hold[beat]) * chance)
            self.hold = np.stack([held[beat == place].mean(0) for place in range(GRID)])

    def distribution(self, before: npt.NDArray[Any] | None, place: int) -> npt.NDArray[np.float64]:
        """p [V, id] of the slot at a place in the piece, after the slot `before` [V]."""
        hold = self.hold[place % GRID][:, None] if before is not None else np.zeros((VOICES, 1))
        last = np.zeros(VOICES) if before is None else np.asarray(before)
        p: npt.NDArray[np.float64] = (1 - hold) * self.unigram + hold * (np.arange(SYMBOLS + 1) == last[:, None])
        return p

    def score(self, pieces: Sequence[Events]) -> Iterator[Scores]:
        """Nats and hits of whole pieces, each [T, F]."""
        for piece in pieces:
            chance = self.unigram[np.arange(VOICES), piece]
            p = chance.copy()
            hold = self.hold[np.arange(1, len(piece)) % GRID]
            p[1:] = hold * (piece[1:] == piece[:-1]) + (1 - hold) * chance[1:]
            yield Scores(-np.log(p).astype(np.float32), np.zeros(piece.shape, np.float32))


def uniform(pieces: Sequence[Events]) -> Iterator[Scores]:
    """Nats and hits of pieces [T, F], every symbol alike: ln 47 = 3.8501 nats a note."""
    for piece in pieces:
        yield Scores(np.full(piece.shape, np.log(SYMBOLS), np.float32), np.zeros(piece.shape, np.float32))
