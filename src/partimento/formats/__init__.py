"""Scores as files: bytes to `Piece` and back.

Files come from anywhere, so `read` parses in a worker process that may die; `parse` is for such workers.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from partimento.errors import InvalidOption, UnknownName, UnreadableFile
from partimento.files import write_atomic
from partimento.formats import kept, sources, supervise
from partimento.formats.format import Format as Format
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.notated import REPEATS
from partimento.formats.registry import FORMATS as FORMATS
from partimento.formats.registry import MODULES as MODULES
from partimento.formats.registry import READERS as READERS
from partimento.formats.registry import WRITERS as WRITERS
from partimento.formats.registry import format_of as format_of
from partimento.formats.registry import register as register
from partimento.formats.serialise import piece_from_bytes, piece_to_parts
from partimento.piece import Piece

READ_TASK = "partimento.formats.readtask:read_task"  # of `supervise.run`, for items as JSON
_KEPT_BYTES = 16 << 20


def parse(
    data: bytes, suffix: str, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in `data` and the repairs it took, in this process. Raises `UnreadableFile`; content counts more than suffix.

    Bars of a notated score come in the order they are "written" in, or "played" with every repeat; MIDI has no repeats.
    """
    _check_repeats(repeats)
    one = format_of(data, suffix)
    if one is None:
        raise UnknownName("suffix", suffix, READERS)
    _keep_memory()
    try:
        if not data:
            raise UnreadableFile("empty file")
        if len(data) > limits.max_bytes:
            raise UnreadableFile("too large", f"{len(data)} bytes; the limit is {limits.max_bytes}")
        return one.read(data, source=source, limits=limits, repeats=repeats)
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


def read(
    path: str | os.PathLike[str],
    *,
    repeats: str = "written",
    trusted: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    seconds: float = 60.0,
) -> Piece:
    """The piece in a file, or in one tune of a book (`book.abc#X12`). Raises `UnreadableFile`.

    Repeats are as `parse` has them. The file is parsed in a worker process with limits of time and memory, unless it is `trusted`.
    """
    item = _item(os.fspath(path))
    if trusted:
        return parse(sources.load(item), item.suffix, source=item.name, limits=limits, repeats=repeats)[0]
    _check_repeats(repeats)
    reply = kept.ask(READ_TASK, {"item": item_to_json(item)}, seconds=seconds, init=_init(limits, repeats))
    if not reply.ok:
        raise UnreadableFile(reply.reason, reply.detail, name=item.name)
    return unpack(reply.data)[0]


def _init(limits: Limits, repeats: str) -> dict[str, Any]:
    return {"limits": vars(limits), "repeats": repeats, "formats": MODULES}


def _check_repeats(repeats: str) -> None:
    if repeats not in REPEATS:
        raise UnknownName("order of repeats", repeats, REPEATS)


def read_items(
    items: Sequence[sources.Item],
    *,
    repeats: str = "written",
    limits: Limits = DEFAULT_LIMITS,
    workers: int = 1,
    seconds: float = 60.0,
) -> Iterator[tuple[sources.Item, tuple[Piece, Counter[str]] | UnreadableFile]]:
    """Each item, as it is done, with its piece and the repairs that took, or with the reason why it cannot be read."""
    _check_repeats(repeats)
    tasks = ({"item": item_to_json(item)} for item in items)
    for index, reply in supervise.run(READ_TASK, tasks, workers=workers, seconds=seconds, init=_init(limits, repeats)):
        item = items[index]
        yield item, unpack(reply.data) if reply.ok else UnreadableFile(reply.reason, reply.detail, name=item.name)


def read_all(
    paths: Iterable[str | os.PathLike[str]], *, workers: int = 1, limits: Limits = DEFAULT_LIMITS, seconds: float = 60.0
) -> Iterator[tuple[str, Piece | UnreadableFile]]:
    """Every piece of files, folders and archives with its name, in the order of the names; the error of one that is none.

    Read by `workers` processes with limits of time and memory. Raises `InvalidOption` for a path that does not exist.
    """
    listing = sources.list_items(paths)
    for error in listing.refused:
        yield error.name, error
    outcomes = read_items(listing.items, limits=limits, workers=workers, seconds=seconds)
    early: dict[str, tuple[Piece, Counter[str]] | UnreadableFile] = {}
    with closing(outcomes):  # type: ignore[type-var]
        for item in listing.items:
            while item.name not in early:
                done, outcome = next(outcomes)
                early[done.name] = outcome
            outcome = early.pop(item.name)
            yield item.name, outcome if isinstance(outcome, UnreadableFile) else outcome[0]


def write(piece: Piece, path: str | os.PathLike[str]) -> None:
    """Writes the piece in the format of the suffix; the file appears whole or not at all. Raises `WriteFailed`."""
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UnknownName("suffix to write", path.suffix, WRITERS)
    write_atomic(path, writer(piece))


def items_of(path: str) -> list[sources.Item]:
    """What a path, an archive, a set of music21 or one tune of a book (`book.abc#X12`) holds; at least one item.

    Raises `InvalidOption` for a path that is not there, `UnreadableFile` where nothing in it is a score.
    """
    book, mark, tune = path.rpartition("#X")
    file = book if mark and not os.path.exists(path) else path
    listing = sources.list_items(file)
    items = [item for item in listing.items if file == path or item.name.endswith(mark + tune)]
    if items:
        return items
    if listing.items:
        raise InvalidOption(f"{path}: there is no such tune in it")
    if listing.refused:
        raise listing.refused[0]
    what = "nothing in it is a score" if os.path.isdir(file) or file.endswith(".zip") else f"the suffix {Path(file).suffix!r}"
    raise UnreadableFile("unsupported", f"{what}; known: {', '.join(READERS)}", name=Path(file).name)


def _item(path: str) -> sources.Item:
    if os.path.isdir(path):
        raise InvalidOption(f"{path}: a folder; a single file is needed here")
    items = items_of(path)
    if len(items) > 1:
        raise UnreadableFile("several pieces", f"{len(items)} of them, such as {items[0].name}; name one", name=Path(path).name)
    return items[0]


def item_to_json(item: sources.Item) -> dict[str, Any]:
    """An item as a task of a worker, which may stand in another folder."""
    return {**vars(item), "path": os.path.abspath(item.path)}


def pack(piece: Piece, repairs: Counter[str]) -> bytes:
    """A piece and its repairs as bytes for a pipe."""
    text = json.dumps(repairs).encode()
    return b"".join([len(text).to_bytes(4, "big"), text, *piece_to_parts(piece)])


def unpack(data: bytes) -> tuple[Piece, Counter[str]]:
    """What `pack` packed. Raises `InvalidPiece` for bytes that are no piece."""
    at = 4 + int.from_bytes(data[:4], "big")
    return piece_from_bytes(data[at:]), Counter(json.loads(data[4:at]))
