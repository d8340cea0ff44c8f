"""A `Piece` from the bytes of a notated score (MusicXML, Humdrum, ABC), by music21, imported only when a score is read.

It knows which files are dangerous before they are parsed, and text encodings; how notation becomes notes is the business
of `notation.py`. For files from outside it runs in worker processes.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter

from partimento.errors import InvalidPiece, UnreadableFile
from partimento.formats.limits import DEFAULT_LIMITS, Limits, check_piece
from partimento.formats.notation import collect
from partimento.formats.smf import text_of
from partimento.formats.tunebook import split_tunebook
from partimento.piece import Piece

MAX_XML_BYTES = 32 << 20  # inside an .mxl
MAX_XML_RATIO = 200
_ABC_INCLUDE = re.compile(r"^\s*(%%|I:)\s*abc-include", re.MULTILINE | re.IGNORECASE)
_ROOT = re.compile(r"<(\w+:)?score-(partwise|timewise)\b")


def piece_from_musicxml(data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS) -> tuple[Piece, Counter[str]]:
    """The piece in MusicXML, plain or compressed. Raises `UnreadableFile`."""
    if data[:2] == b"PK":
        data = _unpack_mxl(data)
    text = _xml_text(data)
    if "<!ENTITY" in text or re.search(r"<!DOCTYPE[^>]*\[", text):
        raise UnreadableFile("unsupported", "XML that declares entities")
    if not _ROOT.search(text):
        raise UnreadableFile("not MusicXML", "there is no score-partwise or score-timewise element")
    return _piece(text, "musicxml", source, limits)


def piece_from_humdrum(data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS) -> tuple[Piece, Counter[str]]:
    """The piece in a Humdrum file with **kern spines. Raises `UnreadableFile`."""
    text = text_of(data)
    if "**kern" not in text:
        raise UnreadableFile("not Humdrum", "there is no **kern spine")
    return _piece(text, "humdrum", source, limits)


def piece_from_abc(data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS) -> tuple[Piece, Counter[str]]:
    """The piece in ABC text of one tune. Raises `UnreadableFile`; also for a book, whose tunes are read one by one."""
    text = text_of(data)
    if _ABC_INCLUDE.search(text):
        raise UnreadableFile("unsupported", "ABC that includes other files")
    if not re.search(r"^\s*K:", text, re.MULTILINE):
        raise UnreadableFile("not ABC", "there is no K: field")
    if len(split_tunebook(data)) > 1:
        raise UnreadableFile("several pieces", "a book of tunes; name one of them")
    if not re.search(r"^\s*[LM]:", text, re.MULTILINE):  # the standard's default, which music21 does not know
        text = re.sub(r"^(\s*)K:", r"\1L:1/8\nK:", text, count=1, flags=re.MULTILINE)
    return _piece(text, "abc", source, limits)


def _unpack_mxl(data: bytes) -> bytes:
    """The score inside an .mxl archive, never more than `MAX_XML_BYTES` of it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            name = ""
            if "META-INF/container.xml" in infos and infos["META-INF/container.xml"].file_size < 1 << 16:
                match = re.search(rb"full-path\s*=\s*[\"']([^\"']+)[\"']", archive.read("META-INF/container.xml"))
                name = text_of(match[1]) if match else ""
            if name not in infos:
                name = next((n for n in infos if n.lower().endswith((".xml", ".musicxml")) and not n.startswith("META-INF/")), "")
            if not name:
                raise UnreadableFile("not MusicXML", "an archive without a score")
            info = infos[name]
            if info.file_size > MAX_XML_BYTES or info.file_size > (1 << 20) + MAX_XML_RATIO * info.compress_size:
                raise UnreadableFile("too large", f"an archive whose score unpacks to {info.file_size} bytes")
            with archive.open(info) as member:
                text = member.read(MAX_XML_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError) as error:
        raise UnreadableFile("damaged", f"the archive: {error}") from None
    if len(text) > MAX_XML_BYTES:
        raise UnreadableFile("too large", f"an archive whose score has over {MAX_XML_BYTES} bytes")
    return text


def _xml_text(data: bytes) -> str:
    """The XML as text, without its declaration, so that what it says of its encoding no longer matters."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    elif data[:2] in (b"<\0", b"\0<"):
        text = data.decode("utf-16-le" if data[0] else "utf-16-be", "replace")
    else:
        text = text_of(data.removeprefix(b"\xef\xbb\xbf"))
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text)


def _piece(text: str, format: str, source: str, limits: Limits) -> tuple[Piece, Counter[str]]:
    try:
        from music21 import converter

        # parseData never takes the text for the name of a file or a page, as parse may
        parsed = converter.parseData(text, format=format)
        found = collect(parsed)
        piece = found.piece(source, limits)
    except (UnreadableFile, MemoryError):
        raise
    except InvalidPiece as error:
        raise UnreadableFile("bad timing", str(error)) from None
    except Exception as error:  # a library of many thousand lines on any text at all
        raise UnreadableFile("damaged", f"{type(error).__name__}: {error}"[:300]) from None
    check_piece(piece, limits)
    return piece, found.repairs
