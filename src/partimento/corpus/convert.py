"""Scores to files of another format, one after another, changed on the way."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from partimento.encodings import make
from partimento.errors import InvalidOption, InvalidPiece, PartimentoError, UnknownName
from partimento.formats import WRITERS, read_items, write
from partimento.formats.sources import Item
from partimento.piece import Piece

_LEAST_TICKS = 480  # a quarter has in files whose notes were moved to a coarse grid


@dataclass(frozen=True)
class Changes:
    """What happens between reading and writing, in this order. `grid` is lines a quarter, 0 for none; `encoding` is a key of
    `encodings.make` through which the piece goes and comes back, so that one can hear what it keeps."""

    transpose: int = 0
    grid: int = 0
    encoding: str = ""

    def apply(self, piece: Piece) -> Piece:
        """The changed piece. Raises `InvalidPiece` where a pitch or a time would be out of range."""
        if self.transpose:
            piece = piece.transpose(self.transpose)
        if self.grid:
            piece = piece.quantise(self.grid).quantise(math.lcm(self.grid, _LEAST_TICKS))
        if self.encoding:
            encoding = make(self.encoding)
            piece = replace(encoding.decode(encoding.encode(piece)), about=piece.about)
        return piece

    def check(self) -> None:
        """Raises `InvalidOption` or `UnknownName` for what cannot be."""
        if not -127 <= self.transpose <= 127:
            raise InvalidOption(f"--transpose is {self.transpose}; it must be -127..127 semitones")
        if self.grid < 0 or math.lcm(max(self.grid, 1), _LEAST_TICKS) > 32767:
            raise InvalidOption(f"--grid is {self.grid}; it must be a number of lines a quarter, such as 4, 12 or 48")
        if self.encoding:
            make(self.encoding)


@dataclass(frozen=True)
class Converted:
    """One score: where it came from, where it went, its notes; or, in `problem`, why there is no file."""

    source: str
    path: str = ""
    notes: int = 0
    problem: str = ""


def targets(items: Sequence[Item], out: Path, suffix: str) -> list[Path]:
    """A path inside the folder `out` for each item, like its own name, no two alike. Raises `UnknownName` for the suffix."""
    if suffix not in WRITERS:
        raise UnknownName("format to write", suffix.removeprefix("."), [one.removeprefix(".") for one in WRITERS])
    taken: set[str] = set()
    paths = []
    for item in items:
        inner = item.name.split("/", 1)[-1].replace("\\", "-")
        named = inner.replace(".abc#X", "-X") if "#X" in inner else inner.rpartition(".")[0]
        stem = "/".join(part for part in PurePosixPath(named).parts if part not in ("/", "..")) or "score"
        unique, number = stem, 2
        while unique.lower() in taken:  # some file systems do not tell A from a
            unique, number = f"{stem}-{number}", number + 1
        taken.add(unique.lower())
        paths.append(out / (unique + suffix))
    return paths


def convert(
    items: Sequence[Item],
    paths: Sequence[Path],
    changes: Changes,
    *,
    repeats: str = "written",
    workers: int = 1,
    seconds: float = 60.0,
) -> Iterator[Converted]:
    """Reads each item in a worker, changes it and writes it to its path. One that fails says why, and the others go on."""
    changes.check()
    path_of = {item.name: path for item, path in zip(items, paths, strict=True)}
    for item, outcome in read_items(items, repeats=repeats, workers=workers, seconds=seconds):
        path = path_of[item.name]
        if isinstance(outcome, PartimentoError):
            yield Converted(item.name, problem=str(outcome).removeprefix(f"{item.name}: "))
            continue
        try:
            piece = changes.apply(outcome[0])
            if not len(piece):
                raise InvalidPiece("the encoding keeps none of its notes")
            if os.path.exists(path) and os.path.samefile(path, item.path):
                raise InvalidOption("it would be written over itself; choose another place")
            path.parent.mkdir(parents=True, exist_ok=True)
            write(piece, path)
            yield Converted(item.name, str(path), len(piece))
        except PartimentoError as error:
            yield Converted(item.name, problem=str(error))
