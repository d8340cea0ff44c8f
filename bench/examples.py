"""Ten examples of each task from held-out pieces, as piano rolls and pages, on one sheet each; none picked: example i has seed i.

    python bench/examples.py RUN CORPUS OUT [--genre song] [--bars 16]

Writes OUT/<task>-rolls.png (written notes in colour, what stands in grey), OUT/<task>-pages.png; OUT/<task>-<i>.mid with --midi.
The pieces are the first ten of the genre in the test split, their first bars.
"""

from __future__ import annotations

import argparse
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from partimento.bars import BarGrid
from partimento.composing.compose import Composition, compose
from partimento.corpus import Corpus
from partimento.formats import write
from partimento.models.checkpoint import Checkpoint
from partimento.piece import Piece
from partimento.render.page import pages, png
from partimento.render.roll import picture
from partimento.task import Task

EXAMPLES, COLUMNS, WIDTH_PX = 10, 2, 700
COLOURS = 64  # of a sheet: enough for notes and lines, small files
TASKS = {
    "continue": None,
    "fill": "bars=5-8",
    "accompany": "accompaniment",
    "harmonise-bass": "bass",
    "melody": "melody",
    "voice": "tracks=1 bars=3-10",
    "vary": "vary=0.5 bars=3-12",
}
ALONE = {
    "accompany": 0,
    "harmonise-bass": 0,
    "melody": 1,
}  # the track that stands by itself: the tune; under a melody what is not it


def example(name: str, checkpoint: Checkpoint, piece: Piece, seed: int) -> Composition:
    """One example: the task on some bars of a piece."""
    if name == "continue":
        lines = BarGrid.of(piece).lines
        given = piece.cut(0, int(lines[min(8, len(lines) - 1)]))
        return compose(checkpoint, given=given, notes=60, seed=seed, ending=True)[0]
    if name in ALONE:
        piece = replace(piece, notes=piece.notes[(piece.notes["track"] == 0) == (ALONE[name] == 0)])
    words = TASKS[name]
    assert words is not None
    return compose(checkpoint, task=Task(piece, words), seed=seed)[0]


def sheet(images: list[Image.Image], path: Path) -> None:
    """Pictures of one width in columns."""
    scaled = [one.resize((WIDTH_PX, max(1, one.height * WIDTH_PX // one.width)), Image.Resampling.LANCZOS) for one in images]
    rows = [scaled[at : at + COLUMNS] for at in range(0, len(scaled), COLUMNS)]
    heights = [max(one.height for one in row) for row in rows]
    page = Image.new("RGB", (COLUMNS * WIDTH_PX, sum(heights)), "white")
    for number, row in enumerate(rows):
        for column, one in enumerate(row):
            page.paste(one, (column * WIDTH_PX, sum(heights[:number])))
    page.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(path, optimize=True)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def trimmed(image: Image.Image) -> Image.Image:
    """Without the white below the music."""
    dark = np.flatnonzero(np.asarray(image.convert("L")).min(axis=1) < 200)
    return image.crop((0, 0, image.width, int(dark[-1]) + 20 if len(dark) else image.height))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--genre", default="song")
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--midi", action="store_true")
    options = parser.parse_args()
    checkpoint, corpus = Checkpoint.load(options.run), Corpus.open(options.corpus)
    chosen = [number for number, row in enumerate(corpus.rows) if row.split == 2 and row.about.genre == options.genre]
    pieces: list[Piece] = []
    for number in chosen:
        whole = corpus.piece(number)
        lines = BarGrid.of(whole).lines
        cut = replace(whole.cut(0, int(lines[min(options.bars, len(lines) - 1)])), about=whole.about)
        if len(pieces) < EXAMPLES and len(np.unique(cut.notes["track"])) > 1 and len(cut.meters) < 2:
            pieces.append(cut)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in TASKS:
        rolls, engraved = [], []
        for seed, piece in enumerate(pieces):
            try:
                made = example(name, checkpoint, piece, seed)
            except Exception as error:  # told, not hidden: an example that cannot be made is part of the picture
                print(f"{name} {seed}: {error}")
                continue
            title = f"{name}, seed {seed}: {piece.about.title or Path(piece.about.source).stem}"[:60]
            given = None if made.new is None else ~made.new
            until = made.given_until_tick or None
            rolls.append(opened(picture(made.piece, "png", title=title, given=given, given_until_tick=until)))
            engraved.append(trimmed(opened(png(pages(made.piece)[0], width_px=WIDTH_PX))))
            if options.midi:
                write(made.piece, options.out / f"{name}-{seed}.mid")
        sheet(rolls, options.out / f"{name}-rolls.png")
        sheet(engraved, options.out / f"{name}-pages.png")
        print(name, len(rolls), "examples", flush=True)


if __name__ == "__main__":
    main()
