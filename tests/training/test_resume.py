"""Whatever happens to a run, started again it ends in the same bits."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from partimento.corpus.encoded import Encoded
from partimento.errors import CheckpointError, InvalidOption, WriteFailed
from partimento.system import locked
from partimento.training import train as training
from partimento.training.run_state import states
from tests.training.tiny import STEPS, dying, outcome, run, tiny_encoded, tiny_recipe


def in_process(what: str, folder: Path, number: int) -> Any:
    script = Path(__file__).with_name("tiny.py")
    done = subprocess.run([sys.executable, script, what, folder, str(number)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_sigkill_changes_nothing(tmp_path: Path, count: int) -> None:
    answer = in_process("kills", tmp_path, count)
    assert answer["killed"].pop("killed") == count
    assert answer["plain"] == answer["killed"]
    assert answer["plain"]["status"] == 0
    assert answer["plain"]["files"] == ["history.jsonl", "model.safetensors"]


def test_sigterm_sigint_and_a_full_disk_lose_nothing(tmp_path: Path) -> None:
    answer = in_process("stop", tmp_path, 0)
    for end, least in zip(answer["ends"], (20, 40), strict=True):
        assert end["exit"] == 30  # KeyboardInterrupt
        assert end["seconds"] < 10
        assert end["step"] >= least
    assert answer["full"]["exit"] == 40  # WriteFailed
    assert any(name.startswith("state-") for name in answer["full"]["files"])
    assert not any(name.endswith(".tmp") for name in answer["full"]["files"])
    assert answer["stopped"] == answer["plain"]


def stopped_run(folder: Path, after: int) -> None:
    """A run that dies of an error after some steps, with a state saved at each."""
    with dying(after):
        run(folder)


def test_a_damaged_state_is_passed_over_aloud(tmp_path: Path) -> None:
    run(tmp_path / "plain")
    stopped_run(tmp_path / "run", 30)
    found = states(tmp_path / "run")
    assert [path.name for path in found] == ["state-30.safetensors", "state-29.safetensors", "state-28.safetensors"]
    content = bytearray(found[0].read_bytes())
    content[len(content) // 2] ^= 4
    found[0].write_bytes(content)
    found[1].write_bytes(found[1].read_bytes()[:1000])
    result = run(tmp_path / "run")
    assert len(result.warnings) == 2
    assert all("going on from the state before it" in warning for warning in result.warnings)
    assert outcome(tmp_path / "run") == outcome(tmp_path / "plain")
    stopped_run(tmp_path / "again", 5)
    for path in states(tmp_path / "again"):
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="all 3 states"):
        run(tmp_path / "again")


def test_another_run_is_refused(tmp_path: Path) -> None:
    stopped_run(tmp_path, 5)
    encoded, other = tiny_encoded(), tiny_encoded(seed=1)
    moved = Encoded(encoded.encoding, encoded.events, encoded.offsets, encoded.splits[::-1].copy())
    for finished in (False, True):
        if finished:
            run(tmp_path)
        for recipe, data, split_method, message in (
            (tiny_recipe(learning_rate=0.1), encoded, "works", "learning_rate: 0.003 there, 0.1 here"),
            (tiny_recipe(), other, "works", "another data"),
            (tiny_recipe(), moved, "works", "another data"),
            (tiny_recipe(), encoded, "windows", "another split method"),
        ):
            with pytest.raises(CheckpointError, match=message):
                training.train(recipe, data, tmp_path, split_method=split_method, threads=1, max_steps=STEPS)


def test_a_finished_run_returns_its_result(tmp_path: Path) -> None:
    first = run(tmp_path)
    before = os.stat(first.path).st_mtime_ns
    assert run(tmp_path) == first
    assert os.stat(first.path).st_mtime_ns == before


def test_a_write_that_fails_leaves_the_states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped_run(tmp_path, 30)
    before = states(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match="No space left"):
        run(tmp_path)
    monkeypatch.undo()
    assert states(tmp_path) == before
    assert run(tmp_path).step == STEPS


def test_two_trainings_in_one_folder_are_refused(tmp_path: Path) -> None:
    with locked(tmp_path / "run" / ".lock", "held"), pytest.raises(InvalidOption, match="another training is at work there"):
        training.train(tiny_recipe(), tiny_encoded(), tmp_path / "run", threads=1, max_steps=2)
    training.train(tiny_recipe(), tiny_encoded(), tmp_path / "run", threads=1, max_steps=2)
    assert not (tmp_path / "run" / ".lock").exists()


def test_with_more_time_a_run_goes_on(tmp_path: Path) -> None:
    recipe, data = tiny_recipe(schedule="auto"), tiny_encoded()
    first = training.train(recipe, data, tmp_path, threads=1, budget_seconds=0.3)
    assert first.stopped == "budget"
    assert len(states(tmp_path)) == 1
    same = training.train(recipe, data, tmp_path, threads=1, budget_seconds=0.3)
    assert same == first
    longer = training.train(recipe, data, tmp_path, threads=1, budget_seconds=first.seconds + 0.5)
    assert longer.stopped == "budget"
    assert longer.step > first.step
    rows = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == sorted({row["step"] for row in rows})
    assert rows[-1]["learning_rate"] < max(row["learning_rate"] for row in rows)
    whole = training.train(recipe, data, tmp_path, threads=1, max_steps=longer.step + 10)
    assert (whole.stopped, whole.step) == ("steps", longer.step + 10)
    assert sorted(os.listdir(tmp_path)) == ["history.jsonl", "model.safetensors"]
