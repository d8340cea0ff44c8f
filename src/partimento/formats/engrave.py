"""Verovio at arm's length: MusicXML to pages (SVG) or to MEI, in a process of its own that may crash or hang.

`python -m partimento.formats.engrave` is that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from partimento.errors import WriteFailed

SECONDS = 300.0  # an opera takes a minute
# the identifiers of elements come from the input, so that the same score gives the same bytes
_OPTIONS: dict[str, Any] = {"inputFrom": "xml", "xmlIdChecksum": True, "footer": "none", "removeIds": True, "outputIndent": 1}


def engrave(musicxml: bytes, to: str, options: dict[str, Any] | None = None, *, seconds: float = SECONDS) -> list[str]:
    """The pages of a score as SVG (`to` is "svg"), or one MEI file ("mei"); "timed" adds one text to the pages, a JSON list of
    [quarter, ids of the notes that begin there]. Raises `WriteFailed` when Verovio dies or hangs."""
    task = json.dumps({"to": to, "options": {**_OPTIONS, **(options or {})}, "musicxml": musicxml.decode()})
    command = [sys.executable, "-m", "partimento.formats.engrave"]
    try:
        done = subprocess.run(command, input=task.encode(), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise WriteFailed(f"engraving took over {seconds:g} s; cut the piece, or write MusicXML and open it elsewhere") from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise WriteFailed(f"Verovio could not engrave the score ({reason[0]}); write MusicXML and open it elsewhere")
    pages: list[str] = json.loads(done.stdout)
    return pages


def _serve() -> None:
    import verovio

    task = json.load(sys.stdin)
    toolkit = verovio.toolkit()
    toolkit.setOptions(task["options"])
    if not toolkit.loadData(task["musicxml"]):
        sys.exit("it did not load")
    if task["to"] == "mei":
        result = [toolkit.getMEI()]
    else:
        result = [toolkit.renderToSVG(page + 1) for page in range(toolkit.getPageCount())]
        if task["to"] == "timed":
            times = toolkit.renderToTimemap()
            result.append(json.dumps([[one["qstamp"], one["on"]] for one in times if one.get("on")]))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    _serve()
