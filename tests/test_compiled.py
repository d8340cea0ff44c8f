"""Where compiled code is kept, and that nothing in there is ever needed."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

LOOP = """
import numba
from partimento.compiled import compiled, inlined

@inlined
def plus(number, more):
    return number + more

@compiled(numba.int64[::1])
def total(numbers):
    found = 0
    for at in range(len(numbers)):
        found = plus(found, numbers[at]) * {factor}
    return found

@compiled(numba.int64[::1], numba.int64)
def at(numbers, place):
    return numbers[place]
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))


def load(folder: Path, factor: int = 1) -> ModuleType:
    """The module of loops in a folder, as a process would that has not seen it."""
    path = folder / "loops.py"
    path.write_text(LOOP.format(factor=factor))
    spec = importlib.util.spec_from_file_location("loops", path)
    assert spec
    assert spec.loader
    module = sys.modules["loops"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kept(folder: Path) -> dict[Path, int]:
    """The files of compiled code below a folder, and when they were made."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb?")}


def array(*numbers: int) -> npt.NDArray[np.int64]:
    return np.array(numbers, np.int64)


def test_code_is_kept_beside_its_source_and_taken_from_there(tmp_path: Path) -> None:
    assert load(tmp_path).total(array(1, 2, 3)) == 6
    files = kept(tmp_path / "__pycache__")
    assert len(files) == 4
    assert load(tmp_path).total(array(1, 2, 3)) == 6
    assert kept(tmp_path) == files


def test_other_code_is_kept_elsewhere(tmp_path: Path) -> None:
    load(tmp_path)
    files = kept(tmp_path)
    assert load(tmp_path, factor=2).total(array(1, 2)) == 8
    assert kept(tmp_path).items() > files.items()


@pytest.mark.parametrize("content", [b"", b"\x80\x05", bytes(1000)])
def test_what_is_damaged_is_made_again(content: bytes, tmp_path: Path) -> None:
    load(tmp_path)
    for path in kept(tmp_path):
        path.write_bytes(content)
    assert load(tmp_path).total(array(1, 2, 3)) == 6
    assert len(kept(tmp_path)) == 4
    assert all(path.read_bytes() != content for path in kept(tmp_path))


def test_code_that_is_half_kept_is_made_again(tmp_path: Path) -> None:
    load(tmp_path)
    for path in kept(tmp_path):
        if path.suffix == ".nbc":
            path.unlink()
    assert load(tmp_path).total(array(1, 2, 3)) == 6
    assert len(kept(tmp_path)) == 4


def test_without_a_place_beside_the_source_it_is_kept_with_the_user(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").write_text("no folder")
    assert load(tmp_path).total(array(1, 2, 3)) == 6
    assert len(kept(tmp_path / "user" / "partimento")) == 4


def test_without_any_place_it_is_compiled_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "__pycache__").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert load(tmp_path).total(array(1, 2, 3)) == 6
    assert not kept(tmp_path)


def test_an_index_out_of_bounds_raises(tmp_path: Path) -> None:
    loops = load(tmp_path)
    assert loops.at(array(5, 6), 1) == 6
    with pytest.raises(IndexError):
        loops.at(array(5, 6), 2)
