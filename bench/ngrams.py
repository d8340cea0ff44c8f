"""How long it takes to count all runs of 1 to 8 symbols of a corpus, beside a plain Counter. Prints one line of JSON.

Usage: python bench/ngrams.py CORPUS [--kinds pitch interval rhythm]. Each way and kind runs in a process of its own, so that its
peak memory is its own; the counts of both ways are checked against each other. Processor time says more than the clock on a
busy machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from partimento.analysis.ngrams import KINDS, LONGEST, Ngrams, stream
from partimento.analysis.piece_set import Music
from partimento.corpus import Corpus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--way", choices=sorted(WAYS), help="run only this way, here, and print what it took")
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.corpus, options.kinds[0], options.way)))
        return
    found: dict[str, Any] = {}
    for kind in options.kinds:
        ways = {way: _apart(options.corpus, kind, way) for way in WAYS}
        digests = {ways[way].pop("digest") for way in WAYS}
        found[kind] = {**ways, "the_same_counts": len(digests) == 1}
        found[kind]["times_faster"] = round(ways["counter"]["cpu_seconds"] / max(ways["sorted"]["cpu_seconds"], 0.01), 1)
    print(json.dumps({"corpus_notes": len(Corpus.open(options.corpus).notes), **found, "numpy": np.__version__}))


def _apart(corpus: Path, kind: str, way: str) -> dict[str, Any]:
    command = [sys.executable, __file__, str(corpus), "--kinds", kind, "--way", way]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def measure(corpus: Path, kind: str, way: str) -> dict[str, Any]:
    """Seconds and memory of one way, the loading of the corpus left out; and a digest of all counts."""
    symbols, piece = stream(Music.of_corpus(Corpus.open(corpus)), kind)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of the memory begins anew here
    before, wall, cpu = _memory_mb("VmRSS"), time.perf_counter(), time.process_time()
    counted = WAYS[way](symbols, piece)
    wall, cpu, peak = time.perf_counter() - wall, time.process_time() - cpu, _memory_mb("VmHWM")
    lengths = {str(n): len(counts) for n, counts in counted.items()}
    return {
        "symbols": len(symbols),
        "seconds": round(wall, 2),
        "cpu_seconds": round(cpu, 2),
        "peak_mb_above_loading": round(peak - before),
        "different": lengths,
        "digest": _digest(counted),
    }


def _sorted(symbols: Any, piece: Any) -> dict[int, Any]:
    grams = Ngrams(symbols, piece)
    return {n: grams.zipf(n) for n in range(1, LONGEST + 1)}


def _counter(symbols: Any, _piece: Any) -> dict[int, Any]:
    """Line by line, one dictionary for each length; only the counts are kept, so that their memory is not added up."""
    lines = [line for line in symbols.tobytes().split(b"\0") if line]
    counted = {}
    for n in range(1, LONGEST + 1):
        counter: Counter[bytes] = Counter()
        for line in lines:
            counter.update(line[at : at + n] for at in range(len(line) - n + 1))
        counted[n] = sorted(counter.values(), reverse=True)
    return counted


WAYS = {"sorted": _sorted, "counter": _counter}


def _digest(counted: dict[int, Any]) -> str:
    return hashlib.sha256(b"".join(np.asarray(counted[n], np.int64).tobytes() for n in sorted(counted))).hexdigest()


def _memory_mb(name: str) -> float:
    """A line of /proc/self/status, which Linux has."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith(name)).split()[1]) / 1024


if __name__ == "__main__":
    main()
