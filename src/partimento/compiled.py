"""Plain loops compiled to machine code, kept on disk.

Importing numba and its code takes a quarter of a second, so modules of loops are imported where they are first needed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config

from partimento.native import code_folders

Loop = TypeVar("Loop", bound=Callable[..., Any])
_JIT: Any = numba.njit
_CONFIG: Any = config


def inlined(loop: Loop) -> Loop:
    """A loop that is called only by compiled ones of its own file."""
    return _JIT(boundscheck=True)(loop)  # type: ignore[no-any-return]


def always_inlined(loop: Loop) -> Loop:
    """Likewise, written out wherever it is called: faster where it does little, for more time to compile."""
    return _JIT(boundscheck=True, inline="always")(loop)  # type: ignore[no-any-return]


def compiled(*types: Any) -> Callable[[Loop], Loop]:
    """Compiles a function for arguments of these types of numba, or of each tuple of them. An index outside of its array raises,
    as in Python."""

    def decorate(loop: Loop) -> Loop:
        for folder in code_folders([Path(loop.__code__.co_filename)], numba.__version__):
            if _can_write(folder):
                try:
                    return _compile(loop, types, folder)
                except Exception:  # cut off, or written by another hand: what cannot be read is made again
                    shutil.rmtree(folder, ignore_errors=True)
        return _compile(loop, types, None)

    return decorate


def _compile(loop: Loop, types: tuple[Any, ...], folder: Path | None) -> Loop:
    was, _CONFIG.CACHE_DIR = _CONFIG.CACHE_DIR, str(folder or "")
    try:
        signatures = list(types) if isinstance(types[0], tuple) else types
        return _JIT(signatures, boundscheck=True, cache=folder is not None)(loop)  # type: ignore[no-any-return]
    finally:
        _CONFIG.CACHE_DIR = was


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
