"""A set of pieces as one table of notes, and what can be read off each note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from partimento.bars import Meters
from partimento.corpus.encoded import SPLITS
from partimento.errors import CorpusError, InvalidOption
from partimento.piece import NOTE, Array, Piece

if TYPE_CHECKING:
    from partimento.corpus.store import Corpus  # it brings what reads tables

NOTES_PER_BLOCK = 1 << 19  # so many notes at a time are counted: bounds the memory, keeps the arrays in the cache
LABELS = ("composer", "genre")

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Music:
    """`notes` [N] (`NOTE`) holds piece `i` in rows offsets[i]:offsets[i + 1]; `heads` are the pieces without their notes.

    Pieces of one of the `works` are never put on two sides of a comparison. `made` says that a model wrote them.
    """

    name: str
    notes: Array
    offsets: Ints
    heads: Sequence[Piece]
    names: Sequence[str]
    works: Sequence[str]
    made: bool = False

    @classmethod
    def of(cls, name: str, pieces: Sequence[Piece], names: Sequence[str] = (), works: Sequence[str] = ()) -> Music:
        """Pieces in memory. They count as a model's when most of them say that they were made by one."""
        notes = np.concatenate([np.zeros(0, NOTE), *(piece.notes for piece in pieces)])
        offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).astype(np.int64)
        names = list(names) or [piece.about.title or piece.about.source or f"piece {n + 1}" for n, piece in enumerate(pieces)]
        made = sum(bool(piece.about.made) for piece in pieces) * 2 > len(pieces)
        return cls(name, notes, offsets, list(pieces), names, list(works) or names, made)

    @classmethod
    def of_corpus(cls, corpus: Corpus, name: str = "", split: str = "") -> Music:
        """A corpus, or one split of it. Raises `CorpusError` when the split is empty."""
        rows = corpus.rows
        whole = cls(
            name or corpus.folder.resolve().name,
            corpus.notes,
            corpus.offsets,
            corpus.heads,
            [row.name for row in rows],
            [row.work for row in rows],
        )
        if not split:
            return whole
        chosen = [number for number, row in enumerate(rows) if SPLITS[row.split] == split]
        if not chosen:
            raise CorpusError(f"{corpus.folder}: the split {split!r} holds no piece; explore the whole corpus")
        return whole.take(chosen, f"{whole.name}, {split}")

    def __len__(self) -> int:
        return len(self.heads)

    def take(self, numbers: Sequence[int] | Ints, name: str = "") -> Music:
        """The pieces of these numbers [K], in this order."""
        rows = [slice(int(self.offsets[n]), int(self.offsets[n + 1])) for n in numbers]
        notes = np.concatenate([np.zeros(0, NOTE), *(self.notes[row] for row in rows)])
        offsets = np.concatenate([[0], np.cumsum([row.stop - row.start for row in rows])]).astype(np.int64)
        heads, names, works = [self.heads[n] for n in numbers], [self.names[n] for n in numbers], [self.works[n] for n in numbers]
        return Music(name or self.name, notes, offsets, heads, names, works, self.made)

    def piece(self, number: int) -> Piece:
        """One piece, whole."""
        return replace(self.heads[number], notes=self.notes[self.offsets[number] : self.offsets[number + 1]])

    def blocks(self, most_notes: int = NOTES_PER_BLOCK) -> Iterator[Music]:
        """The set in stretches of at most so many notes (or one piece), without a copy."""
        first = 0
        while first < len(self):
            until = int(np.searchsorted(self.offsets, self.offsets[first] + most_notes, side="right")) - 1
            last = min(max(until, first + 1), len(self))
            start, stop = int(self.offsets[first]), int(self.offsets[last])
            some = slice(first, last)
            offsets = self.offsets[first : last + 1] - start
            yield Music(self.name, self.notes[start:stop], offsets, self.heads[some], self.names[some], self.works[some], self.made)
            first = last

    def divided(self, by: str, most: int, least: int = 2) -> tuple[list[Music], list[str]]:
        """One set for each value of a label, the largest `most` of at least `least` pieces; and the values left out.

        Raises `InvalidOption` when fewer than two sets come of it.
        """
        if by not in LABELS:
            raise InvalidOption(f"--by {by}: known: {', '.join(LABELS)}")
        groups: dict[str, list[int]] = {}
        for number, head in enumerate(self.heads):
            groups.setdefault(getattr(head.about, by), []).append(number)
        order = sorted((value for value in groups if value), key=lambda value: (-len(groups[value]), value))
        kept = [value for value in order if len(groups[value]) >= least][:most]
        if len(kept) < 2:
            raise InvalidOption(
                f"--by {by}: {self.name} has {len(kept)} value{'s' * (len(kept) != 1)} of it with {least} or more pieces; "
                f"build it with --label '{{{by}}}/*', or name two sources"
            )
        return [self.take(groups[value], value) for value in kept], [value for value in groups if value not in kept]

    # what each note has: arrays [N]

    @cached_property
    def piece_of_note(self) -> Ints:
        """The number of the piece of each note [N]."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    @cached_property
    def track_row(self) -> Ints:
        """The track of each note [N], counted through all pieces of the set."""
        first = np.concatenate([[0], np.cumsum([len(head.tracks) for head in self.heads])])[:-1].astype(np.int64)
        row: Ints = first[self.piece_of_note] + self.notes["track"]
        return row

    @cached_property
    def is_drum(self) -> npt.NDArray[np.bool_]:
        """Whether each note [N] is a drum's."""
        return np.array([track.is_drum for head in self.heads for track in head.tracks], bool)[self.track_row]

    @cached_property
    def program(self) -> Ints:
        """The General MIDI program of each note [N], 0..127; 128 for drums."""
        program = [128 if track.is_drum else track.program for head in self.heads for track in head.tracks]
        return np.array(program, np.int64)[self.track_row]

    @cached_property
    def ticks_per_quarter(self) -> Ints:
        """Of each piece [P]."""
        return np.array([head.ticks_per_quarter for head in self.heads], np.int64)

    def in_quarters(self, ticks: Array) -> Floats:
        """One time for each note, in quarters [N], from ticks [N]."""
        result: Floats = ticks / self.ticks_per_quarter[self.piece_of_note]
        return result

    @cached_property
    def end_tick(self) -> Ints:
        """Where the last note of each piece ends [P]; 0 without notes."""
        end = np.zeros(len(self), np.int64)
        np.maximum.at(end, self.piece_of_note, self.notes["onset"].astype(np.int64) + self.notes["duration"])
        return end

    @cached_property
    def meters(self) -> Meters:
        """The meters of all pieces, in which bars and beats of many notes are found at once."""
        return Meters.of_all(self.heads, self.end_tick.tolist())
