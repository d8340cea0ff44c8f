"""Which pieces are the same, and which are the same work: by their notes alone, in any transposition."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from partimento.piece import Piece

GRAM = 8  # notes in a shingle: long enough that chance and scales rarely repeat it
TOO_COMMON = 64  # a shingle in more pieces than this is a figure, not a sign of kinship
MOST = 0.5  # the share of the smaller piece's shingles that the other must hold
AT_LEAST = 12  # shared shingles: fewer may be chance
SOME = 0.05  # the share, and the number, from which on two pieces are laid beside each other note by note
A_FEW = 6
ALIGNED = 0.35  # how much of what chance leaves must then lie in one order: performances of a score have 0.4 and more, others 0
MELODY = 0.5  # the same of the highest notes, where all of it is less alike: other chords under one melody
POOR = 0.5  # what chance alone brings into one order in chords and other accompaniments, which many pieces have in common
CHANCE = 12  # over the number of notes: what is added to that share, since chance does much in a piece of a hundred notes
SAME = 0.95  # the share of notes in one order, and the ratio of their numbers, from which on two formats hold one score
SPREAD_SECONDS = 0.05  # notes that begin together: players spread chords so much, and play few notes in a row so fast

ROWS_AT_ONCE = 2048  # pieces compared with all others at a time, for memory

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def content_hash(piece: Piece) -> str:
    """A hash of the notes: equal for the same onsets, durations and pitches in any transposition, tick resolution,
    share-out to tracks, and with any silence at the start."""
    notes = piece.notes
    onset = notes["onset"].astype(np.int64)
    duration = notes["duration"].astype(np.int64)
    onset = onset - onset.min()
    unit = int(np.gcd.reduce(np.concatenate([onset, duration, [piece.ticks_per_quarter]])))
    pitch = notes["pitch"].astype(np.int64)
    rows = np.stack([onset // unit, pitch - pitch.min(), duration // unit])
    rows = rows[:, np.lexsort(rows[::-1])]
    head = f"{piece.ticks_per_quarter // unit} {len(notes)} ".encode()
    return hashlib.sha256(head + rows.astype("<i8").tobytes()).hexdigest()[:32]


@dataclass(frozen=True)
class Sketch:
    """What is compared of a piece: its `texture`, uint8 [N], the line of each of its tracks, its highest notes as its `melody`, and
    hashes of the runs of all these.

    The texture makes a piece known however its notes are shared out to tracks; the tracks make a melody known in its
    arrangement, the highest notes a piece whose bass or chords are others. Rhythm is left out, so that neither notation nor
    tempo hides a likeness.
    """

    shingles: npt.NDArray[np.uint64]
    texture: npt.NDArray[np.uint8]
    tracks: tuple[npt.NDArray[np.uint8], ...] = ()
    melody: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))

    @cached_property
    def by_chance(self) -> float:
        """What `chance_of` says of the texture."""
        return chance_of(self.texture)

    @classmethod
    def of(cls, piece: Piece) -> Sketch:
        """Notes that begin within `SPREAD_SECONDS` are a chord, in one order however a player spreads them."""
        from partimento.corpus.alignment import settled  # compiled: it takes a while to come

        notes, second = piece.notes, piece.second_at(piece.notes["onset"])
        order = np.lexsort((notes["pitch"], second))
        texture, is_top = settled(second[order], notes["pitch"][order], SPREAD_SECONDS)
        tracks: tuple[npt.NDArray[np.uint8], ...] = ()
        if len(piece.tracks) > 1:
            bounds = np.searchsorted(notes["track"], np.arange(len(piece.tracks) + 1))
            tracks = tuple(notes["pitch"][start:stop].copy() for start, stop in pairwise(bounds) if stop - start >= GRAM)
        hashes = [_rolling(run.astype(np.int64)) for run in (texture, texture[is_top], *tracks) if len(run) >= GRAM]
        shingles = np.unique(np.concatenate(hashes)) if hashes else np.zeros(0, np.uint64)
        return cls(shingles, texture, tracks, texture[is_top])


def chance_of(line: npt.NDArray[np.uint8]) -> float:
    """The share (0..1) of steps that two lines such as this one [N] have in one order by chance: twice the root of how likely two
    steps are the same, as of random sequences of many symbols (Kiwi, Loebl and Matousek 2005)."""
    _, counts = np.unique(line[1:] * np.int64(128) + line[:-1], return_counts=True)
    return float(min(1.0, 2 * np.sqrt(np.sum((counts / max(1, len(line) - 1)) ** 2))))


def _rolling(pitch: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """A hash of the intervals of each run of GRAM notes; runs of one repeated interval say nothing and are left out."""
    steps = pitch[1:] - pitch[:-1]
    count = len(steps) - GRAM + 2
    value = np.zeros(count, np.uint64)
    varied = np.zeros(count, bool)
    for place in range(GRAM - 1):
        step = steps[place : place + count]
        value = (value ^ (step + 128).astype(np.uint64)) * _MULTIPLIER
        value ^= value >> np.uint64(29)
        varied |= step != steps[:count]
    return value[varied]


def works(sketches: Sequence[Sketch], hashes: Sequence[str], given: Sequence[str] = ()) -> list[str]:
    """The work of each of P pieces: pieces most of whose notes another holds are one work with it, and so on along chains.

    A piece of few different steps, such as the chords of a tune, goes with the piece that it shares most with, and joins no two
    works. A work is named by the smallest content hash among its pieces, so that the name depends on neither order nor
    machine. `given` names works by hand ("" for none): pieces with the same given name are one work.
    """
    count = len(sketches)
    parent = np.arange(count)

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = int(parent[number])
        return number

    first_with: dict[str, int] = {}
    for number, name in enumerate(given):
        if name:
            parent[root(number)] = root(first_with.setdefault(name, number))

    def order(pair: tuple[int, int, int]) -> tuple[int, str, str]:
        return -pair[2], *sorted((hashes[pair[0]], hashes[pair[1]]))  # type: ignore[return-value]

    closed = np.zeros(count, bool)  # poor pieces that have found their work
    for one, other, common in sorted(sharing([sketch.shingles for sketch in sketches]), key=order):
        if root(one) == root(other) or closed[one] or closed[other] or not are_kin(sketches[one], sketches[other], common):
            continue
        parent[root(one)] = root(other)
        for number in (one, other):
            closed[number] = sketches[number].by_chance >= POOR
    names: dict[int, str] = {}
    for number in range(count):
        group = root(number)
        names[group] = min(names.get(group, hashes[number]), hashes[number])
    return [names[root(number)] for number in range(count)]


def are_kin(one: Sketch, other: Sketch, common: int) -> bool:
    """Whether two pieces with `common` shingles share most of the smaller one's, or some and are alike note by note."""
    smaller = min(len(one.shingles), len(other.shingles))
    if common >= MOST * smaller and common >= min(AT_LEAST, smaller):
        return True
    return common >= A_FEW and common >= SOME * smaller and alike(one, other)


def alike(one: Sketch, other: Sketch) -> bool:
    """Whether the texture of the smaller piece goes on as that of the other does, or as one of its tracks; or their melodies do."""
    small, large = sorted((one, other), key=lambda sketch: len(sketch.texture))
    tracks = [track for track in large.tracks if 2 * len(track) >= len(small.texture)]
    return _goes_on(small.texture, [large.texture, *tracks], ALIGNED) or (
        small.by_chance < POOR and _goes_on(small.melody, [large.melody], MELODY)
    )


def _goes_on(line: npt.NDArray[np.uint8], others: Sequence[npt.NDArray[np.uint8]], share: float) -> bool:
    """Whether a `share` of what chance leaves of a line's steps [N] stand in one of the other lines, in one order."""
    from partimento.corpus.alignment import contained

    chance = chance_of(line)
    least = chance + share * (1 - chance) + CHANCE / max(1, len(line))
    return any(contained(line, other) >= least for other in others)


def other_forms(sketches: Sequence[Sketch], formats: Sequence[int], works: Sequence[str]) -> dict[int, int]:
    """Which of P pieces are another one's score in another format, and of which: that of the lowest number of a format is kept."""
    from partimento.corpus.alignment import contained

    of_work: dict[str, list[int]] = {}
    for number, work in enumerate(works):
        of_work.setdefault(work, []).append(number)
    left_out: dict[int, int] = {}
    for numbers in of_work.values():
        numbers.sort(key=lambda number: (formats[number], number))
        kept: list[int] = []
        for number in numbers:
            mine = sketches[number].texture
            for other in kept:
                theirs = sketches[other].texture
                short, long = sorted((len(mine), len(theirs)))
                if formats[number] != formats[other] and short >= SAME * long and contained(mine, theirs) >= SAME:
                    left_out[number] = other
                    break
            else:
                kept.append(number)
    return left_out


def sharing(piece_shingles: Sequence[npt.NDArray[np.uint64]]) -> Iterator[tuple[int, int, int]]:
    """The pairs of pieces that share `A_FEW` shingles [H] or `MOST` of the smaller one's, and how many: by one sparse product."""
    from scipy.sparse import csr_array

    sizes = np.array([len(some) for some in piece_shingles], np.int64)
    if not sizes.sum():
        return
    _, number, count = np.unique(np.concatenate(list(piece_shingles)), return_inverse=True, return_counts=True)
    telling = (count > 1) & (count <= TOO_COMMON)
    kept = telling[number]
    column = (np.cumsum(telling) - 1)[number[kept]]
    holder = np.repeat(np.arange(len(sizes)), sizes)[kept]
    row_end = np.concatenate([[0], np.cumsum(np.bincount(holder, minlength=len(sizes)))])
    holds = csr_array((np.ones(len(column), np.int32), column, row_end), shape=(len(sizes), int(telling.sum())))
    for start in range(0, len(sizes), ROWS_AT_ONCE):
        shared = (holds[start : start + ROWS_AT_ONCE] @ holds.T).tocoo()
        one, other, common = shared.row + start, shared.col, shared.data
        smaller = np.minimum(sizes[one], sizes[other])
        close = (one < other) & ((common >= MOST * smaller) | ((common >= A_FEW) & (common >= SOME * smaller)))
        yield from zip(one[close].tolist(), other[close].tolist(), common[close].tolist(), strict=True)
