"""Hostile files: each is opened or refused with a reason, the studio goes on, and what is open stays as it is."""

from __future__ import annotations

import httpx
import pytest

from partimento.studio.workshop.workshop import Workshop
from tests.hostile import hostile_files


def uploaded(client: httpx.Client, files: dict[str, bytes]) -> list[int]:
    """The statuses of uploads, one after another."""
    statuses = []
    for name, content in files.items():
        answer = client.post("/scores", params={"name": name}, content=content)
        statuses.append(answer.status_code)
        if answer.status_code == 201:
            score = answer.json()["score"]
            notes = client.get(f"/scores/{score}/notes")
            assert notes.status_code == 200, name
            assert client.delete(f"/scores/{score}").status_code == 204
        else:
            assert answer.status_code in (413, 415, 422), name
            assert answer.json()["error"]["message"], name
    return statuses


def test_hostile_files_are_opened_or_refused(client: httpx.Client, workshop: Workshop) -> None:
    client.post("/samples/minuet")
    before = client.get("/scores/s1/notes").content
    files = {name: content for name, content in hostile_files(1).items() if "million" not in name}
    statuses = uploaded(client, dict(list(files.items())[::8]))
    assert 201 in statuses
    assert 415 in statuses
    assert client.get("/scores/s1/notes").content == before


@pytest.mark.slow
def test_two_hundred_hostile_files(client: httpx.Client) -> None:
    files = [*hostile_files(2).items(), *((f"again {name}", content) for name, content in hostile_files(3).items())]
    assert len(files) >= 200
    statuses = uploaded(client, dict(files))
    assert len(statuses) >= 200
    assert client.get("/studio").status_code == 200
