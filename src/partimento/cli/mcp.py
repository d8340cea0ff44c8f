"""`partimento mcp`: the workshop for an agent, over stdin and stdout."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from partimento.cli.screen import Flag
from partimento.errors import InvalidOption


def mcp(*, model: Path | None = None, project: Path | None = None, port: int | None = None, json: Flag = False) -> None:
    """Serves the studio's workshop to an agent, over the Model Context Protocol on stdin and stdout.

    Examples:
      partimento mcp --model run
      partimento mcp --model run --project songs --port 8765

    An agent's program starts this command itself: give it the command and its arguments. The agent lists and reads scores,
    asks the model for candidates under rules, keeps one, checks rules and originality, renders pages and sound. It works on
    the same projects as partimento studio, with the same history; a project is open in one process at a time, so --port
    serves the page beside, to watch.

    With --json: nothing else; stdout belongs to the protocol. The address of the
    page goes to stderr.

    Parameters
    ----------
    model
        A run or a checkpoint; the one that comes with the package where none is named.
    project
        The folder where scores and their history are kept.
    port
        Serve the page there too; 0 takes a free port.
    json
        As for other commands; it changes nothing here.
    """
    from partimento.plugins import extra
    from partimento.studio.agents.tools import server_of
    from partimento.studio.server.serve import default_project, serving
    from partimento.studio.workshop.workshop import Workshop

    if port is not None and not 0 <= port <= 65535:
        raise InvalidOption(f"{port}; it must be 0..65535", option="port")
    extra("mcp", "mcp", "the server for agents")
    with Workshop(project or default_project(), model) as workshop, contextlib.ExitStack() as also:
        if port is not None:
            address = also.enter_context(serving(workshop, port))
            print(f"The page is at {address.page}", file=sys.stderr, flush=True)
        workshop.warm.start()
        server_of(workshop).run("stdio")
