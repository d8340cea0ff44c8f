"""What is asked of a score, worked out before the first note: where it writes, and what must hold there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from partimento.bars import BarGrid
from partimento.composing.rules import Rules
from partimento.piece import Piece
from partimento.studio.workshop.asking import Ask
from partimento.task import Region, Task


@dataclass(frozen=True)
class Plan:
    """What is asked of a score, worked out before the first note."""

    ask: Ask
    seed: int
    task: Task | None
    rules: Rules | None
    conditions: Mapping[str, str | float]

    @classmethod
    def of(cls, ask: Ask, piece: Piece, seed: int, locked: Region | None = None) -> Plan:
        """Raises `InvalidOption` and its kind where the score does not have what is asked for."""
        if ask.kind == "new":
            return cls(ask, seed, None, ask.rules(None, None), dict(ask.conditions))
        region = locked or ask.region(piece, seed)
        task = Task(piece, region)
        return cls(ask, seed, task, ask.rules(piece, region), dict(ask.conditions))

    def to_json(self) -> dict[str, Any]:
        """The bars and ticks that are written, and the notes of the score that stand."""
        if self.task is None:
            return {"bars": [1, self.ask.bars_of_new], "span": None, "stands": []}
        start, end = self.task.span()
        stands = self.task.stands(self.seed)
        first, stop = self.task.places()
        numbers = BarGrid.of(self.task.given).number_of(np.array([first, stop - 1])).tolist()
        return {"bars": numbers, "span": [start, end], "stands": np.flatnonzero(stands).tolist()}
