"""Loops as machine code: made once, kept, checked, and made again where what is kept is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from partimento import native
from partimento.models.engine.matrix import PRODUCTS, address
from partimento.native import Native, code_folders

LOOP, LETTERS, USES = "partimento.models.engine.loops.head_loops:gelu_all", "fn", [PRODUCTS, "partimento.models.engine.matrix"]


def works(loop: Native) -> bool:
    numbers = np.array([-1.0, 0.0, 2.0], np.float32)
    loop.call(address(numbers), 3)
    return bool(np.allclose(numbers, [-0.15865526, 0, 1.9544997], atol=1e-6))


def test_code_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "code_folders", lambda sources, of: iter([tmp_path / "a"]))
    made: list[str] = []
    compiled = native._compiled

    def counted(place: str, arguments: str) -> tuple[bytes, str]:
        made.append(place)
        return compiled(place, arguments)

    monkeypatch.setattr(native, "_compiled", counted)
    assert works(Native(LOOP, LETTERS, USES))
    assert works(Native(LOOP, LETTERS, USES))
    assert made == [LOOP]
    kept = tmp_path / "a" / "gelu_all.o"
    data = kept.read_bytes()
    for damaged in (b"", data[:100], data[:-1], data[:200] + bytes([data[200] ^ 1]) + data[201:]):
        kept.write_bytes(damaged)
        assert works(Native(LOOP, LETTERS, USES))
        assert kept.read_bytes() == data
    assert len(made) == 5


def test_where_nothing_may_be_kept_it_is_made_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(native, "code_folders", lambda sources, of: iter([tmp_path / "file" / "a"]))
    assert works(Native(LOOP, LETTERS, USES))


def test_a_folder_for_each_source_and_machine(tmp_path: Path) -> None:
    source = tmp_path / "loops.py"
    source.write_text("a = 1")
    one, other = (next(code_folders([source], of)) for of in ("x86", "arm"))
    assert one != other
    source.write_text("a = 2")
    assert next(code_folders([source], "x86")) not in (one, other)
