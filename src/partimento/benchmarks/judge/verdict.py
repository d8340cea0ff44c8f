"""What the judge says, and the file beside a model that keeps it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partimento.bootstrap import Interval
from partimento.files import write_atomic

FILE_NAME = "judge.json"  # beside the model


@dataclass(frozen=True)
class Tell:
    """A figure that tells both sides apart: its share of what the trees gain, its means, and the area under its own curve (above
    0.5 where the machine has more of it)."""

    name: str
    gain: float
    human: float
    made: float
    area: float


@dataclass(frozen=True)
class Verdict:
    """The `area` under the judge's curve, 0.5 where it cannot tell; `floor`: that between human pieces. Excerpts and pieces are
    (human, made)."""

    bars: int
    seed: int
    excerpts: tuple[int, int]
    pieces: tuple[int, int]
    area: Interval
    floor: Interval
    tells: list[Tell]

    def to_json(self) -> dict[str, Any]:
        """Stable keys: bars, seed, excerpts, pieces (human, made), area, floor (mean, low, high), tells (name, gain, human, made,
        area)."""
        intervals = {"area": self.area.to_json(), "floor": self.floor.to_json()}
        return vars(self) | intervals | {"tells": [vars(tell) for tell in self.tells]}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Verdict:
        intervals = {name: Interval(**found[name]) for name in ("area", "floor")}
        pairs = {name: tuple(found[name]) for name in ("excerpts", "pieces")}
        return cls(**found | intervals | pairs | {"tells": [Tell(**tell) for tell in found["tells"]]})


def keep(folder: Path, verdict: Verdict, sha256: str) -> None:
    """Writes a verdict beside the model that it is of, among those of other lengths of excerpts. Raises `WriteFailed`."""
    found = {one.bars: one.to_json() for one in kept(folder, sha256)} | {verdict.bars: verdict.to_json()}
    content = {"model": sha256, "verdicts": [found[bars] for bars in sorted(found)]}
    write_atomic(folder / FILE_NAME, json.dumps(content, indent=1).encode() + b"\n")


def kept(folder: Path, sha256: str | None = None) -> list[Verdict]:
    """The verdicts that lie in a folder, those of the model of this SHA-256 alone where it is given; none where there are none."""
    try:
        content = json.loads((folder / FILE_NAME).read_bytes())
        return [Verdict.from_json(one) for one in content["verdicts"]] if sha256 in (None, content["model"]) else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
