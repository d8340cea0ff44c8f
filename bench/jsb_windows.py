"""From pieces to what a network reads: features of whole sets, windows drawn from them, transpositions. It knows no network.

The features of a set are kept as a safetensors file with the SHA-256 of the data they were made from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from jsb_memory import NOW, Memory, Slots
from jsb_past import NONE, REST, USES, Symbols
from safetensors import safe_open
from torch import Tensor

from partimento.encodings import Events
from partimento.encodings.slots import FIRST_PITCH
from partimento.encodings.slots import REST as REST_ID
from partimento.evaluation import chorales
from partimento.evaluation.protocol import pieces_of

PARTS = ("train", "valid", "test")
FORMAT = "1"  # of the features; another number has them made again


def symbols_of(piece: Events) -> Symbols:
    """From ids of the encoding `slots` [T, 4] to symbols."""
    return np.where(piece == REST_ID, REST, piece.astype(np.int16) - FIRST_PITCH).astype(np.int16)


def read(path: Path) -> tuple[dict[str, list[Symbols]], str]:
    """The pieces of each part and the SHA-256 of the file. Raises `UnreadableFile`."""
    encoded, digest = chorales.read(path)
    return {name: [symbols_of(piece) for piece in pieces_of(encoded.part(name))] for name in PARTS}, digest


@dataclass(frozen=True)
class Part:
    """Features of a part's P pieces end to end, as tensors by their names in `Slots`."""

    slots: dict[str, Tensor]
    length: Tensor  # [P] slots
    shift: Tensor  # [P, 2] the lowest and highest transposition that keeps every voice in its range in train, semitones

    @classmethod
    def of(cls, slots: list[Slots], shift: list[tuple[int, int]]) -> Part:
        joined = {name: torch.tensor(value) for name, value in asdict(Slots.joined(slots)).items()}
        return cls(joined, torch.tensor([len(one.pitch) for one in slots]), torch.tensor(shift))

    @property
    def offset(self) -> Tensor:
        return self.length.cumsum(0) - self.length

    def truth(self, piece: int) -> Tensor:
        """The symbols [T, 4] of a piece."""
        start = int(self.offset[piece])
        return self.slots["pitch"][start : start + int(self.length[piece]), NOW].long()


def features(pieces: dict[str, list[Symbols]], remember: bool, data: str, path: Path) -> dict[str, Part]:
    """The features of every part, from `path` where they were made of `data`, otherwise made (minutes) and written there."""
    made_of = {"data": data, "format": FORMAT}
    if path.exists():
        with safe_open(path, "pt") as file:
            if file.metadata() == made_of:
                return _unpacked({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    parts = build(pieces, Memory(pieces["train"], remember))
    tensors = {f"{name}.{key}": value.contiguous() for name, part in parts.items() for key, value in part.slots.items()}
    tensors |= {f"{name}.length": part.length for name, part in parts.items()}
    tensors |= {f"{name}.shift": part.shift for name, part in parts.items()}
    safetensors.torch.save_file(tensors, path, made_of)
    return parts


def _unpacked(tensors: dict[str, Tensor]) -> dict[str, Part]:
    names = [field.name for field in fields(Slots)]
    return {
        part: Part({name: tensors[f"{part}.{name}"] for name in names}, tensors[f"{part}.length"], tensors[f"{part}.shift"])
        for part in PARTS
    }


def build(pieces: dict[str, list[Symbols]], memory: Memory) -> dict[str, Part]:
    ranges = [_range(memory.notes[:, v]) for v in range(4)]
    parts = {}
    for name, of_part in pieces.items():
        slots = [memory.slots(piece, i if name == "train" else -1) for i, piece in enumerate(of_part)]
        parts[name] = Part.of(slots, [_shift(piece, ranges) for piece in of_part])
    return parts


def _range(line: Symbols) -> tuple[int, int]:
    return int(line[line < REST].min()), int(line[line < REST].max())


def _shift(piece: Symbols, ranges: list[tuple[int, int]]) -> tuple[int, int]:
    own = [_range(piece[:, v]) for v in range(4)]
    return max(a[0] - b[0] for a, b in zip(ranges, own, strict=True)), min(a[1] - b[1] for a, b in zip(ranges, own, strict=True))


def inputs(part: Part, rows: Tensor, semitones: Tensor, chosen: Tensor) -> dict[str, Tensor]:
    """Features of the slots `rows` [B, T] moved by `semitones` [B]; what only the head reads, for the columns `chosen` alone."""
    slots, head_rows = part.slots, rows[:, chosen]
    pitch, key = slots["pitch"][rows].long(), slots["key"][rows].long()
    moved = pitch + semitones[:, None, None]
    pitch = torch.where(pitch < REST, torch.where((moved < 0) | (moved >= REST), NONE, moved), pitch)
    source = torch.arange(REST) - semitones[:, None]
    inside, source = (source >= 0) & (source < REST), source.clamp(0, REST - 1)
    uses = slots["uses"][head_rows]
    uses = uses.gather(3, source[:, None, None, :, None].expand(*uses.shape[:3], REST, USES)) * inside[:, None, None, :, None]
    heard = slots["uses"][rows[:, ::2]][:, :, 0, 12:24, :3]  # one octave holds each pitch class once
    turned = (torch.arange(12) - semitones[:, None]) % 12
    heard = heard.gather(2, turned[:, None, :, None].expand(-1, heard.shape[1], -1, 3)).flatten(2)
    tonic = torch.where(key[..., 0] < 0, -1, (key[..., 0] + semitones[:, None]) % 12)
    return {
        "pitch": pitch,
        "small": slots["small"][rows].long(),
        "key": torch.stack([tonic, key[..., 1].clamp(min=0)], -1),
        "heard": heard.float(),
        "uses": uses.float(),
        "shares": slots["shares"][head_rows].float(),
        "seen": slots["seen"][head_rows].long(),
        "chosen": chosen,
    }


def draw(part: Part, batch: int, length: int, generator: torch.Generator) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Inputs, targets [B, C, 4] and weights [B, C] of a batch of windows in random transpositions. The head's slots are all even
    ones and a quarter of the odd ones, which weigh four times: hardly anything begins on those."""
    i = torch.multinomial(part.length.float(), batch, True, generator=generator)
    slots = part.length[i]
    start = ((slots - length + length // 2 + 1) * torch.rand(batch, generator=generator)).long() - length // 2
    start = torch.minimum(start, slots - length).clamp(min=0) // 2 * 2  # about a third of the windows begin with the piece
    t = start[:, None] + torch.arange(length)
    rows = part.offset[i][:, None] + torch.minimum(t, slots[:, None] - 1)
    low, high = part.shift[i].T
    semitones = low + ((high - low + 1) * torch.rand(batch, generator=generator)).long()
    odd = torch.randperm(length // 2, generator=generator)[: length // 8] * 2 + 1
    chosen = torch.cat([torch.arange(0, length, 2), odd])
    weight = (t < slots[:, None])[:, chosen] * torch.where(chosen % 2 == 0, 1.0, 4.0)
    read = inputs(part, rows, semitones, chosen)
    return read, read["pitch"][:, chosen][..., NOW], weight


def whole(part: Part) -> Iterator[dict[str, Tensor]]:
    """The inputs of every piece, whole and untransposed."""
    for start, length in zip(part.offset.tolist(), part.length.tolist(), strict=True):
        rows = (start + torch.arange(length))[None]
        yield inputs(part, rows, torch.zeros(1, dtype=torch.long), torch.arange(length))
