"""`partimento about`: version and licence, the music that shipped models have learnt from, and the packages that are used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from partimento.cli.screen import Flag, Screen, check_parents, short
from partimento.version import VERSION

LICENCE = "MIT"
LICENCE_WORDS = ("License-Expression", "Classifier", "License")  # of a package's metadata, the clearest first
LONGEST = 90  # some packages give the whole text of their licence


def about(*, sources: Annotated[Path | None, Parameter(show_default=False)] = None, json: Flag = False) -> None:
    """Says under which licences all this is: the package, the music that its models have learnt from, and the packages it uses.

    Examples:
      partimento about
      partimento about --sources sources.csv

    With --json: version, licence, notice (the text), data (of each set name, what,
    licence, holder), packages (name to licence, of those that are installed),
    sources (the file written, or null).

    Parameters
    ----------
    sources
        A table (.csv) to write: every piece that the house model has learnt from, or was measured on, with its composer,
        title, set, licence and split.
    json
        Print one JSON object for scripts.
    """
    from partimento.files import write_atomic
    from partimento.models.attribution import NOTICE_FILE, SOURCES, sources_of
    from partimento.models.shipped import model_file

    screen = Screen(json)
    if sources is not None:
        check_parents("--sources", sources)
        write_atomic(sources, sources_of(model_file().parent).encode())
    notice = NOTICE_FILE.read_text(encoding="utf-8")
    used = dict(packages())
    screen.say(f"Partimento {VERSION}, {LICENCE} licence\n")
    screen.say(notice.partition("\n\n")[2])
    screen.say("Packages that are used:")
    for name, licence in used.items():
        screen.say(f"  {name}: {licence}")
    if sources is not None:
        screen.say(f"\nEvery piece: {short(sources)}")
    told: dict[str, Any] = {"version": VERSION, "licence": LICENCE, "notice": notice}
    told |= {"data": [vars(one) for one in SOURCES.values()], "packages": used}
    screen.result(told | {"sources": None if sources is None else str(sources)})


def packages() -> Iterator[tuple[str, str]]:
    """The packages that this one asks for, extras too, where they are installed, each with its licence as it states it."""
    try:
        needed = metadata.requires("partimento") or []
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        needed = []
    names = sorted(
        {re.split(r"[^\w.-]", one)[0].lower() for one in needed if "extra == 'dev'" not in one.replace('"', "'")} - {"partimento"}
    )
    for name in names:
        try:
            told = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        yield name, _licence(told)


def _licence(told: metadata.PackageMetadata) -> str:
    for word in LICENCE_WORDS:
        for text in told.get_all(word) or ():
            if word == "Classifier" and not text.startswith("License ::"):
                continue
            line: str = text.rpartition(" :: ")[2].strip().partition("\n")[0]
            if line and line != "UNKNOWN":
                return line[:LONGEST]
    return "not stated"
