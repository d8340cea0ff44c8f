"""Real files for the tests marked `data`: some of every set in the folder that PARTIMENTO_DATA names."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(os.environ.get("PARTIMENTO_DATA", "/nowhere"))
SETS = sorted(FOLDER.glob("*.zip")) if FOLDER.is_dir() else []
MOST = int(os.environ.get("PARTIMENTO_FILES", "200"))  # of each set


def midi_files(path: Path, most: int = MOST) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of MIDI files, evenly from all of a set."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith((".mid", ".midi")))
        for name in names[:: max(1, len(names) // most)]:
            yield name, archive.read(name)
