"""What differs from system to system: processors, memory, signals, locks; it says where a system cannot tell or do something."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from partimento.errors import InvalidOption

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM); what is at work may still put its things in order."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "process_cpu_count"):  # since Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def process_seconds() -> float:
    """Seconds since this process started, where the system tells (Linux); otherwise the processor time it has used."""
    try:
        started_ticks = int(Path("/proc/self/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, IndexError, ValueError):
        return time.process_time()


def peak_memory() -> int:
    """The most bytes of memory that this process ever had; 0 where the system does not say."""
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # in bytes there, in kilobytes elsewhere


def address_space() -> int:
    """Bytes of address space in use; 0 where the system does not say (only Linux does)."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError, ValueError):
        return 0


def limit_address_space(extra: int) -> bool:
    """From now on this process may take `extra` bytes more than it has; whether the system can hold it to that."""
    in_use = address_space()
    if resource is None or not in_use:
        return False
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
    limit = min(in_use + extra, most)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (OSError, ValueError):
        return False
    return True


def leave_no_core() -> None:
    """A crash of this process leaves no image of its memory behind."""
    if resource is not None:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM raises `Terminated` inside, so that it ends a command as an interrupt does; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated("terminated")

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def user_cache() -> Path:
    """The user's folder for what can be made again. Raises `RuntimeError` where there is no home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "partimento"


def user_state() -> Path:
    """The user's folder for what the package remembers on this machine."""
    return Path(os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")) / "partimento"


@contextlib.contextmanager
def locked(path: Path, refusal: str) -> Iterator[None]:
    """Holds the lock file `path` inside. Raises `InvalidOption(refusal)` where another process holds it.

    The lock of a process that died is free. The file goes while it is held, so who comes next makes a new one.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InvalidOption(refusal) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes it with its last user
            path.unlink()
        lock.release()
