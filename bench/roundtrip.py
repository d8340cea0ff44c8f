"""What comes back from each encoding: `decode(encode(piece))` beside the piece, on the MIDI files of folders or zips.

    python bench/roundtrip.py ZIP... [--files 100] [--keys notes leadsheet]

A note has come back when the other piece has one of its pitch (and instrument, where the encoding keeps that) within a
quarter of a quarter; each is taken once, in the order of time. Shares are of all notes of the files, drums too. "Exactly"
means the same number of quarters, or in `performance` the same 10 ms. Errors are means over the notes that came back, in
thousandths of a quarter, in `performance` in milliseconds. `melody` gives up onsets, so only its notes are counted.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento import formats
from partimento.encodings import Encoding, make
from partimento.errors import UnreadableFile
from partimento.piece import Piece

PERFORMANCE = "notes:profile=performance"
KEYS = ["notes:profile=score", "notes", "notes:profile=piano", PERFORMANCE, "voices", "leadsheet", "melody"]
NEAR = 0.25
COLUMNS = ("pitch", "onset", "duration", "velocity", "instrument")
Floats = npt.NDArray[np.float64]


def midi_files(source: Path, most: int) -> list[tuple[str, bytes]]:
    """Up to `most` MIDI files, evenly over the sorted list of all, as (name, bytes)."""
    suffixes = (".mid", ".midi")
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in suffixes)
        return [(path.name, path.read_bytes()) for path in spread(paths, most)]
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(suffixes))
        return [(name, archive.read(name)) for name in spread(names, most)]


def spread(items: Sequence[Any], most: int) -> list[Any]:
    """Up to `most` of the items, evenly over all of them."""
    return [items[at * len(items) // most] for at in range(most)] if len(items) > most else list(items)


def pieces_of(files: list[tuple[str, bytes]]) -> list[tuple[bytes, Piece]]:
    """The files that can be read, with their pieces."""
    pieces = []
    for name, data in files:
        try:
            pieces.append((data, formats.parse(data, ".mid", source=name)[0]))
        except UnreadableFile:
            continue
    return pieces


@dataclass(frozen=True)
class Sounding:
    """Notes in quarters or seconds: float [N] onsets and durations, int [N] the rest; drums are instrument 128."""

    onset: Floats
    duration: Floats
    pitch: npt.NDArray[np.int64]
    velocity: npt.NDArray[np.int64]
    instrument: npt.NDArray[np.int64]

    @classmethod
    def of(cls, piece: Piece, in_seconds: bool) -> Sounding:
        notes = piece.notes
        start, end = notes["onset"].astype(np.float64), notes["onset"].astype(np.float64) + notes["duration"]
        if in_seconds:
            start, end = piece.second_at(start), piece.second_at(end)
        else:
            start, end = start / piece.ticks_per_quarter, end / piece.ticks_per_quarter
        instruments = np.array([128 if track.is_drum else track.program for track in piece.tracks] or [0], np.int64)
        pitch, velocity = notes["pitch"].astype(np.int64), notes["velocity"].astype(np.int64)
        return cls(start, end - start, pitch, velocity, instruments[notes["track"]])


def pairs(one: Sounding, other: Sounding, by_instrument: bool) -> npt.NDArray[np.int64]:
    """Rows [M, 2] of notes of one that come back in the other."""
    found = []
    groups = []
    for sounding in (one, other):
        group = sounding.pitch + 128 * (sounding.instrument if by_instrument else 0)
        order = np.lexsort([sounding.velocity, sounding.duration, np.floor(sounding.onset * 48 + 0.5), group])
        groups.append((order.tolist(), group[order].tolist(), sounding.onset[order].tolist()))
    (rows, group, onset), (other_rows, other_group, other_onset) = groups
    at = other_at = 0
    while at < len(rows) and other_at < len(other_rows):
        here, there = (group[at], onset[at]), (other_group[other_at], other_onset[other_at])
        if here[0] == there[0] and abs(here[1] - there[1]) <= NEAR:
            found.append((rows[at], other_rows[other_at]))
            at, other_at = at + 1, other_at + 1
        elif here < there:
            at += 1
        else:
            other_at += 1
    return np.array(found, np.int64).reshape(-1, 2)


def compared(encoding: Encoding, piece: Piece) -> npt.NDArray[np.float64]:
    """Sums over a piece: notes, events, notes back; those of `COLUMNS` that are exact; onset and duration error; notes on
    the grid (onset alone, onset and end), and how many of them are exact."""
    in_seconds = encoding.key == PERFORMANCE
    events = encoding.encode(piece)
    one, other = Sounding.of(piece, in_seconds), Sounding.of(encoding.decode(events), in_seconds)
    paired = pairs(one, other, encoding.name == "miditok" or "instrument" in [field.name for field in encoding.fields])
    here, there = paired.T
    unit = 0.005 if in_seconds else 1e-9  # a tick of 10 ms is the same from half of it away
    late, longer = np.abs(one.onset[here] - other.onset[there]), np.abs(one.duration[here] - other.duration[there])
    exact = [late <= unit * 1.0001, longer <= 2 * unit * 1.0001]
    exact += [getattr(one, name)[here] == getattr(other, name)[there] for name in ("velocity", "instrument")]
    grid = 48 / piece.ticks_per_quarter
    lines, ends = piece.notes["onset"] * grid, (piece.notes["onset"].astype(np.int64) + piece.notes["duration"]) * grid
    starts_on = np.abs(lines - np.round(lines)) < 1e-6
    both_on = starts_on & (np.abs(ends - np.round(ends)) < 1e-6)
    on = [starts_on.sum(), both_on.sum(), (exact[0] & starts_on[here]).sum(), (exact[0] & exact[1] & both_on[here]).sum()]
    sums = [len(piece), len(events), encoding.notes_in(events), len(paired), *(one.sum() for one in exact)]
    return np.array([*sums, 1000 * late.sum(), 1000 * longer.sum(), *on], np.float64)


def table(source: Path, pieces: Sequence[Piece], keys: Sequence[str]) -> list[str]:
    lines = []
    for key in keys:
        encoding = make(key)
        sums: Any = np.sum([compared(encoding, piece) for piece in pieces], axis=0)
        notes, events, held, back, onset, duration, velocity, instrument, late, longer, starts, both, starts_back, both_back = sums
        cells = [source.stem if key == keys[0] else "", key, f"{events / max(1, held):.3f}", percent(held, notes)]
        if encoding.name == "melody":
            cells += ["-"] * 8
        else:
            cells += [percent(one, notes) for one in (back, onset, duration, velocity, instrument)]
            cells += [f"{late / max(1, back):.1f}", f"{longer / max(1, back):.1f}"]
            cells += [
                f"{percent(starts_back, starts)}, {percent(both_back, both)}"
                if encoding.name == "notes" and key != PERFORMANCE
                else "-"
            ]
        lines.append("| " + " | ".join(cells) + " |")
        if key == keys[0]:
            head = f"{len(pieces)} files, {int(notes):,} notes; "
            head += f"onset on the grid {percent(starts, notes)}, end too {percent(both, notes)}"
    return [f"| **{source.stem}** | {head} |" + " |" * 9, *lines]


def percent(part: float, whole: float) -> str:
    """A share in percent, rounded down, so that 100 means all."""
    return f"{np.floor(part / max(1.0, whole) * 1e4) / 100:.2f}" if part < whole else "100"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--keys", nargs="+", default=KEYS)
    options = parser.parse_args()
    titles = ["set", "encoding", "events a note", "notes kept %", *(f"{name} %" for name in COLUMNS)]
    titles += ["onset error", "duration error", "of notes on the grid: onset, onset and end %"]
    print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|")
    for source in options.sources:
        pieces = [piece for _, piece in pieces_of(midi_files(source, options.files))]
        print("\n".join(table(source, pieces, options.keys)), flush=True)


if __name__ == "__main__":
    main()
