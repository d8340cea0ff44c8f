"""What training, checkpoints and scoring ask of every neural model, whatever its family."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy.typing as npt
from torch import Tensor, nn

from partimento.encodings import Encoding, Events
from partimento.encodings.conditions import Conditions
from partimento.models.families import FamilyConfig, family
from partimento.models.predictor import Predictor
from partimento.progress import OnProgress, silent


class Features(Protocol):
    """The features of the events of a model's training pieces, where they are not the context of the encoding.

    `columns` numbers of `dtype` an event; segments begin at multiples of `grain` events.
    """

    columns: int
    dtype: str
    grain: int

    def of(self, piece: int, semitones: int, events: slice) -> npt.NDArray[Any]:
        """Those of some events of training piece number `piece` (counted from 0), moved by semitones: [T, columns]."""
        ...


class NeuralModel(nn.Module, ABC):
    """A distribution over the next event. `uses_context`: it reads what the encoding says before each event."""

    config: FamilyConfig
    fields: Any
    uses_context: bool

    @abstractmethod
    def loss(
        self,
        before_BTF: Tensor,
        target_BTF: Tensor,
        context_BTC: Tensor | None = None,
        conditions_BC: Tensor | None = None,
        *,
        noise: float = 0.0,
        smoothing: float = 0.0,
        scored_BT: Tensor | None = None,
    ) -> Tensor:
        """Nats of whole events, [B, T]: what training minimises. `before_BTF[:, t]` is the event before `target_BTF[:, t]`. Events
        that are not `scored_BT` (bool) may be left out: what they get means nothing."""

    @abstractmethod
    def inherit(self, weights: Mapping[str, Tensor]) -> None:
        """Takes the weights (tensors by name, each in the shape [...] of this model's own) of another model of this config. Raises
        `CheckpointError` where they are of another form."""

    def features(self, pieces: Sequence[Events], seed: int, on_progress: OnProgress = silent) -> Features | None:
        """Takes the training pieces, each [T, F], in, if it keeps any, and gives what training tells it of them; None: what the
        encoding says. This may take minutes."""
        return None

    def matrices(self) -> dict[str, list[int]]:
        """The names of the parameters that are matrices of its backbone, with the rows of each matrix that one holds, one above the
        other; none where it has no backbone."""
        return {}

    def prepare(self, on_progress: OnProgress = silent) -> None:
        """Makes what it needs beside its weights before it can be judged. This may take minutes."""

    def extra_tensors(self) -> dict[str, Tensor]:
        """What its states and checkpoints keep beside the `state_dict()`, by name, each of a shape [...] of its own; loading is
        given both."""
        return {}

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())


def untrained(config: FamilyConfig, encoding: Encoding, vocabulary: Conditions | None = None) -> NeuralModel:
    """The model of a config, for an encoding's events and the conditions in a vocabulary. Raises `InvalidOption`."""
    model: NeuralModel = family(config.family).model_class().of(config, encoding, vocabulary)
    return model


def predictor_of(model: NeuralModel, encoding: Encoding, conditions: npt.NDArray[Any] | None = None) -> Predictor:
    """The model as a predictor, under `conditions` [C], or [P, C] one row for each piece to be scored. Raises `InvalidOption`."""
    predictor: Predictor = family(model.config.family).predictor_class()(model, encoding, conditions)
    return predictor
