"""A trained model as one file: weights, recipe, encoding, and where it comes from.

Metadata keys that every checkpoint has: `recipe` (JSON object), `encoding` (a key), `fields` ([name, size, optional] each),
`version` (of partimento). Training adds the data's fingerprint, licences, counts of notes, scores, and the vocabulary of its
conditions (`conditions`), where the model knows any.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch.overrides import TorchFunctionMode

from partimento import encodings
from partimento.encodings import Encoding
from partimento.encodings.conditions import Conditions
from partimento.errors import CheckpointError, PartimentoError
from partimento.models.base import NeuralModel, predictor_of, untrained
from partimento.models.config import Recipe
from partimento.models.predictor import Predictor
from partimento.models.shipped import model_file
from partimento.models.tensorfile import load, load_with_digest, save
from partimento.version import VERSION


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as loaded. `model` is in evaluation mode, on the CPU."""

    path: Path
    sha256: str
    metadata: dict[str, Any]
    recipe: Recipe
    encoding: Encoding
    model: NeuralModel
    vocabulary: Conditions | None = None

    @classmethod
    def load(cls, place: str | os.PathLike[str] | None = None) -> Checkpoint:
        """The checkpoint in a file, in `model.safetensors` of a folder, or of a model that comes with the package: by its
        name, or the house model where none is named (`models/shipped.py`). Raises `CheckpointError`."""
        path = model_file(place)
        tensors, metadata, sha256 = load_with_digest(path)
        try:
            recipe = Recipe.from_json(json.dumps(metadata["recipe"]))
            encoding = encodings.make(str(metadata["encoding"]))
            fields = [[field.name, field.size, field.optional] for field in encoding.fields]
            if metadata["fields"] != fields:
                raise CheckpointError(f"its encoding {encoding.key!r} had fields {metadata['fields']}; this version's are {fields}")
            vocabulary = Conditions.from_json(str(metadata["conditions"])) if recipe.model.conditions else None
            with torch.device("meta"), _Unfilled():  # no memory is asked for before the shapes are known to agree
                model = untrained(recipe.model, encoding, vocabulary)
            weights = {name: torch.from_numpy(array.copy()) for name, array in tensors.items()}
            weights = {name: weight.float() if weight.is_floating_point() else weight for name, weight in weights.items()}
            model.load_state_dict(weights, assign=True)
        except KeyError as error:
            raise CheckpointError(f"{path}: holds no {error}, so it is no trained model (a training's state, perhaps)") from None
        except RuntimeError as error:
            raise CheckpointError(f"{path}: its weights do not fit its recipe ({str(error).splitlines()[-1].strip()})") from None
        except PartimentoError as error:
            raise CheckpointError(f"{path}: {error}") from None
        return cls(path, sha256, metadata, recipe, encoding, model.eval(), vocabulary)

    def __repr__(self) -> str:
        about = f"{self.recipe.name}, {self.encoding.key}, {self.model.parameter_count:,} parameters"
        return f"<model {str(self.path)!r}: {about}>"

    def predictor(self, conditions: npt.NDArray[Any] | None = None) -> Predictor:
        """The model as a predictor, under `conditions` [C], or [P, C] one row for each piece to be scored."""
        return predictor_of(self.model, self.encoding, conditions)


class _Unfilled(TorchFunctionMode):
    """Weights are not initialised inside: those of a file take their place, and to draw some without memory would load torch's
    compiler, a second of work."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


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
