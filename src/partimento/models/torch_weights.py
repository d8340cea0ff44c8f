"""A model of torch with the weights of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
import torch
from torch.overrides import TorchFunctionMode

from partimento.encodings import Encoding
from partimento.encodings.conditions import Conditions
from partimento.models.base import NeuralModel, untrained
from partimento.models.families import FamilyConfig


def filled(
    config: FamilyConfig, encoding: Encoding, vocabulary: Conditions | None, tensors: Mapping[str, npt.NDArray[Any]]
) -> NeuralModel:
    """The model of a config with these tensors [...], in evaluation mode. Raises `RuntimeError` where they do not fit."""
    with torch.device("meta"), _Unfilled():  # no memory is asked for before the shapes are known to agree
        model = untrained(config, encoding, vocabulary)
    model.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in tensors.items()}, assign=True)
    return model.eval()


class _Unfilled(TorchFunctionMode):
    """Weights are not initialised inside: those of a file take their place, and to draw some without memory would load torch's
    compiler, a second of work."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))
