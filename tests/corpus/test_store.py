"""An opened corpus is whole: any changed bit, missing file or newer version is noticed before anything of it is used."""

from __future__ import annotations

import logging
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from partimento.corpus import Corpus
from partimento.corpus import store as stores
from partimento.corpus.build import Options, build
from partimento.errors import CorpusError, WriteFailed
from partimento.files import seal, sha256, unseal
from partimento.piece import MAPS
from tests.hostile import flip
from tests.made import made_piece

FLIPS = 200


def copy_of(corpus: Path, folder: Path) -> Path:
    """A copy without what was made of it later, events and an index of originality, which depends on what ran before."""
    return Path(shutil.copytree(corpus, folder, ignore=shutil.ignore_patterns("encoded", "originality*")))


def test_every_flipped_bit_is_noticed(tmp_path: Path, made_corpus: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder, chance = copy_of(made_corpus, tmp_path / "corpus"), random.Random(0)
    sound = Corpus.open(folder).encoded("melody")
    events, offsets = np.array(sound.events), sound.offsets
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert len(files) == 8
    for number in range(FLIPS):
        path = files[number % len(files)]
        was = flip(path, chance)
        caplog.clear()
        if "encoded" in path.parts:
            again = Corpus.open(folder).encoded("melody")
            assert np.array_equal(again.events, events)
            assert np.array_equal(again.offsets, offsets)
            assert path.read_bytes() == was
            assert [record.levelno for record in caplog.records] == [logging.WARNING]
            assert f"{path.parent}: damaged" in caplog.text
        else:
            with pytest.raises(CorpusError, match=f"{path.name}: (damaged|made by a newer version)"):
                Corpus.open(folder)
            path.write_bytes(was)
    assert len(Corpus.open(folder)) == 12


def test_a_missing_file_is_named(tmp_path: Path, made_corpus: Path) -> None:
    for path in sorted(copy_of(made_corpus, tmp_path / "whole").iterdir()):
        if path.is_file():
            shutil.rmtree(tmp_path / "corpus", ignore_errors=True)
            copy_of(made_corpus, tmp_path / "corpus")
            (tmp_path / "corpus" / path.name).unlink()
            with pytest.raises(CorpusError, match=path.name):
                Corpus.open(tmp_path / "corpus")


def test_what_is_no_corpus_says_so(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"not a corpus .*partimento build SOURCE --out"):
        Corpus.open(tmp_path)
    with pytest.raises(CorpusError, match="not a corpus"):
        Corpus.open(tmp_path / "nowhere")
    (tmp_path / ".build").mkdir()
    with pytest.raises(CorpusError, match="an unfinished build; run the same build again"):
        Corpus.open(tmp_path)
    for content in (b"", b"{}", b"[]", b"null", b"\xff", b'{"sha256":"0","content":\n{}}\n', b"[" * 100_000):
        (tmp_path / "manifest.json").write_bytes(content)
        with pytest.raises(CorpusError, match=r"manifest\.json: damaged"):
            Corpus.open(tmp_path)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (stores.FORMAT_VERSION + 1, r"newer version \(9\.9\); update partimento"),
        (stores.OLDEST_VERSION - 1, r"older version \(9\.9\); build the corpus again"),
    ],
)
def test_another_version_is_refused(tmp_path: Path, made_corpus: Path, version: int, message: str) -> None:
    shutil.copytree(made_corpus, tmp_path / "corpus")
    path = tmp_path / "corpus" / "manifest.json"
    manifest: dict[str, Any] = unseal(path.read_bytes())
    path.write_bytes(seal({**manifest, "format_version": version, "version": "9.9"}))
    with pytest.raises(CorpusError, match=message):
        Corpus.open(tmp_path / "corpus")


def test_a_corpus_of_an_older_version_is_read(tmp_path: Path, made_corpus: Path) -> None:
    """The split of a piece was called `part`."""
    folder = copy_of(made_corpus, tmp_path / "corpus")
    manifest: dict[str, Any] = unseal((folder / "manifest.json").read_bytes())
    path = folder / manifest["pieces_table"]
    table = pq.read_table(path)
    pq.write_table(table.rename_columns({"split": "part"}), path, write_page_checksum=True)
    files = {**manifest["files"], path.name: sha256(path)}
    (folder / "manifest.json").write_bytes(seal({**manifest, "format_version": stores.OLDEST_VERSION, "files": files}))
    assert Corpus.open(folder).rows == Corpus.open(made_corpus).rows


def test_a_damaged_corpus_is_built_again(tmp_path: Path, made_corpus: Path, made_music: Path) -> None:
    shutil.copytree(made_corpus, tmp_path / "corpus")
    flip(next((tmp_path / "corpus").glob("notes-*")), random.Random(1))
    again = build([made_music], tmp_path / "corpus", Options(workers=1))
    assert again.fingerprint == Corpus.open(made_corpus).fingerprint


def test_pieces_come_back_whole(made_corpus: Path) -> None:
    corpus = Corpus.open(made_corpus)
    assert [row.name for row in corpus.rows] == sorted(row.name for row in corpus.rows)
    for number, row in enumerate(corpus.rows):
        made, piece = made_piece(int(row.name[-7:-4])), corpus.piece(number)
        assert np.array_equal(piece.notes, made.notes)
        assert (piece.tracks, piece.ticks_per_quarter) == (made.tracks, made.ticks_per_quarter)
        for name in (*MAPS, "pedals"):
            assert np.array_equal(getattr(piece, name), getattr(made, name))
        assert (piece.about.title, piece.about.composer, piece.about.licence) == (made.about.title, "Nobody", "CC0")
        assert (row.notes, row.seconds) == (len(made), made.seconds)
    assert corpus.licences() == ["CC0"]
    assert len(corpus.notes) == corpus.offsets[-1] == corpus.report["notes"]


def test_encoded_is_a_small_memory_map(tmp_path: Path, made_corpus: Path) -> None:
    made_corpus = copy_of(made_corpus, tmp_path / "corpus")
    Corpus.open(made_corpus).encoded("melody")  # made, and found again
    encoded = Corpus.open(made_corpus).encoded("melody")
    assert isinstance(encoded.events, np.memmap)
    assert encoded.events.dtype == np.uint8
    assert encoded.events.nbytes <= 2 * len(encoded.events)
    assert (made_corpus / "encoded" / "melody" / "events.bin").stat().st_size == encoded.events.nbytes
    assert not encoded.events.flags.writeable
    corpus = Corpus.open(made_corpus)
    for number in range(len(corpus)):
        assert np.array_equal(encoded.piece(number), encoded.encoding.encode(corpus.piece(number)))


def test_encodings_are_cached_apart(tmp_path: Path, made_corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = Corpus.open(copy_of(made_corpus, tmp_path / "corpus"))
    piano = corpus.encoded("melody:pitch=piano,chord=top")
    assert not np.array_equal(piano.events, corpus.encoded("melody").events)
    assert sorted(path.name for path in (tmp_path / "corpus" / "encoded").iterdir()) == ["melody", "melody_pitch=piano_chord=top"]
    stamp = (tmp_path / "corpus" / "encoded" / "melody" / "meta.json").stat().st_mtime_ns
    corpus.encoded("melody")
    assert (tmp_path / "corpus" / "encoded" / "melody" / "meta.json").stat().st_mtime_ns == stamp
    monkeypatch.setattr(stores, "ENCODING_VERSION", stores.ENCODING_VERSION + 1)  # another way of encoding: never the old events
    corpus.encoded("melody")
    assert (tmp_path / "corpus" / "encoded" / "melody" / "meta.json").stat().st_mtime_ns != stamp


def test_a_corpus_that_cannot_be_written_is_encoded_in_memory(
    tmp_path: Path, made_corpus: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    corpus = Corpus.open(copy_of(made_corpus, tmp_path / "corpus"))

    def full(path: Path, content: bytes) -> None:
        raise WriteFailed(f"{path}: could not be written (Read-only file system)")

    monkeypatch.setattr(stores, "write_atomic", full)
    encoded = corpus.encoded("melody")
    assert np.array_equal(encoded.events, Corpus.open(made_corpus).encoded("melody").events)
    assert "Read-only file system" in caplog.text


def resealed(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """The manifest changed, and sealed again as if it had been written so."""
    manifest: dict[str, Any] = unseal((folder / "manifest.json").read_bytes())
    change(manifest)
    (folder / "manifest.json").write_bytes(seal(manifest))


@pytest.mark.parametrize("field", ["files", "fingerprint", "request", "notes_table", "pieces_table", "format_version"])
@pytest.mark.parametrize("value", [None, 7, [], "../x", {"a": 1}])
def test_a_resealed_manifest_with_a_broken_field_is_one_line(tmp_path: Path, made_corpus: Path, field: str, value: Any) -> None:
    folder = copy_of(made_corpus, tmp_path / "corpus")
    resealed(folder, lambda manifest: manifest.update({field: value}))
    if isinstance(value, str) and field in ("fingerprint", "request"):
        return
    with pytest.raises(CorpusError, match=r"manifest\.json: (damaged|made by an? (older|newer) version)"):
        Corpus.open(folder)


@pytest.mark.parametrize("name", ["../notes.parquet", "/etc/passwd", "C:\\notes.parquet", "..", "sub/notes.parquet"])
def test_no_table_lies_outside_of_the_folder(tmp_path: Path, made_corpus: Path, name: str) -> None:
    folder = copy_of(made_corpus, tmp_path / "corpus")
    resealed(folder, lambda one: (one.update({"notes_table": name}), one["files"].update({name: "0"})))
    with pytest.raises(CorpusError, match="damaged"):
        Corpus.open(folder)


def rewritten(folder: Path, kind: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """A table changed, with the checksum that then is right."""
    manifest: dict[str, Any] = unseal((folder / "manifest.json").read_bytes())
    path = folder / manifest[kind]
    pq.write_table(change(pq.read_table(path)), path, write_page_checksum=True)
    resealed(folder, lambda one: one["files"].update({path.name: sha256(path)}))


def column(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values))


BROKEN: dict[str, tuple[str, Callable[[pa.Table], pa.Table]]] = {
    "no names": ("pieces_table", lambda table: table.drop_columns(["name"])),
    "no split": ("pieces_table", lambda table: table.drop_columns(["split"])),
    "a split of none": ("pieces_table", lambda table: column(table, "split", [9] * len(table))),
    "names of no text": ("pieces_table", lambda table: column(table, "name", [None] * len(table))),
    "fewer notes than none": ("pieces_table", lambda table: column(table, "notes", [-5] * len(table))),
    "more notes than there are": ("pieces_table", lambda table: column(table, "notes", [99] * len(table))),
    "no ticks": ("pieces_table", lambda table: column(table, "ticks_per_quarter", [0] * len(table))),
    "tempos of text": ("pieces_table", lambda table: column(table, "tempos", ["fast"] * len(table))),
    "no pitches": ("notes_table", lambda table: table.drop_columns(["pitch"])),
    "pitches of text": ("notes_table", lambda table: column(table, "pitch", ["c"] * len(table))),
    "pitches out of range": ("notes_table", lambda table: column(table, "pitch", [200] * len(table))),
    "tracks that are not there": ("notes_table", lambda table: column(table, "track", [999] * len(table))),
    "durations below nothing": ("notes_table", lambda table: column(table, "duration", [-4] * len(table))),
    "half of the notes": ("notes_table", lambda table: table.slice(0, len(table) // 2)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_resealed_table_that_holds_nonsense_is_one_line(tmp_path: Path, made_corpus: Path, what: str) -> None:
    folder = copy_of(made_corpus, tmp_path / "corpus")
    rewritten(folder, *BROKEN[what])
    with pytest.raises(CorpusError, match=r"(notes|pieces)-\w+\.parquet: damaged"):
        Corpus.open(folder).encoded("melody")
