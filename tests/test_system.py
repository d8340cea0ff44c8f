"""What this system tells, and that the package works where a system tells or does less."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from partimento import system
from partimento.errors import InvalidOption
from partimento.formats import write
from tests.made import made_piece

ELSEWHERE = """
import importlib.abc, os, signal, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in {"fcntl", "resource"}:
            raise ImportError(f"no module named {name}")

sys.meta_path.insert(0, Missing())
for name in "sched_getaffinity readv writev set_blocking sysconf".split():
    delattr(os, name)
for name in "alarm SIGALRM SIGKILL".split():
    delattr(signal, name)
"""  # what Windows has not; no pipe is watched there either
READ = """
import logging, sys
logging.basicConfig(format="%(message)s")
from partimento.formats import channel, read_all
if len(sys.argv) > 2:
    channel.PIPES_CAN_BE_WATCHED = False
for _ in range(2):
    for name, piece in read_all(sys.argv[1:2], workers=2):
        print(name.rpartition("/")[2], len(piece) if hasattr(piece, "notes") else piece.reason)
"""


def test_what_is_told_is_likely() -> None:
    assert 1 <= system.processors() <= (os.cpu_count() or 1)
    assert 10e6 < system.peak_memory() < 1e12
    assert 0 < system.process_seconds() < 1e6
    assert system.address_space() > system.peak_memory() / 10


def test_processors_are_counted_on_every_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 3, raising=False)
    assert system.processors() == 3
    monkeypatch.delattr(os, "process_cpu_count")
    monkeypatch.setattr(os, "sched_getaffinity", lambda number: {1, 5}, raising=False)
    assert system.processors() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert system.processors() == 1


def test_what_no_system_tells_is_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "resource", None)
    assert system.peak_memory() == 0
    assert not system.limit_address_space(1 << 30)
    monkeypatch.delattr(os, "sysconf")
    assert system.address_space() == 0
    assert system.process_seconds() > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits it")
@pytest.mark.parametrize("extra", [1 << 30, 1 << 62, 1 << 80])
def test_memory_is_limited_as_far_as_the_system_counts(extra: int) -> None:
    code = f"from partimento import system; print(system.limit_address_space({extra})); bytearray({min(2 * extra, 1 << 36)})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "True\n"
    assert (extra > 1 << 30) or "MemoryError" in done.stderr


def test_one_lock_for_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    code = f"from partimento.system import locked; from pathlib import Path\nwith locked(Path({str(path)!r}), 'taken'): print('in')"
    for _ in range(2):
        with system.locked(path, "held"):
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
            assert done.stdout == ""
            assert "InvalidOption: taken" in done.stderr
            with pytest.raises(InvalidOption, match="twice"), system.locked(path, "twice"):
                pass
        assert not path.exists()
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "in\n"


def test_the_lock_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = f"import os, pathlib; from partimento.system import locked\nwith locked(pathlib.Path({str(path)!r}), ''): os._exit(3)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 3
    assert path.exists()
    with system.locked(path, "held"):
        pass


def test_sigterm_is_an_interrupt_of_its_own() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(system.Terminated), system.terminable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
    ran = []

    def elsewhere() -> None:
        with system.terminable():
            ran.append(signal.getsignal(signal.SIGTERM) == before)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert ran == [True], "only the main thread may"


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scores")
    for number in range(5):
        write(made_piece(number), folder / f"{number}.mid")
    (folder / "broken.mid").write_bytes(b"MThd")
    return folder


@pytest.mark.parametrize("pump", [False, True], ids=["pipes", "pump"])
def test_files_are_read_where_a_system_has_less(tmp_path: Path, scores: Path, pump: bool) -> None:
    """No limits of memory, no alarm, no affinity, no watched pipes: the same pieces, and one word about the memory."""
    if pump:
        (tmp_path / "sitecustomize.py").write_text(ELSEWHERE)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", READ, scores, *["x"] * pump], env=env, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    expected = [f"{number}.mid {len(made_piece(number))}" for number in range(5)]
    assert [line for line in lines if "broken" not in line] == expected * 2, done.stderr
    assert sum("broken" in line for line in lines) == 2
    assert done.stderr.count("cannot limit a worker's memory") == pump


def test_every_module_is_imported_where_a_system_has_less(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(ELSEWHERE)
    code = (
        "import importlib, pkgutil, partimento\n"
        "for one in pkgutil.walk_packages(partimento.__path__, 'partimento.'):\n"
        "    if not one.name.endswith(('__main__', 'worker')): importlib.import_module(one.name)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_no_worker_outlives_its_parent(tmp_path: Path) -> None:
    code = (
        "import sys; from partimento.formats import supervise\n"
        "for index, reply in supervise.run('tests.formats.worker_tasks:act', [0, 'hang'], workers=1): print(index, flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()  # the worker now hangs
    children = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent_of(pid) == process.pid]
    assert len(children) == 1
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{children[0]}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{children[0]}").exists()


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
