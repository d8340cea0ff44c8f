"""Prints the tables of docs/figures.md from the registries of figures and histograms.

Usage: python bench/figures.py [--write | --check]. --write puts them into the page; --check exits 1 where it says anything else.
"""

from __future__ import annotations

import sys
from pathlib import Path

from partimento.analysis.card.rows import ROWS
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.registry import FIGURES

PAGE = Path(__file__).parents[1] / "docs" / "figures.md"
MARK = "<!-- tables: python bench/figures.py --write -->"


def tables() -> str:
    """Both tables as Markdown."""
    lines = ["", "## Figures", "", "| name | figure | in the card | what it is | source |", "|---|---|---|---|---|"]
    for name, figure in {**FIGURES, **ROWS}.items():
        label = figure.title if figure.unit or not figure.share else f"{figure.title}, a share"
        lines.append(f"| `{name}` | {label} | {'yes' if name in ROWS else ''} | {figure.what} | {figure.source} |")
    lines += ["", "## Histograms", "", "| name | histogram | counts | how |", "|---|---|---|---|"]
    lines += [f"| `{name}` | {one.title} | {one.things} | {one.what} |" for name, one in HISTOGRAMS.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    head, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    text = f"{head}{MARK}\n{tables()}"
    if "--write" in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != text)
    else:
        print(tables())


if __name__ == "__main__":
    main()
