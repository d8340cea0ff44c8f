"""Notes a second of processor time: each encoding, both ways, on the MIDI files of a folder or zip, in one process.

    python bench/encodings.py FOLDER_OR_ZIP [--files 200] [--keys notes leadsheet]

Files are parsed beforehand. Without `--keys`, and where `miditok` is installed, its REMI and TSD tokenise the same files in
the same run, from scores that symusic has read already. Each figure is the median of the repeats.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from roundtrip import midi_files, pieces_of

from partimento.encodings import make

REPEATS = 7
KEYS = [
    "notes",
    "notes:parts=yes",
    "notes:profile=score",
    "notes:profile=score,parts=yes",
    "notes:profile=piano",
    "notes:profile=performance",
    "voices",
    "leadsheet",
    "melody",
]
KEYS += ["melody:rests=yes", "melody:durations=written", "melody:rests=yes,durations=tied"]


def seconds_of(work: Callable[[Any], Any], items: Sequence[Any]) -> float:
    """The median processor time of doing `work` on each item."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        for item in items:
            work(item)
        times.append(time.process_time() - start)
    return statistics.median(times)


def miditok_rates(data: list[bytes], notes: int) -> dict[str, dict[str, int]]:
    """Notes a second of MidiTok's REMI and TSD; nothing where it is not installed."""
    if importlib.util.find_spec("miditok") is None:
        return {}
    import miditok
    from symusic.core import ScoreTick

    scores = [ScoreTick.from_midi(one) for one in data]
    rates = {}
    for name in ("REMI", "TSD"):
        tokenizer = getattr(miditok, name)(miditok.TokenizerConfig(use_programs=True, one_token_stream_for_programs=True))
        tokens = [tokenizer.encode(score) for score in scores]
        rates[f"miditok:{name}"] = {
            "encode_notes_per_second": round(notes / seconds_of(tokenizer.encode, scores)),
            "decode_notes_per_second": round(notes / seconds_of(tokenizer.decode, tokens)),
        }
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--keys", nargs="+")
    options = parser.parse_args()
    found = pieces_of(midi_files(options.source, options.files))
    pieces = [piece for _, piece in found]
    notes = sum(map(len, pieces))
    result: dict[str, Any] = {"pieces": len(pieces), "note_count": notes, "repeats": REPEATS}
    for key in options.keys or KEYS:
        encoding = make(key)
        events = [encoding.encode(piece) for piece in pieces]
        held = sum(encoding.notes_in(one) for one in events)
        result[key] = {
            "encode_notes_per_second": round(notes / seconds_of(encoding.encode, pieces)),
            "decode_notes_per_second": round(held / seconds_of(encoding.decode, events)),
            "events_per_note": round(sum(map(len, events)) / max(1, held), 3),
        }
    if not options.keys:
        result |= miditok_rates([data for data, _ in found], notes)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
