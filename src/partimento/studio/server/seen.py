"""Routes of what is seen of a score or a candidate: notes, chords, pages, what the model expects, files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal, ParamSpec, TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.exports import Exported
from partimento.studio.workshop.workshop import Workshop

AT_ONCE = 2  # of what takes long
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}

Json = dict[str, Any]
Paper = Literal["a4", "letter"]
Page = Annotated[int, Query(ge=1, le=10_000)]
Options = ParamSpec("Options")
Found = TypeVar("Found")


def routes_of(workshop: Workshop) -> APIRouter:
    """The routes for one workshop."""
    routes = APIRouter(tags=["seen"])
    working = asyncio.Semaphore(AT_ONCE)

    async def long(work: Callable[Options, Found], *args: Options.args, **named: Options.kwargs) -> Found:
        """Work that takes long, a few at a time; who waits holds no thread."""
        async with working:
            return await run_in_threadpool(work, *args, **named)

    @routes.get("/scores/{score}/notes")
    def notes(score: str, state: str | None = None) -> Json:
        """A state in full."""
        return workshop.state_json(score, state)

    @routes.get("/scores/{score}/chords")
    async def chords(score: str) -> Json:
        """Chords written, and chords found from the notes."""
        return await long(workshop.chords, score)

    @routes.get("/scores/{score}/page")
    async def page(score: str, state: str | None = None, paper: Paper = "a4") -> Json:
        """The engraved pages."""
        state = state or workshop.scores[score].state
        piece = workshop.scores.piece(score, state)
        return {"state": state} | await long(workshop.pages, piece, state, paper)

    @routes.get("/scores/{score}/surprise")
    async def surprise(score: str, state: str | None = None) -> Json:
        """What the model expects: bits of each note."""
        return await long(workshop.surprise, score, state)

    @routes.get("/scores/{score}/expected/{note}")
    async def expected(score: str, note: int, state: str | None = None) -> Json:
        """The likeliest pitches where a note begins."""
        return await long(workshop.expected, score, note, state)

    @routes.post("/scores/{score}/check")
    async def check(score: str, body: Ask) -> Json:
        """Which rules hold: those of a task, without asking for one."""
        return await long(workshop.check, score, body)

    @routes.get("/scores/{score}/originality")
    async def originality(score: str) -> Json:
        """What is verbatim in the training pieces."""
        return await long(workshop.originality, score)

    @routes.get("/scores/{score}/export/{suffix}", responses=FILE)
    async def export(score: str, suffix: str, page: Page = 1) -> Response:
        """The score as a file."""
        return _file(await long(workshop.export, score, suffix, page))

    @routes.get("/project.zip", responses=FILE)
    async def project() -> Response:
        """The project as one file."""
        return _file(await long(workshop.zip))

    @routes.get("/tasks/{task}/candidates/{number}/notes")
    def candidate_notes(task: str, number: int) -> Json:
        """A candidate in full."""
        return workshop.candidate_json(task, number)

    @routes.get("/tasks/{task}/candidates/{number}/page")
    async def candidate_page(task: str, number: int, paper: Paper = "a4") -> Json:
        """Its pages."""
        state = workshop.tasks.candidate(task, number)["state"]
        return {"state": state} | await long(workshop.pages, workshop.tasks.piece(task, number), state, paper)

    @routes.get("/tasks/{task}/candidates/{number}/export/{suffix}", responses=FILE)
    async def candidate_export(task: str, number: int, suffix: str, page: Page = 1) -> Response:
        """It as a file."""
        return _file(await long(workshop.export_candidate, task, number, suffix, page))

    return routes


def _file(one: Exported) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(one.name)}"}
    return Response(one.content, media_type=one.media, headers=headers)
