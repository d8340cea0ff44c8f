"""Sound of real pieces: is it as long as the piece, unclipped, and honours the pedal; and how fast is it made.

    python bench/audio.py FOLDER-OR-ZIP... [--files 2]

Of each source so many MIDI files, evenly over all. `error` is how far the file's duration is from the piece's (with its pedal)
and the two seconds after it; `onset` how far the first sound is from the first note: both in ms. `peak` is in dB of full scale,
`over` counts samples at full scale. `pedal` is, of the pieces that have one, how much louder (dB) the moments are in which only
the pedal holds a note, than in the same piece without its pedals. `times` is seconds of sound for each second of processor time,
cold (the first piece that a process plays) and warm.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from roundtrip import midi_files, pieces_of

from partimento.pedal import pedalled
from partimento.piece import PEDAL, Piece
from partimento.render.audio import RATE, TAIL_SECONDS, blocks, write_audio

HEAD = ("piece", "notes", "seconds", "error", "onset", "peak", "over", "pedal", "cold", "warm")


def pedal_gain_db(piece: Piece) -> float | None:
    """How much louder the half seconds are that only the pedal fills; None where there are none."""
    sounding = pedalled(piece)
    key = piece.second_at(piece.notes["onset"].astype(np.int64) + piece.notes["duration"])
    end = sounding.second_at(sounding.notes["onset"].astype(np.int64) + sounding.notes["duration"])
    size = int(end.max() * 100) + 1
    by_key, by_pedal = np.zeros(size + 1), np.zeros(size + 1)
    start = (piece.second_at(piece.notes["onset"]) * 100).astype(int)
    for counts, stop in ((by_key, key + 0.3), (by_pedal, end)):  # a key let go rings for a moment
        np.add.at(counts, start, 1)
        np.add.at(counts, np.minimum(np.ceil(stop * 100).astype(int), size), -1)
    only_pedal = (np.cumsum(by_key) <= 0) & (np.cumsum(by_pedal) > 0)
    if only_pedal.sum() < 50:
        return None
    levels = []
    for one in (piece, replace(piece, pedals=np.zeros(0, PEDAL))):
        sound = np.concatenate(list(blocks(one)))
        hundredth = (sound[: len(sound) // 441 * 441] ** 2).reshape(-1, 882).mean(axis=1)
        chosen = np.flatnonzero(only_pedal)
        levels.append(10 * np.log10(hundredth[chosen[chosen < len(hundredth)]].mean() + 1e-12))
    return float(levels[0] - levels[1])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("sources", nargs="+", type=Path)
    arguments.add_argument("--files", type=int, default=2)
    given = arguments.parse_args()
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" + "---:|" * (len(HEAD) - 1))
    with tempfile.TemporaryDirectory() as folder:
        for source in given.sources:
            for _, piece in pieces_of(midi_files(source, given.files)):
                path = Path(folder) / "piece.flac"
                seconds = []
                for _ in range(2):
                    start = time.process_time()
                    write_audio(piece, path)
                    seconds.append(time.process_time() - start)
                sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
                length = len(sound) / rate
                wanted = pedalled(piece).seconds + TAIL_SECONDS
                level = np.abs(sound).max(axis=1)
                first = float(piece.second_at(piece.notes["onset"].min(keepdims=True))[0])
                heard = int(np.argmax(level > 1e-3 * level.max())) / RATE
                gain = pedal_gain_db(piece) if len(piece.pedals) else None
                row = (
                    f"{source.stem}: {Path(piece.about.source).stem}",
                    f"{len(piece):,}",
                    f"{piece.seconds:.1f}",
                    f"{1000 * (length - wanted):.3f}",
                    f"{1000 * (heard - first):.1f}",
                    f"{20 * np.log10(level.max()):.2f}",
                    f"{int((level >= 32767 / 32768).sum())}",
                    "-" if gain is None else f"+{gain:.1f}",
                    *(f"{length / one:.0f}" for one in seconds),
                )
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
