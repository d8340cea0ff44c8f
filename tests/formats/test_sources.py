"""Folders, archives, books and music21's own sets as lists of items; nothing is dropped in silence."""

from __future__ import annotations

import os
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

from partimento.errors import InvalidOption
from partimento.formats.abc.tunebook import file_header, split_tunebook, tune_number
from partimento.formats.sources import list_items, load
from tests.hostile import VALID

BOOK = b"%%titlefont x\nM:3/4\nfree text\n\nX:7\nT:a\nK:C\nCDE|\n\nX: 8\r\nT:b\r\nK:D\r\nDEF|\r\n"


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "set" / "b").mkdir(parents=True)
    for name in ("z.mid", "b/a.MID", ".hidden.mid", "notes.txt"):
        (tmp_path / "set" / name).write_bytes(VALID)
    os.symlink(tmp_path / "set", tmp_path / "set" / "b" / "loop")
    listing = list_items(tmp_path / "set")
    assert [item.name for item in listing.items] == ["set/b/a.MID", "set/z.mid"]
    assert [item.suffix for item in listing.items] == [".mid", ".mid"]
    assert listing.ignored == ["set/notes.txt"]
    assert load(listing.items[0]) == VALID
    before = listing.items[1].stamp
    (tmp_path / "set" / "z.mid").write_bytes(VALID + b"x")
    assert list_items(tmp_path / "set").items[1].stamp != before


def test_an_archive_is_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("set/b/x.mid", VALID)
        archive.writestr("set/../../evil.mid", VALID)
        archive.writestr("set/inner.zip", b"PK")
        archive.writestr("set/tunes.abc", BOOK)
    listing = list_items(path)
    assert [item.name for item in listing.items] == ["set/b/x.mid", "set/tunes.abc#X7", "set/tunes.abc#X8"]
    assert listing.ignored == ["set/../../evil.mid", "set/inner.zip"]
    assert load(listing.items[0]) == VALID
    assert os.listdir(tmp_path) == ["set.zip"]


def test_archives_that_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mid", bytes(65 << 20))
    (tmp_path / "cut.zip").write_bytes(b"PK\3\4 not really")
    listing = list_items(tmp_path)
    assert not listing.items
    assert sorted(error.reason for error in listing.refused) == ["damaged archive", "too large"]


def test_members_of_one_name_are_all_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that is what it warns of
        for content in (b"first", b"second", b"third"):
            archive.writestr("a.mid", content)
    listing = list_items([path])
    assert [(item.name, load(item)) for item in listing.items] == [("set/a.mid", b"third")]
    assert [(error.name, error.reason) for error in listing.refused] == [("set/a.mid", "name taken")] * 2


def test_the_same_file_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "a.mid").write_bytes(VALID)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.mid").write_bytes(VALID)
    items = list_items([tmp_path / "a.mid", tmp_path / "a.mid", tmp_path / "b" / "a.mid"]).items
    assert [item.name for item in items] == ["a.mid", "a.mid~2"]


def test_a_book_is_split_with_its_header() -> None:
    tunes = [BOOK[start:stop] for start, stop in split_tunebook(BOOK)]
    assert [tune_number(tune) for tune in tunes] == ["7", "8"]
    assert tunes[0].startswith(b"X:7")
    assert tunes[1].endswith(b"DEF|")
    assert file_header(BOOK) == b"%%titlefont x\nM:3/4\n"


def test_sets_of_music21_without_importing_it() -> None:
    listing = list_items("music21:bach")
    assert len(listing.items) > 400
    assert all(item.name.startswith("bach/") for item in listing.items)
    assert len({item.name.rsplit(".", 1)[0] for item in listing.items}) == len(listing.items)
    ryans = list_items("music21:ryans")
    assert len(ryans.items) == 1059
    assert "music21" not in sys.modules or "music21.stream" in sys.modules


@pytest.mark.parametrize("name", ["no/such/folder", "music21:nobody"])
def test_a_source_that_is_not_there(name: str) -> None:
    with pytest.raises(InvalidOption, match=name):
        list_items(name)
