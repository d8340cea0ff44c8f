"""Files are whole or not there, and sealed JSON notices every changed bit."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import WriteFailed
from partimento.files import seal, sha256, unseal, write_atomic, write_atomic_with

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_mode_follows_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_atomic(tmp_path / "file", b"")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError(5, "Input/output error")])
def test_old_file_stands_when_writing_fails(tmp_path: Path, error: OSError) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def half(temporary: Path) -> None:
        temporary.write_bytes(b"ne")
        raise error

    with pytest.raises(WriteFailed, match=str(error.strerror)):
        write_atomic_with(path, half)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_left_when_the_writer_has_a_bug(tmp_path: Path) -> None:
    def bug(temporary: Path) -> None:
        temporary.write_bytes(b"ne")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_atomic_with(tmp_path / "file", bug)
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteFailed, match="could not be written"):
        write_atomic(tmp_path / "file" / "inside", b"x")


@pytest.mark.parametrize("content", [b"", b"abc", bytes(range(256)) * 5000])
def test_sha256(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_seal_round_trip(content: dict[str, Any]) -> None:
    assert unseal(seal(content)) == content


def test_every_changed_bit_is_noticed() -> None:
    sealed = seal({"name": "Gesualdo", "works": [1, 2.5, None], "é": True})
    assert json.loads(sealed)["content"]["name"] == "Gesualdo"
    for at in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[at] ^= 1 << bit
            with pytest.raises(ValueError, match=r"."):
                unseal(bytes(changed))


@pytest.mark.parametrize("cut", [0, 1, 40, 100])
def test_a_cut_end_is_noticed(cut: int) -> None:
    sealed = seal({"name": "Gesualdo"})
    with pytest.raises(ValueError, match=r"."):
        unseal(sealed[: len(sealed) - 1 - cut])


@pytest.mark.parametrize(
    "foreign",
    [b"", b"{}", b'{"content": []}', b'{"content": {}, "sha256": "0"}', b"[]", b"null", b'"text"', b"7"],
)
def test_foreign_json_is_a_value_error(foreign: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        unseal(foreign)
