"""The named recipes: functions that return one. They know names and numbers, no tensor and no data."""

from __future__ import annotations

from collections.abc import Callable

from partimento.errors import UnknownName
from partimento.models.config import ModelConfig, Recipe


def seed_joint() -> Recipe:
    """The seed's first variant: input and output are one class of 60, pitch class times duration."""
    return Recipe("seed_joint", "melody", ModelConfig(inputs="joint", heads="joint", embedding=128))


def seed_pair() -> Recipe:
    """The seed's second variant: pitch class and duration enter side by side and leave as two independent softmaxes."""
    return Recipe("seed_pair", "melody", ModelConfig(inputs="fields", heads="independent", embedding=64))


RECIPES: dict[str, Callable[[], Recipe]] = {"seed_joint": seed_joint, "seed_pair": seed_pair}


def recipe(name: str) -> Recipe:
    """The recipe of that name. Raises `UnknownName`."""
    if name not in RECIPES:
        raise UnknownName("recipe", name, RECIPES)
    return RECIPES[name]()
