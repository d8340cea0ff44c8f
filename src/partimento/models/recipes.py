"""The named recipes: functions that return one. They know names and numbers, no tensor and no data.

Those with a `depth` have one dial: it sets width, heads, layers, rates and batch. 4 trains on two cores in minutes to hours.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from partimento.errors import InvalidOption, UnknownName
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.plugins import imported

MAX_DEPTH = 64
STRUCTURE: dict[str, Any] = {
    "place": True,
    "intervals": True,
    "sounding": True,
    "since": True,
    "parts": True,
    "interval_logits": True,
    "conditions": True,
}


def seed_joint() -> Recipe:
    """The seed's first variant: input and output are one class of 60, pitch class times duration."""
    return Recipe("seed_joint", "melody", ModelConfig(inputs="joint", heads="joint", embedding=128))


def seed_pair() -> Recipe:
    """The seed's second variant: pitch class and duration enter side by side and leave as two independent softmaxes."""
    return Recipe("seed_pair", "melody", ModelConfig(inputs="fields", heads="independent", embedding=64))


def lstm_voices(depth: int = 4) -> Recipe:
    """A few voices on a grid: small sets of alike pieces, so much is dropped out and every piece sung in every key."""
    return Recipe("lstm_voices", "voices", recurrent_model("lstm", depth, 0.3), recurrent_training(depth, batch=16, segment=128))


def gru_voices(depth: int = 4) -> Recipe:
    """As `lstm_voices`, with the smaller cell."""
    return Recipe("gru_voices", "voices", recurrent_model("gru", depth, 0.3), recurrent_training(depth, batch=16, segment=128))


def lstm_notes(depth: int = 4) -> Recipe:
    """Whole scores note by note; the fastest to train and to play on a processor without a GPU."""
    training = fast(recurrent_training(depth, batch=16, segment=256))
    return Recipe("lstm_notes", "notes", recurrent_model("lstm", depth, 0.0), training)


def convolution_notes(depth: int = 4) -> Recipe:
    """Whole scores through dilated convolutions, which see 511 events back."""
    model = ModelConfig("convolution", width=32 * depth, layers=8, embedding=8 * depth, dropout=0.1, **STRUCTURE)
    return Recipe("convolution_notes", "notes", model, base_training(depth, 3e-3, batch=16, segment=512))


def transformer_notes(depth: int = 4) -> Recipe:
    """Whole scores through a Transformer whose layers see 256 events back each."""
    keys = next(count for count in range(max(1, depth // 2), 0, -1) if depth % count == 0)
    shape: dict[str, Any] = {
        "width": 64 * depth,
        "layers": depth,
        "queries": depth,
        "keys": keys,
        "span": 256,
        "embedding": 16 * depth,
    }
    model = ModelConfig("transformer", **shape, **STRUCTURE)
    return Recipe("transformer_notes", "notes", model, fast(base_training(depth, 2e-3, batch=8, segment=512)))


def transformer_tasks(depth: int = 4) -> Recipe:
    """As `transformer_notes`, half of the segments tasks: it continues, fills, accompanies, harmonises and varies. Its layers see
    all of a segment, what is given and what is written."""
    plain = transformer_notes(depth)
    assert isinstance(plain.model, ModelConfig)
    model, training = replace(plain.model, span=512), replace(plain.training, tasks=0.5)
    return Recipe("transformer_tasks", "tasks", model, training)


def recurrent_model(backbone: str, depth: int, dropout: float) -> ModelConfig:
    layers = 1 + (depth > 4) + (depth > 12)
    return ModelConfig(backbone, width=64 * depth, layers=layers, embedding=16 * depth, dropout=dropout, **STRUCTURE)


def recurrent_training(depth: int, batch: int, segment: int) -> TrainingConfig:
    return base_training(depth, 4e-3, batch, segment)


def base_training(depth: int, rate: float, batch: int, segment: int) -> TrainingConfig:
    """The rate falls and the batch grows with the root of the width, as widths beyond 256 ask for on a plateau schedule."""
    scale = math.sqrt(depth / 4)
    return TrainingConfig(
        batch=max(1, round(batch * max(1.0, scale))), segment=segment, learning_rate=rate / scale, average=0.998, transpose=5
    )


def fast(training: TrainingConfig) -> TrainingConfig:
    """What learns fastest on a processor and much music (`bench/recipes.py`): Muon, products in bfloat16 where that pays, and a
    rate that falls over the second half of the time or steps that are given."""
    return replace(training, optimiser="muon", precision="auto", schedule="auto", cooldown=0.5)


BENCHMARKS = ("lstm_slots", "memory_slots", "past_slots", "lstm_frames", "gru_rolls")
RECIPES: dict[str, Callable[..., Recipe] | str] = {
    **{
        made.__name__: made
        for made in (
            seed_joint,
            seed_pair,
            lstm_voices,
            gru_voices,
            lstm_notes,
            convolution_notes,
            transformer_notes,
            transformer_tasks,
        )
    },
    **{name: f"partimento.benchmarks.recipes:{name}" for name in BENCHMARKS},
}


def register(name: str, made: Callable[..., Recipe] | str) -> None:
    """Adds a recipe: the function that returns it, or its place ("package.module:function"), imported when it is asked for. A
    parameter `depth`, where it has one, is the dial of its size."""
    RECIPES[name] = made


def recipe(name: str, depth: int | None = None) -> Recipe:
    """The recipe of that name. Raises `UnknownName`, and `InvalidOption` for a depth out of range or of a recipe without one."""
    if name not in RECIPES:
        raise UnknownName("recipe", name, RECIPES)
    known = RECIPES[name]
    made: Callable[..., Recipe] = imported(known) if isinstance(known, str) else known
    if depth is None:
        return made()
    if "depth" not in inspect.signature(made).parameters:
        raise InvalidOption(f"the recipe {name!r} has no depth; set its width and layers")
    if not 1 <= depth <= MAX_DEPTH:
        raise InvalidOption(f"depth is {depth}; it must be 1..{MAX_DEPTH}")
    return made(depth)
