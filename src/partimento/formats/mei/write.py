"""MEI from a `Piece`, made by Verovio from the MusicXML. What Verovio leaves out of the title page is put back."""

from __future__ import annotations

import re

from partimento.formats.engrave import SECONDS, engrave
from partimento.formats.musicxml.write import musicxml_from_score, text
from partimento.notate import score_of
from partimento.piece import About, Piece

_TIE = re.compile(r'startid="#h(\d+)-(\d+)" endid="[^"]*"(?=[^<]*>)')


def mei_from_piece(piece: Piece, *, seconds: float = SECONDS) -> bytes:
    """MEI by Verovio, from the MusicXML. Raises `WriteFailed` where Verovio gives up, dies, or takes over `seconds`.

    Exact times off the page (`attack`, `release`) are lost.
    """
    # in MEI the staves of a brace are one part
    written = musicxml_from_score(score_of(piece), braces=False, identities=True)
    [mei] = engrave(written, "mei", {"removeIds": False}, seconds=seconds)
    mei = _with_our_ties(mei)
    mei = re.sub(r' isodate="[^"]*"', "", mei)  # a clock's
    mei = re.sub(r"(<harm\b[^>]*>[^<]*sus4)\(7\)", r"\1", mei)  # a degree that the symbol before it names already
    return mei.replace("</meiHead>", _title_page(piece.about) + "</meiHead>", 1).encode()


def _with_our_ties(mei: str) -> str:
    """Ties from each head of a note to its next one: Verovio mixes up unisons. Identifiers that nothing names are left out."""
    mei = _TIE.sub(lambda tie: f'startid="#h{tie[1]}-{tie[2]}" endid="#h{tie[1]}-{int(tie[2]) + 1}"', mei)
    named = set(re.findall(r"#([^\s\"]+)", mei))
    return re.sub(r' xml:id="([^"]*)"', lambda found: found[0] if found[1] in named else "", mei)


def _title_page(about: About) -> str:
    """Genre, licence and `made`, in the elements that the guidelines have for them (MEI guidelines 5.0, ch. 3)."""
    page = ""
    if about.genre:
        term = f'<termList><term type="genre">{text(about.genre)}</term></termList>'
        page += f"<workList><work><title>{text(about.title)}</title><classification>{term}</classification></work></workList>"
    if about.made:
        page += f'<extMeta type="made">{text(about.made)}</extMeta>'
    return page
