"""Errors of the workshop as answers: a status, and JSON that says what was wrong and what to do."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from partimento.errors import InvalidOption, InvalidPiece, PartimentoError, UnknownName, UnreadableFile, WriteFailed
from partimento.studio.workshop.refusals import Conflict, NoModel, NotThere, NoWayOn, TooMany

log = logging.getLogger(__name__)
STATUS: dict[type[PartimentoError], int] = {
    NotThere: 404,
    Conflict: 409,
    TooMany: 429,
    NoModel: 503,
    UnreadableFile: 415,
    NoWayOn: 422,
    InvalidOption: 422,
    InvalidPiece: 422,
    UnknownName: 422,
    WriteFailed: 507,
}
HTTP_KINDS = {404: "NotThere", 405: "NotThere", 413: "TooLarge"}


def status_of(error: PartimentoError) -> int:
    """The status of an answer."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 422)


def body_of(error: Exception) -> dict[str, Any]:
    """An error as JSON."""
    told: dict[str, Any] = {"kind": type(error).__name__, "message": _printable(str(error))}
    if isinstance(error, NoWayOn):
        told |= {"bar": error.bar, "relax": list(error.relax)}
    return {"error": told}


def answer_errors(app: FastAPI) -> None:
    """Gives an app the answers to all errors."""

    @app.exception_handler(PartimentoError)
    async def refused(_: Request, error: PartimentoError) -> JSONResponse:
        return JSONResponse(body_of(error), status_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        places = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5]]
        return JSONResponse({"error": {"kind": "InvalidRequest", "message": _printable("; ".join(places))}}, 422)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        told = {"kind": HTTP_KINDS.get(error.status_code, "InvalidRequest"), "message": str(error.detail)}
        return JSONResponse({"error": told}, error.status_code, dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def mistake(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s", request.method, request.url.path, exc_info=error)
        told = {"kind": "Mistake", "message": "this is a mistake of the program; the terminal has its trace"}
        return JSONResponse({"error": told}, 500)


def _printable(text: str) -> str:
    """Without lone surrogates, which no UTF-8 can say."""
    return text.encode("utf-8", "backslashreplace").decode()[:2000]
