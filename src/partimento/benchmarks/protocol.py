"""What the published benchmarks share: figures over pieces, and their intervals.

A figure is a sum of nats over a sum of units (notes, frames): a micro average over all pieces of a set.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bootstrap import Interval
from partimento.corpus.encoded import Encoded, Split
from partimento.encodings import Events
from partimento.errors import InvalidOption, UnreadableFile
from partimento.files import sha256
from partimento.models.config import ModelConfig, Recipe
from partimento.models.predictor import Predictor, Scores

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """`nats` [P] of each piece of a set and its `units` [P]; `beside` are other figures that the protocol asks for."""

    nats: Floats
    units: Floats
    beside: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, scores: Iterable[Scores], units: Iterable[float]) -> Figures:
        """All nats of each piece, of all its fields, and the units given for it."""
        nats = [float(one.nats.sum(dtype=np.float64)) for one in scores]
        return cls(np.array(nats), np.array(list(units), np.float64))

    @property
    def micro(self) -> float:
        """All nats over all units: the published figure."""
        return float(self.nats.sum() / self.units.sum())

    @property
    def piece_mean(self) -> float:
        """The mean of the pieces' own figures."""
        return float((self.nats / self.units).mean())

    def interval(self, than: Figures | None = None, resamples: int = 1000, seed: int = 0) -> Interval:
        """The micro figure with its 95% percentile bootstrap over pieces; or its difference from another model's on the same
        pieces, drawn for both at once (Efron and Tibshirani 1993, chapter 13). Raises `InvalidOption` for other pieces."""
        if than is not None and not np.array_equal(than.units, self.units):
            raise InvalidOption("the two models were not scored on the same pieces; score both on one set")
        nats = self.nats if than is None else self.nats - than.nats
        drawn = np.random.Generator(np.random.Philox(seed)).integers(len(nats), size=(resamples, len(nats)))
        return Interval.of(nats.sum() / self.units.sum(), nats[drawn].sum(1) / self.units[drawn].sum(1))

    def to_json(self) -> dict[str, Any]:
        """Stable keys: micro, piece_mean, interval {mean, low, high}, pieces, units, and the names in `beside`."""
        figures = {"micro": self.micro, "piece_mean": self.piece_mean, "interval": self.interval().to_json()}
        return {**figures, "pieces": len(self.nats), "units": int(self.units.sum()), **self.beside}


@dataclass(frozen=True)
class Benchmark:
    """A published protocol on its data: what to train on, how scores become figures, and what a reader must know of them.

    `sha256` is that of the file; `baselines` are the figures of the model called `baseline` on valid and test. `heads` are
    those that the protocol asks for, "" for any that give an exact chain of fields.
    """

    name: str
    unit: str
    encoded: Encoded
    sha256: str
    baseline: str
    baselines: dict[str, Figures]
    measure: Callable[[Iterable[Scores], Split], Figures]
    caveats: tuple[str, ...]
    heads: str = ""

    def allowed(self, recipe: Recipe) -> Recipe:
        """The recipe in the protocol's encoding and with its heads, and with no key, length or other label of a piece."""
        model = recipe.model.without_conditions()
        if self.heads and isinstance(model, ModelConfig):
            model = replace(model, heads=self.heads, interval_logits=False)
        return replace(recipe, encoding=self.encoded.encoding.key, model=model)

    def figures(self, predictors: Predictor | Sequence[Predictor], split: str) -> Figures:
        """The protocol's figures of a split, every piece scored whole; of several predictors as one, by the mean of their
        probabilities of each field."""
        scored = self.encoded.split(split)
        pieces = pieces_of(scored)
        each = [one.score(pieces, hits=False) for one in (predictors if isinstance(predictors, Sequence) else [predictors])]
        return self.measure(map(_as_one, zip(*each, strict=True)), scored)


def _as_one(scores: Sequence[Scores]) -> Scores:
    nats = np.log(len(scores)) - np.logaddexp.reduce([-one.nats for one in scores])
    return Scores(nats.astype(np.float32), scores[0].hits)


def pieces_of(split: Split) -> list[Events]:
    """The pieces of a split, each [T, F], in their order."""
    return [split.encoded.piece(number) for number in split.pieces.tolist()]


def read_set(path: Path, member: str) -> tuple[Any, str]:
    """The JSON of a benchmark's file, or of the member of that name in a zip archive, and the file's SHA-256.

    Raises `UnreadableFile`.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if name.rsplit("/", 1)[-1] == member]
                if not names:
                    raise UnreadableFile("not the data set", f"the archive holds no {member}", name=str(path))
                return json.loads(archive.read(names[0])), sha256(path)
        return json.loads(path.read_bytes()), sha256(path)
    except OSError as error:
        raise UnreadableFile("cannot be read", str(error.strerror or error), name=str(path)) from None
    except (ValueError, zipfile.BadZipFile, RecursionError) as error:
        raise UnreadableFile("not the data set", f"{error}; give {member}, or the zip that holds it", name=str(path)) from None
