"""Features of whole pieces, kept, and what the trees that were grown over them predict."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.chorale.boosted import Boosted
from partimento.benchmarks.chorale.features import FeatureExtractor, Row, rows_of
from partimento.benchmarks.chorale.memory import Memory
from partimento.benchmarks.chorale.past import Symbols
from partimento.progress import OnProgress, silent

KEPT = 150_000  # slots whose rows are kept for the next time: 1.2 GB

Laws = npt.NDArray[np.float32]


class Library:
    """Rows of whole pieces by a memory of pieces, the trees that grow from these, and their laws of whole pieces. Those of the last
    `KEPT` slots are kept, and the trees."""

    def __init__(self, pieces: list[Symbols], remember: bool = True) -> None:
        self.pieces, self.memory = pieces, Memory(pieces, remember)
        self._rows: OrderedDict[tuple[int, bytes], Row] = OrderedDict()
        self._laws: OrderedDict[tuple[str, bytes], Laws] = OrderedDict()
        self._trees: dict[int, Boosted] = {}

    def rows(self, piece: Symbols, left_out: int = -1) -> Row:
        """The features of each slot of a piece, [T, WIDTH]."""
        name = left_out, piece.tobytes()
        if name not in self._rows:
            _keep(self._rows, name, self.features_of(piece, left_out))
        return self._rows[name]

    def features_of(self, piece: Symbols, left_out: int = -1) -> Row:
        """The features [T, WIDTH] of a piece [T, 4], made anew and not kept."""
        is_known = left_out >= 0 and self.memory.remembers
        return rows_of(piece, FeatureExtractor(self.memory, left_out, piece if is_known else None))

    def training_rows(self, on_progress: OnProgress = silent) -> list[Row]:
        """The features of all the pieces, [T, WIDTH] each, with the memory of the others."""
        rows = []
        for number, piece in enumerate(self.pieces):
            on_progress("computing features", number, len(self.pieces))
            rows.append(self.rows(piece, number))
        return rows

    def trees(self, seed: int, on_progress: OnProgress = silent) -> Boosted:
        """Grown when they are first asked for: minutes for 55,000 slots."""
        if seed not in self._trees:
            rows = self.training_rows(on_progress)
            self._trees[seed] = Boosted.grown(self.pieces, rows, seed, on_progress)
        return self._trees[seed]

    def laws(self, trees: Boosted, piece: Symbols) -> Laws:
        """ln p of the symbols of a piece by trees, [T, 4, SYMBOLS]."""
        name = trees.digest, piece.tobytes()
        if name not in self._laws:
            _keep(self._laws, name, trees.laws(self.rows(piece), piece))
        return self._laws[name]


def _keep(kept: OrderedDict[Any, Any], name: Any, array: npt.NDArray[Any]) -> None:
    """The oldest are forgotten beyond so many slots."""
    kept[name] = array
    while sum(map(len, kept.values())) > KEPT and len(kept) > 1:
        kept.popitem(last=False)


@lru_cache(maxsize=2)  # runs of other seeds remember the same pieces, and so do their models
def library(slots: bytes, lengths: tuple[int, ...], remember: bool) -> Library:
    """That of the training pieces whose symbols, int16 [T, 4] end to end, are `slots`."""
    joined = np.frombuffer(slots, np.int16).reshape(-1, 4)
    return Library(np.split(joined, np.cumsum(lengths)[:-1]) if lengths else [], remember)
