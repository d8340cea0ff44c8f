"""A corpus of sources, as people ask for it: labels, shares and limits in words. How it is built is `build.py`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from partimento.corpus.build import Options
from partimento.corpus.build import build as build_corpus
from partimento.corpus.labels import Labels
from partimento.corpus.store import Corpus
from partimento.errors import InvalidOption
from partimento.files import named_path
from partimento.formats.limits import Limits
from partimento.progress import OnProgress, silent
from partimento.system import processors

Path_ = str | os.PathLike[str]
LONGEST_SECONDS = 86400.0


def build(
    *sources: Path_,
    out: Path_,
    label: str | Sequence[str] = (),
    labels: Path_ | None = None,
    only: Path_ | None = None,
    shares: str = "80/10/10",
    repeats: str = "written",
    workers: int = 0,
    seconds_per_file: float = 20.0,
    memory_mb: float = 1024,
    max_hours: float = 3.0,
    max_notes: int = 1_000_000,
    on_progress: OnProgress = silent,
) -> Corpus:
    """Reads scores and makes a corpus of them in the folder `out`: checked, labelled, freed of duplicates, split by work.

    ```python
    corpus = partimento.build("my-midi-folder", out="corpus", label="genre=folk")
    print(corpus)
    ```

    It does what `partimento build` does. The same sources and options give the same corpus; an interrupted build goes on where it
    was. `sources` are files, folders, zip archives, or "music21:bach" and its like.

    `label`: one for every piece ("genre=folk"), or a path that holds labels ("{genre}/{composer}/*"); `labels`: a CSV table of
    them. `only`: a text file of names, one a line: nothing else is taken. `shares` of the works go to train, valid and test.
    `repeats`: the bars of notated scores as "written", or as "played". `workers`: processes that read; 0 takes one for each core.
    The rest are limits: what takes more is refused, and named in the corpus's report.

    Raises `CorpusError` when too little music is found, `InvalidOption`, `UnknownName`, `WriteFailed`.
    """
    if not sources:
        raise InvalidOption("there is nothing to build of; name at least one file, folder or archive")
    limits = {"seconds_per_file": seconds_per_file, "memory_mb": memory_mb, "max_hours": max_hours, "max_notes": max_notes}
    for name, value in limits.items():
        if not value > 0:  # nor not a number
            raise InvalidOption(f"{value} is not more than 0", option=name)
    if workers < 0:
        raise InvalidOption(f"{workers} is below 0, which takes one for each core", option="workers")
    names = [os.fspath(source) for source in sources]
    options = Options(
        workers=workers or processors(),
        seconds_per_file=min(seconds_per_file, LONGEST_SECONDS),
        memory_bytes=int(memory_mb) << 20,
        limits=Limits(max_notes=int(max_notes), max_seconds=3600 * max_hours),
        repeats=repeats,
        labels=Labels.of(
            [label] if isinstance(label, str) else label,
            None if labels is None else Path(labels),
            [name.partition(":")[2] for name in names if name.startswith("music21:")],
        ),
        shares=parse_shares(shares),
        only=None if only is None else _names(Path(only)),
    )
    return build_corpus(names, named_path(out), options, on_progress)


def parse_shares(text: str) -> tuple[float, float, float]:
    """The shares of the splits from words such as "80/10/10". Raises `InvalidOption`."""
    try:
        train, valid, test = (float(share) for share in text.split("/"))
        if min(train, valid, test) > 0 and train + valid + test < float("inf"):
            return train, valid, test
    except ValueError:
        pass
    raise InvalidOption(f"{text!r}: three numbers above 0 are needed, such as 80/10/10", option="shares")


def _names(path: Path) -> frozenset[str]:
    try:
        return frozenset(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    except OSError as error:
        why = error.strerror or str(error)
    except UnicodeDecodeError:
        why = "it is no UTF-8 text"
    raise InvalidOption(f"{path} cannot be read as a list of names ({why})", option="only")
