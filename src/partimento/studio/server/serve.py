"""The studio as a process: a workshop, a port of this machine, a token, and a browser that opens the page."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from partimento.errors import InvalidOption
from partimento.plugins import extra
from partimento.studio.workshop.workshop import Workshop
from partimento.system import user_state

HOST = "127.0.0.1"
ADDRESS_FILE = "studio-address"


@dataclass(frozen=True)
class Address:
    """Where a studio listens, and its token."""

    port: int
    token: str

    @property
    def api(self) -> str:
        return f"http://{HOST}:{self.port}/api/v1"

    @property
    def page(self) -> str:
        """What to open in a browser: the fragment stays there."""
        return f"http://{HOST}:{self.port}/#token={self.token}"


@contextlib.contextmanager
def serving(workshop: Workshop, port: int = 0) -> Iterator[Address]:
    """Serves a workshop from a thread while inside; port 0 takes a free one. Raises `InvalidOption` where the port is taken."""
    with _listening(port) as (listener, address), _loop_of(workshop, listener, address):
        yield address


def serve(workshop: Workshop, port: int, ready: Callable[[Address], None], *, browser: bool = True) -> None:
    """Serves a workshop until it is interrupted; `ready` is told the address."""
    with serving(workshop, port) as address, announced(address):
        workshop.warm.start()
        ready(address)
        if browser:
            webbrowser.open(address.page)
        threading.Event().wait()


@contextlib.contextmanager
def announced(address: Address) -> Iterator[Path]:
    """While inside, a file that only this user can read says where the studio is and which token it has: for scripts of DAWs. It is
    that of the studio that started last."""
    path = user_state() / ADDRESS_FILE
    content = f"{address.api}\n{address.token}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(content)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            if path.read_text("ascii") == content:
                path.unlink()


@contextlib.contextmanager
def _listening(port: int) -> Iterator[tuple[socket.socket, Address]]:
    from partimento.studio.server.safety import new_token

    listener = socket.socket()
    with contextlib.closing(listener):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise InvalidOption(f"{port} is taken, or may not be used ({error.strerror}); choose another", option="port") from None
        listener.listen(256)
        yield listener, Address(listener.getsockname()[1], new_token())


@contextlib.contextmanager
def _loop_of(workshop: Workshop, listener: socket.socket, address: Address) -> Iterator[None]:
    uvicorn = extra("uvicorn", "studio", "the studio")
    extra("fastapi", "studio", "the studio")
    from partimento.studio.server.app import app_of

    hosts = [f"{name}:{address.port}" for name in (HOST, "localhost", "[::1]")]
    app = app_of(workshop, address.token, hosts)
    config = uvicorn.Config(
        app, log_level="warning", lifespan="off", ws="none", timeout_keep_alive=5, timeout_graceful_shutdown=1, server_header=False
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True, name="server")
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(10)


def default_project() -> Path:
    """Where work is kept when no folder is named."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "partimento" / "studio"
