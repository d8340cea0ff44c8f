"""The families of neural models, by name: what their settings, networks and predictors are. It imports none of them.

A family that lives elsewhere is added by `register`; its classes are imported when a recipe or a checkpoint first asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

from partimento.errors import InvalidOption, UnknownName
from partimento.plugins import imported


@dataclass(frozen=True)
class FamilyConfig:
    """The settings of a model of some family: a frozen dataclass whose JSON form says `family`, but for the first one's."""

    @property
    def width(self) -> int:
        """Of its vectors, in numbers."""
        raise NotImplementedError

    @property
    def layers(self) -> int:
        """How many of that width."""
        raise NotImplementedError

    @property
    def family(self) -> str:
        return FIRST

    @property
    def conditions(self) -> bool:
        """Whether the model is told the conditions of a piece."""
        return False

    def changed(self, **values: Any) -> Self:
        """The same settings but for these. Raises `InvalidOption` where one of them is unknown or out of range."""
        if unknown := set(values) - {entry.name for entry in fields(self)}:
            raise InvalidOption(f"models of the family {self.family!r} have no {', '.join(sorted(unknown))}; take another recipe")
        return replace(self, **values)

    def without_conditions(self) -> Self:
        """The settings of the same model that is told none."""
        return self


@dataclass(frozen=True)
class Family:
    """Places ("package.module:object") of a family's settings (a `FamilyConfig`), of its model (a `NeuralModel`, whose `of` takes
    settings, an encoding and a vocabulary of conditions or None), and of its predictor, called with model, encoding, conditions.

    `network`, where there is one, computes it without torch: an `EventNetwork` whose `of` takes settings, tensors, encoding and
    vocabulary, and whose `covers` says of settings whether it can."""

    config: str
    model: str
    predictor: str
    network: str = ""

    def config_class(self) -> Any:
        return imported(self.config)

    def model_class(self) -> Any:
        return imported(self.model)

    def predictor_class(self) -> Any:
        return imported(self.predictor)

    def network_class(self) -> Any:
        return imported(self.network)


FIRST = "fields"  # of embeddings, a backbone and heads: what a recipe means that names no family
FAMILIES = {
    FIRST: Family(
        config="partimento.models.config:ModelConfig",
        model="partimento.models.model:Model",
        predictor="partimento.models.neural:NeuralPredictor",
        network="partimento.models.engine.engine:Engine",
    ),
    "chorale": Family(
        config="partimento.benchmarks.chorale.config:ChoraleConfig",
        model="partimento.benchmarks.chorale.model:Chorale",
        predictor="partimento.benchmarks.chorale.predictor:ChoralePredictor",
    ),
}


def register(name: str, config: str, model: str, predictor: str, network: str = "") -> None:
    """Adds a family under a name of its own; the places are as in `Family`.

    ```python
    register("mine", "my_package.config:MyConfig", "my_package.model:MyModel", "my_package.model:MyPredictor")
    ```
    """
    FAMILIES[name] = Family(config, model, predictor, network)


def family(name: str) -> Family:
    """The family of that name. Raises `UnknownName`."""
    if name not in FAMILIES:
        raise UnknownName("family", name, FAMILIES)
    return FAMILIES[name]


COMPILED, TORCH = "compiled", "torch"  # what computes a model: loops of our own, or torch
ENGINES = (COMPILED, TORCH)


def engine_for(config: FamilyConfig) -> str:
    """The engine that computes models of these settings where none is named: compiled loops where they can."""
    known = family(config.family)
    return COMPILED if known.network and known.network_class().covers(config) else TORCH


def check_engine(name: str, config: FamilyConfig) -> None:
    """Raises `UnknownName`, and `InvalidOption` for an engine that cannot compute models of these settings."""
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    if name == COMPILED != engine_for(config):
        raise InvalidOption(f"the engine {COMPILED!r} cannot compute this model; take {TORCH!r}", option="engine")
