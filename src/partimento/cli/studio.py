"""`partimento studio`: the page in the browser, and its API."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.screen import Flag, Screen
from partimento.errors import InvalidOption

if TYPE_CHECKING:
    from partimento.studio.server.serve import Address

PORT = 8765


def studio(
    file: Path | None = None,
    *,
    model: Path | None = None,
    project: Path | None = None,
    port: int = PORT,
    osc: int | None = None,
    browser: Annotated[bool, Parameter(name="--browser", negative="--no-browser", show_default=False)] = True,
    json: Flag = False,
) -> None:
    """Opens the studio: scores to see, hear and edit, and a model that writes into them, in the browser.

    Examples:
      partimento studio
      partimento studio tune.mid --model run
      partimento studio --project songs --port 0 --no-browser
      partimento studio --model run --osc 57120

    It listens on this machine alone, and only who has the token of this start may use it: it is a part of the address that
    is printed. Nothing leaves the machine. Work is saved as it is done; stop it as you like, also with Ctrl-C.

    With --json: page (the address to open), api, token, port, project, osc (the
    port, or null), in one object as soon as it listens.

    Parameters
    ----------
    file
        A score to open.
    model
        A run or a checkpoint; the one that comes with the package where none is named.
    project
        The folder where scores and their history are kept.
    port
        Where to listen; 0 takes a free port.
    osc
        Also listen for OSC messages of live coding at this port; 0 takes a free one.
    browser
        With --no-browser the page is not opened.
    json
        Print one JSON object for scripts.
    """
    from partimento.plugins import extra
    from partimento.studio.live.osc import listening
    from partimento.studio.server.serve import default_project, serve
    from partimento.studio.workshop.workshop import Workshop

    screen = Screen(json)
    if not 0 <= port <= 65535:
        raise InvalidOption(f"{port}; it must be 0..65535", option="port")
    if osc is not None and not 0 <= osc <= 65535:
        raise InvalidOption(f"{osc}; it must be 0..65535", option="osc")
    if file is not None and not file.is_file():
        raise InvalidOption(f"{file}: no such file")
    for name in ("fastapi", "uvicorn"):
        extra(name, "studio", "the studio")
    folder = project or default_project()

    def ready(address: Address) -> None:
        osc_port = None if osc is None else also.enter_context(listening(workshop, osc))
        screen.say(f"The studio is at {address.page}")
        screen.say(f"Work is kept in {folder}. Ctrl-C ends it.")
        if osc_port is not None:
            screen.say(f"OSC messages are taken at port {osc_port} of this machine.")
        told: dict[str, Any] = {"page": address.page, "api": address.api, "token": address.token, "port": address.port}
        screen.result(told | {"project": str(folder), "osc": osc_port})

    with Workshop(folder, model) as workshop, contextlib.ExitStack() as also:
        if file is not None:
            workshop.open(file.read_bytes(), file.name, "command line")
        serve(workshop, port, ready, browser=browser)
