"""Whatever the description of the API allows, and much that it does not, is answered without a mistake of the program."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from partimento.studio.workshop.workshop import Workshop
from tests.studio.test_streams import soon

ENDLESS = {("GET", "/api/v1/events")}
COSTLY = {"/tasks", "/tasks/new", "/more", "/page", "/project.zip"}  # of a path's end; tried less often
THERE = {"score": ("s1", "s2"), "task": ("t1",), "number": (1, 2), "name": ("minuet",), "note": (0, 5), "suffix": ("mid", "krn")}


def begun(client: httpx.Client, workshop: Workshop) -> None:
    """Two open scores and a task with candidates."""
    workshop.warm.start()
    assert not workshop.warm.problem
    for name in ("minuet", "twinkle"):
        client.post(f"/samples/{name}")
    body = {"kind": "fill", "bars": [2, 2], "count": 2, "seed": 1}
    assert client.post("/scores/s1/tasks", json=body, headers={"accept": "application/json"}).json()["status"] == "done"


def hammer(client: httpx.Client, workshop: Workshop, each: int, seed: int) -> Counter[int]:
    """So many requests of each operation; what was answered how often. Fails at the first answer from 500 on."""
    schema = schemathesis.openapi.from_url(f"{client.base_url}openapi.json", headers=dict(client.headers))
    chance, answers = random.Random(seed), Counter[int]()
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.differing_executors]
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    for operation in sorted(operations, key=lambda one: one.method.upper() == "DELETE"):  # what is deleted is there until then
        if (operation.method.upper(), operation.path) in ENDLESS:
            continue
        times = max(2, each // 20) if any(operation.path.endswith(end) for end in COSTLY) else each
        how = settings(max_examples=max(1, times // 2), deadline=None, phases=[Phase.generate], suppress_health_check=checks)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with contextlib.suppress(Unsatisfiable):  # nothing about some operations can be wrong
                how(given(case=operation.as_strategy(generation_mode=mode), _=some.none())(sender(client, chance, answers)))()
        tidy(client, workshop)
    return answers


def sender(client: httpx.Client, chance: random.Random, answers: Counter[int]) -> Callable[[Any, Any], None]:
    """Sends a case, mostly to something that is there."""

    def send(case: Any, _: None) -> None:
        for name, known in THERE.items():
            if name in case.path_parameters and chance.random() < 0.8:
                case.path_parameters[name] = chance.choice(known)
        told = case.as_transport_kwargs(base_url=str(client.base_url).removesuffix("/api/v1/"))
        told["headers"] = {**{str(key): str(value) for key, value in (told.get("headers") or {}).items()}, **client.headers}
        told.pop("cookies", None)
        status = answered(told)
        answers[status] += 1
        assert status < 500, told

    return send


def tidy(client: httpx.Client, workshop: Workshop) -> None:
    """A few scores are open, and no task is at work."""
    for score in list(workshop.scores)[50:]:
        workshop.scores.close(score.name, "test")
    for task in workshop.tasks:
        task.mailbox.close()
    assert soon(lambda: all(task.status not in ("waiting", "writing") for task in workshop.tasks))


def answered(told: dict[str, Any]) -> int:
    """The status of a request; a stream is left after its first event."""
    with requests.Session() as session, session.request(**told, timeout=60, stream=True) as answer:
        began = time.monotonic()
        for _ in answer.iter_content(65536):
            if answer.headers.get("content-type", "").startswith("text/event-stream") and time.monotonic() - began > 0.05:
                break
        return answer.status_code


def test_a_few_requests_of_each_operation(client: httpx.Client, workshop: Workshop) -> None:
    begun(client, workshop)
    answers = hammer(client, workshop, each=4, seed=1)
    assert answers[200] + answers[201] + answers[204] > 20
    assert answers[422] > 20


@pytest.mark.slow
def test_ten_thousand_requests(client: httpx.Client, workshop: Workshop) -> None:
    begun(client, workshop)
    answers, seed = Counter[int](), 0
    while answers.total() < 10_000:
        answers += hammer(client, workshop, each=100, seed=seed)
        seed += 1
    assert max(answers) < 500
    assert client.get("/studio").status_code == 200
