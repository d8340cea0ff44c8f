"""What a backbone is: from a sequence of vectors to a sequence of vectors, causally.

The contract: built from (inputs, config); `forward(h_BTI, state) -> (h_BTD, state)` with D = `config.width`, where step t sees
steps up to t only. The state is opaque and never changed in place: None at the start of a sequence, afterwards what the last
call gave back. A long sequence in pieces with the state carried over gives what the whole gives.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

State = Any


class Backbone(nn.Module, ABC):
    """A causal map of sequences."""

    @abstractmethod
    def forward(self, h_BTI: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Vectors h_BTD [B, T, D] from inputs [B, T, I] and a state, and the state after them; step t sees steps up to t only."""

    @abstractmethod
    def select(self, state: State, rows: Tensor) -> State:
        """The state of some of the sequences: `rows` [K] are int64 indices into the batch."""

    def stacked(self) -> Mapping[str, list[int]]:
        """Rows of each of the matrices that one parameter holds one above the other, by its name: those that hold several."""
        return {}
