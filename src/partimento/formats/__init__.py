"""Scores as files: bytes to `Piece` and back. It knows suffixes and how files are opened and replaced, no format itself.

Files come from anywhere, so `read` parses in a worker process that may die; `parse` is for such workers.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from partimento.errors import InvalidOption, UnknownName, UnreadableFile
from partimento.files import write_atomic
from partimento.formats import sources, supervise, wire
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.midi import piece_from_midi
from partimento.formats.midiwrite import midi_from_piece
from partimento.formats.score import piece_from_abc, piece_from_humdrum, piece_from_musicxml
from partimento.piece import Piece

READ_TASK = "partimento.formats.readtask:read_task"  # of `supervise.run`, for items as JSON
_KEPT_BYTES = 16 << 20
Reader = Callable[..., tuple[Piece, Counter[str]]]

READERS: dict[str, Reader] = {
    **dict.fromkeys((".mid", ".midi", ".kar", ".rmi", ".smf"), piece_from_midi),
    **dict.fromkeys((".musicxml", ".xml", ".mxl"), piece_from_musicxml),
    ".krn": piece_from_humdrum,
    ".abc": piece_from_abc,
}
WRITERS: dict[str, Callable[[Piece], bytes]] = {".mid": midi_from_piece, ".midi": midi_from_piece}
SUFFIXES = tuple(READERS)


def parse(data: bytes, suffix: str, *, source: str = "", limits: Limits = DEFAULT_LIMITS) -> tuple[Piece, Counter[str]]:
    """The piece in `data` and the repairs it took, in this process. Raises `UnreadableFile`; content counts more than suffix."""
    reader = READERS.get(suffix.lower())
    if reader is None:
        raise UnknownName("suffix", suffix, SUFFIXES)
    _keep_memory()
    try:
        if not data:
            raise UnreadableFile("empty file")
        if len(data) > limits.max_bytes:
            raise UnreadableFile("too large", f"{len(data)} bytes; the limit is {limits.max_bytes}")
        if data[:4] in (b"MThd", b"RIFF"):
            reader = piece_from_midi
        return reader(data, source=source, limits=limits)
    except UnreadableFile as error:
        raise UnreadableFile(error.reason, error.detail, name=source) from None
    except MemoryError:
        raise
    except Exception as error:  # whatever a parser trips over in foreign bytes is the file's fault, and has a name
        raise UnreadableFile("damaged", f"{type(error).__name__}: {error}"[:300], name=source) from error


@cache
def _keep_memory() -> None:
    """Makes the C library keep what is freed for the next file: page faults cost a tenth of the time.

    Where malloc is glibc's, it takes the size of the largest block ever freed for the size from which on to give back.
    """
    np.empty(_KEPT_BYTES, np.uint8)


def read(path: str | os.PathLike[str], *, trusted: bool = False, limits: Limits = DEFAULT_LIMITS, seconds: float = 60.0) -> Piece:
    """The piece in a file, or in one tune of a book (`book.abc#X12`). Raises `UnreadableFile`.

    The file is parsed in a worker process with limits of time and memory, unless it is `trusted`.
    """
    item = _item(os.fspath(path))
    if trusted:
        return parse(sources.load(item), item.suffix, source=item.name, limits=limits)[0]
    task = {"item": item_to_json(item)}
    for _, reply in supervise.run(READ_TASK, [task], workers=1, seconds=seconds, init={"limits": vars(limits)}):
        if reply.ok:
            return unpack(reply.data)[0]
        raise UnreadableFile(reply.reason, reply.detail, name=item.name)
    raise UnreadableFile("crashed", "no answer", name=item.name)


def write(piece: Piece, path: str | os.PathLike[str]) -> None:
    """Writes the piece in the format of the suffix; the file appears whole or not at all. Raises `WriteFailed`."""
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UnknownName("suffix to write", path.suffix, WRITERS)
    write_atomic(path, writer(piece))


def _item(path: str) -> sources.Item:
    book, mark, tune = path.rpartition("#X")
    file = book if mark and not os.path.exists(path) else path
    if os.path.isdir(file):
        raise InvalidOption(f"{file}: a folder; a single file is needed here")
    items = sources.list_items(file).items
    wanted = [item for item in items if file == path or item.name.endswith(mark + tune)]
    if len(wanted) == 1:
        return wanted[0]
    if not items:
        suffix = Path(file).suffix
        raise UnreadableFile("unsupported", f"the suffix {suffix!r}; known: {', '.join(SUFFIXES)}", name=Path(file).name)
    if not wanted:
        raise InvalidOption(f"{path}: there is no such tune in it")
    raise UnreadableFile("several pieces", f"{len(items)} of them, such as {items[0].name}; name one", name=Path(file).name)


def item_to_json(item: sources.Item) -> dict[str, Any]:
    """An item as a task of a worker."""
    return dict(vars(item))


def pack(piece: Piece, repairs: Counter[str]) -> bytes:
    """A piece and its repairs as bytes for a pipe."""
    text = json.dumps(repairs).encode()
    return b"".join([len(text).to_bytes(4, "big"), text, *wire.piece_to_parts(piece)])


def unpack(data: bytes) -> tuple[Piece, Counter[str]]:
    """What `pack` packed. Raises `InvalidPiece` for bytes that are no piece."""
    at = 4 + int.from_bytes(data[:4], "big")
    return wire.piece_from_bytes(data[at:]), Counter(json.loads(data[4:at]))
