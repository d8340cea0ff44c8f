"""A pool of worker processes that may die: each task gets one reply, and a dead or hanging worker costs only its culprit.

No pickle and no fork: a worker is a fresh `python -m partimento.formats.worker`, tasks and replies are length-prefixed bytes.
"""

from __future__ import annotations

import json
import logging
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from partimento.formats.channel import Channel, channel_to

BATCH = 64  # tasks a worker holds at a time
BATCH_BYTES = 8 << 20  # and how many bytes of them, unless a single one is larger
GATHER_SECONDS = 0.002  # longer, and workers run dry
START_SECONDS = 60.0  # what a fresh worker may take for its imports, on a busy machine
_READ = 1 << 18
_ENDED_BY_ALARM, _KILLED = (-getattr(signal, name, 0) or None for name in ("SIGALRM", "SIGKILL"))  # exit codes, on POSIX
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """What became of a task: its `data`, or a `reason` it failed for ("crashed", "timed out", "out of memory", or the reader's)."""

    data: bytes = b""
    reason: str = ""
    detail: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason


Task = tuple[int, bytes]


@dataclass(eq=False)
class _Worker:
    process: subprocess.Popen[bytes]
    channel: Channel
    deadline: float
    waiting: deque[Task] = field(default_factory=deque)  # sent and unanswered; the first one is being worked on
    waiting_bytes: int = 0
    outbox: bytearray = field(default_factory=bytearray)
    inbox: bytearray = field(default_factory=bytearray)
    ready: bool = False
    retiring: bool = False  # it said so itself: it grew too large, and its end is nobody's fault
    timed_out: bool = False


def run(
    function: str,
    tasks: Iterable[Any],
    *,
    workers: int = 2,
    seconds: float = 20.0,
    memory_bytes: int = 1 << 30,
    init: dict[str, Any] | None = None,
) -> Iterator[tuple[int, Reply]]:
    """Runs `function` ("module:name", called as `name(task, **init) -> bytes`) over `tasks`; yields (index, reply) as they come.

    A task is bytes or anything JSON can say. `seconds` is the wall-clock time of one task, `memory_bytes` the address space
    a worker may take beyond its imports. Closing the iterator ends the workers. Raises `RuntimeError` when the function
    cannot be imported, which is a mistake of the program and not of a task.
    """
    pool = Pool(function, iter(tasks), max(1, workers), seconds, memory_bytes, init or {})
    try:
        yield from pool.replies()
    finally:
        pool.close()


class Pool:
    """Workers, and the tasks they are at."""

    def __init__(
        self, function: str, tasks: Iterator[Any], size: int, seconds: float, memory_bytes: int, init: dict[str, Any]
    ) -> None:
        self.tasks = enumerate(tasks)
        self.size, self.seconds = size, seconds
        self.requeued: deque[Task] = deque()
        self.workers: list[_Worker] = []
        self.selector = selectors.DefaultSelector()
        self.exhausted = False
        self.buffer = memoryview(bytearray(_READ))
        hello = {"function": function, "init": init, "memory_bytes": memory_bytes, "seconds": seconds, "path": sys.path}
        hello["parent"] = os.getpid()
        self.hello = _frame(json.dumps(hello).encode())

    def answer(self, task: Any) -> Reply:
        """What becomes of one more task; the worker stays for the next."""
        self.tasks, self.exhausted = enumerate([task]), False
        for worker in [worker for worker in self.workers if worker.process.poll() is not None]:
            self._end(worker)  # while it was idle: it is no task's fault
        [(_, reply)] = self.replies()
        return reply

    def forget(self) -> None:
        """Lets go of the workers without ending them: they belong to the process that this one was forked from."""
        for worker in self.workers:
            worker.channel.close()
            worker.process.returncode = 0  # nobody here waits for it
        self.workers.clear()
        self.selector.close()

    def replies(self) -> Iterator[tuple[int, Reply]]:
        while True:
            for worker in self.workers:
                self._top_up(worker)
            while len(self.workers) < self.size and (task := self._next_task()):
                self._top_up(self._spawn(), task)
            if not self.workers or (self.exhausted and not self.requeued and not any(worker.waiting for worker in self.workers)):
                return
            if all(len(worker.waiting) > BATCH // 2 for worker in self.workers):
                time.sleep(GATHER_SECONDS)  # nobody will starve meanwhile, and one look at the pipes then finds many replies
            soonest = min((worker.deadline for worker in self.workers if worker.waiting), default=math.inf)
            timeout = max(0.0, soonest - time.monotonic())
            for key, events in self.selector.select(min(timeout, 1.0)):
                worker = key.data
                if events & selectors.EVENT_WRITE:
                    self._send(worker)
                if events & selectors.EVENT_READ:
                    yield from self._receive(worker)
            now = time.monotonic()
            for worker in [worker for worker in self.workers if worker.waiting and now > worker.deadline]:
                worker.timed_out = True
                yield from self._bury(worker)

    def _next_task(self) -> Task | None:
        if self.requeued:
            return self.requeued.popleft()
        for index, task in self.tasks:
            return index, (b"B" + task if isinstance(task, bytes) else b"J" + json.dumps(task).encode())
        self.exhausted = True
        return None

    def _spawn(self) -> _Worker:
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        process = subprocess.Popen(
            [sys.executable, "-m", "partimento.formats.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **threads},
            bufsize=0,
        )
        channel = channel_to(process)
        worker = _Worker(process, channel, time.monotonic() + START_SECONDS + self.seconds, outbox=bytearray(self.hello))
        self.workers.append(worker)
        self.selector.register(channel.reader, selectors.EVENT_READ, worker)
        self.selector.register(channel.writer, selectors.EVENT_WRITE, worker)
        return worker

    def _top_up(self, worker: _Worker, first: Task | None = None) -> None:
        """Hands over tasks until the worker holds its batch; only when half of it is done, so that writes are few."""
        if first is None and (worker.retiring or len(worker.waiting) > BATCH // 2):
            return
        idle = not worker.waiting
        task = first
        while len(worker.waiting) < BATCH and (not worker.waiting or worker.waiting_bytes < BATCH_BYTES):
            task = task or self._next_task()
            if task is None:
                break
            worker.waiting.append(task)
            worker.waiting_bytes += len(task[1])
            worker.outbox += _frame(task[1])
            task = None
        if idle and worker.ready:
            worker.deadline = time.monotonic() + self.seconds
        if worker.outbox:
            self._send(worker)

    def _send(self, worker: _Worker) -> None:
        channel = worker.channel
        try:
            while worker.outbox:
                del worker.outbox[: channel.send(memoryview(worker.outbox)[:_READ].tobytes())]
        except BlockingIOError:
            pass
        except OSError:
            worker.outbox.clear()  # it is dead; its end is noticed where its replies are read
        writing = channel.writer in self.selector.get_map()
        if writing and not worker.outbox:
            self.selector.unregister(channel.writer)
        elif worker.outbox and not writing:
            self.selector.register(channel.writer, selectors.EVENT_WRITE, worker)

    def _receive(self, worker: _Worker) -> Iterator[tuple[int, Reply]]:
        try:
            count = worker.channel.receive(self.buffer)  # a buffer that stays: fresh ones cost page faults
        except BlockingIOError:
            return
        except OSError:
            count = 0
        worker.inbox += self.buffer[:count]
        at = 0
        while len(worker.inbox) >= at + 4 and len(worker.inbox) >= (
            stop := at + 4 + int.from_bytes(worker.inbox[at : at + 4], "big")
        ):
            with memoryview(worker.inbox) as view:
                head, body = view[at + 4 : at + 6].tobytes(), view[at + 6 : stop].tobytes()
            at = stop
            worker.deadline = time.monotonic() + self.seconds
            if not worker.ready:
                if head + body == b"ready, without a limit":
                    _warn_of_memory()
                elif head + body != b"ready":
                    raise RuntimeError(f"a worker could not start: {(head + body).decode(errors='replace')}")
                worker.ready = True
                worker.deadline += START_SECONDS  # the first task may have to import a large library
                continue
            index, task = worker.waiting.popleft()
            worker.waiting_bytes -= len(task)
            worker.retiring = worker.retiring or head[1:] == b"R"
            yield index, _reply(head, body)
        del worker.inbox[:at]
        if not count:
            yield from self._bury(worker)

    def _bury(self, worker: _Worker) -> Iterator[tuple[int, Reply]]:
        """Ends a worker, charges the task it was at, and gives the others back."""
        if not worker.ready and not worker.timed_out:
            raise RuntimeError(f"a worker ended during its start, with exit code {worker.process.wait()}")
        self._end(worker)
        code = worker.process.returncode
        if worker.waiting and not worker.retiring:
            index, _ = worker.waiting.popleft()
            if worker.timed_out or code == _ENDED_BY_ALARM:
                reply = Reply(reason="timed out", detail=f"no answer within {self.seconds:g} s")
            elif code == _KILLED:
                reply = Reply(reason="out of memory", detail="the system killed the worker")
            else:
                reply = Reply(reason="crashed", detail=f"exit code {code}")
            yield index, reply
        self.requeued.extendleft(reversed(worker.waiting))
        worker.waiting.clear()

    def _end(self, worker: _Worker) -> None:
        if worker not in self.workers:
            return
        self.workers.remove(worker)
        for end in (worker.channel.reader, worker.channel.writer):
            if end in self.selector.get_map():
                self.selector.unregister(end)
        worker.channel.close()
        if worker.timed_out or worker.waiting:
            time.sleep(0)  # a dying process gets its own exit code before ours
        try:
            worker.process.wait(0.0 if worker.timed_out else 0.5)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()

    def close(self) -> None:
        for worker in list(self.workers):
            worker.process.kill()
        for worker in list(self.workers):
            self._end(worker)
        self.selector.close()


@cache
def _warn_of_memory() -> None:
    log.warning("this system cannot limit a worker's memory: a hostile file may take all there is, until its time is over")


def _frame(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def _reply(head: bytes, body: bytes) -> Reply:
    """The first byte says what it is (K: a result, E: a reason and a detail), the second whether the worker retires."""
    if head[:1] == b"K":
        return Reply(body)
    reason, detail = json.loads(body)
    return Reply(reason=reason, detail=detail)
