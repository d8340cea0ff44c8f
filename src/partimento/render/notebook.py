"""A piece as one fragment of HTML: its roll and a player, all inside."""

from __future__ import annotations

import base64
import html as escape
import tempfile
from dataclasses import replace
from pathlib import Path

from partimento.errors import PartimentoError
from partimento.piece import Piece
from partimento.render.audio import write_audio
from partimento.render.roll import picture

RATE = 22050
MOST_SECONDS = 180.0  # of sound: about a megabyte
MOST_NOTES = 1500  # as SVG; more are a PNG


def html(piece: Piece) -> str:
    """The roll as SVG (PNG where there are many notes) above a player with the first three minutes as Ogg Vorbis, one channel.

    Nothing is loaded from anywhere. What cannot be shown (no notes, no SoundFont) is said in its place.
    """
    return f'<div style="max-width: 60rem">{_shown(piece)}{_player(piece)}</div>'


def _shown(piece: Piece) -> str:
    name = escape.escape(repr(piece), quote=True)
    if not len(piece):
        return f"<p>{name}</p>"
    kind = "svg" if len(piece) <= MOST_NOTES else "png"
    mime = "image/svg+xml" if kind == "svg" else "image/png"
    return f'<img alt="{name}" style="width: 100%" src="{_inside(mime, picture(piece, kind))}">'


def _player(piece: Piece) -> str:
    if not len(piece):
        return ""
    shown = piece.second_at(piece.notes["onset"]) < MOST_SECONDS
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "piece.ogg"
            write_audio(replace(piece, notes=piece.notes[shown]), path, RATE, mono=True)
            player = f'<audio controls preload="none" style="width: 100%" src="{_inside("audio/ogg", path.read_bytes())}"></audio>'
    except PartimentoError as error:
        return f"<p>No sound: {escape.escape(str(error))}</p>"
    return player if shown.all() else f"{player}<p>The first {MOST_SECONDS / 60:.0f} minutes.</p>"


def _inside(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"
