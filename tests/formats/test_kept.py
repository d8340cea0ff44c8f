"""Workers that stay: one for many files, none left behind, none shared by threads or with a child; and only files are read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from partimento.errors import UnreadableFile
from partimento.formats import kept, read
from partimento.formats.kept import ask
from tests.hostile import VALID

ACT = "tests.formats.worker_tasks:act"
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs fork, pipes and signals of POSIX")


@pytest.fixture(autouse=True)
def no_worker_before_or_after() -> Iterator[None]:
    kept.close()
    yield
    kept.close()


def workers() -> list[int]:
    return [worker.process.pid for _, pool in kept._idle for worker in pool.workers]


def test_one_worker_reads_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.mid").write_bytes(VALID)
    (tmp_path / "bad.mid").write_bytes(b"<html>")
    first = read(tmp_path / "a.mid")
    [pid] = workers()
    with pytest.raises(UnreadableFile, match=r"bad\.mid: not MIDI"):
        read(tmp_path / "bad.mid")
    monkeypatch.chdir(tmp_path)  # the worker stays in the old folder
    assert read("a.mid") == first
    assert workers() == [pid]


def test_an_archive_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    for name in ("a.mid", "other.mid"):
        with zipfile.ZipFile(tmp_path / "new.zip", "w") as archive:
            archive.writestr(name, VALID)
        os.replace(tmp_path / "new.zip", tmp_path / "set.zip")
        assert len(read(tmp_path / "set.zip")) == 5


@pytest.mark.parametrize(("task", "reason"), [("die", "crashed"), ("hang", "timed out"), ("swell", "out of memory")])
def test_a_worker_that_dies_costs_its_task_alone(task: str, reason: str) -> None:
    assert ask(ACT, "a", seconds=2).data == b"a"
    assert ask(ACT, task, seconds=2).reason == reason
    assert ask(ACT, "b", seconds=2).data == b"b"


@needs_posix
def test_a_worker_that_was_killed_while_idle_costs_no_task() -> None:
    assert ask(ACT, "a", seconds=9).ok
    [pid] = workers()
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert ask(ACT, "b", seconds=9).data == b"b"
    assert workers() != [pid]


def test_threads_have_workers_of_their_own_and_few_stay() -> None:
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda n=number: answers.append(ask(ACT, f"t{n}", seconds=20).data))
        for number in range(kept.MOST_IDLE + 2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == sorted(f"t{number}".encode() for number in range(len(threads)))
    assert 1 <= len(workers()) <= kept.MOST_IDLE


@needs_posix
def test_a_forked_child_leaves_the_workers_of_its_parent_alone() -> None:
    assert ask(ACT, "a", seconds=20).ok
    before = workers()
    child = os.fork()
    if not child:
        try:
            right = workers() == [] and ask(ACT, "b", seconds=20).data == b"b"
            kept.close()
            os._exit(0 if right else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert ask(ACT, "c", seconds=20).data == b"c"
    assert workers() == before


@needs_posix
@pytest.mark.parametrize("end", ["pass", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_worker_outlives_its_parent(end: str) -> None:
    code = f"from partimento.formats import kept; kept.ask({ACT!r}, 'a', seconds=20); "
    code += f"print(*[worker.process.pid for _, pool in kept._idle for worker in pool.workers], flush=True); {end}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    pid = int(done.stdout)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("it is still there")


@needs_posix
@pytest.mark.parametrize("name", ["pipe.abc", "zero.abc", "zero.mid", "pipe.zip", "pipe.krn"])
@pytest.mark.parametrize("trusted", [True, False])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str, trusted: bool) -> None:
    if name.startswith("pipe"):
        os.mkfifo(tmp_path / name)
    else:
        os.symlink("/dev/zero", tmp_path / name)
    with pytest.raises(UnreadableFile, match="not a file"):
        read(tmp_path / name, trusted=trusted)
