"""Backbones by name; `base.py` says what each of them promises."""

from __future__ import annotations

from partimento.errors import UnknownName
from partimento.models.backbones.attention import Transformer
from partimento.models.backbones.base import Backbone, State
from partimento.models.backbones.convolution import Convolution
from partimento.models.backbones.recurrent import GRU, LSTM
from partimento.models.config import ModelConfig

BACKBONES: dict[str, type[Backbone]] = {"lstm": LSTM, "gru": GRU, "convolution": Convolution, "transformer": Transformer}


def backbone(inputs: int, config: ModelConfig) -> Backbone:
    """The backbone that `config` names. Raises `UnknownName`, and `InvalidOption` for sizes that cannot work together."""
    if config.backbone not in BACKBONES:
        raise UnknownName("backbone", config.backbone, BACKBONES)
    return BACKBONES[config.backbone](inputs, config)


__all__ = ["BACKBONES", "Backbone", "State", "backbone"]
