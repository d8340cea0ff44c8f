"""What goes into a backbone: embeddings of events, of what an encoding says before each of them, of conditions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from partimento.encodings import Context, Field
from partimento.errors import UnknownName
from partimento.models.config import ModelConfig
from partimento.models.field_sizes import PART_WIDTH, Fields, blocks_of_parts, columns_let_in, joint_size

SPREAD = 0.1  # of the first embeddings of columns: small beside those of the fields


class FieldInputs(nn.Module):
    """An embedding for each field, side by side; id 0 has one too, so the start event is learned."""

    def __init__(self, config: ModelConfig, fields: Fields) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(field.size, config.embedding) for field in fields)
        self.width = config.embedding * len(fields)

    def forward(self, events_BTF: Tensor) -> Tensor:
        """Vectors [B, T, I] of events int64 [B, T, F]."""
        return torch.cat([table(events_BTF[..., f]) for f, table in enumerate(self.tables)], -1)


class SummedInputs(nn.Module):
    """The sum of an embedding for each field, as one product: for many small fields."""

    def __init__(self, config: ModelConfig, fields: Fields) -> None:
        super().__init__()
        sizes = [field.size for field in fields]
        self.first = [sum(sizes[:f]) for f in range(len(sizes))]
        self.table = nn.Parameter(torch.randn(sum(sizes), config.width) / math.sqrt(len(fields)))
        self.width = config.width

    def forward(self, events_BTF: Tensor) -> Tensor:
        """Vectors [B, T, I] of events int64 [B, T, F]."""
        rows_BTF = events_BTF + torch.tensor(self.first, device=events_BTF.device)
        chosen = self.table.new_zeros(*events_BTF.shape[:-1], len(self.table))
        summed: Tensor = chosen.scatter(-1, rows_BTF, 1.0) @ self.table
        return summed


class JointInputs(nn.Module):
    """One embedding for each combination of ids."""

    def __init__(self, config: ModelConfig, fields: Fields) -> None:
        super().__init__()
        self.sizes = [field.size for field in fields]
        self.table = nn.Embedding(joint_size(self.sizes), config.embedding)
        self.width = config.embedding

    def forward(self, events_BTF: Tensor) -> Tensor:
        """Vectors [B, T, I] of events int64 [B, T, F]."""
        code_BT = events_BTF[..., 0]
        for f, size in enumerate(self.sizes[1:], 1):
            code_BT = code_BT * size + events_BTF[..., f]
        embedded: Tensor = self.table(code_BT)
        return embedded


class ContextInputs(nn.Module):
    """The sum of an embedding for each column that the config lets in."""

    def __init__(self, config: ModelConfig, columns: tuple[Context, ...], width: int) -> None:
        super().__init__()
        self.columns = columns_let_in(config, columns)
        self.tables = nn.ModuleList(nn.Embedding(columns[number].size, width) for number in self.columns)
        for table in self.tables:
            nn.init.normal_(table.weight, std=SPREAD)  # type: ignore[arg-type]
        blocks = blocks_of_parts(config, columns)
        self.parts = PartInputs(columns, blocks, width) if blocks else None

    def forward(self, context_BTC: Tensor) -> Tensor:
        """Vectors [B, T, I] of context ids int64 [B, T, C]."""
        total: Tensor = sum(table(context_BTC[..., column]) for column, table in zip(self.columns, self.tables, strict=True))
        return total if self.parts is None else total + self.parts(context_BTC)


class PartInputs(nn.Module):
    """What is said of each part: narrow embeddings, one for each kind of column, that all parts share, through one matrix, which
    tells the parts apart. A part that is not there adds nothing."""

    def __init__(self, columns: tuple[Context, ...], blocks: list[range], width: int) -> None:
        super().__init__()
        self.blocks = [slice(block.start, block.stop) for block in blocks]
        sizes = [columns[block.start].size for block in self.blocks]
        self.tables = nn.ModuleList(nn.Embedding(size, PART_WIDTH, padding_idx=0) for size in sizes)
        self.project = nn.Linear(PART_WIDTH * sum(map(len, blocks)), width, bias=False)
        nn.init.normal_(self.project.weight, std=SPREAD / math.sqrt(PART_WIDTH))

    def forward(self, context_BTC: Tensor) -> Tensor:
        """Vectors [B, T, I] of context ids int64 [B, T, C]."""
        said = [table(context_BTC[..., block]).flatten(-2) for table, block in zip(self.tables, self.blocks, strict=True)]
        projected: Tensor = self.project(torch.cat(said, -1))
        return projected


class ConditionInputs(nn.Module):
    """The sum of an embedding for each condition [B, C] that is not absent (0)."""

    def __init__(self, fields: tuple[Field, ...], width: int) -> None:
        super().__init__()
        self.tables = nn.ModuleDict({field.name: nn.Embedding(field.size, width, padding_idx=0) for field in fields})
        for table in self.tables.values():
            nn.init.normal_(table.weight, std=SPREAD)  # type: ignore[arg-type]
            with torch.no_grad():
                table.weight[0] = 0.0  # type: ignore[operator]

    def forward(self, conditions_BC: Tensor) -> Tensor:
        """Vectors [B, I] of condition ids int64 [B, C]."""
        total: Tensor = sum(table(conditions_BC[:, c]) for c, table in enumerate(self.tables.values()))
        return total


INPUTS: dict[str, type[FieldInputs] | type[SummedInputs] | type[JointInputs]] = {
    "fields": FieldInputs,
    "summed": SummedInputs,
    "joint": JointInputs,
}


def inputs(config: ModelConfig, fields: Fields) -> FieldInputs | SummedInputs | JointInputs:
    """The event embeddings that `config` names. Raises `UnknownName`."""
    if config.inputs not in INPUTS:
        raise UnknownName("inputs", config.inputs, INPUTS)
    return INPUTS[config.inputs](config, fields)
