"""Only who has the token, from this machine, under its own name and origin, gets anything; and nothing that is sent hurts."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from partimento.studio.server.app import PAGE
from partimento.studio.server.safety import BODY_BYTES, UPLOAD_BYTES
from partimento.studio.server.serve import Address
from partimento.studio.workshop.workshop import Workshop

PATHS = ("/studio", "/events", "/scores", "/scores/s1/notes", "/openapi.json", "/project.zip", "/nothing")
TRAVERSALS = (
    "/page/../../../../etc/passwd",
    "/page/..%2f..%2f..%2fetc/passwd",
    "/page/%2e%2e/%2e%2e/app.py",
    "/page//etc/passwd",
    "/page/..\\..\\app.py",
    "/page/index.html%00.py",
    "/page/__init__.py",
    "/api/v1/scores/..%2f..%2fhistory.jsonl/notes",
    "/api/v1/scores/s1/notes?state=../../history",
    "/api/v1/scores/s1/notes?state=%2fetc%2fpasswd",
    "/api/v1/scores/s1/export/..%2f..%2fmid",
    "/api/v1/tasks/..%2f..%2fx/candidates/1/notes",
)


def raw(address: Address, request: bytes) -> bytes:
    """What a request of bytes is answered with."""
    with socket.create_connection(("127.0.0.1", address.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer x", "Basic {}", "Bearer {}x", "{}"])
def test_without_the_token_there_is_nothing(address: Address, path: str, given: str | None) -> None:
    headers = {} if given is None else {"authorization": given.format(address.token)}
    answer = httpx.get(address.api + path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["kind"] == "WrongToken"
    assert address.token not in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "", "[::1]"]
)
def test_another_host_name_is_refused(address: Address, host: str) -> None:
    """DNS rebinding: a name of the attacker's that leads here. Even the page is not given."""
    headers = {"host": host.format(port=address.port), "authorization": f"Bearer {address.token}"}
    for path in ("/api/v1/studio", "/"):
        answer = httpx.get(f"http://127.0.0.1:{address.port}{path}", headers=headers)
        assert answer.status_code == 403
    assert httpx.get(f"http://localhost:{address.port}/").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "null", ""])
def test_a_page_of_another_origin_is_refused(address: Address, workshop: Workshop, origin: str) -> None:
    headers = {"origin": origin.format(port=address.port), "authorization": f"Bearer {address.token}"}
    for method, path in (("POST", "/samples/minuet"), ("GET", "/studio"), ("OPTIONS", "/studio")):
        answer = httpx.request(method, address.api + path, headers=headers)
        assert answer.status_code == 403
        assert not any(name.startswith("access-control") for name in answer.headers)
    assert not list(workshop.scores)


def test_a_form_of_another_page_is_refused(address: Address, workshop: Workshop) -> None:
    """A cross-site post that needs no preflight, as browsers send it."""
    for headers in (
        {"sec-fetch-site": "cross-site", "content-type": "text/plain"},
        {"origin": "https://evil.example", "content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
    ):
        answer = httpx.post(f"{address.api}/samples/minuet", headers=headers, content=b"x=1")
        assert answer.status_code in (401, 403)
    assert not list(workshop.scores)


def test_the_own_page_is_served(address: Address, client: httpx.Client) -> None:
    origin = {"origin": f"http://127.0.0.1:{address.port}", "sec-fetch-site": "same-origin"}
    assert client.post("/samples/minuet", headers=origin).status_code == 201


def test_the_policy_allows_no_inline_script_and_nothing_from_outside(address: Address) -> None:
    for path in ("/", "/page/index.html", "/page/none", "/api/v1/studio"):
        answer = httpx.get(f"http://127.0.0.1:{address.port}{path}")
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert "unsafe-inline" not in policy["script-src"]
        assert "unsafe-eval" not in policy["script-src"].replace("wasm-unsafe-eval", "")
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert not re.search(r"https?:|\*|data:.*script", answer.headers["content-security-policy"])
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


def test_the_page_says_nothing_that_the_policy_forbids() -> None:
    for path in PAGE.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|\son\w+\s*=|javascript:|<style", text), path
        assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", text), path


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_of_a_request_reaches_the_file_system(address: Address, client: httpx.Client, path: str) -> None:
    client.post("/samples/minuet")
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\nAuthorization: Bearer {address.token}\r\n"
    answer = raw(address, request.encode() + b"Connection: close\r\n\r\n")
    status = int(answer.split()[1])
    assert status in (400, 404, 422)
    assert b"root:" not in answer
    assert b"from __future__" not in answer


@pytest.mark.parametrize(
    "name", ["../../../tmp/x.mid", "/etc/passwd.mid", "a\x00b.mid", "..\\x.mid", "\ud800.mid", "a" * 290 + ".mid"]
)
def test_a_name_of_an_upload_is_only_a_name(client: httpx.Client, workshop: Workshop, tmp_path: Path, name: str) -> None:
    client.post("/samples/minuet")
    content = client.get("/scores/s1/export/mid").content
    before = {path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".piece"}
    quoted = quote(name.encode("utf-8", "surrogatepass"))
    answer = client.post(f"/scores?name={quoted}", content=content)
    assert answer.status_code in (201, 422)
    assert {path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".piece"} == before
    assert client.get("/studio").status_code == 200


def test_bodies_have_their_limit_also_where_they_lie_about_it(address: Address, client: httpx.Client) -> None:
    assert client.post("/scores?name=x.mid", content=bytes(UPLOAD_BYTES + 1)).status_code == 413
    assert client.post("/scores/blank", content=bytes(BODY_BYTES + 1)).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(2 * BODY_BYTES // 65536):
            yield bytes(65536)

    assert client.post("/scores/blank", content=endless()).status_code == 413
    assert client.get("/studio").status_code == 200


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00\xff\x00\xff\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"POST /api/v1/scores HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ids=lambda line: repr(line[:30]),
)
def test_requests_that_are_none(address: Address, client: httpx.Client, request_line: bytes) -> None:
    answer = raw(address, request_line)
    assert not answer or int(answer.split()[1]) in (400, 403, 404, 405, 431)
    assert client.get("/studio").status_code == 200


def test_it_listens_on_this_machine_alone(address: Address) -> None:
    connections = Path("/proc/net/tcp").read_text().splitlines() if Path("/proc/net/tcp").exists() else []
    listening = [line.split()[1] for line in connections[1:] if line.split()[3] == "0A"]
    mine = [one.split(":")[0] for one in listening if int(one.split(":")[1], 16) == address.port]
    assert set(mine) <= {"0100007F"}


def test_each_start_has_a_token_of_its_own(workshop: Workshop) -> None:
    from partimento.studio.server.serve import serving

    tokens = set()
    for _ in range(3):
        with serving(workshop) as address:
            tokens.add(address.token)
            assert len(address.token) >= 40
    assert len(tokens) == 3
