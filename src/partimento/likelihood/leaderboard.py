"""Models and baselines of one corpus side by side: how well they predict, what they cost. It trains and scores nothing itself.

Bits per note compare across encodings only beside what each encoding drops; bits per second of music likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bootstrap import Interval
from partimento.likelihood.bits_per_note import Row


@dataclass(frozen=True)
class Entry:
    """A scored row, its bits per second of music, and its costs: `parameters`, `seconds` of training, new notes a second on
    one thread; 0 where there is none (a baseline)."""

    row: Row
    bits_per_second: Interval
    parameters: int = 0
    seconds: float = 0.0
    notes_per_second: float = 0.0

    @property
    def is_baseline(self) -> bool:
        return not self.parameters

    def to_json(self) -> dict[str, Any]:
        """The keys of a row, and bits_per_second {mean, low, high}, parameters, seconds, notes_per_second."""
        costs = {"parameters": self.parameters, "seconds": self.seconds, "notes_per_second": self.notes_per_second}
        return {**self.row.to_json(), "bits_per_second": self.bits_per_second.to_json(), **costs}


def per_second(row: Row, seconds: npt.NDArray[np.float64], resamples: int = 1000, seed: int = 0) -> Interval:
    """Bits per second of music from a row and the seconds [P] of every piece of the corpus, by bootstrap over pieces."""
    fields = len(row.nats)
    bits = row.sums[:, 2 : 2 + fields].sum(axis=1) / np.log(2)
    length = np.asarray(seconds, np.float64)[row.numbers]
    drawn = np.random.Generator(np.random.Philox(seed)).integers(len(bits), size=(resamples, len(bits)))
    low, high = np.percentile(bits[drawn].sum(1) / length[drawn].sum(1), [2.5, 97.5])
    return Interval(float(bits.sum() / length.sum()), float(low), float(high))


def ranked(entries: Sequence[Entry]) -> list[Entry]:
    """The best first."""
    return sorted(entries, key=lambda entry: entry.row.bits_per_note.mean)


def table(entries: Sequence[Entry], markdown: bool = False) -> str:
    """One line an entry, the best first, and what a reader must know; without a trailing newline."""
    head = ["model", "encoding", "bits per note", "bits per second", "parameters", "training", "notes/s", "accuracy %"]
    rows = [head]
    for entry in ranked(entries):
        row = entry.row
        accuracy = ", ".join(f"{name} {100 * one.mean:.1f}" for name, one in list(row.accuracy.items())[:6])
        costs = ["-"] * 3
        if not entry.is_baseline:
            costs = [f"{entry.parameters:,}", f"{entry.seconds / 60:.1f} min", f"{entry.notes_per_second:,.0f}"]
        rows.append([row.name, row.encoding, _plus_minus(row.bits_per_note), _plus_minus(entry.bits_per_second), *costs, accuracy])
    if markdown:
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * len(head))
    else:
        widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        lines.insert(1, "  ".join("-" * width for width in widths))
    first = entries[0].row
    notes = [f"{first.split} ({first.split_method}): {first.pieces:,} pieces. ± is half of the 95% bootstrap interval over pieces."]
    drops = dict.fromkeys((entry.row.encoding, entry.row.drops) for entry in entries)
    notes += [f"The encoding {encoding} drops {what}." for encoding, what in drops]
    return "\n".join([*lines, "", *(f"{note}  " if markdown else note for note in notes)])


def plot(entries: Sequence[Entry], path: Path) -> None:
    """Quality against cost: bits per note over minutes of training and over parameters, each encoding in a colour with its best
    baseline as a line. The format follows the suffix."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    colours = {key: f"C{number}" for number, key in enumerate(dict.fromkeys(entry.row.encoding for entry in entries))}
    for key, colour in colours.items():
        left.plot([], [], "o", color=colour, label=key)
        for best in ranked([entry for entry in entries if entry.row.encoding == key and entry.is_baseline])[:1]:
            for axes in (left, right):
                axes.axhline(best.row.bits_per_note.mean, color=colour, lw=0.8, ls=":")
            place = (1, best.row.bits_per_note.mean)
            right.annotate(f"{best.row.name} ", place, xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=7)
    for entry in entries:
        one, colour = entry.row.bits_per_note, colours[entry.row.encoding]
        if entry.is_baseline:
            continue
        for axes, cost in ((left, entry.seconds / 60), (right, entry.parameters)):
            axes.errorbar(cost, one.mean, [[one.mean - one.low], [one.high - one.mean]], fmt="o", color=colour, ms=5)
            axes.annotate(entry.row.name, (cost, one.mean), xytext=(6, 4), textcoords="offset points", fontsize=8)
    left.set(xlabel="training, minutes", ylabel="bits per note (less is better)")
    left.margins(x=0.25)
    left.set_xlim(left=0)
    right.set(xlabel="parameters", xscale="log")
    right.margins(x=0.25)
    left.legend(title="encoding", fontsize=8)
    figure.savefig(path)


def _plus_minus(interval: Interval) -> str:
    return f"{interval.mean:.3f} ± {(interval.high - interval.low) / 2:.3f}"
