"""The law on real files: thousands of them, from every set in the folder that PARTIMENTO_DATA names."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from partimento.encodings import make
from partimento.errors import UnreadableFile
from partimento.formats import parse

pytestmark = pytest.mark.data
FOLDER = Path(os.environ.get("PARTIMENTO_DATA", "/nowhere"))
SETS = sorted(FOLDER.glob("*.zip")) if FOLDER.is_dir() else []
MOST = int(os.environ.get("PARTIMENTO_FILES", "200"))  # of each set
KEYS = ["notes:profile=score", "notes:profile=piano", "notes", "notes:profile=performance", "voices", "voices:grid=12,voices=3"]
KEYS += [
    "leadsheet",
    "melody",
    "melody:rests=yes",
    "melody:pitch=midi,chord=top,rests=yes,durations=tied",
    "melody:durations=written",
]


def test_there_are_sets() -> None:
    if not SETS:
        pytest.skip("no zip files; set PARTIMENTO_DATA to a folder that holds some")


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_the_law(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith((".mid", ".midi")))
        for name in names[:: max(1, len(names) // MOST)]:
            try:
                piece = parse(archive.read(name), ".mid", source=name)[0]
            except UnreadableFile:
                continue
            for key in KEYS:
                encoding = make(key)
                events = encoding.encode(piece)
                assert np.array_equal(encoding.encode(encoding.decode(events)), events), (name, key)
                if key in ("notes", "notes:profile=score"):
                    assert encoding.notes_in(events) == len(piece), name
