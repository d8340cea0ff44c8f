"""Chords found from the notes (`harmony.py`) beside those that were written, on every second file of three sets.

    python bench/chords.py FOLDER [--every 2]

FOLDER holds pop909.zip, nottingham.zip and openewld-leadsheets.zip. POP909 states chords beside its MIDI files; the chords of
Nottingham are the second track of its MIDI files, left in and left out of what is searched; OpenEWLD states them in its
MusicXML, which holds the melody alone. Shares are of the time in which a chord is written, in steps of a sixteenth.
"third" takes all chords of a root with one third and fifth (C, C6, C7, Cmaj7; Cm, Cm7) for the same. The
weights of the search were found on other files than these: those of even number, of which they are every 16th or so.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from partimento import formats
from partimento.chord_symbols import CHORD_NOTES, NO_CHORD, parse_chord
from partimento.errors import UnreadableFile
from partimento.harmony import find_chords
from partimento.piece import CHORD, QUALITIES, Array, Piece
from partimento.theory import find_key

POP909 = {"maj": "", "min": "m", "hdim7": "m7b5", "min7": "m7", "min6": "m6", "maj6": "6", "minmaj7": "mmaj7", "sus4(b7)": "7sus4"}
Pairs = Iterator[tuple[Piece, Array]]
Ints = npt.NDArray[np.int64]


def members(path: Path, part: str, every: int) -> Iterator[tuple[str, bytes, zipfile.ZipFile]]:
    """Every so many files of a zip whose path holds `part`, from the second on."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if part in name and name.lower().endswith((".mid", ".mxl")))
        for name in names[1::every]:
            yield name, archive.read(name), archive


def parsed(name: str, data: bytes) -> Piece | None:
    try:
        return formats.parse(data, Path(name).suffix.lower(), source=name)[0]
    except UnreadableFile:
        return None


def pop909(folder: Path, every: int) -> Pairs:
    for name, data, archive in members(folder / "pop909.zip", "/midi/", every):
        piece = parsed(name, data)
        if piece is None:
            continue
        lines = archive.read(name.replace("/midi/", "/chord_midi/").replace(".mid", ".txt")).decode().splitlines()
        seconds = piece.second_at(np.arange(piece.end_tick + 1))
        rows = []
        for start, _, symbol in (line.split("\t") for line in lines):
            root, _, quality = symbol.split("/")[0].partition(":")
            tick = int(np.searchsorted(seconds, float(start)))
            rows.append((tick, *parse_chord(root + POP909.get(quality, quality))))
        yield piece, np.array(rows, CHORD)


def nottingham(folder: Path, every: int, *, alone: bool = False) -> Pairs:
    for name, data, _ in members(folder / "nottingham.zip", "/midi/", every):
        piece = parsed(name, data)
        if piece is None or len(piece.tracks) < 2:
            continue
        chords = piece.notes[piece.notes["track"] == 1]
        rows = []
        for tick in np.unique(chords["onset"]).tolist():
            pitches = chords["pitch"][chords["onset"] == tick].astype(int)
            tones = tuple(sorted(set(((pitches - pitches.min()) % 12).tolist())))
            if tones in CHORD_NOTES:
                rows.append((tick, pitches.min() % 12, CHORD_NOTES.index(tones), pitches.min() % 12))
        searched = replace(piece, notes=piece.notes[piece.notes["track"] == 0]) if alone else piece
        yield searched, np.array(rows, CHORD)


def openewld(folder: Path, every: int) -> Pairs:
    for name, data, _ in members(folder / "openewld-leadsheets.zip", ".mxl", every):
        piece = parsed(name, data)
        if piece is not None and len(piece.chords):
            yield replace(piece, chords=piece.chords[:0]), piece.chords


def tonic(piece: Piece) -> Array:
    """The tonic triad of the key that is found, all the time."""
    fifths, minor = find_key(np.bincount(piece.notes["pitch"] % 12, piece.notes["duration"].astype(np.float64), 12))
    root = (7 * fifths + (9 if minor else 0)) % 12
    return np.array([(0, root, int(minor), root)], CHORD)


def at_steps(chords: Array, piece: Piece) -> tuple[Ints, Ints]:
    """Root and quality at each sixteenth; root -1 where no chord sounds."""
    steps = np.arange(0, piece.end_tick, max(1, piece.ticks_per_quarter // 4))
    rows = np.concatenate([np.array([(0, *NO_CHORD)], CHORD), chords])
    held = rows[np.searchsorted(rows["tick"], steps, side="right") - 1]
    return held["root"].astype(np.int64), held["quality"].astype(np.int64)


THIRD_AND_FIFTH = np.array([sum(1 << tone for tone in tones if tone in (3, 4, 6, 7, 8)) for tones in CHORD_NOTES])


def agreement(pairs: Pairs, way: Callable[[Piece], Array]) -> tuple[int, list[float]]:
    """Pieces, and percent of the time with a written chord that root, root and third, root and quality agree."""
    sums, count = np.zeros(4), 0
    for piece, written in pairs:
        root, quality = at_steps(written, piece)
        found_root, found_quality = at_steps(way(piece), piece)
        same = (root == found_root) & (root >= 0)
        third = same & (THIRD_AND_FIFTH[quality] == THIRD_AND_FIFTH[found_quality])
        sums += [(root >= 0).sum(), same.sum(), third.sum(), (same & (quality == found_quality)).sum()]
        count += 1
    return count, (100 * sums[1:] / max(1.0, sums[0])).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=2)
    options = parser.parse_args()
    assert len(QUALITIES) == len(CHORD_NOTES)
    sets: dict[str, Callable[[], Pairs]] = {
        "pop909, all notes": lambda: pop909(options.folder, options.every),
        "nottingham, tune and chords": lambda: nottingham(options.folder, options.every),
        "nottingham, the tune alone": lambda: nottingham(options.folder, options.every, alone=True),
        "openewld, the tune alone": lambda: openewld(options.folder, options.every),
    }
    titles = ["set", "pieces", "root %", "root and third %", "root and quality %", "root of the tonic %"]
    print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|")
    for name, pairs in sets.items():
        count, shares = agreement(pairs(), find_chords)
        _, simple = agreement(pairs(), tonic)
        print(f"| {name} | {count} | " + " | ".join(f"{share:.1f}" for share in [*shares, simple[0]]) + " |", flush=True)


if __name__ == "__main__":
    main()
