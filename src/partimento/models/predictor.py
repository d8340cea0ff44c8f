"""What every model is to the rest of the package, neural or not: it scores pieces, and it draws the next event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from partimento.encodings import Cursor, Events, Field


@dataclass(frozen=True)
class Scores:
    """One piece under one model. `nats` [T, F]: -ln p of each true field, given all earlier events and the earlier fields
    of its own event. `hits` [T, F]: 1 where the model's own prediction of the field, made without seeing any of the
    event, is right; the probability of being right where a prediction is drawn at random."""

    nats: npt.NDArray[np.float32]
    hits: npt.NDArray[np.float32]


class Session(Protocol):
    """A number of sequences grown in step."""

    def logits(self, drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Log-probabilities [B, S] of field f of the next event, S being its size, given its earlier fields `drawn` [B, f]."""

    def push(self, events: npt.NDArray[Any]) -> None:
        """Append one event [B, F] to each sequence."""


class Generator(Protocol):
    """What composing needs: a distribution over the next event, field by field, in sessions."""

    fields: tuple[Field, ...]

    def begin(self, count: int, given: Events | None = None, cursors: Sequence[Cursor] | None = None) -> Session:
        """A session of `count` sequences, all after the events `given` [T, F]: as if these had been pushed, but at once.

        `cursors` are those of one who draws the sequences: they stand after `given`, and are moved on over each event before
        the session is. A model that reads the encoding's context reads it from them; without them it keeps its own.
        """


class Predictor(Generator, Protocol):
    """It scores pieces as well."""

    def score(self, pieces: Sequence[Events], context: int | None = None, hits: bool = True) -> Iterator[Scores]:
        """Nats and hits of whole pieces, each [T, F], in their order; with `context`, each event is predicted from that many before
        it alone. Without `hits` these are 0: they may cost more than the nats."""
