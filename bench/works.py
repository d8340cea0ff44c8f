"""Which pieces are found to be one work: on performances of scores, on two sets that share pieces, on changed copies.

Usage: python bench/works.py DATA [--pieces N]. DATA is the folder of the sets. Prints Markdown: pairs found and wrongly joined, and
the processor time of one comparison of a set with itself. Truth: ASAP's file names; the column `also_in` of classical-midi.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from partimento.corpus.duplicates import Sketch, content_hash, works
from partimento.formats import read_all
from partimento.piece import Piece
from partimento.system import processors

Named = dict[str, Piece]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pieces", type=int, default=300, help="of classical-midi that are changed")
    options = parser.parse_args()
    print("| set | pairs of one work | found | pairs joined wrongly | seconds for sketches, works |\n|---|---:|---:|---:|---:|")
    asap = read(options.data / "asap.zip")
    pairs("ASAP, scores and performances", asap, [score_of(name) for name in asap])
    lieder = read(options.data / "openscore-lieder.zip")
    pairs("OpenScore Lieder, mxl and MIDI", lieder, [re.sub(r"\W.*", "", name.rpartition("__")[2]) for name in lieder])
    classical, german = read(options.data / "classical-midi.zip"), read(options.data / "piano-midi-de.zip")
    across(options.data / "classical-midi.zip", classical, german)
    print("\n| changed copies | found | joined with another |\n|---|---:|---:|")
    chosen = [classical[name] for name in list(classical)[:: max(1, len(classical) // options.pieces)]]
    for name, change in CHANGES.items():
        changed(name, chosen, change)


def read(path: Path) -> Named:
    found = read_all([path], workers=processors())
    return {name: piece for name, piece in found if isinstance(piece, Piece)}


def score_of(name: str) -> str:
    """The score that a file of ASAP is, or is played from; with and without repeats it is one."""
    title = name.rpartition("/")[2].rpartition(".")[0].partition("__")[0]
    return re.sub(r"_(no_)?(\d_|first_)?(repeat|trio)$", "", title)


def found_in(pieces: Sequence[Piece]) -> tuple[list[str], float, float]:
    """The work of each piece; seconds of processor time for the sketches, and for the works."""
    start = time.process_time()
    sketches = [Sketch.of(piece) for piece in pieces]
    middle = time.process_time()
    found = works(sketches, [content_hash(piece) for piece in pieces])
    return found, middle - start, time.process_time() - middle


def pairs(title: str, pieces: Named, truth: Sequence[str]) -> None:
    found, sketching, working = found_in(list(pieces.values()))
    of_one = [(a, b) for a, b in combinations(range(len(truth)), 2) if truth[a] == truth[b]]
    together = sum(found[a] == found[b] for a, b in of_one)
    joined = sum(found[a] == found[b] for a, b in combinations(range(len(truth)), 2)) - together
    print(
        f"| {title} ({len(truth):,}) | {len(of_one):,} | {together:,} | {joined:,} | {sketching:.1f}, {working:.1f} |", flush=True
    )


def across(path: Path, classical: Named, german: Named) -> None:
    """Pieces of classical-midi that its index says are in piano-midi-de too, and those that it does not."""
    with zipfile.ZipFile(path) as archive:
        index = next(name for name in archive.namelist() if name.endswith("index.csv"))
        rows = csv.DictReader(io.StringIO(archive.read(index).decode("utf-8")))
        also = {row["file"] for row in rows if "piano-midi-de" in row["also_in"]}
    found, sketching, working = found_in([*classical.values(), *german.values()])
    there = set(found[len(classical) :])
    is_there = [work in there for work in found[: len(classical)]]
    said = ["/".join(name.split("/")[-2:]) in also for name in classical]
    hits = sum(a and b for a, b in zip(is_there, said, strict=True))
    print(
        f"| classical-midi ({len(classical):,}) in piano-midi-de ({len(german):,}), pieces | {sum(said):,} | {hits:,} "
        f"| {sum(is_there) - hits:,} not in the index | {sketching:.1f}, {working:.1f} |",
        flush=True,
    )


def changed(title: str, pieces: Sequence[Piece], change: Callable[[Piece, np.random.Generator], Piece]) -> None:
    chance = np.random.default_rng(0)
    copies = [change(piece, chance) for piece in pieces]
    found, _, _ = found_in([*pieces, *copies])
    alone, _, _ = found_in(list(pieces))
    together = sum(one == other for one, other in zip(found[: len(pieces)], found[len(pieces) :], strict=True))
    groups = len(set(alone)) - len(set(found[: len(pieces)]))  # works that only their copies hold together
    print(f"| {title} | {together} of {len(pieces)} | {groups} |", flush=True)


def _ninth(piece: Piece, chance: np.random.Generator) -> Piece:
    notes = piece.notes.copy()
    at = np.lexsort((notes["pitch"], notes["onset"]))[::9]
    moved = notes["pitch"][at].astype(int) + chance.choice([-3, -2, -1, 1, 2, 3], len(at))
    notes["pitch"][at] = np.clip(moved, 0, 127)
    return replace(piece, notes=notes)


def _played(piece: Piece, chance: np.random.Generator) -> Piece:
    """Onsets 15 ms off (one standard deviation), chords spread, one note in fifty missing."""
    notes = piece.notes[chance.random(len(piece)) > 0.02].copy()
    ticks = piece.ticks_per_quarter * 2 * 0.015
    spread = notes["pitch"] % 12 / 12 * ticks
    notes["onset"] = np.maximum(0, notes["onset"] + chance.normal(0, ticks, len(notes)) + spread).astype(int)
    return replace(piece, notes=notes)


def _octaves(piece: Piece, chance: np.random.Generator) -> Piece:
    """The lowest note of each moment doubled an octave below."""
    notes = piece.notes
    order = np.lexsort((notes["pitch"], notes["onset"]))
    lowest = order[np.unique(notes["onset"][order], return_index=True)[1]]
    low = notes[lowest][notes["pitch"][lowest] >= 12].copy()
    low["pitch"] -= 12
    return replace(piece, notes=np.concatenate([notes, low]))


CHANGES: dict[str, Callable[[Piece, np.random.Generator], Piece]] = {
    "every ninth note changed": _ninth,
    "every ninth note changed, transposed": lambda piece, chance: replace(_ninth(piece, chance)).transpose(
        int(np.clip(3, None, 127 - piece.notes["pitch"].max()))
    ),
    "quantised to eighths": lambda piece, chance: piece.quantise(2),
    "quantised to sixteenths": lambda piece, chance: piece.quantise(4),
    "played": _played,
    "bass doubled": _octaves,
    "the second half": lambda piece, chance: piece.cut(piece.end_tick // 2, piece.end_tick),
}

if __name__ == "__main__":
    main()
