"""The music that models of the package may have learnt from: its licences, whom to name for it, and the table of every piece."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from pathlib import Path

from partimento.errors import CheckpointError, InvalidOption
from partimento.models.tensorfile import load
from partimento.models.whereabouts import FILE_NAME

NOTICE_FILE = Path(__file__).parent.parent / "NOTICE"
SOURCES_FILE = "sources.csv.gz"  # beside a model: set, file, composer, title, licence and split of each piece
COLUMNS = ("set", "file", "composer", "title", "licence", "split")


@dataclass(frozen=True)
class Source:
    """A set of music that may be given away: what it is, under which licence, and whom to name."""

    name: str
    what: str
    licence: str
    holder: str = ""


SOURCES = {
    one.name: one
    for one in (
        Source("polish-scores", "scores from archives in Poland", "CC BY 4.0", "Narodowy Instytut Fryderyka Chopina"),
        Source("openscore-lieder", "OpenScore Lieder Corpus", "CC0"),
        Source("openscore-quartets", "OpenScore String Quartet Corpus", "CC0"),
        Source("openewld-leadsheets", "OpenEWLD, lead sheets", "MIT, public-domain scores"),
        Source("game-freedoom", "music of the game Freedoom", "BSD-3-Clause", "the contributors to the Freedoom project"),
        Source("open-hymnal", "The Open Hymnal Project", "public domain"),
        Source("mutopia", "pieces of the Mutopia Project in the public domain", "public domain"),
    )
}


def stated(source: Source) -> str:
    """The licence as the pieces of a set state it, with the name that it asks for."""
    return f"{source.licence}, {source.holder}" if source.licence.startswith("CC BY") else source.licence


LICENCES = frozenset(map(stated, SOURCES.values()))


def sources_of(folder: Path) -> str:
    """The table of a model's pieces as CSV (`COLUMNS`). Raises `CheckpointError` where it is not beside the model."""
    path = folder / SOURCES_FILE
    try:
        return gzip.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, EOFError, ValueError) as error:
        raise CheckpointError(f"{path}: the table of pieces cannot be read ({error}); install a release, which has it") from None


def check_shipped(folder: Path, fingerprint: str) -> None:
    """Whether the model in a folder may come with the package: it has learnt from the corpus of that fingerprint alone, under no
    licence but those of `SOURCES`, and every piece stands in the table beside it.

    Raises `InvalidOption` where it may not, `CheckpointError` where a file is not there or damaged.
    """
    metadata = load(folder / FILE_NAME)[1]
    corpora = {str(one.get("fingerprint")) for one in (metadata, *([metadata["from"]] if "from" in metadata else []))}
    problems = [f"it has learnt from the corpus {other}, not from {fingerprint} alone" for other in sorted(corpora - {fingerprint})]
    problems += [f"it has learnt from music under {other!r}" for other in sorted(set(metadata.get("licences") or ["?"]) - LICENCES)]
    rows = list(csv.DictReader(io.StringIO(sources_of(folder))))
    unknown = {row["set"] for row in rows} - set(SOURCES)
    problems += [f"its table names the set {other!r}" for other in sorted(unknown)]
    problems += [
        f"{row['file']} is under {row['licence']!r} in its table, and its set is under {stated(SOURCES[row['set']])!r}"
        for row in rows
        if row["set"] in SOURCES and row["licence"] != stated(SOURCES[row["set"]])
    ]
    learnt = sum(row["split"] == "train" for row in rows)
    if learnt != metadata.get("pieces"):
        problems.append(f"its table names {learnt:,} pieces to learn from, and it says {metadata.get('pieces')}")
    if problems:
        more = f"; and {len(problems) - 1} more of the kind" * (len(problems) > 1)
        raise InvalidOption(f"{folder}: this model may not come with the package: {problems[0]}{more}")
