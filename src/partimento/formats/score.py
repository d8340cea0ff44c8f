"""A `Piece` from the bytes of a notated score: MusicXML, MEI, Humdrum and ABC. It knows which files are dangerous or none of
these before they are parsed; how each becomes notes is the business of a file of its own.
"""

from __future__ import annotations

import re
from collections import Counter

from partimento.errors import InvalidPiece, UnreadableFile
from partimento.formats.abc import read as abc
from partimento.formats.abc.tunebook import split_tunebook
from partimento.formats.humdrum import read as humdrum
from partimento.formats.limits import DEFAULT_LIMITS, Limits, check_piece
from partimento.formats.mei import read as mei
from partimento.formats.midi.container import text_of
from partimento.formats.musicxml import read as musicxml
from partimento.formats.safe_xml import tree_of, unpack
from partimento.formats.written import Score
from partimento.piece import Piece

_ABC_INCLUDE = re.compile(r"^\s*(%%|I:)\s*abc-include", re.MULTILINE | re.IGNORECASE)


def piece_from_xml(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in MusicXML, plain or compressed, or in MEI. Raises `UnreadableFile`."""
    root = tree_of(unpack(data))
    if root.tag in ("score-partwise", "score-timewise"):
        return _piece(musicxml.score_of(root), source, limits, repeats)
    if root.tag == "mei":
        return _piece(mei.score_of(root), source, limits, repeats)
    raise UnreadableFile("not a score", f"XML with the root {root.tag[:40]!r}, which is neither MusicXML nor MEI")


def piece_from_humdrum(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in a Humdrum file with **kern spines. Raises `UnreadableFile`."""
    text = text_of(data)
    if "**kern" not in text:
        raise UnreadableFile("not Humdrum", "there is no **kern spine")
    return _piece(humdrum.score_of(text), source, limits, repeats)


def piece_from_abc(
    data: bytes, *, source: str = "", limits: Limits = DEFAULT_LIMITS, repeats: str = "written"
) -> tuple[Piece, Counter[str]]:
    """The piece in ABC text of one tune. Raises `UnreadableFile`; also for a book, whose tunes are read one by one."""
    text = text_of(data)
    if _ABC_INCLUDE.search(text):
        raise UnreadableFile("unsupported", "ABC that includes other files")
    if not re.search(r"^\s*K:", text, re.MULTILINE):
        raise UnreadableFile("not ABC", "there is no K: field")
    if len(split_tunebook(data)) > 1:
        raise UnreadableFile("several pieces", "a book of tunes; name one of them")
    return _piece(abc.score_of(text), source, limits, repeats)


def _piece(score: Score, source: str, limits: Limits, repeats: str) -> tuple[Piece, Counter[str]]:
    try:
        piece = score.piece(source, limits, repeats)
    except InvalidPiece as error:
        raise UnreadableFile("bad timing", str(error)) from None
    check_piece(piece, limits)
    return piece, score.repairs
