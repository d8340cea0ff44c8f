"""The rows of a leaderboard as a table, in plain text or Markdown. It computes nothing and scores nothing."""

from __future__ import annotations

from collections.abc import Sequence

from partimento.bootstrap import Interval
from partimento.likelihood.bits_per_note import Row

_LEAK = "LEAKS: events of every piece were drawn at random, so neighbours of the scored events were in training."


def text_table(rows: Sequence[Row]) -> str:
    """The rows in columns, notes beneath, without a trailing newline; the empty string without rows."""
    if not rows:
        return ""
    table = _cells(rows)
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = [
        "  ".join(_aligned(cell, width, at) for at, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in table
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, "", *_notes(rows)])


def markdown_table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, notes beneath, without a trailing newline; the empty string without rows."""
    if not rows:
        return ""
    table = [[cell.replace("|", "\\|") for cell in line] for line in _cells(rows)]
    lines = ["| " + " | ".join(line) + " |" for line in table]
    lines.insert(1, "|" + "|".join(" --- " if at in (0, len(table[0]) - 1) else " ---: " for at in range(len(table[0]))) + "|")
    return "\n".join([*lines, "", *(f"{note}  " for note in _notes(rows)[:-1]), _notes(rows)[-1]])


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    fields = list(dict.fromkeys(field for row in rows for field in row.accuracy))
    table = [["model", "context", "bits per note", *(f"{field} %" for field in fields), "split method"]]
    for row in rows:
        accuracy = [_plus_minus(row.accuracy[field], 100, 1) if field in row.accuracy else "-" for field in fields]
        method = f"{row.split_method}: LEAKS" if row.leaks else row.split_method
        context = "all" if row.context is None else str(row.context)
        table.append([row.name, context, _plus_minus(row.bits_per_note, 1, 3), *accuracy, method])
    return table


def _plus_minus(interval: Interval, scale: float, digits: int) -> str:
    half = max(interval.high - interval.low, 0.0) / 2
    if not half:  # one piece alone has no interval
        return f"{interval.mean * scale:.{digits}f}"
    return f"{interval.mean * scale:.{digits}f} ± {half * scale:.{digits}f}"


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)


def _notes(rows: Sequence[Row]) -> list[str]:
    """What a reader must know of the figures: pieces, the interval, what the encodings drop, what leaks."""
    notes = []
    for split in dict.fromkeys((row.split, row.split_method, row.pieces, row.notes) for row in rows):
        one_piece = ", so there is no interval" if split[2] == 1 else ""
        notes.append(f"{split[0]} ({split[1]}): {split[2]:,} piece{'s' * (split[2] > 1)}{one_piece}, {split[3]:,} notes.")
    notes.append("± is half of the 95% bootstrap interval over pieces; lower bits per note are better.")
    for encoding, drops in dict.fromkeys((row.encoding, row.drops) for row in rows):
        notes.append(f"The encoding {encoding} drops {drops}.")
    if any(row.leaks for row in rows):
        notes.append(_LEAK)
    return notes
