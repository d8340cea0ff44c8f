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
from partimento.models.config import ChoraleConfig, ModelConfig, Recipe, TrainingConfig

MAX_DEPTH = 64
STRUCTURE: dict[str, Any] = {
    "place": True,
    "intervals": True,
    "sounding": True,
    "since": True,
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
    return Recipe("lstm_voices", "voices", _recurrent("lstm", depth, 0.3), _recurrent_training(depth, batch=16, segment=128))


def lstm_slots(depth: int = 4) -> Recipe:
    """The JSB chorales as they are benchmarked: little music, so half of the units are dropped out; nothing but notes is given."""
    model = replace(_recurrent("lstm", depth, 0.5), conditions=False)
    training = replace(_recurrent_training(depth, batch=16, segment=128), average=0.99, transpose=6, noise=0.05)
    return Recipe("lstm_slots", "slots", model, training)


def memory_slots() -> Recipe:
    """The record on the JSB chorales: a network that looks things up in the training pieces, and boosted trees that do so too."""
    training = TrainingConfig(batch=8, segment=192, learning_rate=2e-3, weight_decay=0.5, warmup=100, average=0.998, transpose=12)
    return Recipe("memory_slots", "slots", ChoraleConfig(), replace(training, schedule="trapezoid", steps=1000, cooldown=0.0))


def past_slots() -> Recipe:
    """As `memory_slots`, but nothing is looked up in the training pieces: what the memory is worth."""
    longer = replace(memory_slots().training, steps=1200)
    return Recipe("past_slots", "slots", ChoraleConfig(memory=False), longer)


def lstm_frames(depth: int = 4) -> Recipe:
    """Piano rolls key by key, as benchmarked: no augmentation, so half of the units are dropped out."""
    model = replace(_recurrent("lstm", depth, 0.5), conditions=False)
    training = replace(_recurrent_training(depth, batch=16, segment=256), average=0.99, transpose=0, noise=0.05)
    return Recipe(
        "lstm_frames",
        "frames",
        model,
        replace(training, schedule="trapezoid", steps=500, cooldown=0.5, valid_every=75, valid_events=40_000),
    )


def gru_rolls(depth: int = 4) -> Recipe:
    """Piano rolls frame by frame, their keys independent: mostly one small network that all keys share, so little music will do."""
    model = ModelConfig(
        "gru",
        inputs="summed",
        heads="independent",
        width=8 * depth,
        embedding=2 * depth,
        dropout=0.3,
        place=True,
        since=True,
        shared_logits=True,
    )
    training = replace(_training(depth, 4e-3, batch=4, segment=64), average=0.99, transpose=0, weight_decay=0.1, warmup=50)
    return Recipe(
        "gru_rolls",
        "roll",
        model,
        replace(training, schedule="trapezoid", steps=700, cooldown=0.6, valid_every=100, valid_events=5_000),
    )


def gru_voices(depth: int = 4) -> Recipe:
    """As `lstm_voices`, with the smaller cell."""
    return Recipe("gru_voices", "voices", _recurrent("gru", depth, 0.3), _recurrent_training(depth, batch=16, segment=128))


def lstm_notes(depth: int = 4) -> Recipe:
    """Whole scores note by note; the fastest to train and to play on a processor without a GPU."""
    return Recipe("lstm_notes", "notes", _recurrent("lstm", depth, 0.1), _recurrent_training(depth, batch=16, segment=256))


def convolution_notes(depth: int = 4) -> Recipe:
    """Whole scores through dilated convolutions, which see 511 events back."""
    model = ModelConfig("convolution", width=32 * depth, layers=8, embedding=8 * depth, dropout=0.1, **STRUCTURE)
    return Recipe("convolution_notes", "notes", model, _training(depth, 3e-3, batch=16, segment=512))


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
    model = ModelConfig("transformer", dropout=0.1, **shape, **STRUCTURE)
    return Recipe("transformer_notes", "notes", model, _training(depth, 2e-3, batch=8, segment=512))


def transformer_tasks(depth: int = 4) -> Recipe:
    """As `transformer_notes`, half of the segments tasks: it continues, fills, accompanies, harmonises and varies. Its layers see
    all of a segment, what is given and what is written."""
    plain = transformer_notes(depth)
    assert isinstance(plain.model, ModelConfig)
    model, training = replace(plain.model, span=512), replace(plain.training, tasks=0.5)
    return Recipe("transformer_tasks", "tasks", model, training)


def _recurrent(backbone: str, depth: int, dropout: float) -> ModelConfig:
    layers = 1 + (depth > 4) + (depth > 12)
    return ModelConfig(backbone, width=64 * depth, layers=layers, embedding=16 * depth, dropout=dropout, **STRUCTURE)


def _recurrent_training(depth: int, batch: int, segment: int) -> TrainingConfig:
    return _training(depth, 4e-3, batch, segment)


def _training(depth: int, rate: float, batch: int, segment: int) -> TrainingConfig:
    """The rate falls and the batch grows with the root of the width, as widths beyond 256 ask for on a plateau schedule."""
    scale = math.sqrt(depth / 4)
    return TrainingConfig(
        batch=max(1, round(batch * max(1.0, scale))), segment=segment, learning_rate=rate / scale, average=0.998, transpose=5
    )


RECIPES: dict[str, Callable[..., Recipe]] = {
    made.__name__: made
    for made in (
        seed_joint,
        seed_pair,
        lstm_slots,
        memory_slots,
        past_slots,
        lstm_frames,
        gru_rolls,
        lstm_voices,
        gru_voices,
        lstm_notes,
        convolution_notes,
        transformer_notes,
        transformer_tasks,
    )
}


def recipe(name: str, depth: int | None = None) -> Recipe:
    """The recipe of that name. Raises `UnknownName`, and `InvalidOption` for a depth out of range or of a recipe without one."""
    if name not in RECIPES:
        raise UnknownName("recipe", name, RECIPES)
    made = RECIPES[name]
    if depth is None:
        return made()
    if "depth" not in inspect.signature(made).parameters:
        raise InvalidOption(f"the recipe {name!r} has no depth; set its width and layers")
    if not 1 <= depth <= MAX_DEPTH:
        raise InvalidOption(f"depth is {depth}; it must be 1..{MAX_DEPTH}")
    return made(depth)
