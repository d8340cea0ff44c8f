"""The health report of a build: what was taken, rescued, refused and why, and what music it is. Data and HTML, no printing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from partimento.corpus.encoded import SPLITS
from partimento.piece import Piece
from partimento.prevailing import key_in_force, meter_in_force
from partimento.theory import key_name
from partimento.version import VERSION

if TYPE_CHECKING:
    from partimento.corpus.parquet import Row  # it brings what reads tables

SIMPLIFIED = frozenset(  # what readers of whole scores leave out of a sound file
    (
        *("grace notes left out", "cue notes left out", "chord symbols left out", "macros left out"),
        *("signs for a repeated bar left out", "moved to the grid"),
    )
)


def make_report(
    *,
    files: int,
    scores: int,
    rows: Sequence[Row],
    pieces: Sequence[Piece],
    refused: dict[str, list[str]],
    ignored: Sequence[str],
    duplicates: dict[str, list[str]],
    other_forms: int,
    fingerprint: str,
) -> dict[str, Any]:
    """Every score is in it once: taken, a duplicate (with the piece it repeats), refused (with the reason) or ignored.

    A piece is rescued when its file was damaged, simplified when it says more than a piece holds.
    """
    works = Counter(row.work for row in rows)
    splits = {name: [row for row in rows if SPLITS[row.split] == name] for name in SPLITS}
    meters: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    for piece in pieces:
        meter, key = meter_in_force(piece), key_in_force(piece)
        meters[f"{meter[0]}/{meter[1]}" if meter is not None else "not stated"] += 1
        keys[key_name(*key) if key is not None else "not stated"] += 1
    mended = {row.name: {kind: n for kind, n in row.repairs.items() if kind not in SIMPLIFIED} for row in rows}
    rescued = {name: kinds for name, kinds in mended.items() if kinds}
    simplified = Counter(kind for row in rows for kind in row.repairs if kind in SIMPLIFIED)
    return {
        "version": VERSION,
        "fingerprint": fingerprint,
        "files": files,
        "scores": scores,
        "taken": len(rows),
        "rescued": rescued,
        "repairs": dict(sum((Counter(kinds.keys()) for kinds in rescued.values()), Counter())),
        "simplified": _ordered(simplified),
        "refused": refused,
        "ignored": list(ignored),
        "duplicates": duplicates,
        "other_forms": other_forms,
        "works": len(works),
        "works_of_several_pieces": sum(count > 1 for count in works.values()),
        "notes": sum(row.notes for row in rows),
        "hours": round(sum(row.seconds for row in rows) / 3600, 2),
        "splits": {
            name: {"pieces": len(some), "works": len({row.work for row in some}), "notes": sum(row.notes for row in some)}
            for name, some in splits.items()
        },
        "composers": _counts(row.about.composer for row in rows),
        "genres": _counts(row.about.genre for row in rows),
        "licences": _counts(row.about.licence for row in rows),
        "meters": _ordered(meters),
        "keys": _ordered(keys),
        "tracks": _ordered(Counter(str(len(piece.tracks)) for piece in pieces)),
        "notes_per_piece": dict(
            zip(("least", "median", "most"), map(int, np.quantile([row.notes for row in rows], (0, 0.5, 1))), strict=True)
        ),
    }


def to_json(report: dict[str, Any]) -> bytes:
    """The report as JSON bytes, the same for equal reports."""
    return json.dumps(report, indent=1, ensure_ascii=False).encode() + b"\n"


def to_html(report: dict[str, Any]) -> bytes:
    """The report as one self-contained page."""
    from importlib.resources import files

    from jinja2 import Environment

    source = files("partimento.corpus").joinpath("report.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source).render(report=report).encode()


def _counts(labels: Any) -> dict[str, int]:
    return _ordered(Counter(label or "not stated" for label in labels))


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
