"""`originality` and `card`: what they print, what they give to scripts, and what they refuse."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from partimento.analysis.originality import INDEX_FILE
from partimento.benchmarks.judge.verdict import Verdict, keep
from partimento.bootstrap import Interval
from partimento.corpus import Corpus
from partimento.corpus.build import Options, build
from partimento.formats import write
from partimento.models.checkpoint import Checkpoint
from tests.cli.conftest import Command
from tests.made import made_folder, made_piece

FINDING = {"name", "notes", "longest_notes", "runs", "share", "line_share", "over", "most_bits", "telling_share", "likeness"}
RUN = {"notes", "bits", "length_bars", "bars", "known", "known_bars"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty pieces, each a work of its own."""
    folder = tmp_path_factory.mktemp("judging")
    build([made_folder(folder / "music", range(40))], folder / "corpus", Options(workers=1))
    return folder / "corpus"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    """A copy of a train piece in another key, two new pieces and a broken file."""
    folder = tmp_path_factory.mktemp("judged") / "new"
    folder.mkdir()
    opened = Corpus.open(corpus)
    train = next(number for number, row in enumerate(opened.rows) if row.split == 0)
    write(opened.piece(train).transpose(3), folder / "copy.mid")
    write(made_piece(100), folder / "new1.mid")
    write(made_piece(101), folder / "new2.mid")
    (folder / "broken.mid").write_bytes(b"MThd")
    return folder


def test_originality(corpus: Path, files: Path, partimento: Command) -> None:
    answer = partimento("originality", files, "--against", corpus)
    assert answer.code == 0
    assert "left out: new/broken.mid" in answer.errors
    assert "new/copy.mid: MORE THAN HUMAN PIECES" in answer.out
    assert answer.out.count("MORE THAN HUMAN PIECES") == 1
    assert "Human pieces that are not in it" in answer.out
    found = partimento("originality", files, "--against", corpus, "--json").json
    assert set(found) == {"against", "files", "limits", "refused", "seconds"}
    assert set(found["limits"]) == {"most_bits", "share_2_bars", "likeness", "false_alarms", "pieces"}
    copy, new, _ = found["files"]
    assert set(copy) == FINDING
    assert copy["share"] == {"1": 1.0, "2": 1.0, "4": 1.0}
    assert (copy["over"], new["over"]) == (True, False)
    opened = Corpus.open(corpus)
    assert set(copy["runs"][0]) == RUN
    assert copy["runs"][0]["known"] == next(row.name for row in opened.rows if row.split == 0)
    assert list(found["refused"]) == ["new/broken.mid"]


def test_originality_against_a_model_and_against_files(made_corpus: Path, made_run: Path, files: Path, partimento: Command) -> None:
    for model in (made_run, made_run / "model.safetensors"):
        found = partimento("originality", files / "new1.mid", "--against", model, "--json")
        assert found.code == 0, found.errors
        assert found.json["limits"]["pieces"] >= 1
    (made_corpus / INDEX_FILE).unlink()  # others share this corpus
    found = partimento("originality", files / "new1.mid", "--against", files / "new1.mid", "--json")
    assert found.json["files"][0]["share"]["4"] == 1
    assert found.json["limits"] is None
    assert found.json["files"][0]["over"] is None
    assert "no run of eight notes" in partimento("originality", files / "new1.mid", "--against", files / "new2.mid").out


def test_card(corpus: Path, files: Path, tmp_path: Path, partimento: Command) -> None:
    page = tmp_path / "pages" / "card.html"
    answer = partimento("card", files, "--against", corpus, "-o", page, "--ngram", 3)
    assert answer.code == 0
    for line in ("pitch-class entropy, bits", "longest verbatim run, notes", "n-gram", "3 pieces beside"):
        assert line in answer.out
    assert re.search(r"^\d+ of 16 figures inside", answer.out, re.M)
    assert "<h2>What is copied</h2>" in page.read_text()
    found = partimento("card", files, "--against", corpus, "--json").json
    assert set(found) == {"rows", "pieces", "outside", "judge", "against", "out", "refused", "seconds"}
    assert set(found["rows"][0]) == {"name", "files", "human", "floor", "inside", "others"}
    assert found["pieces"]["files"] == 3
    assert "copied_4_bars" in found["outside"]  # one of the three is a copy
    assert found["judge"] == []


def test_a_card_against_a_model_shows_what_the_judge_said_of_it(
    made_run: Path, files: Path, tmp_path: Path, partimento: Command
) -> None:
    run = tmp_path / "run"
    shutil.copytree(made_run, run)
    verdict = Verdict(8, 0, (9, 8), (7, 6), Interval(0.71, 0.625, 0.8), Interval(0.5, 0.4, 0.6), [])
    keep(run, verdict, Checkpoint.load(run).sha256)
    assert "area under the curve 0.710 (0.625 to 0.800)" in partimento("card", files, "--against", run).out
    assert partimento("card", files, "--against", run, "--json").json["judge"] == [
        verdict.to_json() | {"excerpts": [9, 8], "pieces": [7, 6]}
    ]
    keep(run, verdict, "another model's")
    assert partimento("card", files, "--against", run, "--json").json["judge"] == []


def test_mistakes(corpus: Path, files: Path, tmp_path: Path, partimento: Command) -> None:
    (tmp_path / "empty").mkdir()
    for command, arguments, message in (
        ("originality", ["--against", corpus], "name at least one file"),
        ("originality", [files, "--against", tmp_path / "none"], "no such file or folder"),
        ("originality", [tmp_path / "empty", "--against", corpus], "no piece with notes"),
        ("card", [files, "--against", files], "not a corpus"),
        ("card", [files, "--against", corpus, "-o", tmp_path], "a folder is in the way"),
        ("card", [files, "--against", corpus, "--ngram", "-1"], "--ngram is -1"),
        ("card", ["--against", corpus], "name at least one file"),
    ):
        answer = partimento(command, *arguments)
        assert answer.code == 2, (command, arguments)
        assert message in answer.errors
