"""Engraves the pages that docs/scores.md shows: ten pieces of different kinds, all of sets that may be shown.

    python bench/pages.py FOLDER_OF_SETS OUT [--written PIECE.mid]

The folder holds the sets openscore-lieder, openscore-quartets (CC0), openewld-leadsheets (MIT) and game-freedoom (BSD), as
unpacked; chorales and fiddle tunes come with music21. `--written` is a piece that a model wrote. Each page is a PNG of 16 greys.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import replace
from pathlib import Path

import music21
import numpy as np
from PIL import Image

from partimento.formats import read
from partimento.piece import About, Piece, Track
from partimento.render.page import pages, png

CORPUS = Path(music21.__file__).parent / "corpus"
WIDTH = 900
MARGIN = 30
SETS = {  # name of the page: a pattern below the folder of the sets
    "lied": "openscore-lieder/**/mxl/Schubert_Franz__6_Ellens_Gesang_III*.mxl",
    "song": "openscore-lieder/**/mxl/Holmes_Augusta*5_Serenade_de_toujours*.mxl",
    "quartet": "openscore-quartets/**/*String_Quartet_No_9_in_D_major__*.mid",
    "leadsheet": "openewld-leadsheets/**/mxl/*__Margie.mxl",
    "ensemble": "game-freedoom/**/d_e3m7.mid",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--written", type=Path)
    options = parser.parse_args()
    shown = {name: read(sorted(options.folder.glob(pattern))[0]) for name, pattern in SETS.items()}
    chorale = read(CORPUS / "bach" / "bwv269.mxl")
    shown["chorale"] = replace(chorale, about=About("Aus meines Herzens Grunde", "J. S. Bach"))
    shown["tune"] = read(f"{CORPUS / 'oneills1850' / '0101-0200.abc'}#X110")
    song = read(sorted(options.folder.glob("openscore-lieder/**/mxl/Schubert_Franz*Der_Erlkonig*.mxl"))[0])
    shown["piano"] = only_piano(song)
    shown["playing"] = played(shown["piano"])
    if options.written:
        shown["written"] = read(options.written)
    options.out.mkdir(parents=True, exist_ok=True)
    for name, piece in shown.items():
        picture = cropped(png(pages(piece)[1 if name == "ensemble" else 0], width_px=WIDTH))
        (options.out / f"{name}.png").write_bytes(picture)
        print(f"{name:10} {len(picture) / 1024:4.0f} KB  {piece}")


def only_piano(song: Piece) -> Piece:
    """The piano part of a song alone, as one track whose hands must be found."""
    number = len(song.tracks) - 1
    notes = song.notes[song.notes["track"] == number].copy()
    notes["track"] = 0
    return replace(song, notes=notes, tracks=(Track(0, False, "Piano"),), chords=song.chords[:0])


def played(piece: Piece) -> Piece:
    """The piece as a player might play it without a click, on a file that knows no beat: unsteady, uneven, overlapping."""
    chance = np.random.RandomState(1)
    onset, duration = piece.notes["onset"] / piece.ticks_per_quarter, piece.notes["duration"] / piece.ticks_per_quarter
    bend = 1.0 + 0.07 * np.sin(onset / 5)
    notes = piece.notes.copy()
    notes["onset"] = np.rint(480 * (onset * bend * 1.13 + chance.normal(0, 0.02, len(onset))).clip(0))
    notes["duration"] = np.rint(480 * duration * chance.uniform(0.6, 1.1, len(onset))).clip(1)
    empty = {name: getattr(piece, name)[:0] for name in ("tempos", "meters", "keys", "chords")}
    return replace(
        piece, notes=notes, ticks_per_quarter=480, about=replace(piece.about, title="The same, played without a beat"), **empty
    )


def cropped(picture: bytes) -> bytes:
    """Without the empty foot of a page, in 16 greys."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    ink = np.flatnonzero((np.asarray(image) < 200).any(axis=1))
    image = image.crop((0, 0, image.size[0], min(image.size[1], int(ink[-1]) + MARGIN)))
    out = io.BytesIO()
    image.quantize(16).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
