"""The formats that are known, by name and by suffix; all that reads, writes, lists or describes scores asks here."""

from __future__ import annotations

from importlib import import_module

from partimento.errors import InvalidOption
from partimento.formats.format import KEEPS, Format, Writer

MODULES: list[str] = []  # each declares a `FORMAT`; workers are told, since they are processes of their own
FORMATS: dict[str, Format] = {}  # by name
READERS: dict[str, Format] = {}  # by suffix
WRITERS: dict[str, Writer] = {}


def register(module: str) -> None:
    """Adds the `FORMAT` of a module to those that are read and written. Raises `InvalidOption` where a suffix is taken."""
    if module in MODULES:
        return
    one: Format = import_module(module).FORMAT
    for suffix in {*one.suffixes, *one.writers}:
        if suffix in READERS or suffix in WRITERS or suffix != suffix.lower() or not suffix.startswith("."):
            raise InvalidOption(f"{module}: the suffix {suffix!r} is taken or is not like '.abc'; choose another one")
    if unknown := set(one.keeps) - set(KEEPS):
        raise InvalidOption(f"{module}: keeps {sorted(unknown)}; known: {', '.join(KEEPS)}")
    MODULES.append(module)
    FORMATS[one.name] = one
    READERS.update(dict.fromkeys(one.suffixes, one))
    WRITERS.update(one.writers)


for _name in ("midi", "musicxml", "mei", "humdrum", "abc"):
    register(f"partimento.formats.{_name}")


def format_of(data: bytes, suffix: str) -> Format | None:
    """The format that recognises the bytes, else the one of the suffix: content counts more."""
    by_suffix = READERS.get(suffix.lower())
    candidates = [by_suffix] if by_suffix else []
    candidates += [one for one in FORMATS.values() if one is not by_suffix]
    return next((one for one in candidates if one.recognises(data)), by_suffix)


def table_of_formats() -> str:
    """What each format keeps of a piece that is written and read again, as a table in Markdown."""
    rows = [["", *KEEPS.values()], ["---"] * (len(KEEPS) + 1)]
    for one in FORMATS.values():
        suffixes = ", ".join(f"`{suffix}`" for suffix in one.writers) or "read only"
        cells = [": ".join(part for part in ("yes", one.keeps[word]) if part) if word in one.keeps else "no" for word in KEEPS]
        rows.append([f"{one.name} ({suffixes})", *cells])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
