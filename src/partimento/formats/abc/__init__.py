"""ABC: tunes as plain text."""

import re

from partimento.formats.format import Format, deferred

_HEADER = re.compile(rb"^X:[ \t]*\d+(?s:.*?)^K:", re.MULTILINE)
FORMAT = Format(
    "ABC",
    (".abc",),
    recognises=lambda data: data.lstrip()[:1] in (b"X", b"%") and _HEADER.search(data) is not None,
    read=deferred("partimento.formats.abc.read:piece_from_abc"),
    writers={".abc": deferred("partimento.formats.abc.write:abc_from_piece")},
    keeps={
        "notes": "",
        "maps": "a tempo moves to the next note",
        "chords": "at the next note",
        "names": "",
        "programs": "",
        "about": "",
    },
)
