"""A model of the first family computed without torch, from the tensors of its checkpoint: an implementation of `EventNetwork`."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import numpy.typing as npt

from partimento.encodings import Encoding
from partimento.encodings.conditions import Conditions
from partimento.models.config import ModelConfig
from partimento.models.engine.base import Backbone
from partimento.models.engine.dilated import Convolution
from partimento.models.engine.drawing import HEADS
from partimento.models.engine.matrix import Floats
from partimento.models.engine.recurrence import GRU, LSTM
from partimento.models.engine.tables import INPUTS, Tables
from partimento.models.engine.tensors import Tensors
from partimento.models.engine.transformer import Transformer
from partimento.models.field_sizes import Layout, check_heads, reads_pitches
from partimento.models.network_protocol import Drawing, EventNetwork, Ints, NetworkRun

BACKBONES: dict[str, type[Backbone]] = {"lstm": LSTM, "gru": GRU, "convolution": Convolution, "transformer": Transformer}


class Engine(EventNetwork):
    """Implements `EventNetwork`; vectors are arrays. Each sequence is computed the same, bit for bit, whatever is computed beside
    it, and whether step by step or at once."""

    def __init__(self, config: ModelConfig, tensors: Mapping[str, npt.NDArray[Any]], layout: Layout) -> None:
        """Raises `CheckpointError` where the tensors [...] are not those of the config, and `InvalidOption`."""
        check_heads(config, layout.fields)
        taken, kind = Tensors(tensors), BACKBONES[config.backbone]
        self.fields = layout.fields
        self.tables = Tables(config, layout, taken)
        self.tables.mapped(*kind.entry(config, taken, self.tables.width))
        self.backbone = kind(config, taken)
        self.heads = HEADS[config.heads](config, layout, taken)
        taken.done()
        pitched = reads_pitches(config, layout.pitches)
        self.uses_context = bool(self.tables.columns) or pitched or self.heads.uses_columns

    @staticmethod
    def covers(config: ModelConfig) -> bool:
        """Whether it can compute models of this config."""
        return config.backbone in BACKBONES and config.heads in HEADS and config.inputs in INPUTS

    @classmethod
    def of(
        cls, config: ModelConfig, tensors: Mapping[str, npt.NDArray[Any]], encoding: Encoding, vocabulary: Conditions | None = None
    ) -> Engine:
        """The model of an encoding's events, and of the conditions in a vocabulary, from tensors [...] by name."""
        conditions = () if vocabulary is None or not config.conditions else vocabulary.fields
        return cls(config, tensors, Layout(encoding.fields, encoding.context_fields, encoding.pitches, conditions))

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


class EngineRun(NetworkRun):
    """Implements `NetworkRun`."""

    def __init__(self, engine: Engine, count: int) -> None:
        self._tables, self._backbone = engine.tables, copy(engine.backbone)
        self._backbone.begin(count)

    def forward(self, before_BTF: Ints, context_BTC: Ints | None, conditions_BC: Ints | None) -> Floats:
        return self._backbone.forward(self._tables(before_BTF, context_BTC, conditions_BC))

    def select(self, rows: Ints) -> None:
        self._backbone.select(rows)


def _flat(rows_BTD: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return rows_BTD.reshape(-1, rows_BTD.shape[-1])
