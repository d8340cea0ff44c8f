"""How much of a piece is verbatim in other pieces, in any transposition, and where; and whose melody it has in disguise.

`verbatim.py` says what verbatim means, `surprise.py` what is a commonplace, `disguise.py` what is compared of melodies.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.disguise import Likeness, Melodies, melodies
from partimento.analysis.kept_arrays import kept_arrays
from partimento.analysis.surprise import StepCounts, run_bits
from partimento.analysis.verbatim import Ints, Known, Lines, Runs, lines_of
from partimento.bars import BarGrid
from partimento.corpus import SPLITS, Corpus
from partimento.errors import CheckpointError, CorpusError, WriteFailed
from partimento.models.tensorfile import load, save
from partimento.piece import Array, Piece
from partimento.progress import OnProgress, silent

Floats = npt.NDArray[np.float64]

WINDOWS = (1, 2, 4)  # bars
TELLING_BITS = 20.0  # a run that is less surprising is a commonplace: one stretch in a million
HUMAN_PIECES = 200  # of each split that are measured, at most
MARKED = 0.03  # of human pieces that are not in the index, which limits are drawn from
FLOOR = (40.0, 0.0, 0.3)  # bits, share and likeness that limits are not below: few human pieces may have next to nothing
MOST_RUNS = 1000  # reported of one piece
INDEX_FILE = "originality.safetensors"
log = logging.getLogger(__name__)
INDEX_VERSION = 3  # raised whenever another index comes of the same pieces


@dataclass(frozen=True)
class Run:
    """Notes of a piece, `length_bars` long, that are verbatim in `known`: first and last bar of both, as a page numbers them.

    `bits` say how surprising they are: what an n-gram of all known pieces needs to tell them.
    """

    notes: int
    bits: float
    length_bars: float
    bars: tuple[int, int]
    known: str
    known_bars: tuple[int, int]


def stretch(bars: tuple[int, int]) -> str:
    """Bars as people write them: "9-16", or "9"."""
    first, last = bars
    return f"{first}" if first == last else f"{first}-{last}"


@dataclass(frozen=True)
class Finding:
    """What of a piece of so many `notes`, drums not counted, is known.

    `runs`, the one of most notes first, where they overlap only the longer one. `share` of the notes that lie in runs of the
    whole texture of at least so many bars; `line_share` of those in runs of a track or the texture. `most_bits` are those of the
    most surprising run, `telling_share` is the share in runs of the texture of 2 bars that are no commonplace. `likeness` is to
    the piece whose melody is most alike, changed perhaps; None where none is.
    """

    notes: int
    runs: tuple[Run, ...]
    share: dict[int, float]
    line_share: dict[int, float]
    most_bits: float = 0.0
    telling_share: float = 0.0
    likeness: Likeness | None = None

    @property
    def longest_notes(self) -> int:
        return self.runs[0].notes if self.runs else 0

    def to_json(self) -> dict[str, Any]:
        """Stable keys: notes, longest_notes, runs (notes, bits, length_bars, bars, known, known_bars; ten at most), share,
        line_share (bars to share), most_bits, telling_share, likeness (known, share; or null)."""
        shares = {name: {str(bars): share for bars, share in getattr(self, name).items()} for name in ("share", "line_share")}
        runs = [vars(run) for run in self.runs[:10]]
        likeness = None if self.likeness is None else vars(self.likeness)
        more = {"most_bits": self.most_bits, "telling_share": self.telling_share, "likeness": likeness}
        return {"notes": self.notes, "longest_notes": self.longest_notes, "runs": runs} | shares | more


@dataclass(frozen=True)
class Index:
    """The lines of many pieces: `names` [P], the piece of each line [L] and the number of the bar of each onset [M].

    Seven bytes an onset; an onset has one note or more, and is counted in the texture and in its track. `counts` are of the steps
    of these lines, `melodies` are those of the pieces.
    """

    names: tuple[str, ...]
    lines: Lines
    pieces: npt.NDArray[np.uint32]
    bars: npt.NDArray[np.uint16]
    counts: StepCounts
    melodies: Melodies

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, Piece]]) -> Index:
        """The index of named pieces. Raises `CorpusError` when none of them has a note."""
        names: list[str] = []
        found: list[Lines] = []
        of_line: list[int] = []
        bars: list[Array] = []
        tops: list[Array] = []
        of_top: list[int] = []
        for name, piece in pieces:
            lines, places = lines_of(piece)
            names.append(name)
            found.append(lines)
            of_line += [len(names) - 1] * len(places)
            bars.append(np.minimum(BarGrid.of(piece).number_at(_onsets(piece, lines, places)), 65535).astype(np.uint16))
            tops += melodies(piece)
            of_top += [len(names) - 1] * (len(tops) - len(of_top))
        if not sum(len(lines.steps) for lines in found):
            raise CorpusError("there is no note to look for copies of; name other pieces")
        before = np.cumsum([0, *(len(lines.steps) for lines in found)])
        starts = np.concatenate([[0], *(lines.starts[1:] + shift for lines, shift in zip(found, before[:-1], strict=True))])
        steps, sizes = (np.concatenate([getattr(lines, name) for lines in found]) for name in ("steps", "sizes"))
        all_lines = Lines(steps, sizes, starts)
        more = StepCounts.of(all_lines), Melodies.of_lines(tops, of_top)
        return cls(tuple(names), all_lines, np.array(of_line, np.uint32), np.concatenate(bars), *more)

    @cached_property
    def known(self) -> Known:
        return Known.of(self.lines)

    def save(self, path: Path, stamp: dict[str, Any]) -> None:
        """Writes the index with a checksum, and a stamp that says of what it is. Raises `WriteFailed`."""
        save(path, self.arrays, {"index": stamp | {"version": INDEX_VERSION}, "names": self.names})

    @classmethod
    def load(cls, path: Path, stamp: dict[str, Any]) -> Index:
        """The index that `save` wrote. Raises `CheckpointError` when it is damaged, or has another stamp."""
        arrays, metadata = load(path)
        if metadata.get("index") != stamp | {"version": INDEX_VERSION}:
            raise CheckpointError(f"{path}: the index of other pieces; delete it")
        return cls.of_arrays(metadata["names"], arrays)

    @property
    def arrays(self) -> dict[str, Array]:
        """All but the names, for a file: `steps` [M], `sizes` [M] and `bars` [M], `starts` [L + 1], `pieces` [L] (M onsets, L
        lines)."""
        lines: dict[str, Array] = {"steps": self.lines.steps, "sizes": self.lines.sizes, "starts": self.lines.starts}
        return lines | {"pieces": self.pieces, "bars": self.bars} | self.counts.arrays | self.melodies.arrays

    @classmethod
    def of_arrays(cls, names: Sequence[str], arrays: Mapping[str, Array]) -> Index:
        """The index of the `arrays` of another [M], [L] or [L + 1]; further ones among them are ignored."""
        lines = Lines(arrays["steps"], arrays["sizes"], arrays["starts"])
        more = StepCounts.of_arrays(arrays), Melodies.of_arrays(arrays)
        return cls(tuple(names), lines, arrays["pieces"], arrays["bars"], *more)

    def find(self, piece: Piece) -> Finding:
        """What of a piece is in the index."""
        lines, places = lines_of(piece)
        runs = self.known.common(lines)
        grid, onset = BarGrid.of(piece), _onsets(piece, lines, places)
        begin = grid.bars_at(onset)
        length = _until(piece, grid, lines, places, begin)[runs.last] - begin[runs.first]
        bits = run_bits(self.counts.bits_before(lines), runs.first, runs.last)
        notes = len(places[0][0])

        def share(bars: int, of: Places, least_bits: float = 0.0) -> float:
            return _covered(piece, of, runs, (length > bars - 1e-6) & (bits >= least_bits)) / notes if len(length) else 0.0

        return Finding(
            notes=notes,
            runs=tuple(self._apart(lines, runs, bits, begin, length, grid.number_at(onset))),
            share={bars: share(bars, places[:1]) for bars in WINDOWS},
            line_share={bars: share(bars, places) for bars in WINDOWS},
            most_bits=float(bits.max(initial=0.0)),
            telling_share=share(2, places[:1], TELLING_BITS),
            likeness=self._likeness(piece),
        )

    def _likeness(self, piece: Piece) -> Likeness | None:
        number, share = self.melodies.nearest(piece)
        return Likeness(self.names[number], share) if number >= 0 else None

    def _apart(self, lines: Lines, runs: Runs, bits: Floats, begin: Floats, length: Floats, bar: Ints) -> Iterator[Run]:
        """Runs in the order of their notes, without those that lie for more than half in a longer one."""
        size = lines.notes[runs.last + 1] - lines.notes[runs.first]
        left = np.lexsort((-length, -size))
        for _ in range(MOST_RUNS):
            if not len(left):
                return
            best = left[0]
            first, last, there = int(runs.first[best]), int(runs.last[best]), int(runs.there[best])
            yield Run(
                notes=int(size[best]),
                bits=float(bits[best]),
                length_bars=float(length[best]),
                bars=(int(bar[first]), int(bar[last])),
                known=self.names[int(self.pieces[self.lines.line(np.array([there]))[0]])],
                known_bars=(int(self.bars[there]), int(self.bars[there + last - first])),
            )
            start, stop = begin[runs.first[left]], begin[runs.first[left]] + length[left]
            inside = np.minimum(stop, start[0] + length[best]) - np.maximum(start, start[0])
            left = left[inside <= length[left] / 2]


@dataclass(frozen=True)
class Limits:
    """What human pieces stay below: the bits of the most surprising run, the share of notes in telling runs of 2 bars, and the
    likeness of the melody to another. `false_alarms` is the share of other human pieces that are over one of the three, `pieces`
    how many of these there were."""

    most_bits: float
    share_2_bars: float
    likeness: float
    false_alarms: float
    pieces: int

    @classmethod
    def of(cls, valid: Sequence[Finding], test: Sequence[Finding]) -> Limits:
        """Limits from some human pieces that are not in the index, tried on others: the lowest that `MARKED` of the former are
        over, with the same quantile for each of the three figures."""
        measured = np.array([_measured(one) for one in valid])
        rank = np.argsort(np.argsort(measured, axis=0, kind="stable"), axis=0).max(axis=1)  # of each piece, by its worst figure
        kept = np.sort(rank)[max(0, math.ceil((1 - MARKED) * len(rank)) - 1)]
        at_most = np.maximum(np.sort(measured, axis=0)[kept], FLOOR)
        alarms = float(np.mean([(_measured(one) > at_most).any() for one in test]))
        bits, share, likeness = at_most.tolist()
        return cls(bits, share, likeness, alarms, len(test))

    def crossed(self, finding: Finding) -> bool:
        return bool((_measured(finding) > np.array([self.most_bits, self.share_2_bars, self.likeness])).any())


def _measured(finding: Finding) -> Floats:
    return np.array([finding.most_bits, finding.telling_share, 0.0 if finding.likeness is None else finding.likeness.share])


def ready(path: Path, stamp: Mapping[str, Any], make: Callable[[], Index]) -> Index:
    """The index with a `stamp` that lies in the file `path`, as `make` reads and checks it, sorted once and kept so
    (`kept_arrays.py`). Raises what `make` does."""

    def sort() -> dict[str, Array]:
        index = make()
        names: Array = np.frombuffer(json.dumps(index.names).encode(), np.uint8)
        return index.arrays | index.known.arrays | {"names": names}

    arrays = kept_arrays(path, f"{INDEX_VERSION} {json.dumps(stamp, sort_keys=True)}", sort)
    index = Index.of_arrays(json.loads(arrays["names"].tobytes()), arrays)
    index.__dict__["known"] = Known.of_arrays(index.lines, arrays)  # in place of what would be worked out
    return index


def index_of(corpus: Corpus, on_progress: OnProgress = silent) -> Index:
    """The index of the train split of a corpus: from the file beside it, or made now and kept. `on_progress` counts pieces."""
    path, stamp = corpus.folder / INDEX_FILE, {"fingerprint": corpus.fingerprint, "split": "train"}
    if path.exists():
        try:
            return ready(path, stamp, lambda: Index.load(path, stamp))
        except CheckpointError as error:
            log.warning("%s; made again from the notes", error)
    train = numbers_of(corpus, "train")

    def named() -> Iterator[tuple[str, Piece]]:
        for done, number in enumerate(train, 1):
            yield corpus.rows[number].name, corpus.piece(number)
            on_progress("index", done, len(train))

    index = Index.of(named())
    try:
        index.save(path, stamp)
    except WriteFailed as error:  # a full disk, or a corpus that may only be read: slower the next time, no worse
        log.warning("the index is not kept: %s", error)
    return index


def numbers_of(corpus: Corpus, split: str, most: int | None = None, only: Sequence[str] = ()) -> list[int]:
    """The pieces of a split that fit the rules `only`, `most` of them, evenly over all."""
    chosen = corpus.matching(only) if only else np.ones(len(corpus.rows), bool)
    numbers = [number for number, row in enumerate(corpus.rows) if SPLITS[row.split] == split and chosen[number]]
    if most is None or len(numbers) <= most:
        return numbers
    return [numbers[at * len(numbers) // most] for at in range(most)]


Places = list[tuple[Array, Ints]]


def _onsets(piece: Piece, lines: Lines, places: Places) -> Ints:
    """The tick of each onset [M]."""
    tick = np.zeros(len(lines.steps), np.int64)
    for rows, onset in places:
        tick[onset] = piece.notes["onset"][rows]
    return tick


def _until(piece: Piece, grid: BarGrid, lines: Lines, places: Places, begin: Floats) -> Floats:
    """When each onset ends, in bars: with the next of its line, or with the bar in which its notes end."""
    tick = np.zeros(len(lines.steps), np.int64)
    for rows, onset in places:
        np.maximum.at(tick, onset, piece.notes["onset"][rows].astype(np.int64) + piece.notes["duration"][rows])
    following = np.append(begin[1:], np.inf)
    following[lines.starts[1:][np.diff(lines.starts) > 0] - 1] = np.inf
    until: Floats = np.minimum(following, np.ceil(grid.bars_at(tick)))
    return until


def _covered(piece: Piece, places: Places, runs: Runs, chosen: npt.NDArray[np.bool_]) -> int:
    """How many notes lie in the chosen runs."""
    first, last = runs.first[chosen], runs.last[chosen]
    size = max([*(int(onset.max()) for _, onset in places if len(onset)), *last.tolist()]) + 2
    edges = np.bincount(first, minlength=size) - np.bincount(last + 1, minlength=size)
    inside = np.cumsum(edges) > 0
    note = np.zeros(len(piece), bool)
    for rows, onset in places:
        note[rows[inside[onset]]] = True
    return int(note.sum())
