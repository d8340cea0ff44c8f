"""Mailboxes as server-sent events, and as one JSON answer; when the reader goes, the mailbox is closed within a second."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from partimento.studio.workshop.mailbox import Event, Mailbox

LOOK_SECONDS = 0.5  # between two looks whether the reader is there
ALIVE_SECONDS = 5.0  # between two signs of life

SSE = "text/event-stream"


def streamed(request: Request, mailbox: Mailbox, done: Callable[[], None] = lambda: None) -> StreamingResponse:
    """The events of a mailbox as they come. `done` is called at the end, whatever the end."""

    async def lines() -> AsyncIterator[bytes]:
        try:
            yield b": \n\n"
            async for events in taken(request, mailbox):
                yield b"".join(map(line_of, events)) or b": \n\n"
        finally:
            mailbox.close()
            done()

    return StreamingResponse(lines(), media_type=SSE, headers={"x-accel-buffering": "no"})


async def drained(request: Request, mailbox: Mailbox) -> None:
    """Reads a mailbox to its end, as long as the one who asked is there."""
    try:
        async for _ in taken(request, mailbox):
            pass
    finally:
        mailbox.close()


async def taken(request: Request, mailbox: Mailbox) -> AsyncIterator[list[Event]]:
    """The events of a mailbox, several at once; now and then none, as a sign of life. It ends with the mailbox or its reader."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def notify() -> None:
        try:
            loop.call_soon_threadsafe(changed.set)
        except RuntimeError:  # the loop has ended
            mailbox.closed = True

    mailbox.listen(notify)
    quiet = 0.0
    while not mailbox.closed:
        finished = mailbox.finished
        if events := mailbox.take():
            quiet = 0.0
            yield events
            continue
        if finished:
            return
        try:
            await asyncio.wait_for(changed.wait(), LOOK_SECONDS)
            changed.clear()
        except TimeoutError:
            quiet += LOOK_SECONDS
        if await request.is_disconnected():
            return
        if quiet >= ALIVE_SECONDS:
            quiet = 0.0
            yield []


def line_of(event: Event) -> bytes:
    """An event as server-sent events write it."""
    seq = event.data.get("seq")
    number = f"id: {seq}\n" if isinstance(seq, int) else ""
    data: Any = json.dumps(event.data, separators=(",", ":"), allow_nan=False)
    return f"{number}event: {event.kind}\ndata: {data}\n\n".encode()
