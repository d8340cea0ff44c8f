"""A tiny deterministic corpus, tiny recipes, and runs in processes that may be killed. As a script it does those runs."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from partimento.corpus.encoded import Encoded
from partimento.encodings import make
from partimento.models import checkpoint
from partimento.models.config import Recipe
from partimento.models.recipes import recipe
from partimento.training import train as training

STEPS = 75


@contextmanager
def dying(after: int) -> Iterator[None]:
    """Inside, a training saves a state at each step, and dies of an error after so many."""
    import pytest

    real = training.Run._step

    def step(self: training.Run) -> None:
        if self.state.step == after:
            raise InterruptedError
        real(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "SAVE_EVERY_SECONDS", 0.0)
        patch.setattr(training.Run, "_step", step)
        with pytest.raises(InterruptedError):
            yield


def tiny_encoded(pieces: int = 30, seed: int = 0) -> Encoded:
    """Scales in a fixed rhythm, with noise: something to learn, in about 3,000 events, from integers alone."""
    chance = np.random.RandomState(seed)  # its stream is frozen by numpy
    major, rhythm = np.array([0, 2, 4, 5, 7, 9, 11]), np.array([3, 2, 2, 4])
    made = []
    for _ in range(pieces):
        place = np.arange(chance.randint(20, 150)) + chance.randint(0, 28)
        piece = np.stack([major[place % 7] + 1, rhythm[place % 4]], 1).astype(np.uint8)
        noise = chance.random_sample(len(piece)) < 0.1
        piece[noise] = np.stack([chance.randint(1, 13, noise.sum()), chance.randint(1, 6, noise.sum())], 1)
        made.append(piece)
    return Encoded.of(make("melody"), made, [0 if i % 5 < 3 else 1 if i % 5 == 3 else 2 for i in range(pieces)])


def made_encoded(key: str, pieces: int = 12) -> Encoded:
    """Made pieces in any encoding; more than half of them to train on."""
    from tests.made import made_piece  # not there when this file is run as a script

    encoding = make(key)
    return Encoded.of(
        encoding, [encoding.encode(made_piece(number, 40)) for number in range(pieces)], [0, 0, 0, 0, 1, 2] * (pieces // 6)
    )


def tiny_recipe(name: str = "seed_pair", **changes: Any) -> Recipe:
    """The named recipe, small; dropout is on, so that random state matters."""
    full = recipe(name)
    model = full.model.changed(width=24, embedding=8, dropout=0.1)
    small: dict[str, Any] = {"batch": 4, "segment": 32, "valid_every": 25, "warmup": 10, "learning_rate": 3e-3, **changes}
    return replace(full, model=model, training=replace(full.training, **small))


def run(folder: Path, report: int = -1, steps: int = STEPS) -> training.TrainResult:
    """The run whose end all tests compare. Steps are reported as bytes to the file descriptor `report`."""

    def on_step(progress: training.Progress) -> None:
        if report >= 0:
            os.write(report, f"{progress.step}\n".encode())

    return training.train(
        tiny_recipe(), tiny_encoded(), folder, threads=1, max_steps=steps, on_step=on_step, metadata={"corpus": "tiny"}
    )


def outcome(folder: Path) -> dict[str, Any]:
    """What must not depend on kills: weights, and the history but for seconds."""
    tensors, _ = checkpoint.load(folder / "model.safetensors")
    digest = hashlib.sha256(b"".join(name.encode() + tensors[name].tobytes() for name in sorted(tensors))).hexdigest()
    rows = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return {"weights": digest, "history": [{**row, "seconds": 0} for row in rows], "files": sorted(os.listdir(folder))}


def in_child(
    folder: Path, *, end: int = 0, at_step: int = 0, delay: float = 0.0, max_bytes: int = 0, steps: int = STEPS
) -> tuple[int, float]:
    """A run in a forked child that gets signal `end` some time after `at_step`; its exit status and how long it took to die."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        if max_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))
        try:
            run(folder, writer, steps)
        except KeyboardInterrupt:
            os._exit(30)
        except Exception as error:
            os._exit(40 if type(error).__name__ == "WriteFailed" else 50)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as lines:
        if end:
            for line in lines:
                if int(line) >= at_step:
                    break
            time.sleep(delay)
            os.kill(child, end)
        ended = time.monotonic()
        _, status = os.waitpid(child, 0)
    return status, time.monotonic() - ended


def kills(folder: Path, count: int, steps: int) -> dict[str, Any]:
    """Killed `count` times at random moments, each further on, then let run."""
    chance = random.Random(count)
    died = 0
    for at_step in sorted(chance.randint(0, steps * 3 // 4) for _ in range(count)):
        status, _ = in_child(folder, end=signal.SIGKILL, at_step=at_step, delay=chance.random() * 0.01, steps=steps)
        died += os.WIFSIGNALED(status)
    status, _ = in_child(folder, steps=steps)
    return {**outcome(folder), "killed": died, "status": status}


def main() -> None:
    what, folder, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    answer: dict[str, Any]
    training.SAVE_EVERY_SECONDS = 0.02  # so that kills also hit the writing of states
    training.REPORT_EVERY_SECONDS = 0.0
    if what == "kills":
        steps = max(STEPS, 15 * number)
        plain = {"status": in_child(folder / "plain", steps=steps)[0], **outcome(folder / "plain")}
        answer = {"plain": plain, "killed": kills(folder / "killed", number, steps)}
    elif what == "stop":
        plain = {"status": in_child(folder / "plain")[0], **outcome(folder / "plain")}
        ends = []
        for end, at_step in ((signal.SIGTERM, 20), (signal.SIGINT, 40)):
            status, seconds = in_child(folder / "stopped", end=end, at_step=at_step)
            newest = max(int(path.stem.removeprefix("state-")) for path in (folder / "stopped").glob("state-*"))
            ends.append({"exit": os.waitstatus_to_exitcode(status), "seconds": seconds, "step": newest})
        # a disk that takes no more: the states stay, and with room again the run goes on
        status, _ = in_child(folder / "stopped", max_bytes=3000)
        full = {"exit": os.waitstatus_to_exitcode(status), "files": sorted(os.listdir(folder / "stopped"))}
        status, _ = in_child(folder / "stopped")
        answer = {"plain": plain, "ends": ends, "full": full, "stopped": {"status": status, **outcome(folder / "stopped")}}
    else:
        raise SystemExit(f"unknown: {what}")
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
