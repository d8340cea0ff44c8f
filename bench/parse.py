"""How fast MIDI files become pieces and melodies, beside bare symusic. Prints one line of JSON.

Usage: python bench/parse.py FOLDER [--list FILE] [--every N] [--repeats R]. FILE names one file a line, relative to FOLDER.
All ways take turns and each figure is the median of the repeats, so that a busy machine slows all of them alike; processor
time says more there than wall-clock time. The figures of the pools leave out the start of the workers, which is its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from partimento import formats
from partimento.encodings.melody import Melody
from partimento.errors import UnreadableFile
from partimento.formats import supervise
from partimento.piece import Piece

BATCH = 16  # pieces read before they are encoded, which keeps both codes in the cache; a corpus does it likewise
POOL_ROUNDS = 3  # a pool reads the files so many times, since a fresh worker first makes its tables, as this process did
MELODY = Melody()
Cost = tuple[float, float]  # seconds by the clock, seconds of processors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", type=Path, help="a text file with one path a line, relative to the folder")
    parser.add_argument("--every", type=int, default=1, help="take every n-th file only")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    paths = [path for path in _paths(options.folder, options.list)[:: options.every] if _symusic_reads(path)]
    print(json.dumps(measure(paths, options.repeats)))


def measure(paths: Sequence[Path], repeats: int) -> dict[str, Any]:
    """Microseconds a file of each way, clock and processors, and how often bare symusic would have read it meanwhile."""
    ways: dict[str, Callable[[], Cost]] = {
        "symusic": lambda: _timed(lambda: [symusic.Score(path) and None for path in paths]),
        "piece": lambda: _timed(lambda: sum(len(piece) for piece in _pieces(paths))),
        "melody": lambda: _timed(lambda: _melodies(paths)),
        "pool_1": lambda: _pool(paths, 1),
        "pool_2": lambda: _pool(paths, 2),
        "start": lambda: _pool(paths[:1], 1),  # of which a round has its share
    }
    costs: dict[str, list[Cost]] = defaultdict(list)
    for _ in range(repeats):
        for name, way in ways.items():
            costs[name].append(way())
    wall, cpu = ({name: statistics.median(cost[at] for cost in costs[name]) for name in ways} for at in (0, 1))
    for workers in (1, 2):  # the clock of a pool starts at its first reply; the processor time of its start is taken off here
        cpu[f"pool_{workers}"] -= workers * cpu["start"]
    timed = ("symusic", "piece", "melody", "pool_1", "pool_2")
    return {
        "files": len(paths),
        "notes_a_file": round(statistics.mean(len(piece) for piece in _pieces(paths))),
        "repeats": repeats,
        "wall_us_a_file": {name: round(wall[name] / len(paths) * 1e6, 1) for name in timed},
        "cpu_us_a_file": {name: round(cpu[name] / len(paths) * 1e6, 1) for name in timed},
        "wall_over_symusic": {name: round(wall[name] / wall["symusic"], 2) for name in timed[1:]},
        "cpu_over_symusic": {name: round(cpu[name] / cpu["symusic"], 2) for name in timed[1:]},
        "melody_rate_over_symusic": round(wall["symusic"] / wall["melody"], 3),
        "pool_2_rate_over_melody": round(wall["melody"] / wall["pool_2"], 2),
        "pool_2_rate_over_melody_with_two_free_cores": round(2 * cpu["melody"] / cpu["pool_2"], 2),
        "start_cpu_seconds_a_worker": round(cpu["start"], 3),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "symusic": symusic.__version__,
    }


def _paths(folder: Path, listed: Path | None) -> list[Path]:
    if listed:
        return [folder / line for line in listed.read_text().split("\n") if line]
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))


def _symusic_reads(path: Path) -> bool:
    """Files that bare symusic refuses would stop its run, so no way gets them."""
    try:
        symusic.Score(path)
    except Exception:  # whatever C++ threw
        return False
    return True


def _pieces(paths: Sequence[Path]) -> Iterator[Piece]:
    for path in paths:
        try:
            with open(path, "rb", buffering=0) as file:
                data = file.read()
            yield formats.parse(data, path.suffix, source=path.name)[0]
        except UnreadableFile:
            pass


def _melodies(paths: Sequence[Path]) -> None:
    pieces = _pieces(paths)
    while batch := list(islice(pieces, BATCH)):
        for piece in batch:
            MELODY.encode(piece)


def _timed(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def melody_task(path: str) -> bytes:
    """Worker side: the melody of a file."""
    with open(path, "rb", buffering=0) as file:
        data = file.read()
    return MELODY.encode(formats.parse(data, ".mid", source=path)[0]).tobytes()


def _pool(paths: Sequence[Path], workers: int) -> Cost:
    """From the first reply to the last by the clock; all processor time of this process and the workers."""
    tasks = (str(path) for path in [*paths] * POOL_ROUNDS)
    cpu = time.process_time() + _children()
    wall = 0.0
    for _ in supervise.run("parse:melody_task", tasks, workers=workers):
        wall = wall or time.perf_counter()
    return (time.perf_counter() - wall) / POOL_ROUNDS, (time.process_time() + _children() - cpu) / POOL_ROUNDS


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
