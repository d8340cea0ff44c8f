"""OSC messages of this machine: a phrase note by note, a task, and its notes back as they are written.

Who sends `/partimento/hello PORT` gets the answers there. Nothing of a message names a file.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from partimento.errors import InvalidOption, PartimentoError
from partimento.plugins import extra
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.exchange import option_value
from partimento.studio.workshop.tasks_in_flight import TaskRecord
from partimento.studio.workshop.workshop import Workshop

HOST = "127.0.0.1"
BY = "live"
LOOK_SECONDS = 0.005
ROOT = "/partimento"

Send = Callable[[str, list[Any]], None]


class Phrase:
    """A score of one's own that messages write into; made at the first note."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.meter, self.key, self.tempo_qpm = "4/4", "C major", 120.0
        self.notes: list[tuple[float, float, int, int, int]] = []
        self.score = ""

    def clear(self) -> None:
        """Forgets all notes."""
        self.notes, self.score = [], ""

    def written(self) -> str:
        """The score with all notes in it."""
        if not self.score:
            self.score = self.workshop.blank(BY, "Live", self.meter, self.key, self.tempo_qpm).name
        notes, self.notes = self.notes, []
        if notes:
            piece = self.workshop.scores.piece(self.score)
            quarter = piece.ticks_per_quarter
            rows = [(round(at * quarter), max(1, round(lasts * quarter)), *rest) for at, lasts, *rest in notes]
            more = max(0, max(row[4] for row in rows) + 1 - len(piece.tracks))
            edits: list[dict[str, Any]] = [{"edit": "add_track"} for _ in range(min(more, 64))]
            edits.append({"edit": "add", "notes": rows})
            self.workshop.edit(self.score, edits, BY)
        return self.score


class Live:
    """What messages do. `send` is how answers go back; without a hello there is nobody to answer."""

    def __init__(self, workshop: Workshop, client_of: Callable[[int], Send]) -> None:
        self.workshop, self.client_of = workshop, client_of
        self.phrase = Phrase(workshop)
        self.send: Send = lambda address, values: None
        self.task: TaskRecord | None = None

    def hello(self, port: int) -> None:
        """Answers go to this port from now on."""
        if not 1 <= int(port) <= 65535:
            raise InvalidOption(f"{port}; it must be 1..65535", option="port")
        self.send = self.client_of(int(port))
        self.send("hello", [])

    def note(self, onset: float, duration: float, pitch: int, velocity: int = 80, track: int = 0) -> None:
        """A note of the phrase: onset and duration in quarters."""
        if not (0 <= onset <= 1e5 and 0 < duration <= 1e5):
            raise InvalidOption(f"a note at {onset} that lasts {duration} quarters cannot be")
        self.phrase.notes.append((float(onset), float(duration), int(pitch), int(velocity), int(track)))

    def clear(self) -> None:
        """A new phrase."""
        self.phrase.clear()

    def meter(self, upper: int, lower: int) -> None:
        """Of the next new phrase."""
        self.phrase.meter = f"{upper}/{lower}"

    def tempo(self, qpm: float) -> None:
        """Of the next new phrase, in quarters a minute."""
        self.phrase.tempo_qpm = float(qpm)

    def key(self, name: str) -> None:
        """Of the next new phrase."""
        self.phrase.key = str(name)

    def ask(self, kind: str, *options: Any) -> None:
        """A task: its kind, then names and values: "bars" 3 4 takes two."""
        told, words = dict[str, Any](), list(options)
        while words:
            name = str(words.pop(0))
            if name == "bars":
                told["bars"] = int(words.pop(0)), int(words.pop(0))
            else:
                told[name] = option_value(name, str(words.pop(0)))
        ask = Ask(str(kind), **told)
        self.stop()
        self.task = self.workshop.ask_new(ask, BY) if ask.kind == "new" else self.workshop.ask(self.phrase.written(), ask)
        threading.Thread(target=self._told, args=(self.task, self.send), daemon=True, name="osc").start()

    def stop(self) -> None:
        """Ends the task at work."""
        if self.task is not None:
            self.task.mailbox.close()

    def keep(self, candidate: int) -> None:
        """The phrase becomes a candidate of the last task."""
        if self.task is None:
            raise InvalidOption("nothing was asked for yet")
        self.phrase.score = self.workshop.keep(self.task.name, int(candidate), BY).name

    def undo(self) -> None:
        """One act back."""
        self.workshop.scores.walk(self.phrase.written(), "undo", BY)

    def _told(self, record: TaskRecord, send: Send) -> None:
        """Sends what a task writes, until its end."""
        done, quarter = threading.Event(), 480
        record.mailbox.listen(done.set)
        while True:
            finished = record.mailbox.finished or record.mailbox.closed
            for kind, data in record.mailbox.take():
                if kind == "accepted":
                    quarter = data["ticks_per_quarter"]
                    send("accepted", [data["task"], *data["bars"]])
                elif kind == "notes":
                    for onset, duration, pitch, velocity, track in data["rows"]:
                        send("note", [data["candidate"], onset / quarter, duration / quarter, pitch, velocity, track])
                elif kind == "candidate":
                    send("candidate", [data["candidate"], data["new_notes"], float(data["bits_per_note"] or -1.0)])
                elif kind == "done":
                    send("done", [data["task"], *data["ranking"]])
                elif kind == "again":
                    send("again", data["candidates"])
                elif kind == "error":
                    send("error", [data["message"], -1 if data.get("bar") is None else data["bar"], *data.get("relax", [])])
            if finished:
                return
            done.wait(1.0)
            done.clear()


MESSAGES = ("hello", "note", "clear", "meter", "tempo", "key", "ask", "stop", "keep", "undo")


@contextlib.contextmanager
def listening(workshop: Workshop, port: int) -> Iterator[int]:
    """Listens for messages while inside; the port, also where 0 takes a free one. Raises `InvalidOption` where it is taken, or the
    package python-osc is not installed."""
    dispatching = extra("pythonosc.dispatcher", "live", "OSC")
    serving, sending = extra("pythonosc.osc_server", "live", "OSC"), extra("pythonosc.udp_client", "live", "OSC")

    def client_of(port: int) -> Send:
        client = sending.SimpleUDPClient(HOST, port)
        return lambda address, values: client.send_message(f"{ROOT}/{address}", values)

    live, lock = Live(workshop, client_of), threading.Lock()

    def message(address: str, *values: Any) -> None:
        with lock:
            try:
                getattr(live, address.removeprefix(f"{ROOT}/"))(*values)
            except PartimentoError as error:
                live.send("error", [str(error), -1])
            except (TypeError, ValueError, IndexError, OverflowError, LookupError) as error:
                live.send("error", [f"{address} does not take {values!r:.100}: {error}", -1])

    dispatcher = dispatching.Dispatcher()
    for name in MESSAGES:
        dispatcher.map(f"{ROOT}/{name}", message)
    try:
        server = serving.BlockingOSCUDPServer((HOST, port), dispatcher)
    except OSError as error:
        raise InvalidOption(f"{port} is taken, or may not be used ({error.strerror}); choose another", option="osc") from None
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="osc server")
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        live.stop()
