"""MEI from a `Piece`, made by Verovio from the MusicXML."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

from partimento.formats.engrave import engrave
from partimento.formats.musicxml.write import musicxml_from_score
from partimento.notate import score_of
from partimento.piece import Piece


def mei_from_piece(piece: Piece) -> bytes:
    """MEI by Verovio, from the MusicXML. The title page stands in a comment too. Raises `WriteFailed` where Verovio gives up.

    Exact times off the page (`attack`, `release`) are lost.
    """
    # in MEI the staves of a brace are one part
    [mei] = engrave(musicxml_from_score(score_of(piece), braces=False), "mei")
    mei = re.sub(r' isodate="[^"]*"', "", mei)  # a clock's
    page = json.dumps({name: value for name, value in asdict(piece.about).items() if value}).replace("--", "-\\u002d")
    return mei.replace("<meiHead", f"<!-- {page} -->\n <meiHead", 1).encode()
