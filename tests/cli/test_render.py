"""`render` writes what the suffix and the options ask for, of one file or of many, and says what it left out."""

from __future__ import annotations

import json
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from partimento.cli.render import given_of
from partimento.formats import write
from tests.cli.conftest import Command
from tests.made import made_folder, made_piece


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    write(made_piece(1), tmp_path / "tune.mid")
    return tmp_path / "tune.mid"


@pytest.mark.parametrize(
    ("name", "head"), [("a.png", b"\x89PNG"), ("a.flac", b"fLaC"), ("a.wav", b"RIFF"), ("a.ogg", b"OggS"), ("a.pdf", b"%PDF")]
)
def test_by_suffix(tune: Path, name: str, head: bytes, partimento: Command) -> None:
    out = tune.parent / "deep" / name
    answer = partimento("render", tune, "-o", out, "--rate", 8000)
    assert (answer.code, answer.errors) == (0, "")
    assert "1 piece as" in answer.out
    assert out.read_bytes().startswith(head)
    assert list(out.parent.iterdir()) == [out]


def test_json(tune: Path, partimento: Command) -> None:
    out = tune.parent / "a.flac"
    found = partimento("render", tune, "-o", out, "--rate", 8000, "--json").json
    assert set(found) == {"kind", "rendered", "refused", "seconds"}
    (one,) = found["rendered"]
    assert (one["name"], one["files"], one["notes"]) == ("tune.mid", [str(out)], 60)
    assert one["seconds"] == pytest.approx(soundfile.info(out).duration, abs=0.001)


def test_many_into_a_folder(tmp_path: Path, partimento: Command) -> None:
    music = made_folder(tmp_path / "music", range(3))
    (music / "one" / "broken.mid").write_bytes(b"MThd")
    answer = partimento("render", music, "-o", tmp_path / "out", "--as", "roll")
    assert answer.code == 0
    assert "left out: music/one/broken.mid" in answer.errors
    assert "3 pieces as roll" in answer.out
    assert "1 left out" in answer.out
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert names == ["music/one/000.png", "music/three/002.png", "music/two/001.png"]
    answer = partimento("render", music, "-o", tmp_path / "svg", "--as", "roll", "--suffix", ".svg", "--json")
    assert len(answer.json["rendered"]) == 3
    assert list(answer.json["refused"]) == ["music/one/broken.mid"]
    assert (tmp_path / "svg" / "music" / "one" / "000.svg").exists()


def test_names_from_archives_and_books_stay_in_the_folder(tmp_path: Path, partimento: Command) -> None:
    """No name leads out of the folder, and no piece is written over another."""
    write(made_piece(1), tmp_path / "tune.mid")
    data = (tmp_path / "tune.mid").read_bytes()
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for name in ("../../out.mid", "/etc/tune.mid", "a/tune.mid", "a/tune.midi"):
            archive.writestr(name, data)
    (tmp_path / "book.abc").write_text("X:1\nT:One\nK:C\nCDEF|\n\nX:2\nT:Two\nK:G\nGABc|\n")
    found = partimento("render", tmp_path / "bad.zip", tmp_path / "book.abc", "-o", tmp_path / "o", "--as", "roll", "--json").json
    places = sorted(Path(file).relative_to(tmp_path / "o").as_posix() for one in found["rendered"] for file in one["files"])
    assert len(places) == len(set(places)) == 5  # a hidden path is not read at all
    assert places[-2:] == ["book.abc-X1.png", "book.abc-X2.png"]
    assert all(".." not in place for place in places)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip", "book.abc", "o", "tune.mid"]


def test_given_notes_are_told_apart(tune: Path, tmp_path: Path, partimento: Command) -> None:
    piece = made_piece(1)
    both = piece.merge(made_piece(2))
    write(both, tmp_path / "both.mid")
    given = given_of(both, piece.quantise(960))
    assert given[:60].all()
    assert given.sum() < 70
    assert partimento("render", tmp_path / "both.mid", "-o", tmp_path / "a.svg", "--as", "roll", "--given", tune).code == 0
    assert partimento("render", tmp_path / "both.mid", "-o", tmp_path / "b.svg", "--as", "roll").code == 0
    assert (tmp_path / "a.svg").read_bytes() != (tmp_path / "b.svg").read_bytes()


def test_pages(tune: Path, monkeypatch: pytest.MonkeyPatch, partimento: Command) -> None:
    """By what engraves them, wherever that is; one page under its name, several numbered."""
    page = types.ModuleType("partimento.render.page")
    page.pages = lambda piece: [b"<svg>1</svg>", b"<svg>2</svg>"][: 1 + (len(piece) > 59)]  # type: ignore[attr-defined]
    page.png = lambda svg: b"\x89PNG" + svg  # type: ignore[attr-defined]
    page.pdf = lambda svgs: b"%PDF" + b"".join(svgs)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "partimento.render.page", page)
    folder = tune.parent
    assert partimento("render", tune, "-o", folder / "a.svg", "--json").json["rendered"][0]["files"] == [
        str(folder / "a-1.svg"),
        str(folder / "a-2.svg"),
    ]
    assert partimento("render", tune, "-o", folder / "a.pdf", "--json").json["rendered"][0]["files"] == [str(folder / "a.pdf")]
    assert (folder / "a.pdf").read_bytes() == b"%PDF<svg>1</svg><svg>2</svg>"
    write(made_piece(1, 40), tune)
    assert partimento("render", tune, "-o", folder / "b.png", "--as", "page").code == 0
    assert (folder / "b.png").read_bytes() == b"\x89PNG<svg>1</svg>"
    monkeypatch.setitem(sys.modules, "partimento.render.page", None)
    answer = partimento("render", tune, "-o", folder / "c.svg")
    assert answer.code == 2
    assert "take --as roll" in answer.errors


def test_mistakes(tune: Path, tmp_path: Path, partimento: Command) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.mid").write_bytes(b"MThd\0\0\0\6\0\0\0\0\1\xe0")
    for arguments, message in (
        ([tune, "-o", tmp_path / "a.gif"], "ends in none of .png, .svg"),
        ([tune, "-o", tmp_path / "a.png", "--as", "audio"], "audio is written as .flac, .wav, .ogg, .mp3"),
        ([tune, "-o", tmp_path / "a.png", "--as", "film"], "unknown --as 'film'"),
        ([tune, "-o", tmp_path / "folder"], "a folder is in the way"),
        ([tune, "-o", tune / "a.png"], "is in the way"),
        ([tune, "-o", tmp_path / "a.png", "--suffix", ".png"], "leave --suffix out"),
        ([tune, "-o", tmp_path / "a.flac", "--given", tune], "only a roll tells given notes apart"),
        ([tune, "-o", tmp_path / "a.flac", "--soundfont", tune], "not a SoundFont 2 file"),
        ([tune, "-o", tmp_path / "a.flac", "--rate", "10"], "the rate is 10"),
        ([tune, tune, "-o", tmp_path / "many"], "--as roll, --as page or --as audio"),
        ([tune, tune, "-o", tune, "--as", "roll"], "a file is in the way"),
        ([tune, tune, "-o", tmp_path / "many", "--as", "roll", "--suffix", ".wav"], "roll is written as"),
        ([tmp_path / "none.mid", "-o", tmp_path / "a.png"], "no such file"),
        ([tmp_path / "empty.mid", "-o", tmp_path / "a.png"], "empty.mid"),
        (["-o", tmp_path / "a.png"], "name at least one file"),
    ):
        answer = partimento("render", *arguments)
        assert answer.code == 2, arguments
        assert answer.errors.startswith("partimento: ")
        assert message in answer.errors, answer.errors
        assert answer.errors.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.mid", "folder", "tune.mid"]


def test_given_of_needs_time_and_pitch() -> None:
    piece = made_piece(1)
    assert not given_of(piece, piece.transpose(1))[:40].all()
    assert np.array_equal(given_of(piece, piece), np.ones(60, bool))
    assert json.dumps(given_of(piece, piece).tolist())
