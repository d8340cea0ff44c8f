"""What a format declares of itself: its suffixes, how it is recognised, read and written, and what comes back of a piece.

Each format's folder holds one `FORMAT`. Its reader and writer are named, not imported, so that declaring costs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from partimento.formats.limits import Limits
from partimento.piece import Piece
from partimento.plugins import imported

# what a file can keep of a piece; `partimento.testing.check_format` holds every format to what it claims
KEEPS = {
    "notes": "notes on the page",
    "exact times": "exact times where the page rounds",
    "velocity": "velocity",
    "drums": "drums",
    "maps": "tempos, meters, keys",
    "chords": "chord symbols",
    "pedals": "pedals",
    "names": "names of tracks",
    "programs": "programs of tracks",
    "about": "title, composer, genre, licence, `made`",
}

Writer = Callable[[Piece], bytes]
Written = Callable[[bytes], Any]  # to a `notated.NotatedScore`


class Reader(Protocol):
    """Raises `UnreadableFile`; any other exception is taken for a damaged file. `repeats` is "written" or "played"."""

    def __call__(self, data: bytes, *, source: str, limits: Limits, repeats: str) -> tuple[Piece, Counter[str]]: ...


@dataclass(frozen=True)
class Format:
    """A format. `recognises` looks at bytes and is sure: content that one format recognises is never read as another.

    `written` gives the score as it is written, of a format that says more of notes than a piece holds. `writers` are by suffix,
    the usual one first. `keeps` says what of `KEEPS` comes back from a file, each with a remark or "".
    """

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    read: Reader
    written: Written | None = None
    writers: Mapping[str, Writer] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)


def deferred(reference: str) -> Callable[..., Any]:
    """The function that `module:name` names, imported when it is first called."""

    def call(*args: Any, **kwargs: Any) -> Any:
        return imported(reference)(*args, **kwargs)

    return call
