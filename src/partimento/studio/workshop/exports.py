"""A state as a file: notation, pages, sound. Every file says inside how it was made, as far as its format has a place for that."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from partimento.errors import InvalidOption, InvalidPiece, UnknownName
from partimento.formats.registry import WRITERS
from partimento.piece import Piece
from partimento.studio.workshop.project import Act
from partimento.version import VERSION

PAGES = (".pdf", ".svg", ".png")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
MEDIA = {
    ".mid": "audio/midi",
    ".midi": "audio/midi",
    ".musicxml": "application/vnd.recordare.musicxml+xml",
    ".xml": "application/vnd.recordare.musicxml+xml",
    ".mxl": "application/vnd.recordare.musicxml",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".mp3": "audio/mpeg",
    ".zip": "application/zip",
}
LONGEST_SOUND_SECONDS = 1800.0
_UNSAFE = re.compile(r"[^\w .,()-]+", re.ASCII)


@dataclass(frozen=True)
class Exported:
    """A file: its name, what kind it is, and its content."""

    name: str
    media: str
    content: bytes


def exported(piece: Piece, suffix: str, made: str, page: int = 1) -> Exported:
    """A piece as a file of a suffix; `made` is JSON that says how it was made; `page` counts from 1, of SVG and PNG. Raises
    `UnknownName`, `InvalidPiece`, `InvalidOption`, and what the writers raise."""
    suffix = f".{suffix.lower().removeprefix('.')}"
    if suffix not in (*WRITERS, *PAGES, *SOUNDS):
        raise UnknownName("format", suffix, (*WRITERS, *PAGES, *SOUNDS))
    if not len(piece):
        raise InvalidPiece("the score has no notes yet; there is nothing to export")
    if suffix in WRITERS:
        content = WRITERS[suffix](replace(piece, about=replace(piece.about, made=made)))
    elif suffix in PAGES:
        content = _page(piece, suffix, made, page)
    else:
        content = _sound(piece, suffix, made)
    return Exported(f"{_stem(piece)}{suffix}", MEDIA.get(suffix, "application/octet-stream"), content)


def made_note(name: str, state: str, acts: Iterable[Act]) -> str:
    """How a score came to a state, as JSON: the acts that led there, with what was asked of which model."""
    told = {"score": name, "state": state, "acts": list(acts)}
    return json.dumps({"partimento": VERSION, "studio": told}, separators=(",", ":"))


def zipped(folder: Path, scores: Iterable[tuple[str, Piece]]) -> bytes:
    """A project with all its files, and each score as MIDI and MusicXML."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                archive.write(path, path.relative_to(folder).as_posix())
        for name, piece in scores:
            for suffix in (".mid", ".musicxml"):
                if len(piece):
                    archive.writestr(f"scores/{name} {_stem(piece)}{suffix}", WRITERS[suffix](piece))
    return out.getvalue()


def _stem(piece: Piece) -> str:
    return " ".join(_UNSAFE.sub(" ", piece.about.title).split())[:80] or "score"


def _page(piece: Piece, suffix: str, made: str, number: int) -> bytes:
    from partimento.render.page import pages, pdf, png

    drawn = pages(piece)
    if suffix == ".pdf":
        return pdf(drawn, made=made)
    if not 1 <= number <= len(drawn):
        raise InvalidOption(f"there is no page {number}; the score has {len(drawn)}", option="page")
    if suffix == ".svg":
        return drawn[number - 1].replace(b"<defs>", f"<metadata>{escape(made)}</metadata>\n <defs>".encode(), 1)
    return _with_text(png(drawn[number - 1]), made)


def _with_text(png: bytes, text: str) -> bytes:
    """A PNG with a text chunk after its header (PNG, section 11.3.4.4: compressed text)."""
    body = b"zTXtmade\0\0" + zlib.compress(text.encode("latin-1", "replace"))
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return png[:33] + chunk + png[33:]


def _sound(piece: Piece, suffix: str, made: str) -> bytes:
    from partimento.render.audio import write_audio

    if piece.seconds > LONGEST_SOUND_SECONDS:
        raise InvalidOption(f"sound of {piece.seconds / 60:.0f} minutes; {LONGEST_SOUND_SECONDS / 60:.0f} at most from here")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{suffix}"
        write_audio(piece, path, comment=made)
        return path.read_bytes()
