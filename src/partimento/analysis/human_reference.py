"""What a model's music is laid beside, as one file in its run: the training pieces, indexed, and what human pieces measure.

It knows a corpus when it is made, and none when it is read; so a model can be moved without its corpus.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis import repetition
from partimento.analysis.card.rows import figures
from partimento.analysis.originality import HUMAN_PIECES, INDEX_VERSION, Index, Limits, index_of, numbers_of
from partimento.analysis.repetition import Habits
from partimento.corpus import Corpus
from partimento.errors import CheckpointError
from partimento.models.tensorfile import load, save

REFERENCE_FILE = "reference.safetensors"
REFERENCE_VERSION = 1  # raised whenever another file comes of the same corpus
log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """`index` holds the train split; `human` [P, len(card.ROWS)] and `repetition` [P, K] are the figures of the card and of
    `repetition.py` of valid and test pieces; `limits` is what these copy at most, None where a split has no piece.

    `stamp` says of which corpus, and of which pieces of it, all this is.
    """

    index: Index
    human: Floats
    repetition: Floats
    limits: Limits | None
    stamp: dict[str, Any]

    @classmethod
    def of(cls, corpus: Corpus, only: Sequence[str] = (), tell: Callable[[str, int, int], None] = lambda *_: None) -> Reference:
        """The reference of models trained on a corpus, or on those pieces of it that fit the rules `only`; these human pieces
        are measured, while the index holds every piece of the train split. `tell(stage, done, of)` counts pieces."""
        index = index_of(corpus, lambda done, of: tell("index", done, of))
        pieces, found, of_split = [], [], {}
        for split in ("valid", "test"):
            numbers = numbers_of(corpus, split, HUMAN_PIECES, only)
            for done, number in enumerate(numbers, 1):
                pieces.append(corpus.piece(number))
                found.append(index.find(pieces[-1]))
                tell(f"human pieces ({split})", done, len(numbers))
            of_split[split] = found[-len(numbers) :] if numbers else []
        limits = Limits.of(of_split["valid"], of_split["test"]) if all(of_split.values()) else None
        rows = np.array([repetition.figures(piece) for piece in pieces]).reshape(len(pieces), repetition.FIGURES)
        return cls(index, figures(pieces, found), rows, limits, stamp_of(corpus.fingerprint, only))

    @cached_property
    def habits(self) -> Habits | None:
        """How much the human pieces repeat; None without any."""
        return Habits.of(self.repetition) if len(self.repetition) else None

    def save(self, folder: Path) -> None:
        """Writes the file of a run, with a checksum. Raises `WriteFailed`."""
        arrays = self.index.arrays | {"human": self.human, "repetition": self.repetition}
        limits = None if self.limits is None else vars(self.limits)
        save(folder / REFERENCE_FILE, arrays, {"reference": self.stamp, "names": self.index.names, "limits": limits})

    @classmethod
    def load(cls, folder: Path, metadata: Mapping[str, Any]) -> Reference:
        """The reference in the folder of a model that says `metadata` of itself. Raises `CheckpointError` when there is none, or
        when it is damaged or of other training data."""
        path = folder / REFERENCE_FILE
        arrays, told = load(path)
        stamp = stamp_of(str(metadata.get("fingerprint", "")), metadata.get("only", ()))
        if told.get("reference") != stamp:
            raise CheckpointError(f"{path}: of other pieces than the model was trained on; delete it")
        index = Index.of_arrays(told["names"], arrays)
        limits = None if told["limits"] is None else Limits(**told["limits"])
        return cls(index, arrays["human"], arrays["repetition"], limits, stamp)


def beside(folder: Path, metadata: Mapping[str, Any]) -> Reference | None:
    """The reference in the folder of a model, if it is there and right; a wrong one is warned of."""
    if not (folder / REFERENCE_FILE).exists():
        return None
    try:
        return Reference.load(folder, metadata)
    except CheckpointError as error:
        log.warning("%s", error)
        return None


def stamp_of(fingerprint: str, only: Sequence[str]) -> dict[str, Any]:
    return {"fingerprint": fingerprint, "only": list(only), "version": [REFERENCE_VERSION, INDEX_VERSION]}
