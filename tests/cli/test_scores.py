"""`inspect`, `convert` and `build --repeats`."""

from __future__ import annotations

from pathlib import Path

import pytest

from partimento.corpus import Corpus
from partimento.formats import read, write
from tests.cli.conftest import Command
from tests.made import made_folder, made_piece

BOOK = "X:1\nT:One\nL:1/4\nK:C\n|:CDEF:|\n\nX:2\nT:Two\nL:1/4\nK:G\n" + '"G7"GABc|\n'


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    write(made_piece(1), tmp_path / "tune.mid")
    return tmp_path / "tune.mid"


def test_inspect(tune: Path, partimento: Command) -> None:
    answer = partimento("inspect", tune)
    assert (answer.code, answer.errors) == (0, "")
    for said in (
        "Nobody: Piece 1",
        "60 notes in",
        "range",
        "found: ",
        "written: ",
        "3/4, 4/4 from quarter 3",
        "melody",
        "notes:profile=score",
    ):
        assert said in answer.out
    found = partimento("inspect", tune, "--encoding", "notes", "--json").json
    [one] = found["files"]
    assert one["notes"] == 60
    assert [track["name"] for track in one["tracks"]] == ["melody", "bass"]
    assert [kept["encoding"] for kept in one["encodings"]] == ["notes"]
    assert one["encodings"][0]["back"] == 1
    assert set(found) == {"files", "refused", "seconds"}


def test_inspect_tunes_repeats_and_bad_files(tmp_path: Path, partimento: Command) -> None:
    (tmp_path / "book.abc").write_text(BOOK)
    (tmp_path / "bad.mid").write_bytes(b"no music")
    found = partimento("inspect", tmp_path / "book.abc", tmp_path / "bad.mid", "--repeats", "played", "--json").json
    assert [(one["title"], one["notes"], one["first_chords"]) for one in found["files"]] == [("One", 8, []), ("Two", 4, ["G7"])]
    assert [one["file"] for one in found["refused"]] == ["bad.mid"]
    assert partimento("inspect", f"{tmp_path}/book.abc#X2").out.startswith("Two\n")
    answer = partimento("inspect", tmp_path / "bad.mid")
    assert (answer.code, answer.errors) == (2, "partimento: bad.mid: not MIDI: there is no MThd header\n")


def test_convert_one(tune: Path, tmp_path: Path, partimento: Command) -> None:
    up = tmp_path / "new" / "folders" / "up.mid"
    answer = partimento("convert", tune, up, "--transpose", "2", "--json")
    assert answer.json["files"] == [{"source": "tune.mid", "path": str(up), "notes": 60}]
    assert (read(up).notes["pitch"] == read(tune).notes["pitch"] + 2).all()


def test_convert_many(tmp_path: Path, partimento: Command) -> None:
    made_folder(tmp_path / "in", range(3))
    (tmp_path / "in" / "book.abc").write_text(BOOK)
    (tmp_path / "in" / "bad.krn").write_text("no music")
    answer = partimento("convert", tmp_path / "in", tmp_path / "out", "--repeats", "played")
    assert answer.code == 0
    assert "5 files: 192 notes" in answer.out
    assert "left out  in/bad.krn: not Humdrum" in answer.out
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.mid"))
    assert written == ["book-X1.mid", "book-X2.mid", "one/000.mid", "three/002.mid", "two/001.mid"]


def test_mistakes(tune: Path, tmp_path: Path, partimento: Command) -> None:
    (tmp_path / "book.abc").write_text(BOOK)
    (tmp_path / "file").write_text("")
    for arguments, word in [
        (("convert", tmp_path / "none.mid", "a.mid"), "no such file"),
        (("convert", tune, tmp_path / "a.wav"), "known: "),
        (("convert", tune, tmp_path / "file"), "known: "),
        (("convert", tune, tmp_path / "file" / "a"), "in the way"),
        (("convert", tune, tmp_path / "out", "--to", "wav"), "unknown format"),
        (("convert", tune, tmp_path / "a.mid", "--to", "abc"), "another suffix"),
        (("convert", tmp_path / "book.abc", tmp_path / "a.mid"), "holds 2 scores"),
        (("convert", tune, tmp_path / "a.mid", "--transpose", "100"), "nothing was written"),
        (("convert", tune, tmp_path / "a.mid", "--encoding", "nothing"), "unknown encoding"),
        (("convert", tune, tmp_path / "a.mid", "--repeats", "twice"), "written"),
        (("inspect",), "name at least one"),
        (("inspect", tune, "--encoding", "nothing"), "unknown encoding"),
        (("build", tune, "--out", tmp_path / "corpus", "--repeats", "twice"), "written"),
    ]:
        answer = partimento(*arguments)
        assert answer.code == 2, arguments
        assert word in answer.errors, answer.errors
        assert answer.errors.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["book.abc", "file", "tune.mid"]


def test_build_with_repeats_is_another_corpus(tmp_path: Path, partimento: Command) -> None:
    made_folder(tmp_path / "in", range(11))
    (tmp_path / "in" / "tune.abc").write_text("X:1\nL:1/4\nK:C\n|:CDEF G2 A2 c4 B2 A2 G3 E:|\n")
    prints = []
    for repeats, notes in (("written", 11), ("played", 22), ("played", 22), ("written", 11)):
        assert partimento("build", tmp_path / "in", "--out", tmp_path / "corpus", "--repeats", repeats).code == 0
        corpus = Corpus.open(tmp_path / "corpus")
        assert corpus.manifest["repeats"] == repeats
        assert next(row.notes for row in corpus.rows if row.name == "in/tune.abc") == notes
        prints.append(corpus.fingerprint)
    assert prints[0] == prints[3] != prints[1] == prints[2]
