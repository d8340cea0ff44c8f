"""Scores and what they state, split by work. Of a set that has notation and MIDI twins, the notation is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from partimento.corpus.duplicates import Sketch, content_hash, works
from partimento.corpus.encoded import SPLITS
from partimento.corpus.splits import FEWEST_WORKS, assign_splits
from partimento.errors import CorpusError, UnreadableFile
from partimento.formats import sources
from partimento.formats.registry import FORMATS
from partimento.formats.written import TIE, WRITTEN, Written, read_written
from partimento.notate.staves import are_hands
from partimento.piece import Array
from partimento.progress import OnProgress


@dataclass(frozen=True)
class Case:
    """One score. `split` is that of its `work`."""

    name: str
    work: str
    split: str
    written: Written


@dataclass(frozen=True)
class Truth:
    """The scores of a set, and those that could not be read."""

    cases: list[Case]
    refused: list[UnreadableFile]

    def split(self, name: str) -> list[Case]:
        return [case for case in self.cases if name in (case.split, "all")]


def read_truth(paths: Sequence[Path], *, every: int = 1, workers: int = 1, on_progress: OnProgress | None = None) -> Truth:
    """Every so many of the scores of a set, with their works and splits. Raises `CorpusError` below five works."""
    items = _notated(sources.list_items(paths).items)[::every]
    found: dict[str, Written] = {}
    refused = []
    for done, (item, one) in enumerate(read_written(items, workers=workers), 1):
        if isinstance(one, UnreadableFile):
            refused.append(one)
        elif len(one.piece):
            found[item.name] = pitched(one)
        if on_progress is not None:
            on_progress("reading", done, len(items))
    names = sorted(name for name, one in found.items() if len(one.piece))
    if len(names) < FEWEST_WORKS:
        raise CorpusError(f"too few scores to measure by ({len(names)}); add files until there are {FEWEST_WORKS} different pieces")
    pieces = [found[name].piece for name in names]
    of_work = works([Sketch.of(piece) for piece in pieces], [content_hash(piece) for piece in pieces])
    splits = [SPLITS[number] for number in assign_splits(of_work)]
    cases = [Case(name, work, split, found[name]) for name, work, split in zip(names, of_work, splits, strict=True)]
    return Truth(cases, refused)


def _notated(items: Sequence[sources.Item]) -> list[sources.Item]:
    """The items in formats that say what is written; all of them where there are none."""
    suffixes = {suffix for one in FORMATS.values() if one.written is not None for suffix in one.suffixes}
    return [item for item in items if item.suffix in suffixes] or list(items)


def pitched(written: Written) -> Written:
    """The notes of all parts but drums, and two tracks that are hands as one part of two staves."""
    piece, notes = written.piece, written.notes.copy()
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    kept = ~drums[piece.notes["track"]]
    row = np.cumsum(kept) - 1
    ties = written.ties[kept[written.ties["note"]]] if len(written.ties) else np.zeros(0, TIE)
    ties = ties.copy()
    ties["note"] = row[ties["note"]]
    piece = replace(piece, notes=piece.notes[kept])
    return _hands_joined(Written(piece, notes[kept], ties))


def _hands_joined(written: Written) -> Written:
    piece, tracks = written.piece, written.piece.tracks
    pitches = [piece.notes["pitch"][piece.notes["track"] == number].astype(np.int64) for number in range(len(tracks))]
    hands = np.flatnonzero(are_hands(tracks, pitches))
    rows, notes = piece.notes.copy(), written.notes.copy()
    for upper, lower in hands.reshape(-1, 2).tolist():
        of_lower = rows["track"] == lower
        if (notes["staff"][of_lower | (rows["track"] == upper)] > 0).any():
            continue  # they have staves of their own
        notes["staff"][rows["track"] == upper] = 0
        notes["staff"][of_lower] = 1
        rows["track"][of_lower] = upper
    return _sorted(replace(written, notes=notes), rows)


def _sorted(written: Written, rows: Array) -> Written:
    """What is written beside a piece of other tracks, whose notes may come in another order."""
    order = np.lexsort([rows[name] for name in ("velocity", "duration", "pitch", "onset", "track")])
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    ties = written.ties.copy()
    ties["note"] = place[ties["note"]]
    ties.sort(order=("note", "tick"))
    return Written(replace(written.piece, notes=rows[order]), written.notes[order].astype(WRITTEN), ties)
