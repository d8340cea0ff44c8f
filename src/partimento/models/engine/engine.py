"""A model of the first family computed without torch, from the tensors of its checkpoint: an implementation of `Network`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy.typing as npt

from partimento.encodings import Context, Encoding, Pitches
from partimento.encodings.conditions import Conditions
from partimento.errors import UnknownName
from partimento.models.config import ModelConfig
from partimento.models.engine.base import Backbone
from partimento.models.engine.dilated import Convolution
from partimento.models.engine.drawing import HEADS
from partimento.models.engine.matrix import Floats
from partimento.models.engine.recurrence import GRU, LSTM
from partimento.models.engine.tables import Tables
from partimento.models.engine.tensors import Tensors
from partimento.models.engine.transformer import Transformer
from partimento.models.field_sizes import Fields
from partimento.models.network import Drawing, Ints
from partimento.models.network_predictor import NetworkPredictor

BACKBONES: dict[str, type[Backbone]] = {"lstm": LSTM, "gru": GRU, "convolution": Convolution, "transformer": Transformer}


class Engine:
    """Implements `Network`; vectors are arrays. Each sequence is computed the same, bit for bit, whatever stands beside it, and
    whether step by step or at once."""

    def __init__(
        self,
        config: ModelConfig,
        tensors: Mapping[str, npt.NDArray[Any]],
        fields: Fields,
        columns: tuple[Context, ...] = (),
        pitches: tuple[Pitches, ...] = (),
        conditions: Fields = (),
    ) -> None:
        """Raises `CheckpointError` where the tensors [...] are not those of the config, and `UnknownName`."""
        for what, registry in (("backbone", BACKBONES), ("heads", HEADS)):
            if getattr(config, what) not in registry:
                raise UnknownName(what, getattr(config, what), registry)
        taken, kind = Tensors(tensors), BACKBONES[config.backbone]
        self.fields = fields
        self.tables = Tables(config, fields, columns, conditions if config.conditions else (), taken)
        self.tables.mapped(*kind.entry(config, taken, self.tables.width))
        self.backbone = kind(config, taken)
        self.heads = HEADS[config.heads](config, fields, pitches, columns, taken)
        taken.done()
        pitched = config.intervals or config.interval_logits or (config.heads == "chained" and any(p.ascending for p in pitches))
        self.uses_context = bool(self.tables.columns) or bool(pitches and pitched) or self.heads.uses_columns

    @classmethod
    def of(
        cls, config: ModelConfig, tensors: Mapping[str, npt.NDArray[Any]], encoding: Encoding, vocabulary: Conditions | None = None
    ) -> Engine:
        """The model of an encoding's events, and of the conditions in a vocabulary."""
        conditions = () if vocabulary is None else vocabulary.fields
        return cls(config, tensors, encoding.fields, encoding.context_fields, encoding.pitches, conditions)

    @property
    def uses_conditions(self) -> bool:
        return self.tables.conditions > 0

    def begin(self, count: int) -> EngineRun:
        return EngineRun(self, count)

    def drawing(self, h_BTD: Floats, context_BC: Ints | None) -> Drawing:
        return self.heads.drawing(h_BTD[:, -1], context_BC)

    def nats(self, h_BTD: Floats, target_BTF: Ints, context_BTC: Ints | None) -> Floats:
        steps = target_BTF.shape[1]
        nats = self.heads.nats(_flat(h_BTD[:, -steps:]), _flat(target_BTF), None if context_BTC is None else _flat(context_BTC))
        return nats.reshape(target_BTF.shape)

    def predict(self, h_BTD: Floats, context_BTC: Ints | None, steps: int) -> Ints:
        guess = self.heads.predict(_flat(h_BTD[:, -steps:]), None if context_BTC is None else _flat(context_BTC))
        return guess.reshape(len(h_BTD), steps, -1)


class EngineRun:
    """Implements `Run`."""

    def __init__(self, engine: Engine, count: int) -> None:
        self._tables, self._backbone = engine.tables, copy(engine.backbone)
        self._backbone.begin(count)

    def forward(self, before_BTF: Ints, context_BTC: Ints | None, conditions_BC: Ints | None) -> Floats:
        return self._backbone.forward(self._tables(before_BTF, context_BTC, conditions_BC))

    def select(self, rows: Ints) -> None:
        self._backbone.select(rows)


class EnginePredictor(NetworkPredictor):
    """The predictor of a model that the engine computes; see `NetworkPredictor`."""

    def __init__(self, engine: Engine, encoding: Encoding | None = None, conditions: npt.NDArray[Any] | None = None) -> None:
        super().__init__(engine, encoding, conditions)


def _flat(rows_BTD: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return rows_BTD.reshape(-1, rows_BTD.shape[-1])
