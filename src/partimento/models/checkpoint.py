"""A trained model as one file: weights, recipe, encoding, and where it comes from.

Metadata keys that every checkpoint has: `recipe` (JSON object), `encoding` (a key), `fields` ([name, size, optional] each),
`version` (of partimento). Training adds the data's fingerprint, licences, counts of notes, scores, and the vocabulary of its
conditions (`conditions`), where the model knows any.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from partimento import encodings
from partimento.encodings import Encoding
from partimento.encodings.conditions import Conditions
from partimento.errors import CheckpointError, PartimentoError
from partimento.models.config import Recipe
from partimento.models.eight_bits import in_single_precision, numbers_in
from partimento.models.families import COMPILED, TORCH, check_engine, engine_for, family
from partimento.models.network_predictor import NetworkPredictor
from partimento.models.network_protocol import EventNetwork
from partimento.models.predictor import Predictor
from partimento.models.shipped import model_file
from partimento.models.tensorfile import load, load_with_digest, save
from partimento.plugins import extra
from partimento.version import VERSION

if TYPE_CHECKING:
    from partimento.models.base import NeuralModel


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as loaded: its tensors by name, and the `engine` that computes it, `compiled` loops or `torch`."""

    path: Path
    sha256: str
    metadata: dict[str, Any]
    recipe: Recipe
    encoding: Encoding
    tensors: Mapping[str, npt.NDArray[Any]]
    engine: str
    vocabulary: Conditions | None = None

    @classmethod
    def load(cls, place: str | os.PathLike[str] | None = None, engine: str | None = None) -> Checkpoint:
        """The checkpoint in a file, in `model.safetensors` of a folder, or of a model that comes with the package: by its
        name, or the house model where none is named (`models/shipped.py`). Without `engine` compiled loops compute it where they
        can, and torch where not. Raises `CheckpointError`, and `InvalidOption` for an engine that cannot."""
        path = model_file(place)
        tensors, metadata, sha256 = load_with_digest(path)
        try:
            recipe = Recipe.from_json(json.dumps(metadata["recipe"]))
            encoding = encodings.make(str(metadata["encoding"]))
            fields = [[field.name, field.size, field.optional] for field in encoding.fields]
            if metadata["fields"] != fields:
                raise CheckpointError(f"its encoding {encoding.key!r} had fields {metadata['fields']}; this version's are {fields}")
            vocabulary = Conditions.from_json(str(metadata["conditions"])) if recipe.model.conditions else None
        except KeyError as error:
            raise CheckpointError(f"{path}: holds no {error}, so it is no trained model (a training's state, perhaps)") from None
        except PartimentoError as error:
            raise CheckpointError(f"{path}: {error}") from None
        return cls(path, sha256, metadata, recipe, encoding, tensors, engine or engine_for(recipe.model), vocabulary).checked()

    def checked(self) -> Checkpoint:
        """Itself, once its tensors have proved to be those of its recipe. Raises `CheckpointError`."""
        check_engine(self.engine, self.recipe.model)
        try:
            _: Any = self.network if self.engine == COMPILED else self.model
        except RuntimeError as error:
            raise CheckpointError(
                f"{self.path}: its weights do not fit its recipe ({str(error).splitlines()[-1].strip()})"
            ) from None
        except PartimentoError as error:
            raise CheckpointError(f"{self.path}: {error}") from None
        return self

    def by(self, engine: str) -> Checkpoint:
        """The same checkpoint, computed by another engine. Raises `InvalidOption` for one that cannot."""
        return self if engine == self.engine else replace(self, engine=engine).checked()

    @cached_property
    def network(self) -> EventNetwork:
        """The model in compiled loops."""
        network: EventNetwork = (
            family(self.recipe.model.family).network_class().of(*(self.recipe.model, self.tensors, self.encoding, self.vocabulary))
        )
        return network

    @cached_property
    def model(self) -> NeuralModel:
        """The model in torch, in evaluation mode, on the CPU."""
        extra("torch", "train", f"the engine {TORCH!r}")
        from partimento.models.torch_weights import filled

        return filled(self.recipe.model, self.encoding, self.vocabulary, in_single_precision(self.tensors))

    @property
    def parameter_count(self) -> int:
        return numbers_in(self.tensors) if self.engine == COMPILED else self.model.parameter_count

    def __repr__(self) -> str:
        about = f"{self.recipe.name}, {self.encoding.key}, {self.parameter_count:,} parameters"
        return f"<model {str(self.path)!r}: {about}>"

    def predictor(self, conditions: npt.NDArray[Any] | None = None) -> Predictor:
        """The model as a predictor, under `conditions` [C], or [P, C] one row for each piece to be scored."""
        if self.engine == COMPILED:
            return NetworkPredictor(self.network, self.encoding, conditions)
        from partimento.models.base import predictor_of

        return predictor_of(self.model, self.encoding, conditions)


def save_model(path: Path | str, weights: Mapping[str, Any], recipe: Recipe, metadata: Mapping[str, Any]) -> str:
    """Writes weights (a model's `state_dict()`) with the keys that every checkpoint has and `metadata`; returns its SHA-256 key."""
    encoding = encodings.make(recipe.encoding)
    own = {
        "recipe": json.loads(recipe.to_json()),
        "encoding": encoding.key,
        "fields": [[field.name, field.size, field.optional] for field in encoding.fields],
        "version": VERSION,
    }
    return save(path, weights, {**metadata, **own})


__all__ = ["Checkpoint", "load", "save", "save_model"]
