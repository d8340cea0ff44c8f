"""Workers die, hang and swell; each task still gets its one reply."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from partimento.formats import kept, supervise


def run(tasks: Any, **options: Any) -> dict[int, supervise.Reply]:
    replies: dict[int, supervise.Reply] = {}
    for index, reply in supervise.run("tests.formats.worker_tasks:act", tasks, **{"workers": 2, "seconds": 2.0, **options}):
        assert index not in replies
        replies[index] = reply
    return replies


def test_every_task_gets_its_reply() -> None:
    tasks: list[Any] = [b"\0\xff" * 1000, {"a": 1}, 7, "print", b""]
    replies = run(tasks)
    assert [replies[n].data for n in range(5)] == [b"\0\xff" * 1000, b"{'a': 1}", b"7", b"print", b""]
    assert all(reply.ok for reply in replies.values())


def test_only_the_culprit_is_charged() -> None:
    bad = {30: "die", 31: "exit", 90: "hang", 140: "spin", 200: "swell", 250: "raise", 260: "refuse"}
    replies = run((bad.get(n, n) for n in range(300)), seconds=1.0)
    assert sorted(replies) == list(range(300))
    reasons = {n: replies[n].reason for n in range(300) if not replies[n].ok}
    assert reasons == {
        30: "crashed",
        31: "crashed",
        90: "timed out",
        140: "timed out",
        200: "out of memory",
        250: "crashed",
        260: "no notes",
    }
    assert replies[260].detail == "not one"
    assert "ValueError" in replies[250].detail
    assert all(replies[n].data == str(n).encode() for n in range(300) if n not in bad)


def test_no_tasks_start_no_worker() -> None:
    assert run([]) == {}


def test_large_tasks_and_replies_do_not_block() -> None:
    tasks = [bytes([n]) * (3 << 20) for n in range(12)]
    replies = run(tasks, seconds=20.0)
    assert all(replies[n].data == task for n, task in enumerate(tasks))


def test_a_missing_function_is_a_mistake_of_the_program() -> None:
    with pytest.raises(RuntimeError, match="no_such"):
        list(supervise.run("tests.formats.worker_tasks:no_such", [1]))


def test_closing_ends_the_workers() -> None:
    kept.close()
    replies = supervise.run("tests.formats.worker_tasks:act", (n if n == 0 else "hang" for n in range(100)), workers=1)
    assert next(replies)[1].data == b"0"
    start = time.monotonic()
    replies.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 2
    children = [pid for pid in os.listdir("/proc") if pid.isdigit() and _is_our_worker(pid)]
    assert children == []


def _is_our_worker(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat, open(f"/proc/{pid}/cmdline") as command:
            return stat.read().rpartition(")")[2].split()[1] == str(os.getpid()) and "partimento.formats.worker" in command.read()
    except OSError:
        return False


def test_an_unending_source_is_read_no_further_than_needed() -> None:
    seen = 0

    def endless() -> Any:
        nonlocal seen
        while True:
            seen += 1
            yield seen

    replies = supervise.run("tests.formats.worker_tasks:act", endless(), workers=1)
    for _ in range(100):
        next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert seen <= 100 + 2 * supervise.BATCH


def test_throughput() -> None:
    start = time.monotonic()
    assert len(run(range(8000))) == 8000
    assert time.monotonic() - start < 8  # 4,000 a second are asked for on an idle machine
