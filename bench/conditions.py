"""The conditions of real pieces: how far written keys can be believed, and how the classes of each condition are filled.

python bench/conditions.py ZIP... [--files 1000]
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from roundtrip import midi_files, pieces_of

from partimento.encodings.conditions import KEYS, Conditions
from partimento.piece import KEY, Piece
from partimento.theory import MAJOR_KEYS


def signature(key: str) -> int:
    """Sharps (flats below 0) of a key, modulo 12."""
    place = KEYS.index(key)
    return (place // 2 - 7) % 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, nargs="+")
    parser.add_argument("--files", type=int, default=1000)
    options = parser.parse_args()
    pieces = [piece for source in options.sources for _, piece in pieces_of(midi_files(source, options.files))]
    known = Conditions()
    written: Counter[str] = Counter()
    fits: Counter[str] = Counter()
    minor: Counter[str] = Counter()
    filled: dict[str, Counter[str]] = {field.name: Counter() for field in known.fields[2:]}
    for piece in pieces:
        described = known.describe(known.encode(piece))
        for name, counter in filled.items():
            counter[described.get(name, "absent")] += 1
        if len(piece.keys) and not piece.keys["minor"].any() and len(np.unique(piece.keys["fifths"])) == 1:
            name = MAJOR_KEYS[int(piece.keys["fifths"][0]) + 7]
            key = found_key(piece)
            written[name] += 1
            fits[name] += signature(key) == int(piece.keys["fifths"][0]) % 12
            minor[name] += signature(key) == int(piece.keys["fifths"][0]) % 12 and key.endswith("minor")
    print(f"{len(pieces)} pieces; of those with one signature, written as major:")
    for name, count in written.most_common(10):
        fit, of_minor = 100 * fits[name] / count, 100 * minor[name] / count
        print(f"  {name:3} {count:5}  notes fit its signature {fit:5.1f}%, and are minor {of_minor:5.1f}%")
    for name, counter in filled.items():
        print(f"{name}: " + ", ".join(f"{value} {100 * count / len(pieces):.1f}%" for value, count in counter.most_common(12)))


def found_key(piece: Piece) -> str:
    """The key that the notes tell."""
    known = Conditions()
    return known.describe(known.encode(replace(piece, keys=np.zeros(0, KEY)))).get("key", KEYS[0])


if __name__ == "__main__":
    main()
