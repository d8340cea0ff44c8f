"""Routes of tasks: asked for and streamed, stopped, candidates kept."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response

from partimento.errors import PartimentoError
from partimento.studio.server.bodies import Kept, More
from partimento.studio.server.refused import status_of
from partimento.studio.server.streaming import SSE, drained, streamed
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.tasks_in_flight import TaskRecord
from partimento.studio.workshop.workshop import Workshop

Json = dict[str, Any]
BY = "page"
TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}}
STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {SSE: {}, "application/json": {}}}}


def routes_of(workshop: Workshop) -> APIRouter:
    """The routes for one workshop."""
    routes = APIRouter(tags=["tasks"])

    async def answer(request: Request, record: TaskRecord) -> Response:
        """The stream of a task; or its end, for who asks for JSON."""
        if "application/json" not in request.headers.get("accept", ""):
            return streamed(request, record.mailbox)
        await drained(request, record.mailbox)
        return JSONResponse(record.to_json())

    @routes.post("/scores/{score}/tasks", responses=STREAM)
    async def ask(request: Request, score: str, body: Ask) -> Response:
        """Asks for candidates. The work lasts as long as its reader."""
        return await answer(request, await run_in_threadpool(workshop.ask, score, body))

    @routes.post("/tasks/new", responses=STREAM)
    async def new(request: Request, body: Ask) -> Response:
        """Asks for a new piece, in a score of its own."""
        return await answer(request, await run_in_threadpool(workshop.ask_new, body, BY))

    @routes.get("/tasks/{task}")
    def one(task: str) -> Json:
        """A task and its candidates."""
        return workshop.tasks[task].to_json()

    @routes.delete("/tasks/{task}", status_code=204)
    def stop(task: str) -> None:
        """Stops it."""
        workshop.tasks.stop(task)

    @routes.post("/tasks/{task}/candidates/{number}/keep")
    def keep(task: str, number: int, body: Kept | None = None) -> Json:
        """The score becomes the candidate, or takes a part of it."""
        body = body or Kept()
        return workshop.score_json(workshop.keep(task, number, BY, body.bars, body.tracks))

    @routes.post("/tasks/{task}/candidates/{number}/more", responses=STREAM)
    async def more(request: Request, task: str, number: int, body: More | None = None) -> Response:
        """More like this one: a new task."""
        body = body or More()
        record = await run_in_threadpool(workshop.more_like, task, number, body.count, body.seed)
        return await answer(request, record)

    @routes.post("/exchange", responses=TEXT, response_class=PlainTextResponse)
    async def exchange(request: Request, body: Annotated[str, Body(media_type="text/plain")]) -> Response:
        """Bars of a DAW as lines of plain text; its candidates as such. The work lasts as long as its reader."""
        try:
            record = await run_in_threadpool(workshop.exchange, body, "daw")
            await drained(request, record.mailbox)
            return PlainTextResponse(await run_in_threadpool(workshop.exchanged, record))
        except PartimentoError as error:
            return PlainTextResponse(f"error {' '.join(str(error).split())}\n", status_of(error))

    return routes
