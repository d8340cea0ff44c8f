"""Explores sets of pieces: measures each, counts its patterns, and compares all with the first human one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from partimento.analysis.distances import Comparison, Distance, kl_bits, overlap
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.measures import Measures, measure
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.ngrams import KINDS, LONGEST, Gram, Ngrams, stream
from partimento.analysis.piece_set import Floats, Ints, Music
from partimento.analysis.self_similarity import self_similarity, typical
from partimento.bootstrap import Interval
from partimento.errors import CorpusError
from partimento.progress import OnProgress, silent

GRAMS_SHOWN = 12
CURVE_POINTS = 48
TELLING_N, TELLING_CANDIDATES, LEAST_PIECES = 4, 300, 4
# the features of Yang and Lerch (2020), table 2, from figures and histograms of a piece
MGEVAL = {
    "different pitches": "pitches",
    "range": "pitch_range",
    "mean interval": "mean_interval",
    "pitch classes": "pitch_class",
    "pitch-class transitions": "pitch_class_change",
    "notes": "notes",
    "time between onsets": "wait_quarters",
    "note values": "duration",
    "note-value transitions": "duration_change",
}


@dataclass(frozen=True, eq=False)
class Patterns:
    """The runs of `n` symbols of one kind in one set: how many different ones, the commonest, the surprising.

    `zipf`: (rank, count) and `growth`: (runs so far, different ones) are points of curves. `once`: the share of the
    different runs that occur once.
    """

    kind: str
    n: int
    total: int
    different: int
    once: float
    commonest: list[Gram]
    surprising: list[Gram]
    zipf: tuple[Ints, Ints]
    growth: tuple[Ints, Ints]


@dataclass(frozen=True)
class Telling:
    """A run that tells two sets apart: its share of all runs of its length in a piece of the human set and of the other,
    on average, and Welch's t: above 0 where the human set has more."""

    kind: str
    symbols: tuple[int, ...]
    share: float
    share_other: float
    score: float


@dataclass(frozen=True, eq=False)
class Explored:
    """One set, measured. `similarity` is the matrix of the typical piece, whose number is `typical`."""

    music: Music
    measures: Measures
    patterns: dict[tuple[str, int], Patterns]
    typical: int
    similarity: Floats


@dataclass(frozen=True, eq=False)
class Beside:
    """A set beside the first human one: rows by name. `figures` have the mean of the human set, of the other, and the change."""

    human: Explored
    other: Explored
    overlaps: dict[str, Distance]
    divergences: dict[str, Distance]
    figures: dict[str, tuple[Interval, Interval, Distance]]
    mgeval: dict[str, tuple[Distance, Distance]]
    telling: list[Telling] = field(default_factory=list)

    def distances(self) -> dict[str, dict[str, Distance]]:
        """All distances: kind, name of the row, distance."""
        return {
            "overlap": self.overlaps,
            "kl_bits": self.divergences,
            "difference of means": {name: row for name, (_, _, row) in self.figures.items()},
            "mgeval overlapping area": {name: area for name, (area, _) in self.mgeval.items()},
            "mgeval kl_nats": {name: nats for name, (_, nats) in self.mgeval.items()},
        }

    def within(self) -> tuple[int, int]:
        """How many of the overlaps and figures lie within the human floor, of how many."""
        inside = [row.touches_floor() for row in [*self.overlaps.values(), *(row for _, _, row in self.figures.values())]]
        return sum(inside), len(inside)


@dataclass(frozen=True, eq=False)
class Exploration:
    """All sets, and every set but the human one beside it."""

    sets: list[Explored]
    beside: list[Beside]


def explore(sets: Sequence[Music], *, seed: int = 0, on_progress: OnProgress = silent) -> Exploration:
    """Measures the sets and compares them. Raises `CorpusError` for a set without notes."""
    for music in sets:
        if not len(music.notes):
            raise CorpusError(f"{music.name}: no notes in it; name music that has some")
    measured = [measure(music, partial(on_progress, f"measuring {music.name}")) for music in sets]
    human = next((number for number, music in enumerate(sets) if not music.made), 0)
    others = [number for number in range(len(sets)) if number != human]
    patterns: list[dict[tuple[str, int], Patterns]] = [{} for _ in sets]
    telling: dict[int, list[Telling]] = {number: [] for number in others}
    for done, kind in enumerate(KINDS):
        on_progress("counting patterns", done, len(KINDS))
        grams: dict[int, Ngrams] = {}
        for number, music in enumerate(sets):
            one = grams[number] = Ngrams(*stream(music, kind))
            patterns[number] |= {(kind, n): _patterns(one, kind, n, len(music)) for n in range(1, LONGEST + 1)}
        if kind != "pitch":
            for number in others:
                telling[number] += _telling(kind, grams[human], grams[number])
    on_progress("counting patterns", len(KINDS), len(KINDS))
    explored = []
    for music, measures, found in zip(sets, measured, patterns, strict=True):
        number = typical(music, measures)
        explored.append(Explored(music, measures, found, number, self_similarity(music.piece(number))))
    beside = []
    for done, number in enumerate(others):
        on_progress("comparing", done, len(others))
        beside.append(_beside(explored[human], explored[number], telling[number], seed))
    on_progress("comparing", len(others), len(others))
    return Exploration(explored, beside)


def _patterns(grams: Ngrams, kind: str, n: int, pieces: int) -> Patterns:
    counts = grams.zipf(n)
    rank = np.unique(np.geomspace(1, max(len(counts), 1), CURVE_POINTS).astype(np.int64))[: len(counts)]
    return Patterns(
        kind,
        n,
        int(counts.sum()),
        len(counts),
        float((counts == 1).mean()) if len(counts) else 0.0,
        grams.commonest(n, GRAMS_SHOWN),
        grams.surprising(n, GRAMS_SHOWN, least_pieces=max(3, pieces // 200)),
        (rank, counts[rank - 1]),
        grams.growth(n, CURVE_POINTS),
    )


def _telling(kind: str, human: Ngrams, other: Ngrams) -> list[Telling]:
    """The runs of four whose rates in pieces differ most between both sets, `GRAMS_SHOWN` for each side."""
    n = TELLING_N
    if min(human.pieces, other.pieces) < LEAST_PIECES:
        return []
    candidates = {gram.symbols for grams in (human, other) for gram in grams.commonest(n, TELLING_CANDIDATES)}
    runs = np.array(sorted(int.from_bytes(bytes(symbols), "big") for symbols in candidates), np.uint64)
    rates = [grams.rates(runs, n) for grams in (human, other)]
    score = welch_t(*rates)
    chosen = [row for side in (score, -score) for row in np.argsort(-side, kind="stable")[:GRAMS_SHOWN] if side[row] > 0]
    means = [rate.mean(axis=1) for rate in rates]
    symbols = [tuple(int(runs[row]).to_bytes(n, "big")) for row in chosen]
    return [
        Telling(kind, run, float(means[0][row]), float(means[1][row]), float(score[row]))
        for run, row in zip(symbols, chosen, strict=True)
    ]


def welch_t(one: Floats, other: Floats) -> Floats:
    """Welch's t of each row [K, P] (K rows, P pieces of each set): how many standard errors the mean of `one` lies above that
    of `other` (Welch 1947).

    Over pieces, it is not misled by a run that one piece repeats without end, as ratios of counts are (Lijffijt et al. 2016,
    "Significance testing of word frequencies in corpora").
    """
    error = np.sqrt(sum(each.var(axis=1, ddof=1) / each.shape[1] for each in (one, other)))
    change = one.mean(axis=1) - other.mean(axis=1)
    result: Floats = np.where(error > 0, change / np.where(error > 0, error, 1), 0)
    return result


def _beside(human: Explored, other: Explored, telling: list[Telling], seed: int) -> Beside:
    compare = Comparison(human.music.works, other.music.works, human.music.works, seed)
    overlaps, divergences, figures, mgeval = {}, {}, {}, {}
    for name, histogram in HISTOGRAMS.items():
        one, two = human.measures.counts[name], other.measures.counts[name]
        area = compare.distributions(overlap, one, two, one)
        bits = compare.distributions(lambda p, q: kl_bits(q, p), one, two, one)
        if area and bits and histogram.section and not area.says_nothing():
            overlaps[name], divergences[name] = area, bits
    for name in FIGURES:
        row = compare.means(human.measures.figures[name], other.measures.figures[name], human.measures.figures[name])
        if row and not row[2].says_nothing():
            figures[name] = row
    for title, name in MGEVAL.items():
        within, across = _of_pieces(human.measures, name), _of_pieces(other.measures, name)
        if both := compare.mgeval(within, across, within):
            mgeval[title] = both
    return Beside(human, other, overlaps, divergences, figures, mgeval, telling)


def _of_pieces(measures: Measures, name: str) -> Floats:
    """A figure [P], or a histogram over its sum [P, K], not a number where a piece has none."""
    if name in FIGURES:
        return measures.figures[name]
    counts = measures.counts[name]
    with np.errstate(invalid="ignore"):
        shares: Floats = counts / counts.sum(axis=1, keepdims=True)
    return shares
