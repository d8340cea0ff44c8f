"""The app: the workshop's routes, the page's files, and the guard before both."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from partimento.errors import PartimentoError
from partimento.studio.server import asked, opened, seen
from partimento.studio.server.refused import answer_errors
from partimento.studio.server.safety import Guard
from partimento.studio.workshop.workshop import Workshop
from partimento.version import VERSION

PAGE = Path(__file__).parent.parent / "page"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".sf2": "application/octet-stream",
    ".txt": "text/plain; charset=utf-8",
}
API = "/api/v1"


def app_of(workshop: Workshop, token: str, addresses: Iterable[str]) -> ASGIApp:
    """The whole app for one workshop, to be asked under `addresses` (`host:port`) with a token."""
    api = FastAPI(
        title="The studio of Partimento",
        version=VERSION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    answer_errors(api)
    for routes in (opened, seen, asked):
        api.include_router(routes.routes_of(workshop), prefix=API)
    files = {path.relative_to(PAGE).as_posix(): path for path in sorted(PAGE.rglob("*")) if path.is_file() and path.suffix in KINDS}

    async def page(request: Request) -> Response:
        """A file of the page, looked up in a list: no path of a request reaches the file system."""
        name = request.path_params.get("name", "index.html")
        if name == "soundfont.sf2":
            return _soundfont()
        if name not in files:
            return JSONResponse({"error": {"kind": "NotThere", "message": "there is no such file of the page"}}, 404)
        return FileResponse(files[name], media_type=KINDS[files[name].suffix], headers={"cache-control": "no-cache"})

    api.router.routes += [Route("/", page), Route("/page/{name:path}", page)]
    return Guard(api, token, addresses)


def _soundfont() -> Response:
    from partimento.render.soundfont import default_path

    try:
        path = default_path()
    except PartimentoError as error:
        return JSONResponse({"error": {"kind": "NotThere", "message": str(error)}}, 404)
    return FileResponse(path, media_type=KINDS[".sf2"], headers={"cache-control": "max-age=86400"})
