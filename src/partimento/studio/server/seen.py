"""Routes of what is seen of a score: its notes, chords, pages."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter

from partimento.studio.workshop.workshop import Workshop

Json = dict[str, Any]


def routes_of(workshop: Workshop) -> APIRouter:
    """The routes for one workshop."""
    routes = APIRouter(tags=["seen"])

    @routes.get("/scores/{score}/notes")
    def notes(score: str, state: str | None = None) -> Json:
        """A state in full."""
        return workshop.state_json(score, state)

    @routes.get("/scores/{score}/chords")
    def chords(score: str) -> Json:
        """Chords written, and chords found from the notes."""
        return workshop.chords(score)

    @routes.get("/scores/{score}/page")
    def page(score: str, state: str | None = None, paper: Literal["a4", "letter"] = "a4") -> Json:
        """The engraved pages."""
        state = state or workshop.scores[score].state
        return {"state": state} | workshop.pages(workshop.scores.piece(score, state), state, paper)

    @routes.get("/tasks/{task}/candidates/{number}/notes")
    def candidate_notes(task: str, number: int) -> Json:
        """A candidate in full."""
        return workshop.candidate_json(task, number)

    @routes.get("/tasks/{task}/candidates/{number}/page")
    def candidate_page(task: str, number: int, paper: Literal["a4", "letter"] = "a4") -> Json:
        """Its pages."""
        state = workshop.tasks.candidate(task, number)["state"]
        return {"state": state} | workshop.pages(workshop.tasks.piece(task, number), state, paper)

    return routes
