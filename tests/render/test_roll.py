"""The pictures are written, the same each time, fast, and whatever a title or a track holds."""

from __future__ import annotations

import re
import time
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from partimento.errors import InvalidOption, InvalidPiece, WriteFailed
from partimento.piece import METER, NOTE, About, Piece, Track, note_array
from partimento.render.roll import GIVEN_GROUND, PALETTE, roll

PNG, SVG = b"\x89PNG\r\n\x1a\n", b"<?xml"


def tune(notes: int = 40, **options: object) -> Piece:
    rows = [(240 * at, 240, 60 + at * 7 % 13, 40 + at % 60, at % 2) for at in range(notes)]
    return Piece(note_array(rows), (Track(name="upper"), Track(name="lower")), about=About(title="A tune"), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("suffix", "head"), [(".png", PNG), (".svg", SVG), (".PNG", PNG)])
def test_the_same_bytes_each_time(tmp_path: Path, suffix: str, head: bytes) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for path in paths:
        roll(tune(), path, given_until_tick=2000)
    first, second = (path.read_bytes() for path in paths)
    assert first.startswith(head)
    assert first == second
    assert sorted(tmp_path.iterdir()) == sorted(paths)  # nothing temporary stays


def colours_of(path: Path) -> set[str]:
    return set(re.findall(r"fill: (#[0-9a-f]{6})", path.read_text()))


def test_given_tracks_and_velocity_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "roll.svg"
    loud = note_array([(0, 480, 60, 127, 0), (480, 480, 62, 127, 1), (960, 480, 64, 20, 1), (1440, 480, 64, 127, 1)])
    piece = Piece(loud, (Track(), Track()))
    roll(piece, path)
    assert {PALETTE[0], PALETTE[1]} <= colours_of(path)
    assert GIVEN_GROUND not in colours_of(path)
    plain = colours_of(path)
    roll(piece, path, given_until_tick=480)
    assert GIVEN_GROUND in colours_of(path)
    assert len(colours_of(path) - plain) >= 2  # the tint, and the greyed note
    roll(piece, path, given_until_tick=0)
    assert colours_of(path) == plain


def test_fifty_thousand_notes_in_three_seconds(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    notes = np.zeros(50_000, NOTE)
    notes["onset"] = generator.integers(0, 480 * 4 * 1500, len(notes))
    notes["duration"] = generator.integers(30, 2000, len(notes))
    notes["pitch"], notes["velocity"] = generator.integers(20, 110, len(notes)), generator.integers(1, 128, len(notes))
    notes["track"] = generator.integers(0, 12, len(notes))
    piece = Piece(notes, tuple(Track(is_drum=number == 11, name=f"part {number}") for number in range(12)))
    roll(tune(), tmp_path / "warm.png")
    start = time.process_time()
    roll(piece, tmp_path / "big.png")
    assert time.process_time() - start < 3


@pytest.mark.parametrize("title", ["100$ and $x^2", "\x00\x1b[31m\n\ud800 lone", "音楽 " * 80, "", "<svg>&"])
def test_any_title_and_name(tmp_path: Path, title: str) -> None:
    piece = Piece(
        note_array([(0, 480, 60, 80, 0), (0, 1, 0, 0, 1), (9, 1, 127, 127, 2)]), tuple(Track(name=title) for _ in range(3))
    )
    for suffix in ("png", "svg"):
        roll(piece, tmp_path / f"any.{suffix}", title=title)


@pytest.mark.parametrize(
    "piece",
    [
        Piece(note_array([(0, 1, 60, 80, 0)]), (Track(),)),
        Piece(note_array([(at * 240, 60, 35 + at, 100, 0) for at in range(16)]), (Track(is_drum=True),)),
        Piece(note_array([(2**30, 2**30, 60, 80, 0)]), (Track(),), 1),
        Piece(note_array([(0, 2**20, 0, 80, 0), (0, 2**20, 127, 80, 1)]), (Track(), Track(is_drum=True)), 96),
        Piece(note_array([(0, 999, 60, 80, 0)]), (Track(),), meters=np.array([(0, 255, 128), (500, 1, 1)], METER)),
    ],
    ids=["one note", "drums alone", "far away", "long and wide", "odd meters"],
)
def test_extremes(tmp_path: Path, piece: Piece) -> None:
    roll(piece, tmp_path / "roll.png", given_until_tick=2**31)
    assert (tmp_path / "roll.png").stat().st_size < 2_000_000


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    with pytest.raises(InvalidPiece, match="A tune has no notes"):
        roll(tune(0), tmp_path / "roll.png")
    with pytest.raises(InvalidOption, match=r"roll\.gif.*\.png or \.svg"):
        roll(tune(), tmp_path / "roll.gif")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "nowhere").touch()
    with pytest.raises(WriteFailed, match="nowhere"):
        roll(tune(), tmp_path / "nowhere" / "roll.png")


def test_the_user_s_own_settings_are_left_alone(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    roll(tune(), tmp_path / "roll.svg")
    assert dict(matplotlib.rcParams) == before
