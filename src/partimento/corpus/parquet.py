"""Pieces as Parquet: a table of pieces, one row each, and a table of all their notes, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from partimento.corpus.encoded import SPLITS
from partimento.piece import CHORD, KEY, METER, NOTE, PEDAL, TEMPO, About, Array, Piece, Track

MAPS = {"tempos": TEMPO, "meters": METER, "keys": KEY, "chords": CHORD, "pedals": PEDAL}
ABOUT = tuple(asdict(About()))
ROWS_PER_GROUP = 1 << 20


@dataclass(frozen=True)
class Row:
    """What is known of a piece without its notes. `split` is an index into `SPLITS`; `repairs` counts what its reading mended."""

    name: str
    about: About
    work: str
    split: int
    notes: int
    seconds: float
    content: str
    repairs: dict[str, int]


def write_notes(path: Path, pieces: Iterable[Piece]) -> None:
    """All notes, piece after piece, zstd, with a checksum on every page."""
    schema = pa.schema([(name, pa.from_numpy_dtype(NOTE[name])) for name in NOTE.names or ()])
    options: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True, "use_dictionary": ["pitch", "velocity", "track"]}
    options["column_encoding"] = {"onset": "DELTA_BINARY_PACKED", "duration": "DELTA_BINARY_PACKED"}
    with pq.ParquetWriter(path, schema, **options) as writer:
        for group in _groups(pieces):
            writer.write_table(pa.table([pa.array(np.ascontiguousarray(group[name])) for name in schema.names], schema=schema))


def _groups(pieces: Iterable[Piece]) -> Iterator[Array]:
    waiting: list[Array] = []
    for piece in pieces:
        waiting.append(piece.notes)
        if sum(map(len, waiting)) >= ROWS_PER_GROUP:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def read_notes(path: Path) -> Array:
    """All notes as one `NOTE` array [N], every page checked."""
    table = pq.read_table(path, page_checksum_verification=True)
    notes = np.empty(len(table), NOTE)
    for name in NOTE.names or ():
        notes[name] = table[name].to_numpy()
    return notes


def write_pieces(path: Path, rows: Sequence[Row], pieces: Sequence[Piece]) -> None:
    """The table of pieces: labels, counts, tracks and maps; `pieces` may be without their notes."""
    columns: dict[str, pa.Array] = {
        name: pa.array([getattr(row, name) for row in rows], kind)
        for name, kind in (("name", pa.string()), ("work", pa.string()), ("split", pa.uint8()), ("notes", pa.int64()))
    }
    columns |= {label: pa.array([getattr(row.about, label) for row in rows], pa.string()) for label in ABOUT}
    columns |= {"seconds": pa.array([row.seconds for row in rows]), "content": pa.array([row.content for row in rows])}
    columns["repairs"] = pa.array([list(row.repairs.items()) for row in rows], pa.map_(pa.string(), pa.int64()))
    columns["ticks_per_quarter"] = pa.array([piece.ticks_per_quarter for piece in pieces], pa.int32())
    track = pa.struct([("program", pa.uint8()), ("is_drum", pa.bool_()), ("name", pa.string())])
    columns["tracks"] = pa.array([[asdict(track) for track in piece.tracks] for piece in pieces], pa.list_(track))
    for name, dtype in MAPS.items():
        columns[name] = _lists([getattr(piece, name) for piece in pieces], dtype)
    pq.write_table(pa.table(columns), path, compression="zstd", write_page_checksum=True)


def read_pieces(path: Path) -> tuple[list[Row], list[Piece]]:
    """The rows, and the pieces without their notes."""
    table = pq.read_table(path, page_checksum_verification=True)
    maps = {name: _arrays(table[name].combine_chunks(), dtype) for name, dtype in MAPS.items()}
    rows, pieces = [], []
    for number, record in enumerate(table.drop_columns(list(MAPS)).to_pylist()):
        about = About(**{label: record[label] for label in ABOUT})
        record.setdefault("split", record.get("part"))  # its name in older corpora
        labels = {name: record[name] for name in ("name", "work", "split", "notes", "seconds", "content")}
        rows.append(Row(about=about, repairs=dict(record["repairs"]), **labels))
        _check(rows[-1])
        tracks = tuple(Track(**track) for track in record["tracks"])
        values: dict[str, Any] = {name: maps[name][number] for name in MAPS}
        pieces.append(Piece(np.zeros(0, NOTE), tracks, record["ticks_per_quarter"], about=about, **values))
    return rows, pieces


def _check(row: Row) -> None:
    """Raises `ValueError` for what no corpus was written with."""
    texts = (row.name, row.work, row.content, *asdict(row.about).values())
    if not all(isinstance(text, str) for text in texts) or not isinstance(row.seconds, float):
        raise ValueError(f"piece {row.name}: a label is missing")
    if row.split not in range(len(SPLITS)) or not isinstance(row.notes, int) or row.notes < 0:
        raise ValueError(f"piece {row.name}: split {row.split}, {row.notes} notes")


def _lists(arrays: Sequence[Array], dtype: np.dtype[Any]) -> pa.Array:
    """Structured arrays as one column of lists of structs."""
    rows = np.concatenate([np.zeros(0, dtype), *arrays])
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays])]).astype(np.int32)
    names = list(dtype.names or ())
    struct = pa.StructArray.from_arrays([pa.array(np.ascontiguousarray(rows[name])) for name in names], names)
    return pa.ListArray.from_arrays(pa.array(offsets), struct)


def _arrays(column: Any, dtype: np.dtype[Any]) -> list[Array]:
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    rows = np.zeros(len(column.values), dtype)
    for name in dtype.names or ():
        rows[name] = column.values.field(name).to_numpy(zero_copy_only=False)
    offsets = column.offsets.to_numpy()
    return [rows[start:stop] for start, stop in pairwise(offsets)]
