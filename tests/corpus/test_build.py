"""A build takes every file into account, gives the same corpus whatever happens on the way, and spoils nothing of others."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from partimento.corpus import Corpus, Labels
from partimento.corpus.build import Options, build
from partimento.errors import CorpusError, InvalidOption
from partimento.formats import write
from partimento.formats.limits import Limits
from partimento.system import locked
from tests.hostile import hostile_files
from tests.made import made_folder, made_piece

ONE = Options(workers=1)


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*.mid")):
            file.write(path, path.relative_to(folder))
    return archive


def started(source: Path, out: Path) -> subprocess.Popen[bytes]:
    """A build in a process of its own; its shards are of one item, so that kills fall between and into them."""
    code = (
        "import sys, partimento.corpus.shards as shards; shards.ITEMS_PER_SHARD = 1\n"
        "from partimento.corpus.build import build, Options; build([sys.argv[1]], sys.argv[2], Options(workers=1))"
    )
    return subprocess.Popen([sys.executable, "-c", code, source, out], stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_builds_go_on_to_the_same_corpus(tmp_path: Path, made_corpus: Path, made_music: Path, kills: int) -> None:
    chance, out, died = random.Random(kills), tmp_path / "out", 0
    while died < kills:
        before = len(list(out.glob(".build/*.shard")))
        process = started(made_music, out)
        deadline = time.monotonic() + 60
        while process.poll() is None and not (out / ".build").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.5)
        process.send_signal(signal.SIGKILL)
        died += process.wait() == -signal.SIGKILL
        assert len(list(out.glob(".build/*.shard"))) >= before or (out / "manifest.json").exists()
        if process.returncode == 0:  # it was done: begin again
            shutil.rmtree(out)
    (out / ".notes-0123abcd.parquet.x.tmp").write_bytes(b"half")  # as a kill in the middle of a write leaves it
    assert started(made_music, out).wait() == 0
    assert Corpus.open(out).fingerprint == Corpus.open(made_corpus).fingerprint
    kinds = [path.name.split("-")[0].split(".")[0] for path in sorted(out.iterdir())]
    assert kinds == ["manifest", "notes", "pieces", "report", "report"]


def test_order_workers_and_source_files_change_nothing(tmp_path: Path, made_music: Path) -> None:
    folders = [made_music / name for name in ("one", "two", "three")]
    one = build(folders, tmp_path / "a", ONE)
    two = build([*reversed(folders), folders[0]], tmp_path / "b", Options(workers=3))
    assert one.fingerprint == two.fingerprint
    assert one.rows == two.rows
    for name in ("manifest.json", "report.json", "report.html", one.manifest["notes_table"], one.manifest["pieces_table"]):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_unchanged_build_is_recognised(tmp_path: Path, made_music: Path) -> None:
    first = build([made_music], tmp_path / "out", ONE)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    stages: list[str] = []
    again = build([made_music], tmp_path / "out", Options(workers=2), lambda stage, done, of: stages.append(stage))
    assert again.fingerprint == first.fingerprint
    assert stages == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == stamps
    labelled = build([made_music], tmp_path / "out", Options(workers=1, labels=Labels.of(["genre=jig"])))
    assert labelled.fingerprint != first.fingerprint


def test_added_and_removed_files(tmp_path: Path) -> None:
    music, out = made_folder(tmp_path / "music", range(8)), tmp_path / "out"
    eight = build([music], out, ONE)
    before = eight.fingerprint
    eight.encoded("melody")
    write(made_piece(20), music / "one" / "new.mid")
    nine = build([music], out, ONE)
    assert (len(nine), len(nine.encoded("melody").offsets)) == (9, 10)
    assert sorted(path.suffix for path in out.glob("*.parquet")) == [".parquet"] * 2
    (music / "one" / "new.mid").unlink()
    assert build([music], out, ONE).fingerprint == before
    changed = made_piece(30)
    write(changed, music / "one" / "000.mid")
    corpus = build([music], out, ONE)
    assert corpus.fingerprint != before
    assert any(np.array_equal(corpus.piece(i).notes, changed.notes) for i in range(len(corpus)))


def test_archives_are_read_in_place(tmp_path: Path, made_music: Path) -> None:
    archive = zipped(made_music, tmp_path / "music.zip")
    (tmp_path / "cut.zip").write_bytes(archive.read_bytes()[:200])
    of_folder, of_archive = build([made_music], tmp_path / "a", ONE), build([archive], tmp_path / "b", ONE)
    assert of_folder.fingerprint == of_archive.fingerprint
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "cut.zip", "music.zip"]
    both = build([archive, tmp_path / "cut.zip"], tmp_path / "c", ONE)
    assert (both.report["files"], both.report["taken"], list(both.report["refused"])) == (13, 12, ["damaged archive"])


def accounted(corpus: Corpus) -> dict[str, int]:
    report = corpus.report
    counts = {"taken": report["taken"], "duplicates": sum(map(len, report["duplicates"].values()))}
    counts["refused"] = sum(map(len, report["refused"].values()))
    assert report["scores"] == sum(counts.values())
    names = [row.name for row in corpus.rows] + [name for names in report["duplicates"].values() for name in names]
    names += [line.split(": ")[0] for lines in report["refused"].values() for line in lines]
    assert len(set(names)) == report["scores"]  # each by name, once
    return counts


def test_every_file_is_accounted_for(tmp_path: Path) -> None:
    music = made_folder(tmp_path / "music", range(7))
    write(made_piece(3).transpose(5), music / "again.mid")
    write(made_piece(3), music / "and again.mid")
    (music / "notes.txt").write_text("not music")
    broken = {name: data for name, data in hostile_files(0).items() if name.endswith(".mid") and len(data) < 100_000}
    for name, data in broken.items():
        (music / name.replace("/", " over ")).write_bytes(data)
    (music / "dangling.mid").symlink_to(music / "nowhere.mid")
    corpus = build([music], tmp_path / "out", Options(workers=2, limits=Limits(max_notes=5000)))
    counts = accounted(corpus)
    assert corpus.report["files"] == 7 + 2 + len(broken) + 1
    assert counts["duplicates"] >= 2
    assert "cannot be opened" in corpus.report["refused"]
    assert corpus.report["ignored"] == ["music/notes.txt"]
    assert {f"music/{('one', 'two', 'three')[n % 3]}/{n:03}.mid" for n in range(7) if n != 3} <= {row.name for row in corpus.rows}


def test_labels_from_rules_and_a_table(tmp_path: Path, made_music: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("file,composer,genre,work\none/000.mid,Someone Else,,together\n003.mid,,,together\n", encoding="utf-8")
    labels = Labels.of(["licence=CC-BY-4.0", "{genre}/*"], table)
    corpus = build([made_music], tmp_path / "out", Options(workers=1, labels=labels))
    rows = {row.name: row for row in corpus.rows}
    assert {row.about.licence for row in corpus.rows} == {"CC-BY-4.0"}
    assert rows["music/two/001.mid"].about.genre == "two"
    assert rows["music/one/000.mid"].about.composer == "Someone Else"
    assert rows["music/one/003.mid"].about.composer == "Nobody"
    assert rows["music/one/000.mid"].work == rows["music/one/003.mid"].work
    assert rows["music/one/000.mid"].split == rows["music/one/003.mid"].split
    assert corpus.report["works"] == 11


def test_only(tmp_path: Path, made_music: Path) -> None:
    wanted = frozenset(["000.mid", "two/001.mid", "music/three/002.mid", "003.mid", "004.mid"])
    corpus = build([made_music], tmp_path / "out", Options(workers=1, only=wanted))
    assert [row.name[-7:] for row in corpus.rows] == ["000.mid", "003.mid", "002.mid", "001.mid", "004.mid"]
    with pytest.raises(InvalidOption, match=r"--only: 1 .*'nowhere.mid'"):
        build([made_music], tmp_path / "b", Options(workers=1, only=wanted | {"nowhere.mid"}))
    assert not (tmp_path / "b").exists()


def test_two_builds_at_once_are_refused(tmp_path: Path, made_music: Path) -> None:
    held = locked(tmp_path / "out" / ".build" / "lock", "held")
    with held, pytest.raises(InvalidOption, match="another build is at work"):
        build([made_music], tmp_path / "out", ONE)
    assert len(build([made_music], tmp_path / "out", ONE)) == 12
    assert not (tmp_path / "out" / ".build").exists()


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("names", [["essay.txt"], ["manifest.json", "my.parquet"], [".hidden"]])
def test_what_is_not_ours_is_left_alone(tmp_path: Path, made_music: Path, names: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in names:
        (out / name).write_text("{}")
    before = content_of(out)
    with pytest.raises(InvalidOption, match="holds something that is not a corpus"):
        build([made_music], out, ONE)
    assert content_of(out) == before
    file = tmp_path / "file"
    file.write_text("")
    for place in (file, file / "out"):
        with pytest.raises(InvalidOption, match=r"file .*in the way"):
            build([made_music], place, ONE)


def test_files_beside_a_corpus_stay(tmp_path: Path, made_corpus: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(made_corpus, out)
    (out / "mine.parquet").write_text("mine")
    music = made_folder(tmp_path / "music", range(5))
    assert len(build([music], out, ONE)) == 5
    assert (out / "mine.parquet").read_text() == "mine"


def test_too_little_music(tmp_path: Path) -> None:
    def refuse(sources: Iterable[Path], match: str) -> None:
        with pytest.raises(CorpusError, match=match):
            build(sources, tmp_path / "out", ONE)
        assert not (tmp_path / "out").exists()

    music = made_folder(tmp_path / "music", range(4))
    (music / "empty.mid").write_bytes(b"")
    refuse([music], r"too few works .*\(4\).*until there are 5.*files: 5; duplicates: 0; refused: empty file \(1\)")
    write(made_piece(0).transpose(1), music / "copy.mid")  # the same work again does not help
    refuse([music], r"too few works .*\(4\).*duplicates: 1")
    (tmp_path / "none").mkdir()
    refuse([tmp_path / "none"], "no music found in 0 files")
    (tmp_path / "none" / "a.mid").write_bytes(b"x")
    refuse([tmp_path / "none"], "no music found in 1 files; refused: .*1")
    refuse([tmp_path / "none", music / "one" / "000.mid"], r"too few works .*\(1\)")
    write(made_piece(4), music / "five.mid")
    corpus = build([music], tmp_path / "out", ONE)
    assert corpus.report["splits"]["train"]["works"] == 3
    assert [corpus.encoded("melody").split(split).pieces.size for split in ("valid", "test")] == [1, 1]


def test_too_little_music_keeps_the_corpus_that_was_there(tmp_path: Path, made_corpus: Path) -> None:
    shutil.copytree(made_corpus, tmp_path / "out")
    before = content_of(tmp_path / "out")
    with pytest.raises(CorpusError, match=r"too few works .*\(3\)"):
        build([made_folder(tmp_path / "music", range(3))], tmp_path / "out", ONE)
    assert content_of(tmp_path / "out") == before


def test_missing_sources(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="nowhere: no such file or folder"):
        build([tmp_path / "nowhere"], tmp_path / "out", ONE)
    assert os.listdir(tmp_path) == []
