"""Going on from another model: which recipe, which weights may move, and how fast. The figures behind it: `bench/style.py`."""

from __future__ import annotations

import logging
import os
from dataclasses import replace

from partimento.errors import UnknownName
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import Recipe
from partimento.models.shipped import HOUSE, SHIPPED

NOTHING = "nothing"  # to begin from, where a model of one's own is wanted that has seen no other music
ADAPTS = ("few", "all")
RATES = {"few": 4e-3, "all": 4e-4}
OPTIMISERS = {"few": "low_rank", "all": "adamw"}
VALID_EVERY, PATIENCE, WARMUP = 25, 3, 20  # a few pieces are learnt in some hundred steps, and overlearnt soon after
log = logging.getLogger(__name__)

Start = Checkpoint | str | os.PathLike[str] | None


def begun_from(start: Start, fresh: bool) -> Checkpoint | None:
    """The model that a training goes on from: the one that is named, none for "nothing", and where none is named the house model,
    unless a `fresh` one is asked for by a recipe, an encoding or a size.

    A copy of the package without the house model begins from nothing, and says so once. Raises `CheckpointError`.
    """
    if isinstance(start, Checkpoint):
        return start
    if start is not None:
        return None if os.fspath(start) == NOTHING else Checkpoint.load(start)
    if fresh:
        return None
    if not SHIPPED[HOUSE].is_there:
        log.warning(
            "this copy of partimento comes without the weights of its model %r, so the training begins from nothing; say so with "
            "--from nothing, or install a release",
            HOUSE,
        )
        return None
    return Checkpoint.load()


def adapted(recipe: Recipe, adapt: str) -> Recipe:
    """The recipe of a model for a training that goes on from it on other music: small rates, early stopping, and either every
    weight moves (`all`), or norms and biases do, and each matrix by a change of low rank (`few`).

    Raises `UnknownName`.
    """
    if adapt not in ADAPTS:
        raise UnknownName("adapt", adapt, ADAPTS)
    training = replace(
        recipe.training,
        optimiser=OPTIMISERS[adapt],
        learning_rate=RATES[adapt],
        schedule="plateau",
        steps=0,
        warmup=WARMUP,
        valid_every=VALID_EVERY,
        patience=PATIENCE,
        decays=1,
        min_gain=0.002,
        weights="",
    )
    return replace(recipe, training=training)
