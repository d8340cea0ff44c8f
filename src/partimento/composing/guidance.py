"""A model under conditions, and classifier-free guidance: conditions pressed harder than a model takes them by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.composing.provenance import Trained
from partimento.encodings import Cursor, Events
from partimento.errors import InvalidOption
from partimento.models.predictor import Generator, Predictor, Session

STRONGEST = 20.0


class Guided:
    """A model whose log-probabilities are u + strength (c - u), normalised again: u without conditions and c with them.

    This is equation 6 of Ho and Salimans 2022 (classifier-free guidance) with strength = 1 + w, for each field of an event; a
    strength of 1 is the model under its conditions. The sequences of `both` must be under them and free of them in turn.
    """

    def __init__(self, both: Generator, strength: float) -> None:
        self.fields, self.both, self.strength = both.fields, both, strength

    def begin(self, count: int, given: Events | None = None, cursors: Sequence[Cursor] | None = None) -> Session:
        """`count` sequences after the events `given` [T, F], each under the conditions and free of them."""
        twice = None if cursors is None else [one for one in cursors for _ in range(2)]
        return _GuidedSession(self.both.begin(2 * count, given, twice), self.strength)


class _GuidedSession:
    """Implements `Session`: each sequence twice in one of twice as many."""

    def __init__(self, both: Session, strength: float) -> None:
        self.both, self.strength = both, strength

    def logits(self, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        log_p = self.both.logits(np.repeat(drawn, 2, axis=0)).astype(np.float64)
        under, free = log_p[0::2], log_p[1::2]
        possible = np.isfinite(under) & np.isfinite(free)
        guided = np.full(under.shape, -np.inf)
        guided[possible] = free[possible] + self.strength * (under[possible] - free[possible])
        top = guided.max(axis=1, keepdims=True)
        guided -= top + np.log(np.exp(guided - top).sum(axis=1, keepdims=True))
        return guided.astype(np.float32)

    def push(self, events: npt.NDArray[Any]) -> None:
        self.both.push(np.repeat(events, 2, axis=0))


def conditioned(checkpoint: Trained, conditions: Mapping[str, str | float]) -> Predictor:
    """The model under conditions. Raises `InvalidOption` where it knows none, and `UnknownName`."""
    model: Any = checkpoint
    found: Predictor = model.predictor(_ids(checkpoint, conditions)) if conditions else model.predictor()
    return found


def guided(checkpoint: Trained, conditions: Mapping[str, str | float], strength: float) -> Generator:
    """As `conditioned`, pressed by guidance. Raises `InvalidOption` for a strength that cannot be as well."""
    check_guidance(strength, bool(conditions))
    if strength == 1:
        return conditioned(checkpoint, conditions)
    model: Any = checkpoint
    wanted = _ids(checkpoint, conditions)
    return Guided(model.predictor(np.stack([wanted, np.zeros_like(wanted)])), strength)


def _ids(checkpoint: Trained, conditions: Mapping[str, str | float]) -> npt.NDArray[Any]:
    model: Any = checkpoint
    if getattr(model, "vocabulary", None) is None:
        raise InvalidOption(f"{checkpoint.path} knows no conditions such as {next(iter(conditions))}; train a recipe that does")
    ids: npt.NDArray[Any] = model.vocabulary.named(**conditions)
    return ids


def check_guidance(strength: float, has_conditions: bool) -> None:
    """Raises `InvalidOption` for a strength that cannot be, or that has nothing to press."""
    if isinstance(strength, bool) or not (math.isfinite(strength) and 0 <= strength <= STRONGEST):
        raise InvalidOption(f"guidance is {strength!r}; it must be 0 (the conditions are ignored) to {STRONGEST:g}; 1 is off")
    if strength != 1 and not has_conditions:
        raise InvalidOption(f"guidance {strength:g} presses conditions, and none is asked for; ask for one, such as key='G minor'")
