"""Routes of scores: opened, edited, walked back and forth, closed."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from partimento.composing.rules import all_options
from partimento.formats.registry import READERS, WRITERS
from partimento.instruments import NAMES
from partimento.studio.server.bodies import Blank, Edits
from partimento.studio.server.safety import STREAMS, UPLOAD_BYTES
from partimento.studio.server.streaming import SSE, streamed
from partimento.studio.workshop.asking import KINDS, MOST_CANDIDATES
from partimento.studio.workshop.edits import MOST_NOTES
from partimento.studio.workshop.refusals import TooMany
from partimento.studio.workshop.samples import SAMPLES, sample
from partimento.studio.workshop.workshop import Workshop
from partimento.theory import SCALES
from partimento.version import VERSION

Json = dict[str, Any]
BY = "page"
READERS_AT_ONCE = 2  # uploads that are read side by side
TASKS_SHOWN = 50  # the last ones; others can be asked for by name


def routes_of(workshop: Workshop) -> APIRouter:
    """The routes for one workshop."""
    routes = APIRouter(tags=["scores"])
    reading = asyncio.Semaphore(READERS_AT_ONCE)
    feeds: set[int] = set()

    @routes.get("/studio")
    def studio() -> Json:
        """All there is."""
        model = workshop.warm.to_json() if workshop.warm.is_known else None
        missing = workshop.warm.problem if workshop.warm.is_known else ""
        return {
            "version": VERSION,
            "project": str(workshop.project.folder),
            "seq": workshop.feed.seq,
            "model": model,
            "model_loading": not workshop.warm.is_known,
            "model_missing": missing,
            "scores": [workshop.score_json(one) for one in workshop.scores],
            "samples": [{"name": name, "title": title} for name, title in SAMPLES.items()],
            "tasks": [one.to_json() for one in list(workshop.tasks)[-TASKS_SHOWN:]],
            "words": {
                "kinds": KINDS,
                "scales": list(SCALES),
                "instruments": NAMES,
                "suffixes": {"read": list(READERS), "write": list(WRITERS)},
                "options": {name: option.help for name, option in all_options().items()},
            },
            "limits": {
                "upload_bytes": UPLOAD_BYTES,
                "streams": STREAMS,
                "candidates": MOST_CANDIDATES,
                "notes": MOST_NOTES,
            },
        }

    @routes.get("/events", responses={200: {"content": {SSE: {}}}})
    async def events(request: Request, after: Annotated[int | None, Query(ge=0, lt=2**53)] = None) -> Response:
        """What happens in the workshop, as it does."""
        if len(feeds) >= STREAMS:
            raise TooMany(f"{STREAMS} streams are open; close some")
        last = request.headers.get("last-event-id", "")
        mailbox = workshop.feed.read(int(last) if last.isdecimal() else after)
        feeds.add(id(mailbox))
        return streamed(request, mailbox, lambda: feeds.discard(id(mailbox)))

    @routes.get("/scores")
    def scores() -> list[Json]:
        """All open scores."""
        return [workshop.score_json(one) for one in workshop.scores]

    @routes.post("/scores", status_code=201)
    async def open_score(
        name: Annotated[str, Query(max_length=300)],
        content: Annotated[bytes, Body(media_type="application/octet-stream")],
    ) -> Json:
        """Opens the bytes of a score; the suffix of `name` says what they are, where they do not."""
        async with reading:
            score = await run_in_threadpool(workshop.open, content, name, BY)
        return await run_in_threadpool(workshop.score_json, score)

    @routes.post("/scores/blank", status_code=201)
    def blank(body: Blank) -> Json:
        """A score without notes."""
        return workshop.score_json(workshop.blank(BY, **body.model_dump()))

    @routes.post("/samples/{name}", status_code=201)
    def open_sample(name: str) -> Json:
        """Opens a sample piece."""
        return workshop.score_json(workshop.scores.open(sample(name), BY, source=name))

    @routes.get("/scores/{score}")
    def one(score: str) -> Json:
        """A score, and where it stands in its history."""
        return workshop.score_json(workshop.scores[score])

    @routes.delete("/scores/{score}", status_code=204)
    def close(score: str) -> None:
        """Closes a score; its history stays in the project."""
        workshop.scores.close(score, BY)

    @routes.post("/scores/{score}/edit")
    def edit(score: str, body: Edits) -> Json:
        """One act of one edit or several."""
        return workshop.score_json(workshop.edit(score, body.plain(), BY, body.base))

    @routes.post("/scores/{score}/undo")
    def undo(score: str) -> Json:
        """One act back."""
        return workshop.score_json(workshop.scores.walk(score, "undo", BY))

    @routes.post("/scores/{score}/redo")
    def redo(score: str) -> Json:
        """One act forth."""
        return workshop.score_json(workshop.scores.walk(score, "redo", BY))

    @routes.get("/scores/{score}/history")
    def history(score: str) -> Json:
        """The acts that can be walked."""
        return workshop.history_json(score)

    return routes
