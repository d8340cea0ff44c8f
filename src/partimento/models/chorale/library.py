"""What is said of whole pieces, kept: by a memory, and by the forest that was grown over it. It knows no network."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property, lru_cache

import numpy as np

from partimento.models.chorale.forest import Forest, answers
from partimento.models.chorale.listener import Listener, Row, rows_of
from partimento.models.chorale.memory import Memory
from partimento.models.chorale.past import Symbols

KEPT = 150_000  # slots whose rows are kept for the next time: 0.7 GB


class Library:
    """Rows of whole pieces by a memory of pieces; those of the last `KEPT` slots are kept. With `ask` a forest is asked: the one
    given, or one that is grown when it is first needed (minutes for 55,000 slots)."""

    def __init__(self, pieces: list[Symbols], remember: bool = True, ask: bool = False, forest: Forest | None = None) -> None:
        self.pieces, self.memory = pieces, Memory(pieces, remember)
        self._ask, self._given = ask, forest
        self._rows: OrderedDict[tuple[int, bytes], Row] = OrderedDict()
        self._kept = 0

    def rows(self, piece: Symbols, left_out: int = -1) -> Row:
        """What is said of each slot of a piece, [T, WIDTH]."""
        name = left_out, piece.tobytes()
        if self._ask:
            self.forest  # noqa: B018  its growing keeps rows too
        if name not in self._rows:
            self._keep(left_out, piece, self.heard(piece, left_out))
        return self._rows[name]

    def heard(self, piece: Symbols, left_out: int = -1) -> Row:
        """The same, made anew and not kept."""
        rows = self._unasked(piece, left_out)
        if self.forest is not None:
            self.forest.fill(rows, piece, left_out)
        return rows

    @cached_property
    def forest(self) -> Forest | None:
        if self._given is not None or not self._ask:
            return self._given
        asked = []
        for number, piece in enumerate(self.pieces):
            rows = self._unasked(piece, number)
            asked.append([answers(voice, rows, piece.astype(np.int64)) for voice in range(4)])
            self._keep(number, piece, rows)
        forest = Forest.grown(self.pieces, asked)
        for (number, name), rows in self._rows.items():
            forest.fill(rows, np.frombuffer(name, np.int16).reshape(-1, 4), number)
        return forest

    def _unasked(self, piece: Symbols, left_out: int) -> Row:
        return rows_of(piece, Listener(self.memory, left_out, piece if left_out >= 0 else None))

    def _keep(self, left_out: int, piece: Symbols, rows: Row) -> None:
        self._rows[left_out, piece.tobytes()] = rows
        self._kept += len(piece)
        while self._kept > KEPT and len(self._rows) > 1:
            self._kept -= len(self._rows.popitem(last=False)[1])


@lru_cache(maxsize=2)  # runs of other seeds remember the same pieces, and so do their models, which bring the forest they had
def library(slots: bytes, lengths: tuple[int, ...], remember: bool, ask: bool = False, forest: Forest | None = None) -> Library:
    """That of the training pieces whose symbols, int16 [T, 4] end to end, are `slots`."""
    joined = np.frombuffer(slots, np.int16).reshape(-1, 4)
    return Library(np.split(joined, np.cumsum(lengths)[:-1]) if lengths else [], remember, ask, forest)
