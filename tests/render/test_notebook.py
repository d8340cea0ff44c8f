"""A piece shows itself: one fragment with a roll and a player, that loads nothing and says what it cannot show."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
import soundfile

from partimento.errors import InvalidOption
from partimento.piece import NOTE, About, Piece, Track, note_array
from partimento.render import notebook
from tests.made import made_piece


def inside(shown: str, mime: str) -> bytes:
    found = re.search(f'src="data:{re.escape(mime)};base64,([^"]*)"', shown)
    assert found, mime
    return base64.b64decode(found[1])


def test_roll_and_player() -> None:
    piece = made_piece(1)
    shown = piece._repr_html_()
    assert inside(shown, "image/svg+xml").startswith(b"<?xml")
    sound, rate = soundfile.read(io.BytesIO(inside(shown, "audio/ogg")))
    assert sound.shape == (round((piece.seconds + 2) * rate),)
    assert np.abs(sound).max() > 0.3
    assert "http" not in re.sub(r'"data:[^"]*"', "", shown)
    assert len(shown) < 400_000


def test_names_are_escaped() -> None:
    shown = Piece(note_array([(0, 480, 60, 80, 0)]), (Track(),), about=About(title='<b>"')).__class__._repr_html_(
        Piece(note_array([]), (), about=About(title='<b>"'))
    )
    assert "<b>" not in shown
    assert "audio" not in shown


def test_many_notes_are_a_picture_and_long_ones_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "MOST_SECONDS", 3.0)
    notes = np.zeros(1600, NOTE)
    notes["onset"], notes["duration"], notes["pitch"], notes["velocity"] = np.arange(1600) * 60, 60, 60 + np.arange(1600) % 13, 80
    shown = notebook.html(Piece(notes, (Track(),)))
    assert inside(shown, "image/png").startswith(b"\x89PNG")
    sound, rate = soundfile.read(io.BytesIO(inside(shown, "audio/ogg")))
    assert len(sound) / rate == pytest.approx(5, abs=0.1)
    assert "The first" in shown


def test_without_a_soundfont(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*arguments: object, **options: object) -> float:
        raise InvalidOption("no SoundFont is installed")

    monkeypatch.setattr(notebook, "write_audio", none)
    shown = notebook.html(made_piece(1))
    assert "No sound: no SoundFont is installed" in shown
    assert "<audio" not in shown
