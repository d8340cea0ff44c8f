"""Files that are whole or not there: atomic writes and content hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from partimento.errors import InvalidOption, WriteFailed


def write_atomic(path: Path | str, content: bytes) -> None:
    """Write a file by temporary name, fsync and rename: at any moment the old one or the new one stands there, whole.

    Raises `WriteFailed` when the disk is full or the folder cannot be written; the old file is then untouched.
    """
    write_atomic_with(path, lambda temporary: _write_all(temporary, content))


def write_atomic_with(path: Path | str, write: Callable[[Path], None]) -> None:
    """Like `write_atomic`, for content that `write` puts into the temporary path it is given."""
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        os.close(handle)
        temporary = Path(name)
        temporary.chmod(0o666 & ~_umask())
        write(temporary)
        _sync(temporary, os.O_RDWR)  # Windows syncs only what may be written
        os.replace(temporary, path)
        if os.name == "posix":  # elsewhere a folder cannot be opened
            _sync(path.parent, os.O_RDONLY)
    except OSError as error:
        raise WriteFailed(
            f"{path}: could not be written ({error.strerror or error}); free space or choose another place"
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(content: dict[str, Any]) -> bytes:
    """JSON that carries the SHA-256 of itself, so that `unseal` notices any changed bit."""
    body = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode()
    return b'{"sha256":"' + hashlib.sha256(body).hexdigest().encode() + b'","content":\n' + body + b"}\n"


def unseal(sealed: bytes) -> dict[str, Any]:
    """The content of sealed JSON. Raises `ValueError` when a bit of it changed."""
    try:
        whole = json.loads(sealed)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    content = whole.get("content") if isinstance(whole, dict) else None
    if not isinstance(content, dict) or seal(content) != sealed:
        raise ValueError("the checksum does not match")
    return content


def _write_all(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def named_path(path: str | os.PathLike[str]) -> Path:
    """The path that someone named. Raises `InvalidOption` for an empty one, which would mean the current folder."""
    if not os.fspath(path):
        raise InvalidOption("an empty path; name a file or a folder, such as . for the one that you are in")
    return Path(path)


def check_parents(path: Path) -> None:
    """Raises `InvalidOption` when a file is where a folder above `path` would be."""
    above = next((place for place in path.parents if place.exists()), None)
    if above is not None and not above.is_dir():
        raise InvalidOption(f"{path}: the file {above} is in the way; choose another place")


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value
