"""`partimento explore`: sources become sets, mistakes are named, and the page and its numbers lie where they should."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.made import made_folder

KEYS = {"report", "data", "sets", "facts", "distances", "encoding", "refused", "left_out", "seconds"}


def test_a_corpus(tmp_path: Path, made_corpus: Path, partimento: Command) -> None:
    answer = partimento("explore", made_corpus, "-o", tmp_path / "a.html")
    assert (answer.code, answer.errors) == (0, "")
    assert "corpus: 12 pieces, 720 notes" in answer.out
    for number in range(1, 6):
        assert f"\n  {number}. " in answer.out
    assert "name both: partimento explore SOURCE OTHER" in answer.out
    assert (tmp_path / "a.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "a-data" / "histograms.csv").exists()
    found = partimento("explore", made_corpus, "-o", tmp_path / "b.html", "--json").json
    assert set(found) == KEYS
    assert found["report"] == str(tmp_path / "b.html")
    assert found["data"] == str(tmp_path / "b-data")
    assert [(one["name"], one["pieces"], one["made"]) for one in found["sets"]] == [("corpus", 12, False)]
    assert len(found["facts"]) == 5
    assert (found["distances"], found["encoding"], found["refused"]) == ([], None, {})


def test_files_and_folders_are_sets(tmp_path: Path, made_music: Path, partimento: Command) -> None:
    other = made_folder(tmp_path / "other", range(20, 26))
    (other / "broken.mid").write_bytes(b"MThd")
    files = sorted((made_music / "one").glob("*.mid"))
    found = partimento("explore", other, *files, "-o", tmp_path / "a.html", "--workers", 1, "--json").json
    assert [(one["name"], one["pieces"]) for one in found["sets"]] == [("other", 6), ("one", 4)]
    assert list(found["refused"]) == ["other/broken.mid"]
    assert {row["set"] for row in found["distances"]} == {"one"}
    assert {row["against"] for row in found["distances"]} == {"other"}
    row = found["distances"][0]
    assert set(row) == {"set", "against", "distance", "name", "value", "floor"}
    assert set(row["floor"]) == {"mean", "low", "high"}
    assert "1 file could not be read, such as other/broken.mid" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_a_run_beside_its_corpus(tmp_path: Path, made_run: Path, made_corpus: Path, partimento: Command) -> None:
    options = ("--count", 5, "--notes", 12)
    found = partimento("explore", made_run, made_corpus, *options, "-o", tmp_path / "a.html", "--json").json
    sets = {one["name"]: one for one in found["sets"]}
    assert (sets["run"]["made"], sets["run"]["pieces"], sets["run"]["notes"]) == (True, 5, 60)
    assert (sets["corpus"]["made"], sets["corpus"]["notes"]) == (False, 144)  # cut to twelve notes a piece
    assert found["encoding"] == "melody"
    assert {row["set"] for row in found["distances"]} == {"run"}
    again = partimento("explore", made_run, made_corpus, *options, "-o", tmp_path / "a.html", "--json").json
    assert again["distances"] == found["distances"]
    whole = partimento("explore", made_run, made_corpus, *options, "--whole", "-o", tmp_path / "a.html", "--json").json
    assert (whole["encoding"], whole["sets"][1]["notes"]) == (None, 720)
    composed = tmp_path / "new"
    assert partimento("compose", made_run, *options, "--seed", 1, "-o", composed / "a.mid").code == 0
    read = partimento("explore", *sorted(composed.iterdir()), made_corpus, "-o", tmp_path / "a.html", "--json").json
    assert [(one["name"], one["made"]) for one in read["sets"]] == [("new", True), ("corpus", False)]


def test_by_a_label(tmp_path: Path, partimento: Command) -> None:
    for name, numbers in (("Bach", range(4)), ("Mozart", range(4, 7)), ("Haydn", range(7, 8))):
        made_folder(tmp_path / "music" / name, numbers)
    found = partimento("explore", tmp_path / "music", "--by", "composer", "-o", tmp_path / "a.html", "--json").json
    # the files say Nobody themselves, so the folders do not speak
    assert found.get("error", "").startswith("--by composer: music has 1 value of it")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name a corpus, files or a run"),
        (["MUSIC", "-o", "a.pdf"], "end the name with .html"),
        (["MUSIC", "--by", "key"], "--by key: known: composer, genre"),
        (["MUSIC", "MUSIC", "--by", "genre"], "divides one source; 2 are named"),
        (["nowhere"], "nowhere: no such file or folder"),
        (["CORPUS", "--split", "some"], "unknown split 'some'"),
        (["EMPTY"], "no music in it"),
        (["MUSIC", "--count", "0"], "--count is 0"),
        (["MUSIC"] * 7, "at most 6 can be compared"),
    ],
)
def test_mistakes(
    arguments: list[str],
    complaint: str,
    tmp_path: Path,
    made_music: Path,
    made_corpus: Path,
    partimento: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    places = {"MUSIC": str(made_music / "one"), "CORPUS": str(made_corpus), "EMPTY": "empty"}
    answer = partimento("explore", *[places.get(one, one) for one in arguments])
    assert answer.code == 2
    assert complaint in answer.errors
    assert answer.errors.count("\n") == 1
    assert not list(tmp_path.glob("*.html"))


def test_a_damaged_corpus_is_refused(tmp_path: Path, made_corpus: Path, partimento: Command) -> None:
    shutil.copytree(made_corpus, tmp_path / "corpus")
    notes = next((tmp_path / "corpus").glob("notes-*.parquet"))
    notes.write_bytes(notes.read_bytes()[:-1] + b"x")
    answer = partimento("explore", tmp_path / "corpus", "-o", tmp_path / "a.html")
    assert answer.code == 2
    assert "damaged" in answer.errors
