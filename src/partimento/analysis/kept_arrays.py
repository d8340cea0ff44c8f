"""Large arrays that take long to work out from a file, kept in the user's cache and mapped into memory.

Of hundreds of megabytes a search touches a few. Where nothing can be kept, they are worked out anew each time.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from partimento.piece import Array
from partimento.system import user_cache

MOST_KEPT = 4  # files whose arrays are kept; those that were used longest ago go first
log = logging.getLogger(__name__)


def kept_arrays(path: Path, version: str | int, work_out: Callable[[], Mapping[str, Array]]) -> Mapping[str, Array]:
    """What `work_out` makes of the file `path`, arrays [...] by name: kept ones where neither the file nor the `version` has
    changed since, else made now and kept. The `version` is all else that they depend on."""
    folder = _folder(path, version)
    if folder is None:
        return work_out()
    if (found := _found(folder)) is not None:
        return found
    arrays = work_out()
    try:
        _keep(arrays, folder)
    except OSError as error:  # a full disk, or a home that may only be read: slower the next time, no worse
        log.info("what was worked out of %s is not kept: %s", path, error)
        return arrays
    return _found(folder) or arrays


def _folder(path: Path, version: str | int) -> Path | None:
    """Where the arrays of a file as it is now are kept; None where there is no home."""
    with suppress(RuntimeError, OSError):
        status = path.stat()
        of = f"{path.resolve()} {status.st_mtime_ns} {status.st_size} {version}"
        return user_cache() / "arrays" / hashlib.sha256(of.encode()).hexdigest()[:16]
    return None


def _found(folder: Path) -> dict[str, Array] | None:
    """The arrays of a folder, mapped into memory; it was renamed when all of them were written, so it is whole."""
    try:
        arrays = {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in folder.iterdir()}
        os.utime(folder)
        return arrays
    except (OSError, ValueError):
        return None


def _keep(arrays: Mapping[str, Array], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        for name, array in arrays.items():
            np.save(new / f"{name}.npy", array)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(FileExistsError):  # another process was faster
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    by_age = sorted(folder.parent.iterdir(), key=lambda one: one.stat().st_mtime)
    for old in by_age[:-MOST_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
