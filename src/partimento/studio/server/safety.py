"""What keeps the API to the one who started it: a token, the address it is asked under, sizes, and a content security policy.

Written as plain ASGI, before everything else, so that nothing is read or computed for a stranger.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES, UPLOAD_BYTES = 1 << 20, 16 << 20
STREAMS = 64
PATIENCE_SECONDS = 10.0  # for a reader that takes nothing; then the connection is closed
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), midi=(self)",
}


def new_token() -> str:
    """The token of one start: 256 bits."""
    return secrets.token_urlsafe(32)


class Guard:
    """Refuses what does not come from the page or a script that was given the token."""

    def __init__(self, app: ASGIApp, token: str, addresses: Iterable[str]) -> None:
        """`addresses` are those it may be asked under, as `host:port`."""
        self.app, self.token = app, token
        self.hosts = frozenset(addresses)
        self.origins = frozenset(f"http://{one}" for one in self.hosts)
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(send, *refusal)
            return
        if self.open >= 2 * STREAMS:
            await _refuse(send, 429, "TooMany", f"more than {2 * STREAMS} requests at once; let some end")
            return
        most = UPLOAD_BYTES if scope["path"] == "/api/v1/scores" else BODY_BYTES
        if headers.get("content-length", "0").isdecimal() and int(headers.get("content-length", "0")) > most:
            await _refuse(send, 413, "TooLarge", f"the body has {headers['content-length']} bytes; the limit is {most}")
            return
        self.open += 1
        try:
            await self.app(scope, _Limited(receive, most), _with_headers(send))
        finally:
            self.open -= 1

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str, str] | None:
        if headers.get("host", "") not in self.hosts:
            return 403, "WrongHost", "this address is not the studio's; open the one that the command printed"
        if headers.get("origin", next(iter(self.origins))) not in self.origins:
            return 403, "WrongOrigin", "a page of another origin may not use the studio"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return 403, "WrongOrigin", "a page of another origin may not use the studio"
        if scope["path"].startswith("/api/"):
            kind, _, given = headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not secrets.compare_digest(given.encode("latin-1"), self.token.encode()):
                return 401, "WrongToken", "send the token of this start: Authorization: Bearer TOKEN"
        return None


class _TooLarge(HTTPException):
    """A body went on beyond its limit."""

    def __init__(self, most: int) -> None:
        super().__init__(413, f"the body has more than {most} bytes")


class _Limited:
    """A body that ends the request where it goes on beyond its limit."""

    def __init__(self, receive: Receive, most: int) -> None:
        self.receive, self.most, self.left = receive, most, most

    async def __call__(self) -> Message:
        message = await self.receive()
        if message["type"] == "http.request":
            self.left -= len(message.get("body", b""))
            if self.left < 0:
                raise _TooLarge(self.most)
        return message


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.encode(): value.encode() for name, value in HEADERS.items()}
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *((name, value) for name, value in own.items() if name not in given)]
            if b"cache-control" not in given:
                message["headers"].append((b"cache-control", b"no-store"))
        await asyncio.wait_for(send(message), PATIENCE_SECONDS)

    return sent


async def _refuse(send: Send, status: int, kind: str, message: str) -> None:
    body: Any = json.dumps({"error": {"kind": kind, "message": message}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    headers += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
