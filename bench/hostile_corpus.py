"""A corpus of real files with deliberately broken ones among them, built by the command line. Prints one JSON object.

python bench/hostile_corpus.py REAL.zip [--real 200] [--seed 0]

Every file must be accounted for, every real one that builds without the broken ones must build with them, to the same notes,
and nothing may crash or hang. All is done in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from partimento.corpus import Corpus
from partimento.formats import READERS

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.hostile import hostile_files


def take_real(archive: Path, folder: Path, count: int, seed: int) -> int:
    """`count` files of the archive, drawn by the seed, under numbered names; how many there were."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if Path(name).suffix.lower() in READERS)
        chosen = sorted(random.Random(seed).sample(names, min(count, len(names))))
        for number, name in enumerate(chosen):
            (folder / f"{number:03}{Path(name).suffix.lower()}").write_bytes(file.read(name))
    return len(chosen)


def put_hostile(folder: Path, seed: int) -> int:
    """The broken files; how many there are."""
    folder.mkdir(exist_ok=True)
    files = hostile_files(seed)
    for name, data in files.items():
        (folder / name.replace("/", " over ")).write_bytes(data)
    return len(files)


def build(sources: list[Path], out: Path) -> dict[str, Any]:
    """The command line's own JSON, its exit code and seconds, and the notes of each piece by name."""
    started = time.monotonic()
    command = [sys.executable, "-m", "partimento", "build", *map(str, sources), "--out", str(out), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = round(time.monotonic() - started, 2)
    if done.returncode:
        return {"exit": done.returncode, "seconds": seconds, "stderr": done.stderr[-500:]}
    return {"exit": 0, "seconds": seconds, "traceback": "Traceback" in done.stderr, **json.loads(done.stdout)}


def notes_of(out: Path) -> dict[str, np.ndarray[Any, Any]]:
    corpus = Corpus.open(out)
    return {row.name: corpus.piece(number).notes for number, row in enumerate(corpus.rows)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--real", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        real = take_real(given.archive, folder / "real", given.real, given.seed)
        hostile = put_hostile(folder / "zz hostile", given.seed)
        alone = build([folder / "real"], folder / "alone")
        mixed = build([folder / "real", folder / "zz hostile"], folder / "mixed")
        if alone["exit"] or mixed["exit"]:
            print(json.dumps({"alone": alone, "mixed": mixed}, indent=1))
            raise SystemExit(1)
        report = Corpus.open(folder / "mixed").report
        before, after = notes_of(folder / "alone"), notes_of(folder / "mixed")
        accounted = mixed["taken"] + mixed["duplicates"] + sum(mixed["refused"].values())
        kept = sum(name in after and np.array_equal(notes, after[name]) for name, notes in before.items())
        answer = {
            "real_files": real,
            "hostile_files": hostile,
            "build_crashed": mixed["traceback"],
            "seconds": mixed["seconds"],
            "seconds_of_the_real_ones_alone": alone["seconds"],
            "files": mixed["files"],
            "accounted_for": accounted,
            "taken": mixed["taken"],
            "duplicates": mixed["duplicates"],
            "refused": dict(sorted(mixed["refused"].items(), key=lambda pair: -pair[1])),
            "refused_real": sorted(line for lines in report["refused"].values() for line in lines if line.startswith("real/")),
            "rescued": {"pieces": mixed["rescued"], "by_repair": report["repairs"]},
            "real_taken_alone": len(before),
            "of_them_taken_with_the_same_notes": kept,
            "worker_crashes": mixed["refused"].get("crashed", 0),
            "timed_out": mixed["refused"].get("timed out", 0),
        }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
