"""An index that is small enough to travel with a model: of each piece the whole texture and its melody, no track by itself.

Steps are numbered by how often they come, and their hashes are kept once, in order; what follows from the lines (counts, figures)
is worked out again. It finds what the whole index finds of a texture, and nothing of a line that is hidden in it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.disguise import Melodies
from partimento.analysis.originality import Index
from partimento.analysis.surprise import StepCounts
from partimento.analysis.verbatim import Lines
from partimento.piece import Array

PREFIX = "packed_"
LEVEL = 9

Bytes = npt.NDArray[np.uint8]


def textures(index: Index) -> Index:
    """The index of the texture and of the highest notes of each piece alone."""
    lines = _first_of_each(index.pieces)
    kept = _within(index.lines.starts, lines)
    lengths = np.diff(index.lines.starts)[lines]
    own = Lines(index.lines.steps[kept], index.lines.sizes[kept], np.concatenate([[0], np.cumsum(lengths)]))
    melodies = index.melodies
    tops = _first_of_each(melodies.pieces)
    highest = [melodies.pitch[melodies.starts[top] : melodies.starts[top + 1]] for top in tops.tolist()]
    more = StepCounts.of(own), Melodies.of_lines(highest, melodies.pieces[tops].tolist())
    return Index(index.names, own, index.pieces[lines], index.bars[kept], *more)


def packed(index: Index) -> dict[str, Array]:
    """The `textures` of an index as deflated bytes, uint8 [K] each, by names that begin with `PREFIX`."""
    light = textures(index)
    hashes, place, counts = np.unique(light.lines.steps, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.argsort(order).astype(np.uint32)  # 0 for the step that comes most often
    melodies = light.melodies
    found = {
        "hashes": np.diff(hashes, prepend=np.uint32(0)),
        "ranks": rank,
        "number": rank[place],
        "sizes": light.lines.sizes,
        "lengths": np.diff(light.lines.starts).astype(np.uint32),
        "pieces": light.pieces,
        "bars": np.diff(light.bars, prepend=np.uint16(0)),
        "pitch": np.diff(melodies.pitch, prepend=np.uint8(0)),
        "tops": np.diff(melodies.starts).astype(np.uint32),
        "top_pieces": melodies.pieces,
    }
    return {PREFIX + name: _deflated(array) for name, array in found.items()}


def unpacked(names: Sequence[str], arrays: Mapping[str, Array]) -> Index:
    """The index of what `packed` made, uint8 [K] each, and of the names of its pieces. Raises `ValueError`, `zlib.error` and
    `KeyError` for what it did not make."""

    def of(name: str, kind: Any) -> Array:
        return _inflated(arrays[PREFIX + name], kind)

    hashes = np.cumsum(of("hashes", np.uint32), dtype=np.uint32)
    steps = hashes[np.argsort(of("ranks", np.uint32))][of("number", np.uint32)]
    starts = np.concatenate([[0], np.cumsum(of("lengths", np.uint32), dtype=np.int64)])
    lines = Lines(steps, of("sizes", np.uint8), starts)
    bars = np.cumsum(of("bars", np.uint16), dtype=np.uint16)
    pitch = np.cumsum(of("pitch", np.uint8), dtype=np.uint8)
    until = np.cumsum(of("tops", np.uint32), dtype=np.int64)
    melodies = Melodies.of_lines(np.split(pitch, until[:-1]) if len(until) else [], of("top_pieces", np.uint32).tolist())
    return Index(tuple(names), lines, of("pieces", np.uint32), bars, StepCounts.of(lines), melodies)


def _first_of_each(pieces: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    """The first line [P] of each piece, of the piece of each line [L]."""
    return np.flatnonzero(np.concatenate([[True], pieces[1:] != pieces[:-1]])) if len(pieces) else np.zeros(0, np.int64)


def _within(starts: npt.NDArray[np.int64], lines: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which of all onsets [M] are of some lines."""
    edges = np.zeros(int(starts[-1]) + 1, np.int64)
    np.add.at(edges, starts[lines], 1)
    np.subtract.at(edges, starts[lines + 1], 1)
    return np.cumsum(edges[:-1]) > 0


def _deflated(array: Array) -> Bytes:
    """The bytes of numbers [K], all first ones before all second ones, deflated."""
    planes = np.ascontiguousarray(array).view(np.uint8).reshape(len(array), -1).T.tobytes()
    return np.frombuffer(zlib.compress(planes, LEVEL), np.uint8)


def _inflated(data: Bytes, kind: Any) -> Array:
    planes = np.frombuffer(zlib.decompress(data.tobytes()), np.uint8).reshape(np.dtype(kind).itemsize, -1)
    numbers: Array = np.ascontiguousarray(planes.T).view(kind).reshape(-1)
    return numbers
