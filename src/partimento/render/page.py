"""Engraved pages of a piece: SVG by Verovio, PNG by resvg, and PDF. How notes become notation is the business of `notate`."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from partimento.errors import UnknownName, WriteFailed
from partimento.formats.engrave import engrave
from partimento.formats.musicxml.write import musicxml_from_score
from partimento.notate import score_of
from partimento.notate.score import Part
from partimento.piece import Piece

PDF_DPI = 600  # at which printers set scores
_TENTHS_OF_MM = {"a4": (2100, 2970), "letter": (2159, 2794)}
# percent of Verovio's own size for so many staves: from 6.5 mm for a piano to 3.6 mm for an orchestra
_SCALES = ((2, 90), (4, 80), (8, 65), (1000, 50))
_STAFF_ROOM = 190  # units that a staff takes of the height of a page
# what stands for the glyphs of Verovio's own text font, which exists only as a web font
_TEXT_GLYPHS = {"\ueca3": "\U0001d15e", "\ueca5": "\u2669", "\ueca7": "\u266a", "\ue1e7": ".", "\uecb7": "."}
_TEXT_GLYPHS |= {"\uea64": "\u266d", "\uea65": "\u266e", "\uea66": "\u266f"}
_TEXT_GLYPHS |= {"\ue260": "\u266d", "\ue261": "\u266e", "\ue262": "\u266f", "\ue870": "\u00b0", "\ue871": "\u00f8"}


def pages(piece: Piece, *, paper: str = "a4") -> list[bytes]:
    """The pages of the piece as SVG, the same bytes for the same piece; parts that never sound are left out.

    Paper is "a4" or "letter". Raises `WriteFailed` where the piece cannot be engraved.
    """
    return _engraved(piece, paper, "svg")[0]


def timed_pages(piece: Piece, *, paper: str = "a4") -> tuple[list[bytes], list[tuple[int, list[str]]]]:
    """As `pages`; and of each tick at which notes begin the `id` attributes of these notes in the pages."""
    return _engraved(piece, paper, "timed")


def _engraved(piece: Piece, paper: str, to: str) -> tuple[list[bytes], list[tuple[int, list[str]]]]:
    if paper not in _TENTHS_OF_MM:
        raise UnknownName("paper", paper, _TENTHS_OF_MM)
    width, height = _TENTHS_OF_MM[paper]
    score = score_of(piece)
    score.parts = [part for part in score.parts if _sounds(part)] or score.parts[:1]
    staves = sum(len(part.staves) for part in score.parts)
    scale = next(percent for most, percent in _SCALES if staves <= most)
    scale = max(20, min(scale, (height - 400) * 100 // (_STAFF_ROOM * max(staves, 1))))  # a system fits a page
    options = {
        "pageWidth": width * 100 // scale,
        "pageHeight": height * 100 // scale,
        "scale": scale,
        **{f"pageMargin{side}": 150 for side in ("Left", "Right", "Top", "Bottom")},
        "justifyVertically": True,
        "systemDivider": "none",
        "breaksNoWidow": True,
        "removeIds": to != "timed",
    }
    first, *others = engrave(musicxml_from_score(score), to, options)
    times = json.loads(others.pop()) if to == "timed" else []
    if piece.about.title:  # Verovio forgets how large MusicXML wants it
        first = re.sub(r'(class="pgHead.*?<tspan font-size=")\d+', r"\g<1>600", first, count=1, flags=re.DOTALL)
    found = [(round(quarter * piece.ticks_per_quarter), ids) for quarter, ids in times]
    return [page.encode() for page in (first, *others)], found


def _sounds(part: Part) -> bool:
    return any(event.heads for staff in part.staves for voices in staff.voices for voice in voices for event in voice)


def png(svg: bytes, *, width_px: int = 1200) -> bytes:
    """A page as PNG on white. Needs no fonts of the system: text is set in STIX, which matplotlib brings."""
    try:
        import resvg_py
    except ImportError:
        raise WriteFailed("PNG pages need the package resvg-py (pip install resvg-py); SVG pages do not") from None
    from matplotlib import get_data_path

    fonts = Path(get_data_path()) / "fonts" / "ttf"
    files = [*sorted(fonts.glob("STIXGeneral*.ttf")), fonts / "DejaVuSans.ttf"]
    text = re.sub(r"<title\b.*?</title>", "", _in_font(svg, "DejaVu Sans"))  # resvg counts their words into centred lines
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=text,
            width=width_px,
            background="white",
            skip_system_fonts=True,
            font_files=[str(file) for file in files],
            font_family="STIXGeneral",
            serif_family="STIXGeneral",
        )
    )


def unstyled(svg: bytes) -> str:
    """A page without a style of its own, for where none is allowed; its text in fonts that are there."""
    return re.sub(r"<style\b.*?</style>", "", _in_font(svg, "serif"), flags=re.DOTALL)


def _in_font(svg: bytes, font: str) -> str:
    """A page whose signs within text do not need Verovio's own font, but this one."""
    text = re.sub("[\ue000-\uf8ff]", lambda found: _TEXT_GLYPHS.get(found[0], " "), svg.decode())
    return text.replace('font-family="Leipzig" font-size="720px"', f'font-family="{font}" font-size="450px"')


def pdf(svgs: Sequence[bytes], *, made: str = "") -> bytes:
    """Pages as one PDF to print, the same bytes for the same pages: black on white at 600 dots an inch, without loss. `made`, how
    it was made, becomes its subject."""
    from PIL import Image

    drawn = []
    for svg in svgs:
        size = re.search(rb'<svg[^>]*? width="([\d.]+)px" height="([\d.]+)px"', svg)
        paper = "letter" if size and float(size[2]) / float(size[1]) < 1.35 else "a4"
        width_px = round(_TENTHS_OF_MM[paper][0] / 254 * PDF_DPI)
        gray = Image.open(io.BytesIO(png(svg, width_px=width_px))).convert("L")
        drawn.append(gray.point(lambda level: 255 if level > 127 else 0).convert("1"))
    out = io.BytesIO()
    clock = time.gmtime(0)  # none
    first, *others = drawn
    told: dict[str, Any] = {"creationDate": clock, "modDate": clock} | ({"subject": made} if made else {})
    first.save(out, "PDF", save_all=True, append_images=others, resolution=PDF_DPI, **told)
    return out.getvalue()
