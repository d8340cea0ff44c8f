"""Keys found against keys written: `theory.find_key` and the older profiles on Humdrum files that name their key.

    python bench/keys.py ZIP...        # zips with krn/NAME.krn and midi/NAME.mid

A hit names the tonic and the mode of the first key that the file states. "signature" counts the number of sharps or flats alone.
"""

from __future__ import annotations

import argparse
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from partimento import theory
from partimento.errors import UnreadableFile
from partimento.formats import parse

PROFILES = {
    "Krumhansl and Kessler 1982": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "Temperley 1999": (
        (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
    ),
    "Temperley 2007 (Kostka and Payne)": (
        (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
        (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
    ),
    "Albrecht and Shanahan 2013": (theory.MAJOR_PROFILE, theory.MINOR_PROFILE),
}
_TONIC = re.compile(r"^(?:.*\t)?\*([A-Ga-g])([#-]*):(?:\t|$)", re.MULTILINE)


def written(kern: str) -> tuple[int, bool] | None:
    """(tonic pitch class, minor) of the first key designation."""
    match = _TONIC.search(kern)
    if match is None:
        return None
    tonic = (0, 2, 4, 5, 7, 9, 11)["CDEFGAB".index(match[1].upper())]
    return (tonic + match[2].count("#") - match[2].count("-")) % 12, match[1].islower()


def cases(source: Path) -> Iterator[tuple[tuple[int, bool], np.ndarray]]:
    """The key written and the pitch-class durations [12] of each file that names its key."""
    with zipfile.ZipFile(source) as archive:
        midi = {Path(name).stem: name for name in archive.namelist() if name.endswith(".mid")}
        for name in sorted(archive.namelist()):
            key = written(archive.read(name).decode("utf-8", "replace")) if name.endswith(".krn") else None
            if key and (twin := midi.get(Path(name).stem)):
                try:
                    notes = parse(archive.read(twin), ".mid", source=twin)[0].notes
                except UnreadableFile:
                    continue
                yield key, np.bincount(notes["pitch"] % 12, notes["duration"], 12)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, nargs="+")
    sources = {path.stem: list(cases(path)) for path in parser.parse_args().sources}
    sources["all"] = [case for rows in sources.values() for case in rows]
    print("| profile | " + " | ".join(f"{name} ({len(rows)})" for name, rows in sources.items()) + " | signature |")
    print("|---" * (len(sources) + 2) + "|")
    for title, (theory.MAJOR_PROFILE, theory.MINOR_PROFILE) in PROFILES.items():
        theory._key_profiles.cache_clear()
        shares, signature = [], 0
        for name, rows in sources.items():
            hits = 0
            for (tonic, minor), weights in rows:
                fifths, found_minor = theory.find_key(weights)
                found_tonic = (7 * fifths + (9 if found_minor else 0)) % 12
                hits += (found_tonic, found_minor) == (tonic, minor)
                signature += name == "all" and (fifths - 7 * (tonic + 3 * minor)) % 12 == 0
            shares.append(f"{100 * hits / max(1, len(rows)):.1f}")
        print(f"| {title} | " + " | ".join(shares) + f" | {100 * signature / max(1, len(sources['all'])):.1f} |")


if __name__ == "__main__":
    main()
