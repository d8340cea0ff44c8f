"""Humdrum: scores in **kern."""

import re

from partimento.formats.format import Format, deferred

_KERN = re.compile(rb"^(?:[^\n]*\t)?\*\*kern\b", re.MULTILINE)
FORMAT = Format(
    "Humdrum",
    (".krn",),
    recognises=lambda data: data.lstrip()[:2] in (b"!!", b"**") and _KERN.search(data) is not None,
    read=deferred("partimento.formats.humdrum.read:piece_from_humdrum"),
    written=deferred("partimento.formats.humdrum.read:score_from_humdrum"),
    writers={".krn": deferred("partimento.formats.humdrum.write:humdrum_from_piece")},
    keeps={
        "notes": "",
        "drums": "",
        "maps": "a tempo moves to the next note",
        "chords": "at the next note",
        "names": "",
        "about": "",
    },
)
