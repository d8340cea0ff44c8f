"""The compressed archive of MusicXML: a zip file with the score, and a container file that says where."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from partimento.errors import UnreadableFile
from partimento.formats.decode import text_of
from partimento.formats.musicxml.write import musicxml_from_piece
from partimento.piece import Piece

MAX_BYTES = 32 << 20  # of the score
MAX_RATIO = 200
_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles><rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date an archive can say: the bytes depend on no clock


def mxl_from_piece(piece: Piece) -> bytes:
    """MusicXML in its compressed archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, content in (("META-INF/container.xml", _CONTAINER.encode()), ("score.musicxml", musicxml_from_piece(piece))):
            target.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED, 9)
    return archive.getvalue()


def unpack(data: bytes) -> bytes:
    """The score inside an .mxl archive, never more than `MAX_BYTES` of it; other bytes as they are."""
    if data[:2] != b"PK":
        return data
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
                raise UnreadableFile("not a score", "an archive without a score")
            info = infos[name]
            if info.file_size > MAX_BYTES or info.file_size > (1 << 20) + MAX_RATIO * info.compress_size:
                raise UnreadableFile("too large", f"an archive whose score unpacks to {info.file_size} bytes")
            with archive.open(info) as member:
                text = member.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError) as error:
        raise UnreadableFile("damaged", f"the archive: {error}") from None
    if len(text) > MAX_BYTES:
        raise UnreadableFile("too large", f"an archive whose score has over {MAX_BYTES} bytes")
    return text
