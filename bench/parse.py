"""How fast files become pieces, beside bare symusic in the same run. Prints one line of JSON.

python bench/parse.py FOLDER [LIST]      LIST: a text file with one path a line, relative to FOLDER
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import symusic

from partimento import formats
from partimento.errors import UnreadableFile
from partimento.formats import sources, supervise

REPEATS = 5
WORKERS = 2


def main() -> None:
    """Interleaves the ways of reading, so that a busy machine slows all of them alike."""
    folder = Path(sys.argv[1])
    paths = _paths(folder, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    items = [item for path in paths for item in sources.list_items(path).items]
    ways: dict[str, Callable[[], None]] = {
        "symusic": lambda: _drain(symusic.Score(path) for path in paths),
        "piece": lambda: _drain(_piece(path) for path in paths),
        f"piece_{WORKERS}_workers": lambda: _drain(_supervised(items)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, read in ways.items():
            start = time.perf_counter()
            read()
            seconds[name].append(time.perf_counter() - start)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    result: dict[str, object] = {"files": len(paths), "repeats": REPEATS}
    result |= {f"{name}_files_per_second": round(len(paths) / value) for name, value in median.items()}
    result |= {f"{name}_us_per_file": round(value / len(paths) * 1e6, 1) for name, value in median.items()}
    result |= {f"{name}_over_symusic": round(value / median["symusic"], 2) for name, value in median.items() if name != "symusic"}
    print(json.dumps(result))


def _paths(folder: Path, listed: Path | None) -> list[Path]:
    """The files that bare symusic reads too; the others would stop its run."""
    paths = [folder / line for line in listed.read_text().split("\n") if line] if listed else sorted(folder.rglob("*.mid"))
    return [path for path in paths if _symusic_reads(path)]


def _symusic_reads(path: Path) -> bool:
    try:
        symusic.Score(path)
    except Exception:  # whatever C++ threw
        return False
    return True


def _piece(path: Path) -> object:
    try:
        return formats.parse(path.read_bytes(), path.suffix, source=path.name)
    except UnreadableFile as error:
        return error


def _supervised(items: list[sources.Item]) -> Iterable[object]:
    tasks = ({"item": formats.item_to_json(item)} for item in items)
    return supervise.run("partimento.formats:read_task", tasks, workers=WORKERS)


def _drain(values: Iterable[object]) -> None:
    deque(values, maxlen=0)


if __name__ == "__main__":
    main()
