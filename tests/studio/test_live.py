"""Live coding: OSC messages over a real socket of this machine, and what comes back."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

from partimento.errors import InvalidOption
from partimento.studio.live.osc import listening
from partimento.studio.workshop.workshop import Workshop


class Coder:
    """One who sends messages and listens."""

    def __init__(self, port: int) -> None:
        self.heard: queue.Queue[tuple[str, list[Any]]] = queue.Queue()
        dispatcher = Dispatcher()
        dispatcher.set_default_handler(lambda address, *values: self.heard.put((address, list(values))))
        self.server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.client = SimpleUDPClient("127.0.0.1", port)
        self.send("hello", self.server.server_address[1])
        assert self.next() == ("hello", [])

    def send(self, name: str, *values: Any) -> None:
        self.client.send_message(f"/partimento/{name}", list(values))

    def next(self) -> tuple[str, list[Any]]:
        address, values = self.heard.get(timeout=60)
        return address.removeprefix("/partimento/"), values

    def until(self, name: str) -> list[tuple[str, list[Any]]]:
        """All that is heard up to a message of this name."""
        found = [self.next()]
        while found[-1][0] != name:
            found.append(self.next())
        return found


@pytest.fixture
def coder(workshop: Workshop) -> Iterator[Coder]:
    workshop.warm.start()
    assert not workshop.warm.problem
    with listening(workshop, 0) as port:
        coder = Coder(port)
        yield coder
        coder.server.shutdown()
        coder.server.server_close()


def test_a_phrase_is_answered_note_by_note(coder: Coder, workshop: Workshop) -> None:
    for number, pitch in enumerate((60, 62, 64, 65, 67, 65, 64, 62)):
        coder.send("note", float(number), 1.0, pitch)
    coder.send("ask", "continue", "length", 2, "count", 2, "key", "C major", "seed", 4)
    heard = coder.until("done")
    assert heard[0] == ("accepted", ["t1", 3, 4])
    notes = [values for name, values in heard if name == "note"]
    assert {values[0] for values in notes} == {1, 2}
    assert all(8.0 <= values[1] < 16.0 and values[3] % 12 in {0, 2, 4, 5, 7, 9, 11} for values in notes)
    assert [values[0] for name, values in heard if name == "candidate"] == [1, 2]
    assert len(workshop.scores.piece("s1")) == 8
    coder.send("keep", heard[-1][1][1])
    coder.send("ask", "continue", "length", 1, "count", 1)
    assert coder.until("done")[0] == ("accepted", ["t2", 5, 5])
    assert len(workshop.scores.piece("s1")) > 8
    coder.send("undo")
    coder.send("clear")
    coder.send("meter", 3, 4)
    coder.send("tempo", 90.0)
    coder.send("note", 0.0, 3.0, 60, 100, 1)
    coder.send("ask", "fill", "bars", 2, 2, "count", 1)
    coder.until("done")
    piece = workshop.scores.piece("s2")
    assert piece.meters.tolist() == [(0, 3, 4)]
    assert piece.notes.tolist() == [(0, 1440, 60, 100, 1)]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ask", []),
        ("ask", ["dance"]),
        ("ask", ["fill", "bars", 1]),
        ("ask", ["fill", "wobble", 1]),
        ("ask", ["continue"]),
        ("note", ["x"]),
        ("note", [-1.0, 1.0, 60]),
        ("keep", [1]),
        ("undo", []),
        ("hello", [70000]),
    ],
)
def test_what_cannot_be_is_said(coder: Coder, name: str, values: list[Any]) -> None:
    coder.send(name, *values)
    heard, told = coder.next()
    if heard == "accepted":  # an empty phrase has nothing to go on from: that is found out at work
        heard, told = coder.until("error")[-1]
    assert heard == "error"
    assert told[0]


def test_a_new_piece_and_stop(coder: Coder, workshop: Workshop) -> None:
    coder.send("ask", "new", "length", 1, "count", 1)
    assert coder.until("done")[0][1][0] == "t1"
    coder.send("ask", "new", "length", 200, "count", 8)
    coder.until("accepted")
    coder.send("stop")
    for _ in range(200):
        if workshop.tasks["t2"].mailbox.finished:
            break
        threading.Event().wait(0.02)
    assert workshop.tasks["t2"].status == "stopped"


def test_noise_is_no_harm(coder: Coder) -> None:
    noise = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for content in (
        b"",
        b"x",
        b"/partimento/ask\0",
        b"#bundle\0" + bytes(40),
        bytes(60_000),
        b"/partimento/__class__\0\0\0,\0\0\0",
    ):
        noise.sendto(content, ("127.0.0.1", coder.client._port))
    coder.send("hello", coder.server.server_address[1])
    assert coder.until("hello")[-1] == ("hello", [])


def test_a_port_that_is_taken(bare: Workshop) -> None:
    with listening(bare, 0) as port, pytest.raises(InvalidOption, match="taken"), listening(bare, port):
        pass
