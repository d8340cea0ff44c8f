"""MusicXML, plain and compressed."""

from partimento.formats.decode import xml_root
from partimento.formats.format import Format, deferred

_WRITE = deferred("partimento.formats.musicxml.write:musicxml_from_piece")
FORMAT = Format(
    "MusicXML",
    (".musicxml", ".xml", ".mxl"),
    recognises=lambda data: data[:2] == b"PK" or xml_root(data) in ("score-partwise", "score-timewise"),
    read=deferred("partimento.formats.musicxml.read:piece_from_musicxml"),
    written=deferred("partimento.formats.musicxml.read:score_from_musicxml"),
    writers={".musicxml": _WRITE, ".xml": _WRITE, ".mxl": deferred("partimento.formats.musicxml.archive:mxl_from_piece")},
    keeps={
        "notes": "",
        "exact times": "`attack`, `release`",
        "velocity": "`dynamics`",
        "drums": "",
        "maps": "",
        "chords": "",
        "names": "",
        "programs": "",
        "about": "",
    },
)
