"""The numbers behind a report as files: CSV for what one reads, Parquet for what is large. It computes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from partimento.analysis.exploration import Exploration
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.melodic_lines import QUARTERS
from partimento.bootstrap import Interval
from partimento.files import write_atomic, write_atomic_with


def write_tables(exploration: Exploration, folder: Path) -> list[Path]:
    """Writes all tables into a folder and returns their paths. Raises `WriteFailed`."""
    tables = {
        "histograms.csv": _shares(exploration),
        "figures.csv": _figures(exploration),
        "distances.csv": _distances(exploration),
        "ngrams.csv": _ngrams(exploration),
        "telling.csv": _telling(exploration),
        "curves.csv": _curves(exploration),
        "similarity.csv": _similarity(exploration),
    }
    for name, rows in tables.items():
        write_atomic(folder / name, _csv(rows))
    large = {"pieces.parquet": _pieces(exploration), "histograms.parquet": _histograms(exploration)}
    for name, columns in large.items():
        write_atomic_with(folder / name, partial(_parquet, columns))
    return [folder / name for name in (*tables, *large)]


Rows = Iterable[Sequence[Any]]


def _csv(rows: Rows) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_plain(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _plain(cell: Any) -> Any:
    return f"{cell:.6g}" if isinstance(cell, float) else cell


def _shares(exploration: Exploration) -> Rows:
    yield "set", "histogram", "label", "count", "share"
    for one in exploration.sets:
        for name, histogram in HISTOGRAMS.items():
            counts, share = one.measures.counts[name].sum(axis=0), one.measures.share(name)
            for label, count, part in zip(histogram.labels, counts.tolist(), share.tolist(), strict=True):
                if count or histogram.section:
                    yield one.music.name, name, label, count, part


def _figures(exploration: Exploration) -> Rows:
    yield "set", "figure", "mean", "deviation", "least", "median", "most", "pieces"
    for one in exploration.sets:
        for name in FIGURES:
            values = one.measures.figures[name]
            known = values[np.isfinite(values)]
            if len(known):
                spread = [float(known.min()), float(np.median(known)), float(known.max())]
                yield one.music.name, name, float(known.mean()), float(known.std()), *spread, len(known)


def _distances(exploration: Exploration) -> Rows:
    yield "set", "against", "distance", "name", "value", "low", "high", "floor", "floor_low", "floor_high"
    for one in exploration.beside:
        for kind, rows in one.distances().items():
            for name, row in rows.items():
                yield one.other.music.name, one.human.music.name, kind, name, *_three(row.value), *_three(row.floor)


def _three(interval: Interval) -> tuple[float, float, float]:
    return interval.mean, interval.low, interval.high


def _ngrams(exploration: Exploration) -> Rows:
    yield "set", "kind", "n", "list", "rank", "symbols", "count", "pieces", "expected", "score", "where"
    for one in exploration.sets:
        for (kind, n), patterns in one.patterns.items():
            for title, grams in (("commonest", patterns.commonest), ("surprising", patterns.surprising)):
                for rank, gram in enumerate(grams, 1):
                    symbols = " ".join(map(str, values(kind, gram.symbols)))
                    where = "; ".join(one.music.names[piece] for piece in gram.where)
                    yield one.music.name, kind, n, title, rank, symbols, gram.count, gram.pieces, gram.expected, gram.score, where


def values(kind: str, symbols: Sequence[int]) -> list[float]:
    """What symbols stand for: MIDI pitches, semitones, or quarters."""
    if kind == "rhythm":
        return [round(float(QUARTERS[symbol - 1]), 4) for symbol in symbols]
    return [symbol - (1 if kind == "pitch" else 128) for symbol in symbols]


def _telling(exploration: Exploration) -> Rows:
    yield "kind", "symbols", "set", "share", "against", "share_against", "score"
    for one in exploration.beside:
        for telling in one.telling:
            symbols = " ".join(map(str, values(telling.kind, telling.symbols)))
            names = one.other.music.name, telling.share_other, one.human.music.name, telling.share
            yield telling.kind, symbols, *names, telling.score


def _curves(exploration: Exploration) -> Rows:
    yield "set", "kind", "n", "curve", "x", "y"
    for one in exploration.sets:
        for (kind, n), patterns in one.patterns.items():
            for curve, (xs, ys) in (("zipf", patterns.zipf), ("growth", patterns.growth)):
                for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
                    yield one.music.name, kind, n, curve, x, y


def _similarity(exploration: Exploration) -> Rows:
    yield "set", "piece", "bar", "other_bar", "similarity"
    for one in exploration.sets:
        name = one.music.names[one.typical]
        for bar, row in enumerate(one.similarity.round(3).tolist(), 1):
            for other, value in enumerate(row[:bar], 1):
                yield one.music.name, name, bar, other, value


def _pieces(exploration: Exploration) -> dict[str, Any]:
    sets = exploration.sets
    columns: dict[str, Any] = {
        "set": [one.music.name for one in sets for _ in range(len(one.music))],
        "piece": [name for one in sets for name in one.music.names],
        "work": [work for one in sets for work in one.music.works],
    }
    return columns | {name: np.concatenate([one.measures.figures[name] for one in sets]) for name in FIGURES}


def _histograms(exploration: Exploration) -> dict[str, Any]:
    """Every count above 0: set, number of the piece within it, histogram, number of the label, count."""
    import pyarrow as pa

    names = list(HISTOGRAMS)
    parts: list[list[Any]] = [[], [], [], [], []]
    for number, one in enumerate(exploration.sets):
        for at, name in enumerate(names):
            counts = one.measures.counts[name]
            piece, label = np.nonzero(counts)
            columns = (np.full(len(piece), number), piece, np.full(len(piece), at), label, counts[piece, label])
            for part, column in zip(parts, columns, strict=True):
                part.append(column.astype(np.int32))
    which_set, piece, histogram, label, count = (np.concatenate(part) for part in parts)
    set_names = [one.music.name for one in exploration.sets]
    return {
        "set": pa.DictionaryArray.from_arrays(pa.array(which_set), pa.array(set_names)),
        "piece": piece,
        "histogram": pa.DictionaryArray.from_arrays(pa.array(histogram), pa.array(names)),
        "label": label,
        "count": count,
    }


def _parquet(columns: dict[str, Any], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path, compression="zstd")
