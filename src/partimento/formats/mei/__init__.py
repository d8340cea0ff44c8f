"""MEI, of the Music Encoding Initiative."""

from partimento.formats.decode import xml_root
from partimento.formats.format import Format, deferred

FORMAT = Format(
    "MEI",
    (".mei",),
    recognises=lambda data: xml_root(data) == "mei",
    read=deferred("partimento.formats.mei.read:piece_from_mei"),
    writers={".mei": deferred("partimento.formats.mei.write:mei_from_piece")},
    keeps={"notes": "", "maps": "", "chords": "", "about": ""},
)
