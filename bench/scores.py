"""Writes real pieces as scores and reads them again: notes that come back, seconds, and what a strict reader says.

    python bench/scores.py FOLDER_OF_SETS [--pieces 40] [--formats .musicxml,.krn,.abc,.mei] [SET ...]

Of each set (a folder in it) as many pieces as asked are taken, evenly over its files. A note comes back when onset,
duration, pitch and track are the same, to half a tick of the piece. "on the page" is the share of pieces whose notes stand
on the page exactly as they are in the piece; in the others the page rounds, and only MusicXML says by how much. Every
MusicXML file is also loaded by Verovio, and what it warns of is counted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from partimento.errors import PartimentoError, UnreadableFile
from partimento.formats import READERS, WRITERS, parse
from partimento.notate import score_of
from partimento.piece import Piece

SETS = (
    *("kern-bach-370-chorales", "kern-mozart-sonatas", "ragtime-joplin", "openscore-lieder", "openscore-quartets"),
    *("nottingham", "openewld-leadsheets", "piano-midi-de", "game-freedoom", "classical-midi", "asap"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--formats", default=".musicxml,.krn,.abc,.mei")
    options = parser.parse_args()
    formats = options.formats.split(",")
    print(f"{'set':24} {'pieces':>6} {'notes':>8} {'on the page':>11}  " + "".join(f"{s + ' back':>15} {'s':>6}" for s in formats))
    problems: Counter[str] = Counter()
    for name in options.sets:
        pieces = list(_pieces(options.folder / name, options.pieces))
        if pieces:
            _report(name, pieces, formats, problems)
    print(f"files: {problems.pop('files')}; ill-formed: {problems.pop('ill-formed', 0)}; warnings: {dict(+problems) or 'none'}")


def _pieces(folder: Path, count: int) -> list[Piece]:
    """Every so many of the files that can be read, notated ones first where a set has both."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS and path.suffix != ".abc")
    scores = [path for path in files if path.suffix not in (".mid", ".midi")]
    files = scores or files
    found = []
    for path in files[:: max(1, len(files) // count)][:count]:
        try:
            piece, _ = parse(path.read_bytes(), path.suffix, source=path.name)
        except UnreadableFile:
            continue
        if len(piece):
            found.append(piece)
    return found


def _report(name: str, pieces: list[Piece], formats: list[str], problems: Counter[str]) -> None:
    notes = sum(map(len, pieces))
    exact = sum(not score_of(piece).shifts for piece in pieces)
    line = f"{name:24} {len(pieces):6} {notes:8} {exact / len(pieces):11.0%}  "
    for suffix in formats:
        back, seconds = 0, 0.0
        for piece in pieces:
            start = time.perf_counter()
            try:
                written = WRITERS[suffix](piece)
            except PartimentoError as error:
                problems[f"{suffix}: {type(error).__name__}"] += 1
                continue
            seconds += time.perf_counter() - start
            back += _came_back(piece, parse(written, suffix)[0])
            if suffix == ".musicxml":
                _judge(written, problems)
        line += f"{back / notes:15.2%} {seconds / len(pieces):6.2f}"
    print(line, flush=True)


def _came_back(piece: Piece, again: Piece) -> int:
    """How many notes of the piece are in the other, which may have finer ticks."""
    scale = piece.ticks_per_quarter / again.ticks_per_quarter
    onset = np.rint(again.notes["onset"] * scale).astype(int)
    end = np.rint((again.notes["onset"].astype(float) + again.notes["duration"]) * scale).astype(int)
    theirs = Counter(zip(onset.tolist(), end.tolist(), again.notes["pitch"].tolist(), again.notes["track"].tolist(), strict=True))
    notes = piece.notes
    ends = (notes["onset"].astype(int) + notes["duration"]).tolist()
    ours = Counter(zip(notes["onset"].tolist(), ends, notes["pitch"].tolist(), notes["track"].tolist(), strict=True))
    return (ours & theirs).total()


def _judge(written: bytes, problems: Counter[str]) -> None:
    """Whether the XML is well-formed, and what Verovio says of it."""
    import verovio

    problems["files"] += 1
    try:
        ElementTree.fromstring(written)
    except ElementTree.ParseError:
        problems["ill-formed"] += 1
    with tempfile.TemporaryFile() as log:  # Verovio warns on the process's own stderr
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            toolkit = verovio.toolkit()
            toolkit.setOptions({"inputFrom": "xml"})
            loaded = toolkit.loadData(written.decode())
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
        log.seek(0)
        lines = log.read().decode(errors="replace").splitlines()
    problems["not loaded by Verovio"] += not loaded
    problems.update(line.strip()[:100] for line in lines)


if __name__ == "__main__":
    main()
