"""Bytes to and from another process, without waiting for it.

Where pipes cannot be watched by a selector (Windows), two threads pass the bytes on between them and a socket, which can.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from typing import Protocol

PIPES_CAN_BE_WATCHED = os.name == "posix"
_READ = 1 << 18
_PIPE_BYTES = 1 << 20


class Channel(Protocol):
    """`reader` and `writer` are what a selector watches. Both methods raise `BlockingIOError` where they would wait, and another
    `OSError` where nobody is at the other end."""

    reader: int
    writer: int

    def send(self, content: bytes) -> int:
        """How many bytes of `content` went."""

    def receive(self, buffer: memoryview) -> int:
        """How many bytes came into `buffer`; 0 when there will be no more."""

    def close(self) -> None:
        """No more bytes either way."""


def channel_to(process: subprocess.Popen[bytes]) -> Channel:
    """The channel to a process whose stdin and stdout are unbuffered pipes."""
    return Pipes(process) if PIPES_CAN_BE_WATCHED else Pump(process)


class Pipes:
    """The pipes themselves."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self.streams = process.stdin, process.stdout
        self.writer, self.reader = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(self.writer, False)
        os.set_blocking(self.reader, False)
        with contextlib.suppress(ImportError, AttributeError, OSError):  # on Linux: room for what is answered between two looks
            import fcntl

            fcntl.fcntl(self.reader, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def send(self, content: bytes) -> int:
        return os.write(self.writer, content)

    def receive(self, buffer: memoryview) -> int:
        return os.readv(self.reader, [buffer])

    def close(self) -> None:
        for stream in self.streams:
            stream.close()


class Pump:
    """For each pipe a pair of sockets, and a thread between them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.tasks, self.tasks_end = socket.socketpair()
        self.replies, self.replies_end = socket.socketpair()
        self.tasks.setblocking(False)
        self.replies.setblocking(False)
        self.writer, self.reader = self.tasks.fileno(), self.replies.fileno()
        for work in (self._forward, self._back):
            threading.Thread(target=work, daemon=True).start()

    def send(self, content: bytes) -> int:
        return self.tasks.send(content)

    def receive(self, buffer: memoryview) -> int:
        return self.replies.recv_into(buffer)

    def close(self) -> None:
        self.tasks.close()
        self.replies.close()

    def _forward(self) -> None:
        stdin = self.process.stdin
        assert stdin
        with contextlib.suppress(OSError):
            while content := memoryview(self.tasks_end.recv(_READ)):
                while content:
                    content = content[stdin.write(content) :]
        self.tasks_end.close()
        with contextlib.suppress(OSError):
            stdin.close()

    def _back(self) -> None:
        stdout = self.process.stdout
        assert stdout
        with contextlib.suppress(OSError):
            while content := stdout.read(_READ):
                self.replies_end.sendall(content)
        self.replies_end.close()
        stdout.close()
