"""Scores that all fields share, where the fields are neighbouring keys: one small network looks at each key and around it.

Since it is the same for every key, music that is moved gets scores that are moved, but for
a vector of each key's own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partimento.encodings import Context
from partimento.models.config import ModelConfig
from partimento.models.field_sizes import NEAR, OCTAVE

SPREAD = 0.3  # of the first embeddings


class KeyScores(nn.Module):
    """A score for each id of each field, from h [..., D] and the columns of kind `field`, blocks of K [..., C].

    What the blocks say of a key is embedded and summed; a convolution over the keys gathers an octave to either side, another one
    the sums over octaves; with h and a vector for each key they enter a layer and a residual one.
    """

    def __init__(self, config: ModelConfig, keys: int, choices: int, columns: list[int], sizes: list[int]) -> None:
        super().__init__()
        self.keys, self.columns = keys, columns
        width, size = config.width, config.embedding
        self.tables = nn.ModuleList(nn.Embedding(one, size) for one in sizes)
        for table in self.tables:
            nn.init.normal_(table.weight, std=SPREAD)  # type: ignore[arg-type]
        self.near = nn.Conv1d(size, width, 2 * NEAR + 1, padding=NEAR)
        self.octaves = nn.Conv1d(size, width, OCTAVE, bias=False)
        self.own = nn.Parameter(0.1 * torch.randn(width, keys))
        self.whole = nn.Linear(width, width, bias=False)
        self.mix = nn.Conv1d(width, width, 1)
        self.project = nn.Conv1d(width, choices, 1)
        self.dropout = nn.Dropout1d(config.dropout)  # of a frame, the same for all keys

    @classmethod
    def of(cls, config: ModelConfig, choices: list[int], columns: tuple[Context, ...]) -> KeyScores | None:
        """Those of fields that are alike and of which the columns tell; None where there are none."""
        keys = len(choices)
        own = [number for number, column in enumerate(columns) if column.kind == "field"]
        if not own or len(set(choices)) > 1:
            return None
        return cls(config, keys, choices[0], own, [columns[number].size for number in own[::keys]])

    def forward(self, h: Tensor, context: Tensor) -> Tensor:
        """Scores [B, T, K, S] of S ids a key, from h [B, T, D] and context [B, T, C]; other leading ones do too."""
        said = context[..., self.columns].reshape(-1, len(self.tables), self.keys)
        e_NKE = sum(table(said[:, block]) for block, table in enumerate(self.tables))
        e_NEK = e_NKE.transpose(1, 2)
        padded = F.pad(e_NEK, (0, -self.keys % OCTAVE))
        octaves = padded.reshape(*padded.shape[:2], -1, OCTAVE).sum(-2) * (OCTAVE / self.keys)
        around = self.octaves(torch.cat([octaves, octaves[..., :-1]], -1))  # [N, D, 12]: from each class up to the next
        u = self.near(e_NEK) + around.repeat(1, 1, -(-self.keys // OCTAVE))[..., : self.keys] + self.own
        u = self.dropout(F.gelu(u + self.whole(h).reshape(len(u), -1, 1)))
        scores_NIK: Tensor = self.project(self.dropout(u + F.gelu(self.mix(u))))
        return scores_NIK.transpose(1, 2).reshape(*h.shape[:-1], self.keys, -1)
