"""What scoring and composing ask of a network of embeddings, a backbone and heads, whatever computes it. Arrays are numpy's;
vectors are the network's own affair.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from partimento.models.field_sizes import Fields

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Drawing = Callable[[Ints], Floats]


class NetworkRun(Protocol):
    """Sequences side by side, and where the backbone stands in them."""

    def forward(self, before_BTF: Ints, context_BTC: Ints | None, conditions_BC: Ints | None) -> Any:
        """Goes on over events; gives the vectors [B, T, D] that predict what follows each."""

    def select(self, rows: Ints) -> None:
        """Goes on with some of the sequences: `rows` [K] are indices into the batch."""


class EventNetwork(Protocol):
    """A distribution over the next event. The first is predicted from the all-zero start event."""

    fields: Fields
    uses_context: bool  # it reads what the encoding says before each event

    @property
    def uses_conditions(self) -> bool: ...

    def begin(self, count: int) -> NetworkRun:
        """Before `count` sequences."""

    def drawing(self, h_BTD: Any, context_BC: Ints | None) -> Drawing:
        """Log-probabilities [B, S] of field f after the last of some steps, as a function of its earlier fields [B, f]."""

    def nats(self, h_BTD: Any, target_BTF: Ints, context_BTC: Ints | None) -> Floats:
        """-ln p of each field given the earlier ones of its event, [B, T, F]; of the last steps where there are fewer targets."""

    def predict(self, h_BTD: Any, context_BTC: Ints | None, steps: int) -> Ints:
        """The own prediction of each field of the last `steps` events, ids [B, T, F], made without seeing any of them."""
