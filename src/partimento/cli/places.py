"""Where this machine keeps the models that have composed, so that `--like` finds them. No piece speaks of such places."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from partimento.errors import PartimentoError
from partimento.files import write_atomic

MOST = 500  # models remembered; the oldest are forgotten first


def remember(sha256: str, path: Path) -> None:
    """Notes where a model lies. A home that cannot be written only means that it is not remembered."""
    known = _known()
    known.pop(sha256, None)
    known[sha256] = str(path.resolve())
    with contextlib.suppress(PartimentoError):
        write_atomic(_file(), json.dumps(dict(list(known.items())[-MOST:]), indent=1).encode())


def recall(sha256: str) -> Path | None:
    """Where the model lay when it last composed, if it is known."""
    place = _known().get(sha256)
    return Path(place) if place else None


def _file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state) / "partimento" / "models.json"


def _known() -> dict[str, str]:
    try:
        known = json.loads(_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(sha256): str(place) for sha256, place in known.items()} if isinstance(known, dict) else {}
