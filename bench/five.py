"""The five genres behind the figures of `docs/composing-figures.md`, each in a folder of its own, from their zip files.

python bench/five.py DATA OUT
partimento build OUT/folk OUT/ragtime OUT/chorale OUT/sonata OUT/song --out five --label '{genre}/*'
"""

from __future__ import annotations

import argparse
import random
import zipfile
from pathlib import Path

SETS = {
    "folk": ("nottingham",),
    "ragtime": ("ragtime-joplin",),
    "chorale": ("kern-bach-370-chorales",),
    "sonata": ("kern-mozart-sonatas", "kern-scarlatti-sonatas"),
    "song": ("openscore-lieder",),
}
SONGS = 300  # drawn, so that no genre outweighs the others


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    for genre, names in SETS.items():
        folder = options.out / genre
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            with zipfile.ZipFile(options.data / f"{name}.zip") as archive:
                files = sorted(one for one in archive.namelist() if one.startswith(f"{name}/midi/") and one.endswith(".mid"))
                if genre == "song":
                    files = random.Random(0).sample(files, SONGS)
                for file in files:
                    (folder / f"{name}-{Path(file).name}").write_bytes(archive.read(file))
        print(f"{genre}: {len(list(folder.iterdir()))} files in {folder}")


if __name__ == "__main__":
    main()
