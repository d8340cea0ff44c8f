"""Where the tunes of an ABC file begin and end, in bytes."""

from __future__ import annotations

import re

_TUNE = re.compile(rb"^[ \t]*X:[ \t]*(\d*)", re.MULTILINE)
_HEADER_LINE = re.compile(rb"^[A-Za-z]:|^%%", re.MULTILINE)


def split_tunebook(data: bytes) -> list[tuple[int, int]]:
    """The byte range of each tune, from its `X:` to the next, without blank lines at the end; the whole text when it has none."""
    text = data.replace(b"\r\n", b" \n").replace(b"\r", b"\n")  # same length, so that places stay true
    starts = [match.start() for match in _TUNE.finditer(text)]
    if not starts:
        return [(0, len(data))]
    return [(start, start + len(data[start:stop].rstrip())) for start, stop in zip(starts, [*starts[1:], len(data)], strict=True)]


def tune_number(tune: bytes) -> str:
    """The reference number after `X:`, leading zeros kept; "?" where there is none."""
    match = _TUNE.search(tune)
    return match[1].decode() or "?" if match else "?"


def file_header(data: bytes) -> bytes:
    """The fields before the first tune, which hold for every tune; empty when there are none."""
    first = split_tunebook(data)[0][0]
    lines = [line for line in data[:first].splitlines() if _HEADER_LINE.match(line)]
    return b"".join(line + b"\n" for line in lines)
