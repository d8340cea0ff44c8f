"""Pieces against a corpus or a model: what of them is in its training pieces, and what human pieces copy."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from partimento.analysis.card.rows import Row, card, figures
from partimento.analysis.human_reference import Reference, beside
from partimento.analysis.originality import HUMAN_PIECES, Finding, Index, Limits, index_of, numbers_of
from partimento.corpus import Corpus
from partimento.corpus.store import MANIFEST
from partimento.errors import CorpusError, PartimentoError, UnreadableFile
from partimento.formats import read_all
from partimento.models.shipped import place_of
from partimento.models.tensorfile import load
from partimento.models.whereabouts import FILE_NAME, corpus_of
from partimento.piece import Piece
from partimento.progress import OnProgress, silent
from partimento.system import processors

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """What pieces are laid against, by its `name`: an `index`, and the `corpus` it is of, or the `reference` that was kept of one
    beside a model."""

    name: str
    index: Index
    corpus: Corpus | None = None
    reference: Reference | None = None

    @classmethod
    def of(cls, against: str | os.PathLike[str] | None = None, on_progress: OnProgress = silent) -> Known:
        """Of a corpus, of a run, a checkpoint or a model by its name (the corpus it was trained on, or where that is gone, the
        reference beside the model; the house model for None), or of any scores. Raises `CorpusError`, `CheckpointError`,
        `InvalidOption`."""
        place = place_of(against)
        if (place / MANIFEST).exists():
            corpus = Corpus.open(place)
        else:
            model = place / FILE_NAME if place.is_dir() else place
            if model.suffix != ".safetensors" or not model.is_file():
                return cls(str(place), Index.of(read_pieces([str(place)], on_progress)[0]))
            try:
                corpus = Corpus.open(corpus_of(place))
            except PartimentoError:
                reference = beside(model.parent, load(model)[1])
                if reference is None:
                    raise
                return cls(str(place), reference.index, None, reference)
        return cls(str(place), index_of(corpus, on_progress), corpus)

    def find(self, pieces: Sequence[Piece], stage: str = "looking", on_progress: OnProgress = silent) -> list[Finding]:
        """What of each piece is known."""
        found = []
        for done, piece in enumerate(pieces, 1):
            found.append(self.index.find(piece))
            on_progress(stage, done, len(pieces))
        return found

    def human(self, split: str) -> list[Piece]:
        """Held-out pieces of the corpus; none without one."""
        numbers = [] if self.corpus is None else numbers_of(self.corpus, split, HUMAN_PIECES)
        return [self.corpus.piece(number) for number in numbers] if self.corpus is not None else []


def read_pieces(files: Iterable[str], on_progress: OnProgress = silent) -> tuple[list[tuple[str, Piece]], dict[str, str]]:
    """The pieces with notes by name, and the reasons why others were left out, which are logged as well. Raises `CorpusError` where
    none is left."""
    named: list[tuple[str, Piece]] = []
    refused: dict[str, str] = {}
    files = list(files)
    for done, (name, piece) in enumerate(read_all(files, workers=processors()), 1):
        if isinstance(piece, UnreadableFile) or not len(piece):
            refused[name] = str(piece) if isinstance(piece, UnreadableFile) else f"{name}: no notes"
            log.warning("left out: %s", refused[name])
        else:
            named.append((name, piece))
        on_progress("reading", done, done)
    if not named:
        raise CorpusError(f"no piece with notes among {', '.join(files)}; name scores, folders or archives")
    return named, refused


@dataclass(frozen=True)
class Copies:
    """What of each named piece is known (`found`) of what it was laid `against`, what of human pieces is (`human`), and what these
    copy at most."""

    against: str
    found: dict[str, Finding]
    human: list[Finding]
    limits: Limits | None
    refused: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Stable keys: files (of each name, those of a finding, over), limits (or null), refused (name to reason)."""
        rows = [
            {"name": name, **finding.to_json(), "over": self.limits.crossed(finding) if self.limits else None}
            for name, finding in self.found.items()
        ]
        return {"files": rows, "limits": vars(self.limits) if self.limits else None, "refused": self.refused}


def copies(files: Iterable[str], against: str | os.PathLike[str] | None = None, on_progress: OnProgress = silent) -> Copies:
    """How much of files (scores, folders, archives) is verbatim in a corpus, in a model's training pieces, or in any scores.

    Where there are human pieces that are not in it, the same is reported of them. Raises as `Known.of` and `read_pieces`.
    """
    known = Known.of(against, on_progress)
    named, refused = read_pieces(files, on_progress)
    found = known.find([piece for _, piece in named], on_progress=on_progress)
    human = {split: known.find(known.human(split), f"human pieces ({split})", on_progress) for split in ("valid", "test")}
    limits = None if known.reference is None else known.reference.limits
    if all(human.values()):
        limits = Limits.of(human["valid"], human["test"])
    return Copies(known.name, {name: one for (name, _), one in zip(named, found, strict=True)}, human["test"], limits, refused)


@dataclass(frozen=True)
class Card:
    """The `rows` of a card, and how many pieces it is of: of the files and of human ones."""

    rows: list[Row]
    files: int
    human: int
    refused: dict[str, str]

    @property
    def outside(self) -> list[str]:
        """The figures that are further from the human mean than chance makes them."""
        return [row.name for row in self.rows if not row.inside]


def card_of(
    files: Iterable[str],
    known: Known,
    others: dict[str, list[Piece]] | None = None,
    on_progress: OnProgress = silent,
) -> Card:
    """Files, and `others` by name, beside the human pieces of what is known. Raises `CorpusError` where there are none."""
    if known.corpus is None and (known.reference is None or not len(known.reference.human)):
        raise CorpusError(f"{known.name}: not a corpus; make one with: partimento build {known.name} --out corpus")
    named, refused = read_pieces(files, on_progress)
    sets = {"files": [piece for _, piece in named], **(others or {})}
    if known.reference is None:
        sets["human"] = [piece for split in ("valid", "test") for piece in known.human(split)]
    tables = {name: figures(pieces, known.find(pieces, name, on_progress)) for name, pieces in sets.items()}
    human = tables.pop("human") if known.reference is None else known.reference.human
    return Card(card(tables.pop("files"), human, tables), len(named), len(human), refused)
