"""A project: a folder of plain files that is whole at any moment, whatever becomes of the process.

`pieces/` holds each state of each score once, named by the hash of what it holds; `history.jsonl` a line of JSON for each act.
An act is acknowledged when its pieces and its line are on the disk. A line that was cut off by a crash is none.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from partimento.errors import InvalidPiece, PartimentoError, WriteFailed
from partimento.files import check_parents, write_atomic
from partimento.formats.serialise import piece_from_bytes, piece_to_bytes
from partimento.piece import Piece
from partimento.studio.workshop.refusals import NotThere
from partimento.system import locked

HISTORY, PIECES, LOCK = "history.jsonl", "pieces", ".lock"
KEPT = 64  # pieces in memory
MOST_BYTES = 1 << 30  # of a piece, unpacked

Act = dict[str, Any]


class ProjectDamaged(PartimentoError):
    """A file of a project does not hold what it should."""


class Project:
    """An open project; one process at a time has it. Close it, or use it as a context."""

    def __init__(self, folder: Path) -> None:
        """Opens a folder, or makes it. Raises `InvalidOption` where another process has it, `ProjectDamaged`, `WriteFailed`."""
        check_parents(folder)
        self.folder = folder
        self._open = contextlib.ExitStack()
        refusal = f"{folder}: another studio has this project open; close that one, or name another with --project"
        self._open.enter_context(_writable(folder))
        self._open.enter_context(locked(folder / LOCK, refusal))
        try:
            self.acts: list[Act] = list(_lines(folder / HISTORY))
            self._file = self._open.enter_context((folder / HISTORY).open("ab"))
        except BaseException:
            self._open.close()
            raise
        self._recent: OrderedDict[str, Piece] = OrderedDict()

    def __enter__(self) -> Project:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()

    def put(self, piece: Piece) -> str:
        """Keeps a piece; its name is that of its content."""
        content = piece_to_bytes(piece)
        state = sha256(content).hexdigest()[:16]
        if not self._path(state).exists():
            write_atomic(self._path(state), zlib.compress(content, 1))
        self._remember(state, piece)
        return state

    def get(self, state: str) -> Piece:
        """The piece of a state. Raises `NotThere`, `ProjectDamaged`."""
        if state in self._recent:
            self._recent.move_to_end(state)
            return self._recent[state]
        if not (state.isalnum() and self._path(state).is_file()):
            raise NotThere(f"there is no state {state!r}; take one that the score names")
        try:
            content = zlib.decompressobj().decompress(self._path(state).read_bytes(), MOST_BYTES)
            if sha256(content).hexdigest()[:16] != state:
                raise InvalidPiece("its checksum does not match")
            piece = piece_from_bytes(content)
        except (zlib.error, InvalidPiece) as error:
            raise ProjectDamaged(f"{self._path(state)}: {error}; put it back from a copy of the project") from None
        self._remember(state, piece)
        return piece

    def append(self, act: Act) -> Act:
        """Writes an act down; it has its number `seq` and its time `at` then. Raises `WriteFailed`."""
        whole = {"seq": len(self.acts) + 1, "at": datetime.now(UTC).isoformat(timespec="milliseconds")} | act
        size = self._file.tell()
        try:
            self._file.write(json.dumps(whole, separators=(",", ":")).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                self._file.truncate(size)
            raise WriteFailed(f"{self.folder / HISTORY}: could not be written ({error.strerror}); free space") from error
        self.acts.append(whole)
        return whole

    def _path(self, state: str) -> Path:
        return self.folder / PIECES / f"{state}.piece"

    def _remember(self, state: str, piece: Piece) -> None:
        self._recent[state] = piece
        self._recent.move_to_end(state)
        while len(self._recent) > KEPT:
            self._recent.popitem(last=False)


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        (folder / PIECES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(f"{folder}: could not be made ({error.strerror}); choose another place") from None
    yield


def _lines(path: Path) -> Iterator[Act]:
    """The acts of a history. What a crash cut off at its end is cut away, for it was never acknowledged."""
    if not path.exists():
        return
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)
    for number, line in enumerate(content[:whole].splitlines(), 1):
        try:
            act = json.loads(line)
            if not isinstance(act, dict) or act["seq"] != number:
                raise ValueError(f"it is no act with the number {number}")
        except (ValueError, KeyError, RecursionError) as error:
            raise ProjectDamaged(
                f"{path}: line {number} cannot be read ({error}); put it back from a copy of the project"
            ) from None
        yield act
