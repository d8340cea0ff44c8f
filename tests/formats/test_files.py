"""Files on disk: read by suffix and content, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from partimento import formats
from partimento.errors import InvalidOption, UnknownName, UnreadableFile, WriteFailed
from partimento.piece import About, Piece, Track, note_array
from tests.hostile import VALID

PIECE = Piece(note_array([(0, 480, 60, 70, 0)]), (Track(5, name="one"),), about=About("Title", "Someone", "études"))


def test_write_and_read(tmp_path: Path) -> None:
    formats.write(PIECE, tmp_path / "a.mid")
    assert formats.read(tmp_path / "a.mid") == PIECE == formats.read(tmp_path / "a.mid", trusted=True)
    assert os.listdir(tmp_path) == ["a.mid"]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.mid"
    path.write_bytes(b"before")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailed, match="No space left"):
        formats.write(PIECE, path)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["a.mid"]
    with pytest.raises(WriteFailed):
        formats.write(PIECE, tmp_path / "nowhere" / "a.mid")


def test_names_of_errors(tmp_path: Path) -> None:
    (tmp_path / "page.mid").write_text("<html>")
    with pytest.raises(UnreadableFile, match=r"page\.mid: not MIDI"):
        formats.read(tmp_path / "page.mid")
    with pytest.raises(InvalidOption, match="no such file"):
        formats.read(tmp_path / "none.mid")
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(UnreadableFile, match=r"known: \.mid"):
        formats.read(tmp_path / "a.txt")
    with pytest.raises(UnknownName, match=r"known: .*\.mid"):
        formats.write(PIECE, tmp_path / "a.wav")


def test_content_counts_more_than_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(VALID)
    assert len(formats.read(tmp_path / "a.xml", trusted=True)) == 5


def test_one_tune_of_a_book(tmp_path: Path) -> None:
    (tmp_path / "book.abc").write_text("X:1\nT:One\nK:C\nCDEF|\n\nX:2\nT:Two\nK:G\nGABc|\n")
    with pytest.raises(UnreadableFile, match="several pieces"):
        formats.read(tmp_path / "book.abc", trusted=True)
    piece = formats.read(f"{tmp_path}/book.abc#X2", trusted=True)
    assert piece.about.title == "Two"
    assert piece.notes["pitch"].tolist() == [67, 69, 71, 72]
