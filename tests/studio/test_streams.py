"""Streams: events come as they happen; when a reader goes, or takes nothing, its work stops; sixty-four at once are no harm."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from partimento.studio.server.serve import Address
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.mailbox import Feed, Mailbox
from partimento.studio.workshop.refusals import Stopped
from partimento.studio.workshop.workshop import Workshop
from partimento.system import peak_memory

LONG = {"kind": "fill", "bars": [1, 16], "count": 8, "seed": 1}


def events_of(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a stream, as the standard says they are read."""
    kind, data = "", ""
    for line in lines:
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            data += line[6:]
        elif not line and data:
            yield kind, json.loads(data)
            kind, data = "", ""


def soon(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def ready(client: httpx.Client, workshop: Workshop) -> httpx.Client:
    """A client with an open score, when the model is there."""
    workshop.warm.start()
    assert not workshop.warm.problem
    client.post("/samples/minuet")
    return client


def test_a_task_as_a_stream_and_as_one_answer(ready: httpx.Client) -> None:
    body = {"kind": "fill", "bars": [2, 3], "seed": 5}
    with ready.stream("POST", "/scores/s1/tasks", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = list(events_of(answer.iter_lines()))
    assert [kind for kind, _ in events][:2] == ["accepted", "notes"]
    assert events[-1][0] == "done"
    at_once = ready.post("/scores/s1/tasks", json=body, headers={"accept": "application/json"}).json()
    assert at_once["status"] == "done"
    states = [data["state"] for kind, data in events if kind == "candidate"]
    assert [one["state"] for one in at_once["candidates"]] == states
    assert ready.get("/tasks/t1").json()["ranking"] == events[-1][1]["ranking"]
    kept = ready.post("/tasks/t1/candidates/1/keep", json={}).json()
    assert kept["state"] == states[0]


def test_a_reader_that_goes_stops_its_work_within_a_second(ready: httpx.Client, workshop: Workshop) -> None:
    for accept in ("text/event-stream", "application/json"):
        number = len(list(workshop.tasks))
        if accept == "application/json":
            with pytest.raises(httpx.ReadTimeout):
                ready.post("/scores/s1/tasks", json=LONG, headers={"accept": accept}, timeout=0.05)
        else:
            with ready.stream("POST", "/scores/s1/tasks", json=LONG) as answer:
                next(events_of(answer.iter_lines()))
        went = time.monotonic()
        assert soon(lambda number=number: len(list(workshop.tasks)) > number)  # type: ignore[misc]
        record = list(workshop.tasks)[-1]
        assert soon(lambda record=record: record.mailbox.finished)  # type: ignore[misc]
        assert record.status == "stopped"
        assert time.monotonic() - went < 1.5  # a second, and what the test itself takes


def test_a_task_can_be_stopped_from_elsewhere(ready: httpx.Client, workshop: Workshop) -> None:
    with ready.stream("POST", "/scores/s1/tasks", json=LONG) as answer:
        events = events_of(answer.iter_lines())
        name = next(events)[1]["task"]
        assert httpx.delete(f"{ready.base_url}tasks/{name}", headers=ready.headers).status_code == 204
        list(events)
    assert soon(lambda: workshop.tasks[name].status == "stopped")


def test_a_slow_reader_is_let_go(address: Address, ready: httpx.Client, workshop: Workshop) -> None:
    """Its connection has a tiny window, and it reads nothing, while the feed goes on and on."""
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    slow.connect(("127.0.0.1", address.port))
    host = f"Host: 127.0.0.1:{address.port}\r\nAuthorization: Bearer {address.token}\r\n\r\n"
    slow.sendall(f"GET /api/v1/events HTTP/1.1\r\n{host}".encode())
    assert soon(lambda: bool(workshop.feed._readers))
    for _ in range(30_000):
        workshop.feed.tell("act", {"text": "x" * 500})
        if not workshop.feed._readers:
            break
    assert not workshop.feed._readers
    slow.close()
    assert ready.get("/studio").status_code == 200


def test_sixty_four_streams_at_once(address: Address, ready: httpx.Client, workshop: Workshop) -> None:
    """Tasks wait for their turn; each comes to its end, while other requests are answered."""
    before, ends = peak_memory(), []

    def one(number: int) -> None:
        body = {"kind": "fill", "bars": [2, 2], "count": 1, "seed": number}
        with (
            httpx.Client(base_url=address.api, headers=ready.headers, timeout=120) as client,
            client.stream("POST", "/scores/s1/tasks", json=body) as answer,
        ):
            ends.append([kind for kind, _ in events_of(answer.iter_lines())][-1] if answer.status_code == 200 else "refused")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    assert ready.get("/scores/s1").status_code == 200
    for thread in threads:
        thread.join()
    assert ends == ["done"] * 64
    assert peak_memory() - before < 200 << 20


def test_the_sixty_fifth_task_is_refused(ready: httpx.Client, workshop: Workshop) -> None:
    records = [workshop.ask("s1", Ask("fill", bars=(1, 16), count=8)) for _ in range(64)]
    answer = ready.post("/scores/s1/tasks", json=LONG)
    assert answer.status_code == 429
    for record in records:
        workshop.tasks.stop(record.name)
    assert soon(lambda: all(record.mailbox.finished for record in records))


def test_the_feed_tells_what_any_door_did_and_what_was_missed(ready: httpx.Client, workshop: Workshop) -> None:
    with ready.stream("GET", "/events", params={"after": 0}) as answer:
        events = events_of(answer.iter_lines())
        first = next(events)
        assert first == ("act", {"seq": 1, "act": "open", "score": "s1", "from": None, "to": first[1]["to"], "by": "page"})
        workshop.edit("s1", [{"edit": "tempo", "qpm": 90}], "agent")
        kind, data = next(events)
        assert (kind, data["act"], data["by"]) == ("act", "edit", "agent")
    assert soon(lambda: not workshop.feed._readers or all(one.closed for one in workshop.feed._readers))


def test_a_mailbox_waits_a_moment_and_no_longer() -> None:
    mailbox = Mailbox(2, patience_seconds=0.05)
    mailbox.put("a", {})
    mailbox.put("b", {})
    threading.Timer(0.02, mailbox.take).start()
    mailbox.put("c", {})
    mailbox.put("d", {})
    with pytest.raises(Stopped):
        mailbox.put("e", {})
    assert mailbox.closed
    with pytest.raises(Stopped):
        mailbox.check()


def test_a_feed_keeps_its_last_events_and_waits_for_nobody() -> None:
    feed = Feed(4)
    lazy = feed.read()
    for number in range(20):
        feed.tell("act", {"number": number})
    assert lazy.closed
    assert [event.data["seq"] for event in feed.read(18).take()] == [19, 20]
    assert [event.data["seq"] for event in feed.read(0).take()] == [17, 18, 19, 20]
    assert not feed.read().take()
