"""Where models lie on this machine, so that a composed piece can be made again, and the corpora that runs were trained on.

No piece and no checkpoint speaks of such places.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from partimento.errors import InvalidOption, PartimentoError
from partimento.files import write_atomic
from partimento.system import user_state

FILE_NAME = "model.safetensors"  # of the model in the folder of its run
RUN_FILE = "run.json"  # where a run's corpus is; it stays on this machine
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


def note_corpus(run: Path, corpus: Path) -> None:
    """Notes in the folder of a run which corpus it was trained on. Raises `WriteFailed`."""
    write_atomic(run / RUN_FILE, json.dumps({"corpus": str(corpus.resolve())}).encode() + b"\n")


def corpus_of(run: Path) -> Path:
    """The corpus that a run was trained on. Raises `InvalidOption` when it is not known or gone."""
    if not run.exists():
        raise InvalidOption(f"{run}: no such run; train one with: partimento train CORPUS --out {run}")
    folder = run if run.is_dir() else run.parent
    try:
        return Path(json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))["corpus"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidOption(f"{run}: does not say which corpus it was trained on; name the corpus too (--corpus FOLDER)") from None


def _file() -> Path:
    return user_state() / "models.json"


def _known() -> dict[str, str]:
    try:
        known = json.loads(_file().read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(sha256): str(place) for sha256, place in known.items()} if isinstance(known, dict) else {}
