"""The page stands alone and says what it found; the numbers behind it are beside it."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest

from partimento.analysis.exploration import Exploration, explore
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.piece_set import Music
from partimento.analysis.report.charts import columns, curves, grid, rows
from partimento.analysis.report.facts import FACTS, facts
from partimento.analysis.report.html_page import to_html
from partimento.analysis.report.numbers import write_tables
from partimento.analysis.report.wording import figure_text, number, percent, short
from partimento.errors import CorpusError
from partimento.piece import NOTE, Array
from tests.made import made_piece

VOID = {"meta", "br", "img"}


def made_set(name: str, numbers: range, notes: int = 60) -> Music:
    return Music.of(name, [made_piece(number, notes) for number in numbers])


@pytest.fixture(scope="module")
def alone() -> Exploration:
    return explore([made_set("one <b>", range(12))])


@pytest.fixture(scope="module")
def together() -> Exploration:
    generated = made_set("model", range(20, 30))
    faster = [replace(generated.piece(n), notes=_halved(generated.piece(n).notes)) for n in range(len(generated))]
    return explore(
        [replace(Music.of("model", faster), made=True), made_set("human", range(14)), made_set("other", range(40, 50), 90)]
    )


def _halved(notes: Array) -> Array:
    half = notes.copy()
    half["onset"], half["duration"] = notes["onset"] // 2, notes["duration"] // 2
    return half


class Page(HTMLParser):
    """Collects tags, what pictures say, and every address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.unnamed: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append(tag)
        named = {"svg": given.get("aria-label") or given.get("aria-hidden"), "img": given.get("alt")}
        if not named.get(tag, True):
            self.unnamed.append(str(attributes))
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href")]
        self.ids += [value or "" for name, value in attributes if name == "id"]


@pytest.mark.parametrize("which", ["alone", "together"])
def test_the_page_stands_alone(which: str, request: pytest.FixtureRequest) -> None:
    exploration: Exploration = request.getfixturevalue(which)
    text = to_html(exploration, notes=["a <note>"], folder="report-data").decode()
    page = Page(text)
    assert not page.unnamed
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.ids)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert not re.search(r"https?://|url\(|@import", text)
    assert "a &lt;note&gt;" in text
    assert "<b>" not in text.split("</h1>")[0].split("<h1>")[1]
    assert "report-data/" in text
    assert text.count("<li>") == FACTS
    for histogram in HISTOGRAMS.values():
        counted = any(one.measures.counts[histogram.name].any() for one in exploration.sets)
        if histogram.section and counted and not histogram.name.startswith("place_"):
            assert f"<h3>{histogram.title}</h3>" in text
    assert text.count("<details") == 3 * 8 + len(exploration.beside)
    assert ("Side by side" in text) == (which == "together")
    assert "nan" not in re.sub(r"base64,[^\"]*|[a-z]*nan[a-z]+|[a-z]+nan[a-z]*", "", text)


def test_drawings_are_well_formed() -> None:
    share = np.array([0.5, 0.3, 0.2])
    names = ["a & b", "<c>", "d"]
    series = [("x", share), ("y", share[::-1])]
    drawings = [rows(names, series, "alt & <alt>"), columns(names, series, "alt"), columns(names, [*series, series[0]], "alt")]
    drawings += [grid(names, names, np.outer(share, share), "alt"), curves([("1", np.arange(9), np.arange(9))], "x", "y", "alt")]
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert curves([("1", np.zeros(1, int), np.zeros(1, int))], "x", "y", "alt") == ""


def test_five_facts_of_one_set(alone: Exploration) -> None:
    found = facts(alone)
    assert len(found) == FACTS
    assert [fact for fact in found if fact.figure] or "No pattern stands out" in {fact.headline for fact in found}
    assert "of the notes" in found[1].headline
    first = HISTOGRAMS["duration"].labels[int(alone.sets[0].measures.share("duration").argmax())]
    assert found[1].headline.startswith(f"The {first} is the commonest")


def test_five_facts_of_several_sets(together: Exploration) -> None:
    found = facts(together)
    assert len(found) == FACTS
    human = [beside.human.music.name for beside in together.beside]
    assert human == ["human", "human"]
    assert [beside.other.music.name for beside in together.beside] == ["model", "other"]
    inside, of = together.beside[0].within()
    assert found[0].headline == f"In {inside} of {of} statistics model is as near to human as human is to itself"
    assert any(fact.headline.startswith("Notes per bar: ") for fact in found)  # the model plays twice as fast
    assert found[-1].figure is not None


def test_rows_know_what_they_compare(together: Exploration) -> None:
    model = together.beside[0]
    assert not model.overlaps["duration"].touches_floor()
    assert model.overlaps["pitch_class"].touches_floor()
    assert "notes" not in model.figures  # all have sixty: that says nothing
    mean = float(model.other.measures.figures["wait_quarters"].mean())
    assert model.figures["wait_quarters"][1].mean == pytest.approx(mean)
    assert set(model.mgeval) <= {"note values", "note-value transitions", *model.mgeval}
    slow, fast = (telling for telling in (max(model.telling, key=lambda t: t.score), min(model.telling, key=lambda t: t.score)))
    assert slow.share > slow.share_other
    assert fast.share < fast.share_other


def test_numbers_beside_the_page(together: Exploration, tmp_path: Path) -> None:
    files = write_tables(together, tmp_path / "data")
    assert sorted(path.name for path in files) == sorted(path.name for path in (tmp_path / "data").iterdir())
    tables = {path.name: list(csv.DictReader(path.open(encoding="utf-8"))) for path in files if path.suffix == ".csv"}
    assert all(tables.values())
    pitch = {
        row["label"]: int(row["count"]) for row in tables["histograms.csv"] if (row["set"], row["histogram"]) == ("human", "pitch")
    }
    notes = together.sets[1].music.notes["pitch"]
    assert pitch == {str(label): int((notes == label).sum()) for label in range(128)}
    distances = {(row["set"], row["distance"], row["name"]): row for row in tables["distances.csv"]}
    row = distances["model", "overlap", "duration"]
    assert float(row["value"]) == pytest.approx(together.beside[0].overlaps["duration"].value.mean, rel=1e-4)
    ones = [
        row
        for row in tables["ngrams.csv"]
        if (row["set"], row["kind"], row["n"], row["list"]) == ("human", "pitch", "1", "commonest")
    ]
    assert int(ones[0]["count"]) <= pitch[ones[0]["symbols"]]
    pieces = pq.read_table(tmp_path / "data" / "pieces.parquet").to_pylist()
    assert len(pieces) == 34
    assert set(pieces[0]) == {"set", "piece", "work", *FIGURES}
    histograms = pq.read_table(tmp_path / "data" / "histograms.parquet").to_pylist()
    counted = sum(row["count"] for row in histograms if (row["set"], row["histogram"]) == ("human", "pitch"))
    assert counted == len(notes)


def test_a_set_without_notes_is_refused() -> None:
    empty = Music.of("empty", [replace(made_piece(0), notes=np.zeros(0, NOTE))])
    with pytest.raises(CorpusError, match="empty: no notes"):
        explore([empty])


def test_a_set_of_drums_alone_and_of_one_piece() -> None:
    drums = made_piece(0)
    drums = replace(drums, tracks=tuple(replace(track, is_drum=True) for track in drums.tracks))
    for sets in ([Music.of("drums", [drums])], [Music.of("one", [made_piece(1)]), Music.of("drums", [drums])]):
        exploration = explore(sets)
        assert len(facts(exploration)) == FACTS
        assert Page(to_html(exploration).decode()).tags.count("h1") == 1


def test_numbers_as_people_read_them() -> None:
    assert [percent(share) for share in (0, 0.0001, 0.013, 0.0996, 0.5, 1)] == ["0%", "<0.1%", "1.3%", "10%", "50%", "100%"]
    assert [short(count) for count in (7, 1500, 2_000_000)] == ["7", "1.5k", "2M"]
    assert [number(value) for value in (0, 0.0001, -0.0044, 1.2345, -1234.5, float("nan"))] == [
        *("0", "<0.001", "−0.004", "1.23", "−1,234", "–"),
    ]
    assert [figure_text("steps", value) for value in (0.5, -0.002, -0.5)] == ["50%", "−0.2%", "−50%"]
    assert figure_text("notes", 12.0) == "12"
