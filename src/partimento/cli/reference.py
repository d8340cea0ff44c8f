"""The human reference beside a model, as commands want it: read, or made of the corpus where that still is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partimento.cli.screen import Screen, Tell, short
from partimento.errors import PartimentoError, WriteFailed

if TYPE_CHECKING:
    from partimento.analysis.human_reference import Reference
    from partimento.corpus import Corpus


def reference_of(screen: Screen, model: Path, metadata: Mapping[str, Any], tell: Tell) -> Reference | None:
    """The reference of the model in a file that says `metadata` of itself; None, with a warning, where there is none to be had."""
    from partimento.analysis.human_reference import REFERENCE_FILE, beside
    from partimento.cli.places import corpus_of
    from partimento.corpus import Corpus

    if (reference := beside(model.parent, metadata)) is not None:
        return reference
    try:
        corpus = Corpus.open(corpus_of(model))
    except PartimentoError:
        corpus = None
    if corpus is not None and corpus.fingerprint == metadata.get("fingerprint"):
        return make_reference(screen, corpus, model.parent, metadata, tell)
    screen.errors.print(
        f"warning: {short(model)} has no {REFERENCE_FILE} beside it, and the corpus it was trained on is not where it was; so "
        "nothing can be said of copying. Train again, or put back one of them",
        markup=False,
    )
    return None


def make_reference(screen: Screen, corpus: Corpus, folder: Path, metadata: Mapping[str, Any], tell: Tell) -> Reference:
    """Makes the reference of a run and keeps it, where the folder can be written."""
    from partimento.analysis.human_reference import Reference

    reference = Reference.of(corpus, metadata.get("only", ()), tell)
    try:
        reference.save(folder)
    except WriteFailed as error:
        screen.errors.print(f"warning: {error}", markup=False)
    return reference
