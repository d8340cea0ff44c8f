"""Real music, from the sets in the folder that PARTIMENTO_DATA names: every set gives a page, and chorales are what they are."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from partimento.analysis.exploration import explore
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.measures import measure
from partimento.analysis.ngrams import Ngrams, stream
from partimento.analysis.piece_set import Music
from partimento.analysis.report.facts import FACTS, facts
from partimento.analysis.report.html_page import to_html
from partimento.errors import UnreadableFile
from partimento.formats import parse

pytestmark = pytest.mark.data
FOLDER = Path(os.environ.get("PARTIMENTO_DATA", "/nowhere"))
SETS = sorted(FOLDER.glob("*.zip")) if FOLDER.is_dir() else []
MOST = 40  # of each set
CHORALES = FOLDER / "kern-bach-370-chorales.zip"


def music_of(path: Path, most: int) -> Music:
    pieces = []
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith((".mid", ".midi")))
        for name in names[:: max(1, len(names) // most)]:
            try:
                pieces.append(parse(archive.read(name), ".mid", source=name)[0])
            except UnreadableFile:
                continue
    return Music.of(path.stem, pieces)


def test_there_are_sets() -> None:
    if not SETS:
        pytest.skip("no zip files; set PARTIMENTO_DATA to a folder that holds some")


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_a_page_of_every_set(path: Path) -> None:
    music = music_of(path, MOST)
    if not len(music):
        pytest.skip("no MIDI in it")
    half = len(music) // 2
    for sets in ([music], [music.take(range(half), "first half"), music.take(range(half, len(music)), "second half")]):
        exploration = explore(sets)
        assert len(facts(exploration)) == FACTS
        assert to_html(exploration).startswith(b"<!doctype html>")
    for name, counts in measure(music).counts.items():
        things = HISTOGRAMS[name].things
        if things == "pieces" and name != "cadence":
            assert (counts.sum(axis=1) == 1).all()


def test_what_musicians_know_of_chorales() -> None:
    """Vos and Troost 1989; von Hippel and Huron 2000; Rohrmeier and Cross 2008: see docs/explore.md."""
    if not CHORALES.exists():
        pytest.skip(f"no {CHORALES.name}")
    music = music_of(CHORALES, 400)
    measures = measure(music)
    share = {name: dict(zip(histogram.labels, measures.share(name), strict=True)) for name, histogram in HISTOGRAMS.items()}
    steps = {label: share["interval"][label] for label in share["interval"] if "2nd" in label}
    assert sum(steps.values()) > 0.5
    assert steps["major 2nd down"] + steps["minor 2nd down"] > steps["major 2nd up"] + steps["minor 2nd up"]
    assert share["interval"]["4th up"] > share["interval"]["4th down"]
    assert max(share["duration"], key=lambda label: share["duration"][label]) == "quarter"
    assert max(share["chord_change"], key=lambda label: share["chord_change"][label]) == "V → I"
    assert share["chord_change"]["V → I"] > share["chord_change"]["I → V"]
    assert share["root_motion"]["4th"] > 2 * share["root_motion"]["5th"]
    assert share["cadence"]["V–I"] > 0.5
    runs, counts = Ngrams(*stream(music, "interval")).counts(2)
    first, then = (runs >> np.uint64(8)).astype(np.int64) - 128, (runs & np.uint64(255)).astype(np.int64) - 128
    after = (np.abs(first) >= 3) & (then != 0)
    assert counts[after & (np.sign(first) != np.sign(then))].sum() > 0.6 * counts[after].sum()
