"""Torch beside compiled loops, in single precision and with 8-bit weights: one event, and whole pieces scored.

    python bench/engine.py [RECIPE...]

Random weights of depth 4, one thread, processor time. Milliseconds of an event with all its fields asked for, alone and in 64;
events a second where 16 pieces are scored. Prints a line of JSON for each recipe.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch

from partimento import encodings
from partimento.encodings import Encoding, Events
from partimento.models.base import predictor_of, untrained
from partimento.models.config import ModelConfig
from partimento.models.eight_bits import in_eight_bits
from partimento.models.engine.engine import Engine
from partimento.models.network_predictor import NetworkPredictor
from partimento.models.predictor import Predictor
from partimento.models.recipes import recipe
from partimento.piece import NOTE, Piece, Track

RECIPES = ("transformer_tasks", "lstm_notes", "convolution_notes")
STEPS = {1: 200, 64: 60}


def some_events(encoding: Encoding) -> Events:
    """A made piece of 400 notes."""
    chance = np.random.default_rng(0)
    rows = [(240 * n, 240, int(pitch), 80, 0) for n, pitch in enumerate(chance.integers(48, 84, 400))]
    return encoding.encode(Piece(np.array(rows, NOTE), (Track(),), 480))


def step_ms(predictor: Predictor, events: Events, batch: int) -> float:
    session, steps = predictor.begin(batch), STEPS[batch]
    start = time.process_time()
    for number in range(steps):
        rows = np.tile(events[number % len(events)].astype(np.int64), (batch, 1))
        for f in range(rows.shape[1]):
            session.logits(rows[:, :f])
        session.push(rows)
    return round(1000 * (time.process_time() - start) / steps, 3)


def scored(predictor: Predictor, events: Events) -> int:
    start = time.process_time()
    list(predictor.score([events] * 16, hits=False))
    return round(16 * len(events) / (time.process_time() - start))


def main() -> None:
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RECIPES:
        made = recipe(name, 4)
        assert isinstance(made.model, ModelConfig)
        config, encoding = made.model.without_conditions(), encodings.make(made.encoding)
        model = untrained(config, encoding).eval()
        tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
        ways: dict[str, Predictor] = {
            "torch": predictor_of(model, encoding),
            "loops": NetworkPredictor(Engine.of(config, tensors, encoding), encoding),
            "loops, 8 bits": NetworkPredictor(Engine.of(config, in_eight_bits(tensors), encoding), encoding),
        }
        events = some_events(encoding)
        rows = {
            way: {"alone": step_ms(one, events, 1), "in 64": step_ms(one, events, 64), "scored": scored(one, events)}
            for way, one in ways.items()
        }
        print(json.dumps({"recipe": name, "parameters": model.parameter_count, **rows}), flush=True)


if __name__ == "__main__":
    main()
