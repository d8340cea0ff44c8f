"""Every registered format keeps what it declares; what is said of formats elsewhere is what they declare."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from partimento.cli.convert import convert
from partimento.errors import InvalidOption, UnknownName
from partimento.formats import FORMATS, MODULES, READERS, WRITERS, Format, read, register, write
from partimento.formats.registry import table_of_formats
from partimento.piece import Piece
from partimento.testing.formats import check_format
from tests.formats.format_of_lines import write as write_lines
from tests.made import made_piece

NUMBERS = count(1)
OTHER_NAMES = (".midi", ".xml")  # for what has a usual suffix
DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_keeps_what_it_declares(name: str) -> None:
    check_format(name, examples=5 if name == "MEI" else 40)  # each MEI file is a process of Verovio


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnknownName, match="MIDI"):
        check_format("WAV")
    with pytest.raises(InvalidOption, match="taken"):
        register("tests.formats.format_of_another_suffix")
    assert len(READERS) >= len(WRITERS)


@pytest.fixture
def lines() -> Iterator[Format]:
    """A format that somebody registers; forgotten afterwards."""
    register("tests.formats.format_of_lines")
    yield FORMATS["Lines"]
    MODULES.remove("tests.formats.format_of_lines")
    for table, key in ((FORMATS, "Lines"), (READERS, ".lines"), (WRITERS, ".lines")):
        del table[key]


def test_a_format_of_somebody_else_is_read_in_workers_and_tested(lines: Format, tmp_path: Path) -> None:
    check_format("Lines")
    write(made_piece(1), tmp_path / "a.lines")
    assert read(tmp_path / "a.lines").notes.tolist() == made_piece(1).notes.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"writers": {".lines": lambda piece: write_lines(replace(piece, notes=louder(piece)))}}, "'velocity'"),
        ({"writers": {".lines": lambda piece: write_lines(piece.transpose(1))}}, "'notes'"),
        ({"writers": {".lines": lambda piece: write_lines(piece) + bytes(next(NUMBERS))}}, "in two ways"),
        ({"recognises": lambda data: False}, "recognised as nothing"),
        ({"keeps": {"pedals": "", "about": ""}}, "'pedals'|'about'"),
    ],
)
def test_a_format_that_breaks_its_word_is_found_out(lines: Format, change: dict[str, Any], message: str) -> None:
    FORMATS["Lines"] = READERS[".lines"] = replace(lines, **change)
    with pytest.raises(AssertionError, match=message):
        check_format("Lines")


def louder(piece: Piece) -> Any:
    notes = piece.notes.copy()
    notes["velocity"] = 127
    return notes


def test_the_help_names_what_is_written() -> None:
    assert f"The format of the files in a folder: {', '.join(suffix[1:] for suffix in WRITERS if suffix not in OTHER_NAMES)};" in (
        convert.__doc__ or ""
    )


def test_the_table_in_the_docs_is_what_formats_declare() -> None:
    assert table_of_formats() in (DOCS / "scores.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["numba", "verovio", "xml.etree", "partimento.notate", "partimento.formats.abc.read"])
def test_knowing_the_formats_imports_none_of_them(name: str) -> None:
    code = f"import partimento.formats, sys; print({name!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
