"""Names of the files that a conversion writes, and what happens to the notes on the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from partimento.corpus.convert import Changes, convert, targets
from partimento.errors import InvalidOption, InvalidPiece, UnknownName
from partimento.formats import WRITERS, items_of, read, write
from partimento.formats.sources import Item
from tests.made import made_folder, made_piece


def test_names_stay_inside_the_folder_and_differ(tmp_path: Path) -> None:
    names = [
        "set/a/x.mid",
        "set/a/x.krn",
        "set/A/X.abc",
        "set//etc/passwd.mid",
        "set/../../up.mid",
        "set/book.abc#X2",
        "one.mid",
        "set/.mid",
    ]
    paths = targets([Item(name, "") for name in names], tmp_path, ".mid")
    inside = [path.relative_to(tmp_path).as_posix() for path in paths]
    assert inside == ["a/x.mid", "a/x-2.mid", "A/X-3.mid", "etc/passwd.mid", "up.mid", "book-X2.mid", "one.mid", "score.mid"]
    with pytest.raises(UnknownName, match=r"known: .*mid"):
        targets([], tmp_path, ".wav")


def test_good_files_are_written_and_bad_ones_named(tmp_path: Path) -> None:
    made_folder(tmp_path / "in", range(4))
    (tmp_path / "in" / "bad.mid").write_bytes(b"no music")
    (tmp_path / "in" / "high.mid").write_bytes((tmp_path / "in" / "one" / "000.mid").read_bytes())
    items = items_of(str(tmp_path / "in"))
    done = list(convert(items, targets(items, tmp_path / "out", ".mid"), Changes(transpose=12, grid=4)))
    problems = {one.source: one.problem for one in done if one.problem}
    assert list(problems) == ["in/bad.mid"]
    assert "not MIDI" in problems["in/bad.mid"]
    piece, before = read(tmp_path / "out" / "one" / "000.mid"), made_piece(0)
    assert piece.notes["pitch"].tolist() == (before.notes["pitch"] + 12).tolist()
    assert (piece.notes["onset"] % 120 == 0).all()


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_gives_the_same_notes_again(suffix: str, tmp_path: Path) -> None:
    write(made_piece(1), tmp_path / "a.mid")
    items = items_of(str(tmp_path / "a.mid"))
    [done] = convert(items, [tmp_path / f"b{suffix}"], Changes())
    assert not done.problem
    piece, before = read(tmp_path / f"b{suffix}"), made_piece(1)
    per = before.ticks_per_quarter / piece.ticks_per_quarter
    found = sorted((float(n["onset"] * per), int(n["pitch"]), float(n["duration"] * per)) for n in piece.notes)
    assert found == sorted((float(n["onset"]), int(n["pitch"]), float(n["duration"])) for n in before.notes)


def test_changes() -> None:
    piece = made_piece(2)
    assert Changes().apply(piece) is piece
    heard = Changes(encoding="melody").apply(piece)
    assert heard.about == piece.about
    assert len(heard) <= len(piece)
    assert Changes(grid=3).apply(piece).ticks_per_quarter % 3 == 0
    with pytest.raises(InvalidPiece):
        Changes(transpose=100).apply(piece)
    for wrong in (Changes(transpose=128), Changes(grid=-1), Changes(grid=9973)):
        with pytest.raises(InvalidOption):
            wrong.check()
    with pytest.raises(UnknownName):
        Changes(encoding="nothing").check()


def test_a_file_is_not_written_over_itself(tmp_path: Path) -> None:
    write(made_piece(1), tmp_path / "a.mid")
    before = (tmp_path / "a.mid").read_bytes()
    [done] = convert(items_of(str(tmp_path / "a.mid")), [tmp_path / "a.mid"], Changes(transpose=1))
    assert "itself" in done.problem
    assert (tmp_path / "a.mid").read_bytes() == before
    assert os.listdir(tmp_path) == ["a.mid"]
