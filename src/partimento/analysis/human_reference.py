"""What a model's music is compared with, as one file in its run: the index of the training pieces, and the figures of human ones.

It is made once from the corpus and read without it, so a model can be moved without its corpus.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis import repetition
from partimento.analysis.card.rows import ROWS, figures
from partimento.analysis.originality import HUMAN_PIECES, INDEX_VERSION, Index, Limits, index_of, numbers_of, ready
from partimento.analysis.packed_index import packed, textures, unpacked
from partimento.analysis.repetition import Habits
from partimento.corpus import Corpus
from partimento.errors import CheckpointError, PartimentoError, WriteFailed
from partimento.models.tensorfile import load, save
from partimento.models.whereabouts import corpus_of
from partimento.progress import OnProgress, silent

REFERENCE_FILE = "reference.safetensors"
PACKED_FILE = "pieces.safetensors"  # the index of a reference that travels with a model
# the rows of files that do not name theirs
UNNAMED_ROWS = """pitch_class_entropy scale_consistency groove_consistency notes_per_bar polyphony repeated_runs repeated_bars
ending bars longest_run_notes copied_1_bars copied_2_bars copied_4_bars
copied_line_1_bars copied_line_2_bars copied_line_4_bars""".split()
REFERENCE_VERSION = 1  # raised whenever another file comes of the same corpus
log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """`index` holds the train split, and is read when it is asked for; `human` [P, len(card.ROWS)] and `repetition` [P, K] are the
    figures of the card and of `repetition.py` of valid and test pieces; `limits` is what these copy at most, None where a split
    has no piece.

    `stamp` says of which corpus, and of which pieces of it, all this is.
    """

    read_index: Callable[[], Index]
    human: Floats
    repetition: Floats
    limits: Limits | None
    stamp: dict[str, Any]

    @classmethod
    def of(cls, corpus: Corpus, only: Sequence[str] = (), on_progress: OnProgress = silent, *, light: bool = False) -> Reference:
        """The reference of models trained on a corpus, or on those pieces of it that fit the rules `only`; these human pieces
        are measured, while the index holds every piece of the train split; a `light` one of their textures alone, as
        `packed_index.py` keeps it. `on_progress` counts pieces."""
        index = index_of(corpus, on_progress)
        index = textures(index) if light else index
        pieces, found, of_split = [], [], {}
        for split in ("valid", "test"):
            numbers = numbers_of(corpus, split, HUMAN_PIECES, only)
            for done, number in enumerate(numbers, 1):
                pieces.append(corpus.piece(number))
                found.append(index.find(pieces[-1]))
                on_progress(f"human pieces ({split})", done, len(numbers))
            of_split[split] = found[-len(numbers) :] if numbers else []
        limits = Limits.of(of_split["valid"], of_split["test"]) if all(of_split.values()) else None
        rows = np.array([repetition.figures(piece) for piece in pieces]).reshape(len(pieces), repetition.FIGURES)
        return cls(lambda: index, figures(pieces, found), rows, limits, stamp_of(corpus.fingerprint, only))

    @cached_property
    def index(self) -> Index:
        return self.read_index()

    @cached_property
    def habits(self) -> Habits | None:
        """How much the human pieces repeat; None without any."""
        return Habits.of(self.repetition) if len(self.repetition) else None

    def save(self, folder: Path, *, light: bool = False) -> None:
        """Writes the file of a run, with a checksum; of a `light` one the index is a file of its own, a tenth as large. Raises
        `WriteFailed`."""
        human = {"human": self.human, "repetition": self.repetition}
        limits = None if self.limits is None else vars(self.limits)
        names = {"names": self.index.names, "figures": list(ROWS)}
        if light:
            save(folder / PACKED_FILE, packed(self.index), {"reference": self.stamp})
        save(
            folder / REFERENCE_FILE,
            human if light else self.index.arrays | human,
            {"reference": self.stamp, "limits": limits, **names},
        )

    @classmethod
    def load(cls, folder: Path, metadata: Mapping[str, Any]) -> Reference:
        """The reference in the folder of a model that says `metadata` of itself. Raises `CheckpointError` when there is none, or
        when it is damaged or of other training data."""
        path = folder / REFERENCE_FILE
        arrays, record = load(path)
        stamp = stamp_of(str(metadata.get("fingerprint", "")), metadata.get("only", ()))
        found = record.get("reference")
        if isinstance(found, dict) and found.get("version") != stamp["version"]:
            raise CheckpointError(f"{path}: made by another version of this program; delete it, and it is made again of the corpus")
        if found != stamp:
            raise CheckpointError(f"{path}: of other pieces than the model was trained on; delete it")
        names = record["names"]

        def read_index() -> Index:
            if "steps" in arrays:
                return ready(path, stamp, lambda: Index.of_arrays(names, arrays))
            return ready(folder / PACKED_FILE, stamp, lambda: _unpacked(folder, names, stamp))

        limits = None if record["limits"] is None else Limits(**record["limits"])
        human = _by_name(arrays["human"], record.get("figures", UNNAMED_ROWS))
        return cls(read_index, human, arrays["repetition"], limits, stamp)


def _unpacked(folder: Path, names: Sequence[str], stamp: dict[str, Any]) -> Index:
    """The index that lies in a file of its own. Raises `CheckpointError`."""
    path = folder / PACKED_FILE
    arrays, record = load(path)
    if record.get("reference") != stamp:
        raise CheckpointError(f"{path}: of other pieces than the model was trained on; delete it, and {REFERENCE_FILE} with it")
    return unpacked(names, arrays)


def _by_name(table: Floats, names: Sequence[str]) -> Floats:
    """The columns in the order of the card's rows [P, len(ROWS)]; not a number where the file lacks one."""
    column = dict(zip(names, table.T, strict=True))
    return np.stack([column.get(name, np.full(len(table), np.nan)) for name in ROWS], axis=1)


def beside(folder: Path, metadata: Mapping[str, Any]) -> Reference | None:
    """The reference in the folder of a model, if it is there and right; a wrong one is warned of."""
    if not (folder / REFERENCE_FILE).exists():
        return None
    try:
        written = tuple(path.stat().st_mtime_ns for path in (folder / REFERENCE_FILE, folder / PACKED_FILE) if path.exists())
        return _kept(folder, str(metadata.get("fingerprint", "")), tuple(metadata.get("only", ())), written)
    except CheckpointError as error:
        log.warning("%s", error)
        return None


@lru_cache(maxsize=2)
def _kept(folder: Path, fingerprint: str, only: tuple[str, ...], written: tuple[int, ...]) -> Reference:
    """The reference in a folder, kept for the next piece until a file of it is `written` anew. Raises `CheckpointError`."""
    return Reference.load(folder, {"fingerprint": fingerprint, "only": only})


def reference_of(model: Path, metadata: Mapping[str, Any], on_progress: OnProgress = silent) -> Reference | None:
    """The reference of the model in a file that says `metadata` of itself: the one beside it, or made now of its corpus, where that
    still lies where it was. None, with a warning, where there is none to be had."""
    if (reference := beside(model.parent, metadata)) is not None:
        return reference
    try:
        corpus = Corpus.open(corpus_of(model))
    except PartimentoError:
        corpus = None
    if corpus is not None and corpus.fingerprint == metadata.get("fingerprint"):
        return make_reference(corpus, model.parent, metadata.get("only", ()), on_progress)
    log.warning(
        "%s has no %s beside it, and the corpus it was trained on is not where it was; so nothing can be said of copying. "
        "Train again, or put back one of them",
        model,
        REFERENCE_FILE,
    )
    return None


def make_reference(corpus: Corpus, folder: Path, only: Sequence[str] = (), on_progress: OnProgress = silent) -> Reference:
    """Makes the reference of a run and keeps it, where the folder can be written."""
    reference = Reference.of(corpus, only, on_progress)
    try:
        reference.save(folder)
    except WriteFailed as error:
        log.warning("%s", error)
    return reference


def stamp_of(fingerprint: str, only: Sequence[str]) -> dict[str, Any]:
    return {"fingerprint": fingerprint, "only": list(only), "version": [REFERENCE_VERSION, INDEX_VERSION]}
