"""The recipes of the published benchmarks: functions that return one."""

from __future__ import annotations

from dataclasses import replace

from partimento.benchmarks.chorale.config import ChoraleConfig
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.models.recipes import base_training, recurrent_model, recurrent_training


def lstm_slots(depth: int = 4) -> Recipe:
    """The JSB chorales as they are benchmarked: little music, so half of the units are dropped out; nothing but notes is given."""
    model = replace(recurrent_model("lstm", depth, 0.5), conditions=False)
    training = replace(recurrent_training(depth, batch=16, segment=128), average=0.99, transpose=6, noise=0.05)
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
    model = replace(recurrent_model("lstm", depth, 0.5), conditions=False)
    training = replace(recurrent_training(depth, batch=16, segment=256), average=0.99, transpose=0, noise=0.05)
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
        key_scores=True,
    )
    training = replace(base_training(depth, 4e-3, batch=4, segment=64), average=0.99, transpose=0, weight_decay=0.1, warmup=50)
    return Recipe(
        "gru_rolls",
        "roll",
        model,
        replace(training, schedule="trapezoid", steps=700, cooldown=0.6, valid_every=100, valid_events=5_000),
    )
