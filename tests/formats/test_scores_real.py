"""Real scores against independent readers, note for note; the bench `formats.py` does it for hundreds of files."""

from __future__ import annotations

import base64

import pytest

from partimento.formats import parse, sources
from partimento.formats.musicxml.archive import unpack
from partimento.piece import Piece

FILES = ("bach/bwv66.6.mxl", "bach/bwv846.mxl", "bach/bwv227.7.mxl")


def notes_of(piece: Piece) -> list[tuple[int, float]]:
    """Pitch and onset in hundredths of a quarter."""
    return sorted((int(n["pitch"]), round(float(n["onset"]) / piece.ticks_per_quarter, 2)) for n in piece.notes)


def xml_of(name: str) -> bytes:
    item = next(item for item in sources.list_items("music21:bach").items if item.name == name)
    return unpack(sources.load(item))


@pytest.mark.parametrize("name", FILES)
def test_against_verovio(name: str) -> None:
    """verovio reads MusicXML and writes MEI and MIDI; from its MEI we must read what it plays, and so from the MusicXML."""
    verovio = pytest.importorskip("verovio")
    data = xml_of(name)
    toolkit = verovio.toolkit()
    toolkit.setOptions({"expandNever": True})
    assert toolkit.loadData(data.decode())
    played = notes_of(parse(base64.b64decode(toolkit.renderToMIDI()), ".mid")[0])
    assert notes_of(parse(data, ".musicxml")[0]) == played
    assert notes_of(parse(toolkit.getMEI().encode(), ".mei")[0]) == played
