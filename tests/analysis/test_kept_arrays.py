"""Arrays worked out of a file are kept, mapped into memory, and made anew when the file has changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from partimento.analysis.kept_arrays import MOST_KEPT, kept_arrays
from partimento.piece import Array


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


class Work:
    """Counts how often it was done."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Mapping[str, Array]:
        self.times += 1
        return {"squares": np.arange(5) ** 2, "none": np.zeros(0, np.uint8)}


def test_work_is_done_once_and_its_arrays_lie_on_disk(tmp_path: Path) -> None:
    file, work = tmp_path / "file", Work()
    file.write_bytes(b"music")
    for _ in range(3):
        found = kept_arrays(file, 1, work)
        assert found["squares"].tolist() == [0, 1, 4, 9, 16]
        assert found["squares"].dtype == np.int64
        assert len(found["none"]) == 0
        assert isinstance(found["squares"], np.memmap)
    assert work.times == 1


@pytest.mark.parametrize("change", ["bytes", "time", "version"])
def test_what_has_changed_is_worked_out_anew(tmp_path: Path, change: str) -> None:
    file, work = tmp_path / "file", Work()
    file.write_bytes(b"music")
    kept_arrays(file, 1, work)
    if change == "bytes":
        file.write_bytes(b"more music")
    if change == "time":
        os.utime(file, ns=(1, 1))
    kept_arrays(file, 2 if change == "version" else 1, work)
    assert work.times == 2


def test_a_damaged_array_is_worked_out_anew(tmp_path: Path) -> None:
    file, work = tmp_path / "file", Work()
    file.write_bytes(b"music")
    kept_arrays(file, 1, work)
    (array,) = tmp_path.glob("cache/**/squares.npy")
    array.write_bytes(b"nothing")
    assert kept_arrays(file, 1, work)["squares"].tolist() == [0, 1, 4, 9, 16]
    assert work.times == 2


def test_few_are_kept_and_the_one_used_longest_ago_goes(tmp_path: Path) -> None:
    work = Work()
    for number in range(MOST_KEPT + 2):
        file = tmp_path / f"file{number}"
        file.write_bytes(b"music")
        kept_arrays(file, 1, work)
    assert len(list((tmp_path / "cache" / "partimento" / "arrays").iterdir())) == MOST_KEPT


def test_where_nothing_can_be_kept_it_is_worked_out_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")  # a file where the folder would be
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    file, work = tmp_path / "file", Work()
    file.write_bytes(b"music")
    for _ in range(2):
        assert kept_arrays(file, 1, work)["squares"].tolist() == [0, 1, 4, 9, 16]
    assert work.times == 2
