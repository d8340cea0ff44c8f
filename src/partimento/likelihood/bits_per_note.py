"""How well a model predicts the pieces of a split, in bits per note, with intervals. It does not know what kind of model it is.

Bits per note are all nats of the scored events, of all their fields, over ln 2, over the notes of these events: a ratio of
sums over pieces (a micro average), so long pieces count for more. It survives a change of encoding; numbers per event do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bootstrap import Interval
from partimento.corpus.encoded import Split
from partimento.encodings import Events
from partimento.errors import CheckpointError, CorpusError, InvalidOption
from partimento.models.predictor import Predictor

Floats = npt.NDArray[np.float64]

_COUNTS_AT_ONCE = 2_000_000  # cells of a block of resamples: bounds the memory of a bootstrap to some tens of megabytes


@dataclass(frozen=True)
class Row:
    """One model on one split: a row of the leaderboard.

    `bits_per_note`; `nats` a note for each field, whose sum over ln 2 is `bits_per_note`; `accuracy` for each field, the
    share of scored events (0..1). `seconds` is the time the scoring took. `context` is how many earlier events the model
    saw, None for all. `numbers` [P] are the pieces in the corpus, `sums` [P, 2 + 2F] their notes, events, nats of each
    field and hits of each field: what `compare` pairs.
    """

    name: str
    split_method: str
    split: str
    context: int | None
    pieces: int
    notes: int
    bits_per_note: Interval
    nats: dict[str, Interval]
    accuracy: dict[str, Interval]
    seconds: float
    encoding: str
    keeps: str
    drops: str
    numbers: npt.NDArray[np.int64] = field(repr=False, compare=False)
    sums: Floats = field(repr=False, compare=False)

    @property
    def leaks(self) -> bool:
        """Whether neighbours of the scored events were open to training: true of the split method `windows`."""
        return self.split_method != "works"

    def to_json(self) -> dict[str, Any]:
        """Stable keys: name, split_method, leaks, split, context (null: all), pieces, notes, bits_per_note {mean, low, high},
        accuracy {field: {mean, low, high}}, nats {field: {mean, low, high}}, encoding, keeps, drops."""
        return {
            "name": self.name,
            "split_method": self.split_method,
            "leaks": self.leaks,
            "split": self.split,
            "context": self.context,
            "pieces": self.pieces,
            "notes": self.notes,
            "bits_per_note": self.bits_per_note.to_json(),
            "accuracy": {name: interval.to_json() for name, interval in self.accuracy.items()},
            "nats": {name: interval.to_json() for name, interval in self.nats.items()},
            "encoding": self.encoding,
            "keeps": self.keeps,
            "drops": self.drops,
        }


@dataclass(frozen=True)
class Difference:
    """Bits per note of `name` less those of `than`, paired by piece; below 0 means that `name` is better.

    `better` is the share of resamples in which it is.
    """

    name: str
    than: str
    bits_per_note: Interval
    better: float

    def to_json(self) -> dict[str, Any]:
        """Stable keys: name, than, bits_per_note {mean, low, high}, better."""
        return {"name": self.name, "than": self.than, "bits_per_note": self.bits_per_note.to_json(), "better": self.better}


def evaluate(
    predictor: Predictor,
    split: Split,
    *,
    context: int | None = None,
    name: str,
    resamples: int = 1000,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Row:
    """Scores the pieces of a split, one after another, so that memory does not grow with the corpus.

    `context` limits each prediction to that many events before it. `on_progress(done, of)` counts pieces. The interval is
    the percentile bootstrap over pieces (Efron and Tibshirani 1993, chapter 13), the same for the same `seed`.
    Raises `InvalidOption` for a context or number of resamples below 1 and for a model of other fields than the corpus
    has, `CorpusError` when no event is scored, `CheckpointError` when the model gives a note no probability.
    """
    if context is not None and context < 1:
        raise InvalidOption(f"context is {context}; it must be at least 1, or None for all that came before")
    if resamples < 1:
        raise InvalidOption(f"resamples is {resamples}; it must be at least 1")
    encoding = split.encoded.encoding
    if tuple(predictor.fields) != tuple(encoding.fields):
        raise InvalidOption(
            f"{name} does not predict the fields of the encoding {encoding.key!r}; score it on a corpus in its own encoding"
        )
    start = time.perf_counter()
    names = [item.name for item in encoding.fields]
    numbers, rows = [], []
    scores = predictor.score(_Pieces(split), context)
    for done, (number, piece_scores) in enumerate(zip(split.pieces.tolist(), scores, strict=True), 1):
        scored = split.targets(number)
        if scored.any():
            nats = piece_scores.nats[scored].sum(axis=0, dtype=np.float64)
            if not np.isfinite(nats).all():
                raise CheckpointError(
                    f"{name} gives an event of piece {number} no probability, or one that is not a number; train it again"
                )
            hits = piece_scores.hits[scored].sum(axis=0, dtype=np.float64)
            notes = encoding.notes_in(split.encoded.piece(number)[scored])
            numbers.append(number)
            rows.append(np.concatenate([[notes, scored.sum()], nats, hits]))
        if on_progress is not None:
            on_progress(done, len(split.pieces))
    sums = np.array(rows, np.float64).reshape(len(rows), 2 + 2 * len(names))
    if not sums[:, 0].any():
        raise CorpusError(
            f"the split {split.name!r} (split method {split.method!r}) holds no note to score; build the corpus from more pieces"
        )
    whole, drawn = _figures(sums.sum(axis=0)), np.concatenate([_figures(total) for total in _resampled(sums, resamples, seed)])
    intervals = [Interval.of(value, column) for value, column in zip(whole[0].tolist(), drawn.T, strict=True)]
    return Row(
        name=name,
        split_method=split.method,
        split=split.name,
        context=context,
        pieces=len(numbers),
        notes=int(sums[:, 0].sum()),
        bits_per_note=intervals[0],
        nats=dict(zip(names, intervals[1 : 1 + len(names)], strict=True)),
        accuracy=dict(zip(names, intervals[1 + len(names) :], strict=True)),
        seconds=time.perf_counter() - start,
        encoding=encoding.key,
        keeps=encoding.keeps,
        drops=encoding.drops,
        numbers=np.array(numbers, np.int64),
        sums=sums,
    )


def compare(rows: Sequence[Row], *, resamples: int = 1000, seed: int = 0) -> list[Difference]:
    """Each row but the first against the first, by a bootstrap of pieces drawn for both at once.

    Raises `InvalidOption` when the rows do not score the same pieces.
    """
    differences = []
    for row in rows[1:]:
        first = rows[0]
        if (row.split, row.split_method) != (first.split, first.split_method) or not np.array_equal(row.numbers, first.numbers):
            raise InvalidOption(
                f"{row.name} and {first.name} were not scored on the same pieces; evaluate both on one split of one corpus"
            )
        both = np.stack([_notes_and_bits(row), _notes_and_bits(first)], axis=1).reshape(len(row.sums), 4)
        totals = np.concatenate([both.sum(axis=0)[None], *_resampled(both, resamples, seed)])
        change = totals[:, 1] / totals[:, 0] - totals[:, 3] / totals[:, 2]
        differences.append(
            Difference(row.name, first.name, Interval.of(float(change[0]), change[1:]), float((change[1:] < 0).mean()))
        )
    return differences


class _Pieces(Sequence[Events]):
    """The pieces of a split, cut from the corpus when asked for."""

    def __init__(self, split: Split) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split.pieces)

    def __getitem__(self, at: Any) -> Any:
        numbers = self.split.pieces[at]
        if isinstance(at, slice):
            return [self.split.encoded.piece(int(number)) for number in numbers]
        return self.split.encoded.piece(int(numbers))


def _notes_and_bits(row: Row) -> Floats:
    fields = len(row.nats)
    return np.stack([row.sums[:, 0], row.sums[:, 2 : 2 + fields].sum(axis=1) / np.log(2)], axis=1)


def _figures(totals: Floats) -> Floats:
    """Bits per note, nats per note of each field, accuracy of each field [R, 1 + 2F] of summed rows [R, 2 + 2F]."""
    totals = np.atleast_2d(totals)
    fields = (totals.shape[1] - 2) // 2
    nats = totals[:, 2 : 2 + fields] / totals[:, :1]
    accuracy = totals[:, 2 + fields :] / totals[:, 1:2]
    return np.concatenate([nats.sum(axis=1, keepdims=True) / np.log(2), nats, accuracy], axis=1)


def _resampled(sums: Floats, resamples: int, seed: int) -> Iterator[Floats]:
    """Sums over as many pieces as there are, drawn with replacement: blocks of [r, K], `resamples` rows in all."""
    pieces = len(sums)
    generator = np.random.Generator(np.random.Philox(seed))
    block = max(1, _COUNTS_AT_ONCE // pieces)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        drawn = generator.integers(pieces, size=(size, pieces)) + np.arange(size)[:, None] * pieces
        times = np.bincount(drawn.ravel(), minlength=size * pieces).reshape(size, pieces)
        yield times.astype(np.float64) @ sums
