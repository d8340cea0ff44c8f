"""The models that come with the package, and where the model lies that a path, a name, or nothing asks for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from partimento.errors import CheckpointError
from partimento.files import named_path
from partimento.models.whereabouts import FILE_NAME

HOUSE = "house"  # the model of whoever names none
PLACE = "PARTIMENTO_MODELS"  # a folder with models by name, in place of the package's own


@dataclass(frozen=True)
class Shipped:
    """A model that comes with the package: its name, what it is good for, and the fingerprint of the one corpus that
    it may have learnt from (`bench/house_corpus.py`; `attribution.py` checks it)."""

    name: str
    good_for: str
    fingerprint: str

    @property
    def folder(self) -> Path:
        """Where its weights, human reference and table of sources lie, in releases and in checkouts that have them."""
        return models_folder() / self.name

    @property
    def is_there(self) -> bool:
        return (self.folder / FILE_NAME).is_file()


SHIPPED = {
    one.name: one
    for one in (
        Shipped(
            HOUSE,
            "whole scores of the 16th to the early 20th century: piano, songs, choirs, hymns, quartets, dances, lead sheets; "
            "it begins, continues, fills bars, accompanies, harmonises, varies, and writes basses and melodies",
            fingerprint="9989a451cd8c8fa6b81d203aa6d3f62f",
        ),
    )
}


def models_folder() -> Path:
    """The folder of the models that come with the package, or the one that the environment names (`PARTIMENTO_MODELS`)."""
    return Path(os.environ.get(PLACE) or Path(__file__).parent.parent / "shipped")


def place_of(model: str | os.PathLike[str] | None = None) -> Path:
    """The path itself where there is something, or where it is no name of a model that comes with the package; else the file of
    that model, of the house model where none is named.

    Raises `CheckpointError` where this copy of the package has no weights of it, `InvalidOption` for an empty path.
    """
    if model is not None:
        path = named_path(model)
        if path.exists() or str(model) not in SHIPPED:
            return path
    shipped = SHIPPED[HOUSE if model is None else str(model)]
    if not shipped.is_there:
        raise CheckpointError(
            f"this copy of partimento comes without the weights of its model {shipped.name!r} ({shipped.folder / FILE_NAME}): "
            f"install a release, which has them, or name a model of your own (partimento train CORPUS --out run)"
        )
    return shipped.folder / FILE_NAME


def model_file(model: str | os.PathLike[str] | None = None) -> Path:
    """The checkpoint file of a run's folder, of a path, or of a model that comes with the package, by its name; of the house model
    where none is named. A path that is there goes before a name.

    A file that is not there is found out by whoever reads it. Raises `CheckpointError` where a run is not finished, and as
    `place_of`.
    """
    path = place_of(model)
    if not path.is_dir():
        return path
    if not (path / FILE_NAME).exists():
        raise CheckpointError(
            f"{path}: holds no {FILE_NAME}; give the folder of a run, or finish its training with the same command"
        )
    return path / FILE_NAME
