"""Weights that come with the package have learnt from music that may be given away, and from nothing else."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest

from partimento.errors import CheckpointError, InvalidOption
from partimento.models import tensorfile
from partimento.models.attribution import COLUMNS, LICENCES, NOTICE_FILE, SOURCES, SOURCES_FILE, check_shipped, sources_of, stated
from partimento.models.shipped import SHIPPED
from partimento.models.whereabouts import FILE_NAME

FINGERPRINT = "f" * 32
MAY = {"fingerprint": FINGERPRINT, "licences": ["CC0", "public domain"], "pieces": 2}


def row(name: str, split: str, **other: str) -> dict[str, str]:
    told = {"set": name, "file": f"{name}/a.mid", "composer": "", "title": "", "licence": stated(SOURCES[name]), "split": split}
    return told | other


ROWS = [row("openscore-lieder", "train"), row("mutopia", "train"), row("polish-scores", "test")]


def shipped(folder: Path, metadata: dict[str, Any], rows: list[dict[str, str]]) -> Path:
    """A folder as a shipped model's, without weights that could play."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SOURCES_FILE).write_bytes(gzip.compress(text.getvalue().encode()))
    tensorfile.save(folder / FILE_NAME, {}, metadata)
    return folder


def test_a_model_of_free_music_may_come(tmp_path: Path) -> None:
    check_shipped(shipped(tmp_path, MAY, ROWS), FINGERPRINT)
    check_shipped(shipped(tmp_path, MAY | {"from": {"fingerprint": FINGERPRINT}}, ROWS), FINGERPRINT)
    assert sources_of(tmp_path).startswith("set,file,composer,title,licence,split\nopenscore-lieder,")


@pytest.mark.parametrize(
    ("change", "rows", "why"),
    [
        ({"fingerprint": "e" * 32}, ROWS, "the corpus e"),
        ({"from": {"fingerprint": "e" * 32}}, ROWS, "the corpus e"),
        ({"licences": ["CC0", "CC BY-NC-SA 4.0"]}, ROWS, "'CC BY-NC-SA 4.0'"),
        ({"licences": ["not stated"]}, ROWS, "'not stated'"),
        ({"licences": []}, ROWS, r"under '\?'"),
        ({}, [*ROWS, row("mutopia", "valid", set="ragtime-joplin")], "the set 'ragtime-joplin'"),
        ({}, [*ROWS, row("mutopia", "valid", licence="GPL-3.0")], "'GPL-3.0'"),
        ({"pieces": 3}, ROWS, "2 pieces to learn from, and it says 3"),
    ],
)
def test_a_model_of_other_music_may_not(change: dict[str, Any], rows: list[dict[str, str]], why: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=f"may not come with the package.*{why}"):
        check_shipped(shipped(tmp_path, MAY | change, rows), FINGERPRINT)


def test_a_model_without_its_table_may_not(tmp_path: Path) -> None:
    (shipped(tmp_path, MAY, ROWS) / SOURCES_FILE).unlink()
    with pytest.raises(CheckpointError, match="the table of pieces cannot be read"):
        check_shipped(tmp_path, FINGERPRINT)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_comes_with_this_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARTIMENTO_MODELS", raising=False)
    if not SHIPPED[name].is_there:
        pytest.skip(f"this checkout has no weights of {name}")
    check_shipped(SHIPPED[name].folder, SHIPPED[name].fingerprint)


def test_the_notice_names_every_set_and_whom_its_licence_wants_named() -> None:
    notice = NOTICE_FILE.read_text(encoding="utf-8")
    for source in SOURCES.values():
        section = notice.split(f"\n{source.name}\n")[1].split("\n\n")[0]
        licence = source.licence.split(",")[0].replace("BSD-3-Clause", "BSD 3-Clause")
        assert licence.lower() in section.lower()
        assert source.holder in section
    assert not [one for one in LICENCES if "NC" in one or "SA" in one or "GPL" in one]
