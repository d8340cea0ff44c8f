"""What faults do to a corpus, a training and a checkpoint: kills, flipped bits and a full disk. Prints one JSON object.

python bench/faults.py build-kills SOURCE [--count 20]        builds killed at random moments, then finished
python bench/faults.py train-kills SOURCE [--count 10]        the same of a training (one thread, a narrow model)
python bench/faults.py corpus-flips SOURCE [--count 200]      single bits of a corpus flipped: was each noticed?
python bench/faults.py checkpoint-flips SOURCE [--count 200]  the same of a checkpoint
python bench/faults.py full-disk SOURCE                       files may not grow: what stood there still stands

SOURCE is anything `partimento build` reads. All is done in a temporary folder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from partimento.corpus import Corpus
from partimento.errors import CheckpointError, CorpusError
from partimento.models.checkpoint import Checkpoint
from partimento.models.tensorfile import load

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests are not installed
from tests.hostile import flip

PARTIMENTO = (sys.executable, "-m", "partimento")
STEPS, WIDTH = 400, 16


def build_kills(source: str, folder: Path, count: int) -> dict[str, Any]:
    """`count` builds that SIGKILL ends at a random moment of an undisturbed one's time, one of them half a second in at most."""
    seconds = timed(build_command(source, folder / "plain"))
    chance, killed, tries, shards = random.Random(0), 0, 0, []
    out = folder / "killed"
    while killed < count:
        tries += 1
        # each build goes on where the one before was, so the later ones are shorter: short and long delays in turn
        was_killed = run_and_kill(build_command(source, out), seconds * chance.random() * (1 if tries % 2 else 0.25))
        killed += was_killed
        shards.append(len(list(out.glob(".build/*.shard"))))
        if not was_killed:  # it was done: begin again
            shutil.rmtree(out)
    timed(build_command(source, out))
    plain, other = Corpus.open(folder / "plain"), Corpus.open(out)
    return {
        "killed": killed,
        "seconds_undisturbed": seconds,
        "shards_kept_after_each": shards,
        "files": plain.report["files"],
        "taken": plain.report["taken"],
        "same_fingerprint": plain.fingerprint == other.fingerprint,
        "same_bytes": content_of(folder / "plain") == content_of(out),
        "leftovers": sorted(set(content_of(out)) - set(content_of(folder / "plain"))),
    }


def train_kills(source: str, folder: Path, count: int) -> dict[str, Any]:
    """A training killed `count` times against an undisturbed one: the weights must be equal to the bit."""
    timed(build_command(source, folder / "corpus"))
    seconds = timed(train_command(folder, folder / "plain"))
    chance, killed, states = random.Random(0), 0, []
    started = time.monotonic()
    while killed < count and not (folder / "killed" / "model.safetensors").exists():
        # it must live until it has saved a state beyond the last one, or it would never end
        process = subprocess.Popen(train_command(folder, folder / "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        newest = last_state(folder / "killed")
        while process.poll() is None and last_state(folder / "killed") <= newest:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.3)
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        states.append(last_state(folder / "killed"))
    timed(train_command(folder, folder / "killed"))
    plain, other = (load(folder / name / "model.safetensors")[0] for name in ("plain", "killed"))
    histories = [history(folder / name) for name in ("plain", "killed")]
    return {
        "killed": killed,
        "seconds_undisturbed": seconds,
        "seconds_with_kills": round(time.monotonic() - started, 1),
        "steps": STEPS,
        "step_of_the_last_state_after_each": states,
        "tensors": len(plain),
        "bit_identical": plain.keys() == other.keys() and all(np.array_equal(plain[name], other[name]) for name in plain),
        "equal_validations": f"{sum(a == b for a, b in zip(*histories, strict=True))} of {len(histories[0])}",
        "sha256_of_weights": hashlib.sha256(b"".join(plain[name].tobytes() for name in sorted(plain))).hexdigest()[:16],
    }


def corpus_flips(source: str, folder: Path, count: int) -> dict[str, Any]:
    """Damage in manifest, tables and report must be refused; damage in the encoded events must be mended, aloud."""
    timed(build_command(source, folder / "corpus"))
    sound = Corpus.open(folder / "corpus").encoded("melody")
    events = np.array(sound.events)
    warnings = Heard()
    logging.getLogger("partimento.corpus.store").addHandler(warnings)
    answers: Counter[str] = Counter()
    by_file: Counter[str] = Counter()
    files = sorted(path for path in (folder / "corpus").rglob("*") if path.is_file())
    chance = random.Random(0)
    for number in range(count):
        path = files[number % len(files)]
        was = flip(path, chance)
        warnings.count = 0
        try:
            again = Corpus.open(folder / "corpus").encoded("melody")
            sound_again = np.array_equal(again.events, events) and np.array_equal(again.offsets, sound.offsets)
            answer = "mended aloud" if warnings.count and sound_again and path.read_bytes() == was else "loaded in silence"
        except CorpusError:
            answer = "refused"
        path.write_bytes(was)
        answers[answer] += 1
        by_file[f"{path.name.split('-')[0]}: {answer}"] += 1
    noticed = count - answers["loaded in silence"]
    return {"flips": count, "noticed": noticed, "used": answers["loaded in silence"], "by_file": dict(sorted(by_file.items()))}


def checkpoint_flips(source: str, folder: Path, count: int) -> dict[str, Any]:
    """Every damaged checkpoint must be refused."""
    timed(build_command(source, folder / "corpus"))
    timed(train_command(folder, folder / "run", steps=20))
    path = folder / "run" / "model.safetensors"
    chance, refused = random.Random(0), 0
    for _ in range(count):
        was = flip(path, chance)
        try:
            Checkpoint.load(path)
        except CheckpointError:
            refused += 1
        path.write_bytes(was)
    Checkpoint.load(path)
    return {"flips": count, "noticed": refused, "used": count - refused, "bytes": path.stat().st_size}


def full_disk(source: str, folder: Path, count: int) -> dict[str, Any]:
    """Files may not grow beyond a few sizes: each command must fail in one line, and leave what stood there."""
    timed(build_command(source, folder / "corpus"))
    timed([*train_command(folder, folder / "run", steps=20)])
    new = (*PARTIMENTO, "compose", str(folder / "run"), "--notes", "20", "--seed", "1", "-o", str(folder / "new.mid"))
    timed(new)
    smaller = [*build_command(source, folder / "corpus"), "--label", "genre=other"]
    cases: dict[str, tuple[Sequence[str], Path]] = {
        "build again with other labels": (smaller, folder / "corpus"),
        "build elsewhere": (build_command(source, folder / "elsewhere"), folder / "elsewhere"),
        "train elsewhere": (train_command(folder, folder / "other"), folder / "other"),
        "compose over a file": ((*new[:-3], "2", "-o", str(folder / "new.mid")), folder / "new.mid"),
    }
    answer: dict[str, Any] = {"source": Path(source).name}
    for name, (command, place) in cases.items():
        codes: Counter[str] = Counter()
        for limit in (0, 100, 500, 4096):
            before = content_of(place)
            done = subprocess.run(command, capture_output=True, text=True, preexec_fn=partial(limit_files, limit))
            if done.returncode == 0:
                codes["had room enough"] += 1
                continue
            now = content_of(place)
            kept = all(now.get(path) == content for path, content in before.items() if not path.startswith(".build"))
            lines = done.stderr.strip().splitlines() or [""]
            told = "in one line" if done.returncode == 2 and "Traceback" not in done.stderr else lines[-1][:120]
            codes[f"failed {told}, {'all kept' if kept else 'NOT all kept'}"] += 1
        answer[name] = dict(codes)
    timed(smaller)
    timed(train_command(folder, folder / "other"))
    answer["with room again"] = {
        "corpus opens": len(Corpus.open(folder / "corpus")) > 0,
        "training finishes": Checkpoint.load(folder / "other").metadata["training"]["step"] == STEPS,
        "temporary files left": [path for path in content_of(folder) if path.endswith((".tmp", ".part"))],
    }
    return answer


def build_command(source: str, out: Path) -> list[str]:
    return [*PARTIMENTO, "build", source, "--out", str(out), "--workers", "1"]


def train_command(folder: Path, out: Path, steps: int = STEPS) -> list[str]:
    """A training that saves often, so that kills fall between states and into them."""
    code = "import partimento.training.train as t, partimento.cli as c; t.SAVE_EVERY_SECONDS = 0.1; raise SystemExit(c.main())"
    options = ["--width", str(WIDTH), "--threads", "1", "--steps", str(steps)]
    return [sys.executable, "-c", code, "train", str(folder / "corpus"), "--out", str(out), *options]


def timed(command: Sequence[str]) -> float:
    """Runs a command that must succeed; its seconds."""
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return round(time.monotonic() - started, 2)


def run_and_kill(command: Sequence[str], delay: float) -> bool:
    """Starts a command and kills it after `delay` seconds; False where it was done before."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if process.wait(delay):
            raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait() == -signal.SIGKILL


def last_state(run: Path) -> int:
    return max((int(path.stem.removeprefix("state-")) for path in run.glob("state-*.safetensors")), default=0)


def history(run: Path) -> list[dict[str, Any]]:
    return [{**json.loads(line), "seconds": 0} for line in (run / "history.jsonl").read_text().splitlines()]


def content_of(place: Path) -> dict[str, bytes]:
    """The bytes of a file, or of all files of a folder."""
    if place.is_file():
        return {"": place.read_bytes()}
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in sorted(place.rglob("*")) if path.is_file()}


def limit_files(most_bytes: int) -> None:
    """No file of this process may grow beyond that; the write then fails as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))


class Heard(logging.Handler):
    """Counts warnings."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1


COMMANDS: dict[str, tuple[Callable[[str, Path, int], dict[str, Any]], int]] = {
    "build-kills": (build_kills, 20),
    "train-kills": (train_kills, 10),
    "corpus-flips": (corpus_flips, 200),
    "checkpoint-flips": (checkpoint_flips, 200),
    "full-disk": (full_disk, 0),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=COMMANDS)
    parser.add_argument("source")
    parser.add_argument("--count", type=int)
    given = parser.parse_args()
    function, count = COMMANDS[given.what]
    source = given.source if given.source.startswith("music21:") else os.path.abspath(given.source)
    with tempfile.TemporaryDirectory() as folder:
        answer = function(source, Path(folder), given.count or count)
    print(json.dumps({"what": given.what, **answer}, indent=1))


if __name__ == "__main__":
    main()
