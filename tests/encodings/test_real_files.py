"""The law on real files: thousands of them, from every set in the folder that PARTIMENTO_DATA names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from partimento.encodings import make
from partimento.encodings.melody import Melody
from partimento.errors import UnreadableFile
from partimento.formats import parse
from tests.encodings.melody.test_seed import rows, slow_melody
from tests.real import MOST, SETS, midi_files

pytestmark = pytest.mark.data
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
    for name, data in midi_files(path):
        try:
            piece = parse(data, ".mid", source=name)[0]
        except UnreadableFile:
            continue
        for key in KEYS:
            encoding = make(key)
            events = encoding.encode(piece)
            assert np.array_equal(encoding.encode(encoding.decode(events)), events), (name, key)
            if key in ("notes", "notes:profile=score"):
                assert encoding.notes_in(events) == len(piece), name


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_melody_is_that_of_its_slow_twin(path: Path) -> None:
    for name, data in midi_files(path, MOST // 10):
        piece = parse(data, ".mid", source=name)[0]
        for pitch, chord in (("class", "root"), ("piano", "root"), ("midi", "top")):
            assert rows(Melody(pitch, chord).encode(piece)) == slow_melody(piece, pitch, chord), name
