"""The corpus behind the weights that ship: seven sets of music that may be given away, each piece with its licence and source.

Songs and lead sheets that come as MusicXML and as MIDI are taken as MusicXML alone, which keeps chord symbols and keys. Writes OUT,
the corpus, and OUT/../house-sources.csv: a row for each piece with its set, composer, title, licence and split.

python bench/house_corpus.py DATA OUT    # DATA holds the zip archives of the sets
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import partimento
from partimento.corpus import Corpus
from partimento.corpus.encoded import SPLITS
from partimento.models.attribution import COLUMNS as TABLE
from partimento.models.attribution import SOURCES, stated

# set: genre where the files do not tell one, and the ending of the files that are taken
SETS = {
    "openscore-lieder": ("song", ".mxl"),
    "openscore-quartets": ("string quartet", ".mid"),
    "openewld-leadsheets": ("lead sheet", ".mxl"),
    "game-freedoom": ("game", ".mid"),
    "polish-scores": ("", ".krn"),
    "open-hymnal": ("hymn", ".abc"),
    "mutopia": ("classical", ".mid"),
}
COLUMNS = ("file", "composer", "genre", "title", "licence")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args()
    archives = {name: options.data / f"{name}.zip" for name in SETS}
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for name, archive in archives.items() for row in labels(name, archive)]
        table, only = Path(folder) / "labels.csv", Path(folder) / "only.txt"
        write(table, COLUMNS, rows)
        only.write_text("".join(f"{row['file']}\n" for row in rows), encoding="utf-8")
        corpus = partimento.build(*archives.values(), out=options.out, labels=table, only=only, workers=options.workers)
    print(corpus)
    write(options.out.parent / "house-sources.csv", TABLE, list(sources(corpus)))


def labels(name: str, archive: Path) -> Iterator[dict[str, str]]:
    """The labels of each file that is taken of a set, by its name in the archive."""
    licence, (genre, ending) = stated(SOURCES[name]), SETS[name]
    with zipfile.ZipFile(archive) as files:
        known = index(files)
        for file in sorted(files.namelist()):
            if file.endswith(ending):
                own = humdrum_genre(files.read(file)) if ending == ".krn" else genre
                yield {"composer": "", "title": ""} | known.get(file, {}) | {"file": file, "genre": own, "licence": licence}


def index(files: zipfile.ZipFile) -> dict[str, dict[str, str]]:
    """Composer, without years, and title of each file that a set's own `index.csv` lists."""
    names = [name for name in files.namelist() if name.endswith("/index.csv")]
    rows = csv.DictReader(io.StringIO(files.read(names[0]).decode("utf-8"))) if names else ()
    return {row["file"]: {"composer": re.sub(r" *\(.*", "", row["composer"]), "title": row["title"]} for row in rows}


def humdrum_genre(text: bytes) -> str:
    """The last word of the reference record AGN: "Secular; Polonaise" is a polonaise."""
    found = re.search(rb"^!!!AGN: *([^\r\n]+)", text, re.MULTILINE)
    return re.split("[;,:]", found[1].decode("utf-8", "replace"))[-1].strip().lower() if found else ""


def sources(corpus: Corpus) -> Iterator[dict[str, str]]:
    for row in corpus.rows:
        about = row.about
        yield {
            "set": row.name.split("/")[0],
            "file": row.name,
            "composer": about.composer,
            "title": about.title,
            "licence": about.licence,
            "split": SPLITS[row.split],
        }


def write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
