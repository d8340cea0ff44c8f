"""Every registered format keeps what it declares; what is said of formats elsewhere is what they declare."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from partimento.errors import InvalidOption, UnknownName
from partimento.formats import FORMATS, READERS, WRITERS, register
from partimento.formats.registry import table_of_formats
from partimento.testing.formats import check_format

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


def test_the_table_in_the_docs_is_what_formats_declare() -> None:
    assert table_of_formats() in (DOCS / "scores.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["numba", "verovio", "xml.etree", "partimento.notate", "partimento.formats.abc.read"])
def test_knowing_the_formats_imports_none_of_them(name: str) -> None:
    code = f"import partimento.formats, sys; print({name!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
