"""What goes into a backbone, as one table: embeddings are summed or stand side by side, and a linear map follows, so each id of
each column has a row, its embedding mapped, and what goes in is the sum of some rows.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from partimento.models.config import ModelConfig
from partimento.models.engine.matrix import PRODUCTS, Floats, Matrix, address
from partimento.models.engine.tensors import Tensors
from partimento.models.field_sizes import PART_WIDTH, Layout, blocks_of_parts, columns_let_in
from partimento.native import Native

_SUM = Native("partimento.models.engine.loops.head_loops:sum_rows", "lnnfnf", [PRODUCTS, "partimento.models.engine.matrix"])
INPUTS = ("fields", "summed", "joint")
Ints = npt.NDArray[np.int64]


class Tables:
    """Embeddings of events, of what is known before each, and of conditions."""

    def __init__(self, config: ModelConfig, layout: Layout, tensors: Tensors) -> None:
        self.joint = config.inputs == "joint"
        self.sizes = [field.size for field in layout.fields]
        self.columns = columns_let_in(config, layout.columns)
        own = self._of_fields(config, tensors)
        self.width = own[0].shape[1] if config.inputs != "fields" else config.embedding * len(layout.fields)
        wide = [layout.columns[number].size for number in self.columns]
        own += [tensors.floats(f"structure.tables.{n}.weight", size, self.width) for n, size in enumerate(wide)]
        own += self._of_parts(config, layout, tensors)
        self.conditions = len(layout.conditions)
        own += [tensors.floats(f"conditions.tables.{one.name}.weight", one.size, self.width) for one in layout.conditions]
        self._tables = own

    def mapped(self, weight: Floats, bias: Floats | None) -> None:
        """Takes the linear map that follows, weight [E, I] and bias [E], in."""
        rows = []
        for number, table in enumerate(self._tables):
            at = number * table.shape[1] if table.shape[1] < self.width else 0  # of fields that stand side by side
            rows.append(Matrix(np.ascontiguousarray(weight[:, at : at + table.shape[1]]))(table))
        if bias is not None:
            rows[0] = rows[0] + bias
        self._sizes = np.array([len(table) for table in rows])
        self.first = np.cumsum([0, *self._sizes[:-1]])
        self.rows = np.ascontiguousarray(np.concatenate(rows), np.float32)
        self._tables = []

    def __call__(self, before_BTF: Ints, context_BTC: Ints | None, conditions_BC: Ints | None) -> Floats:
        """What goes into the backbone behind its first map, [B, T, E]. Raises `IndexError` for an id that is none.

        Without context or conditions, theirs are left out.
        """
        rows, steps, _ = before_BTF.shape
        if self.joint:
            before_BTF = np.ravel_multi_index(tuple(np.moveaxis(before_BTF, -1, 0)), self.sizes)[..., None]
        parts, used = [before_BTF], list(range(before_BTF.shape[-1]))
        if self.columns and context_BTC is not None:
            parts.append(context_BTC[..., self.columns])
            used += range(len(used), len(used) + len(self.columns))
        if self.conditions and conditions_BC is not None:
            parts.append(np.broadcast_to(conditions_BC[:, None], (rows, steps, self.conditions)))
            used += range(len(self._sizes) - self.conditions, len(self._sizes))
        ids = np.ascontiguousarray(np.concatenate(parts, -1, dtype=np.int64))
        sizes, first = (self._sizes, self.first) if len(used) == len(self._sizes) else (self._sizes[used], self.first[used])
        if ((ids < 0) | (ids >= sizes)).any():
            raise IndexError("an event or what is known of it has an id that the model does not know")
        ids += first
        out = np.empty((rows, steps, self.rows.shape[1]), np.float32)
        _SUM.call(address(ids), rows * steps, len(used), address(self.rows), out.shape[2], address(out))
        return out

    def _of_parts(self, config: ModelConfig, layout: Layout, tensors: Tensors) -> list[Floats]:
        """A table for each column that tells of a part: the embedding of its kind through the part's share of the matrix."""
        blocks = blocks_of_parts(config, layout.columns)
        if not blocks:
            return []
        parts = [number for block in blocks for number in block]
        matrix = tensors.floats("structure.parts.project.weight", self.width, PART_WIDTH * len(parts))
        shares, found = iter(np.split(matrix, len(parts), axis=1)), []
        for kind, block in enumerate(blocks):
            size = layout.columns[block.start].size
            table = tensors.floats(f"structure.parts.tables.{kind}.weight", size, PART_WIDTH)
            found += [Matrix(np.ascontiguousarray(next(shares)))(table) for _ in block]
        self.columns += parts
        return found

    def _of_fields(self, config: ModelConfig, tensors: Tensors) -> list[Floats]:
        if config.inputs == "fields":
            return [tensors.floats(f"inputs.tables.{f}.weight", size, config.embedding) for f, size in enumerate(self.sizes)]
        if config.inputs == "joint":
            return [tensors.floats("inputs.table.weight", math.prod(self.sizes), config.embedding)]
        whole = tensors.floats("inputs.table", sum(self.sizes), config.width)
        return np.split(whole, np.cumsum(self.sizes)[:-1])
