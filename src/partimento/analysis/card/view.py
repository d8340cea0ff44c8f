"""A card as text and as one self-contained page. It computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from partimento.analysis.card.rows import COPYING, ROWS, Row
from partimento.bootstrap import Interval

NOTES = (
    "A mean over pieces ± half of its 95% bootstrap interval. Floor: what two sets of human pieces of these sizes differ by in 95 "
    "of 100 draws. Marked: a mean that is further from the human one than that.",
    "Human pieces are those of the corpus that are not in its train split. Runs are verbatim, in any transposition, of the train "
    "split: of the whole texture, or of any track.",
    "Entropy, scale and groove as Wu and Yang 2020 and MusPy (Dong et al. 2020); repeated runs and bars and the ending are ours.",
)


def text_table(rows: Sequence[Row]) -> str:
    """The rows in columns, a star at what is outside, without a trailing newline."""
    others = list(rows[0].others) if rows else []
    lines = [["", "files", "human", "floor", *others]]
    for row in rows:
        beside = [_cell(row.name, interval, inside) for interval, inside in row.others.values()]
        own, figure = _cell(row.name, row.files, row.inside), ROWS[row.name]
        lines.append([figure.title, own, _cell(row.name, row.human), figure.text(row.floor), *beside])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not at else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def to_html(rows: Sequence[Row], title: str, summary: str) -> bytes:
    """The card as one page that loads nothing."""
    from importlib.resources import files

    from jinja2 import Environment

    tables = [
        ("What it is like", [_shown(row) for row in rows if row.name not in COPYING]),
        ("What is copied", [_shown(row) for row in rows if row.name in COPYING]),
    ]
    content = {"title": title, "summary": summary, "tables": tables, "notes": NOTES, "others": list(rows[0].others) if rows else []}
    source = files("partimento.analysis.card").joinpath("card.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(source).render(card=content).encode()


def _cell(name: str, interval: Interval, inside: bool = True) -> str:
    half = (interval.high - interval.low) / 2
    return f"{ROWS[name].text(interval.mean)} ± {ROWS[name].text(half)}" + ("" if inside else " *")


def _shown(row: Row) -> dict[str, Any]:
    intervals = [("files", row.files), ("human", row.human), *(("others", interval) for interval, _ in row.others.values())]
    known = [(colour, interval) for colour, interval in intervals if interval.mean == interval.mean]
    low = min((interval.low for _, interval in known), default=0.0)
    span = max((interval.high for _, interval in known), default=0.0) - low or 1.0
    bars = [
        {
            "colour": colour,
            "left": round(100 * (interval.low - low) / span, 2),
            "width": round(100 * (interval.high - interval.low) / span, 2),
            "top": round(0.1 + 0.5 * number, 2),
        }
        for number, (colour, interval) in enumerate(known)
    ]
    return {
        "label": ROWS[row.name].title,
        "inside": row.inside,
        "files": _cell(row.name, row.files),
        "human": _cell(row.name, row.human),
        "floor": ROWS[row.name].text(row.floor),
        "others": [{"text": _cell(row.name, interval), "inside": inside} for interval, inside in row.others.values()],
        "bars": bars,
    }
