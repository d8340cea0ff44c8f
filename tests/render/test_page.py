"""Pages: SVG by Verovio, PNG by resvg, the same for the same piece."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from partimento.errors import WriteFailed
from partimento.formats import engrave
from partimento.render.page import pages, pdf, png
from tests.made import made_piece


def test_pages_are_svg_and_the_same_again() -> None:
    once, again = pages(made_piece(1)), pages(made_piece(1))
    assert once == again
    assert [ElementTree.fromstring(page).tag.endswith("svg") for page in once] == [True] * len(once)
    assert b'font-size="600px">Piece 1<' in once[0]
    assert len(pages(made_piece(2, notes=900))) > 1


def test_a_page_as_picture_has_ink_and_its_size() -> None:
    from PIL import Image

    picture = Image.open(io.BytesIO(png(pages(made_piece(1))[0], width_px=600))).convert("L")
    assert picture.size[0] == 600
    dark = sum(picture.histogram()[:128]) / (picture.size[0] * picture.size[1])
    assert 0.005 < dark < 0.3


def test_an_engraver_that_dies_or_hangs_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", shutil.which("false"))
        with pytest.raises(WriteFailed, match="Verovio could not"):
            engrave.engrave(b"", "svg")

    def hangs(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("verovio", 1)

    monkeypatch.setattr(subprocess, "run", hangs)
    with pytest.raises(WriteFailed, match="took over 1 s"):
        engrave.engrave(b"", "svg", seconds=1)


def test_all_pages_are_one_pdf_of_the_size_of_their_paper() -> None:
    drawn = pages(made_piece(1), paper="letter")
    written = pdf([*drawn, *drawn])
    assert written.startswith(b"%PDF")
    assert written.count(b"/MediaBox") == 2 * len(drawn)
    boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", written)
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {(612, 792)}
    assert pdf([*drawn, *drawn]) == written
