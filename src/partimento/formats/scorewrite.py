"""The bytes of a notated score from a `Piece`, the same for the same piece: MusicXML, its archive, MEI. It reads nothing."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import asdict

from partimento.notate import score_of
from partimento.notate.engrave import engrave
from partimento.notate.musicxml import musicxml_from_score
from partimento.piece import Piece

_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles><rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date an archive can say: the bytes depend on no clock


def musicxml_from_piece(piece: Piece) -> bytes:
    """MusicXML 4.0."""
    return musicxml_from_score(score_of(piece))


def mxl_from_piece(piece: Piece) -> bytes:
    """MusicXML in its compressed archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name, content in (("META-INF/container.xml", _CONTAINER.encode()), ("score.musicxml", musicxml_from_piece(piece))):
            target.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED, 9)
    return archive.getvalue()


def mei_from_piece(piece: Piece) -> bytes:
    """MEI by Verovio, from the MusicXML. The title page stands in a comment too. Raises `WriteFailed` where Verovio gives up.

    Exact times off the page (`attack`, `release`) are lost.
    """
    # in MEI the staves of a brace are one part
    [mei] = engrave(musicxml_from_score(score_of(piece), braces=False), "mei")
    mei = re.sub(r' isodate="[^"]*"', "", mei)  # a clock's
    page = json.dumps({name: value for name, value in asdict(piece.about).items() if value}).replace("--", "-\\u002d")
    return mei.replace("<meiHead", f"<!-- {page} -->\n <meiHead", 1).encode()
