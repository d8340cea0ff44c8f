"""How far apart two sets of pieces are, with intervals, beside how far apart two halves of real music are.

Everything is a function of weights on pieces: ones for the whole set, multinomial counts for a bootstrap sample, ones and
zeros for a half. Works are never torn apart by halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from partimento.analysis.piece_set import Floats
from partimento.bootstrap import Interval
from partimento.piece import Array

RESAMPLES, HALVES = 200, 50
SPREAD = 1e-3  # of a distribution is shared out evenly before a logarithm is taken, so that divergences are finite
LEAST_PIECES, MOST_PIECES = 4, 200  # of a set that enter a matrix of distances between pieces
DENSITY_POINTS = 512


@dataclass(frozen=True)
class Distance:
    """One distance of two sets: its value with a 95% bootstrap interval over pieces, and the `floor`: the mean of the same
    between pairs of halves of real music of that size, and the range of 95% of them."""

    value: Interval
    floor: Interval

    def touches_floor(self) -> bool:
        """Whether the interval and the floor meet: then both sets may be as alike as halves of real music."""
        return self.value.low <= self.floor.high and self.value.high >= self.floor.low

    def says_nothing(self) -> bool:
        """Whether everything is one and the same value, as the tempo of files that state none."""
        return self.value.low == self.value.high == self.floor.low == self.floor.high

    def to_json(self) -> dict[str, dict[str, float]]:
        return {"value": self.value.to_json(), "floor": self.floor.to_json()}


def overlap(p: Floats, q: Floats) -> Floats:
    """The area that two distributions share, 0..1: the sum of the smaller of both shares (`OA` of Yang and Lerch 2020).

    Shares [..., K] that sum to 1; gives [...].
    """
    result: Floats = np.minimum(p, q).sum(axis=-1)
    return result


def kl_bits(p: Floats, q: Floats) -> Floats:
    """The Kullback-Leibler divergence of p from q in bits, both mixed with `SPREAD` of the uniform distribution.

    Shares [..., K] that sum to 1; gives [...].
    """
    size = np.shape(p)[-1]
    p, q = ((1 - SPREAD) * each + SPREAD / size for each in (p, q))
    result: Floats = (p * np.log2(p / q)).sum(axis=-1)
    return result


def bootstrap_weights(pieces: int, resamples: int, generator: np.random.Generator) -> Floats:
    """How often each piece is drawn, when as many as there are are drawn with replacement: float64 [R, P], `resamples` times."""
    return generator.multinomial(pieces, np.full(pieces, 1 / pieces), size=resamples).astype(np.float64)


def half_weights(works: Sequence[str], size: int, halves: int, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Two disjoint choices of about `size` pieces each, `halves` times: ones and zeros, float64 [H, P] twice.

    A work is on one side only, so a side may be larger than `size` by a part of a work.
    """
    _, work = np.unique(np.asarray(works), return_inverse=True)
    pieces_of_work = np.bincount(work)
    size = max(1, min(size, len(works) // 2))
    left, right = np.zeros((2, halves, len(works)))
    for row in range(halves):
        order = generator.permutation(len(pieces_of_work))
        taken = np.cumsum(pieces_of_work[order])
        # the works in their order fill one side, then the other
        side = np.full(len(order), 2)
        side[order] = np.where(taken - pieces_of_work[order] < size, 0, np.where(taken - pieces_of_work[order] < 2 * size, 1, 2))
        left[row], right[row] = side[work] == 0, side[work] == 1
    return left, right


def interval(value: float, drawn: Floats) -> Interval:
    """The value and the range of 95% of the finite ones among what was drawn [R]."""
    drawn = drawn[np.isfinite(drawn)]
    return Interval.of(value, drawn) if len(drawn) else Interval(float(value), np.nan, np.nan)


class Comparison:
    """Two sets and the human one from which the floor comes; draws every sample once, so that all rows rest on the same ones."""

    def __init__(self, one: Sequence[str], other: Sequence[str], human: Sequence[str], seed: int = 0) -> None:
        """The works of the pieces of each set; `human` may be either of the two."""
        generator = np.random.default_rng(seed)
        self.one = np.concatenate([np.ones((1, len(one))), bootstrap_weights(len(one), RESAMPLES, generator)])
        self.other = np.concatenate([np.ones((1, len(other))), bootstrap_weights(len(other), RESAMPLES, generator)])
        self.left, self.right = half_weights(human, min(len(one), len(other)), HALVES, generator)
        # for the matrices of distances between pieces: some of each set, and halves of some of the human one
        self.some_one, self.some_other = _some(len(one), MOST_PIECES, generator), _some(len(other), MOST_PIECES, generator)
        self.some_human = _some(len(human), 2 * MOST_PIECES, generator)
        size = min(len(self.some_one), len(self.some_other))
        self.some_left, self.some_right = half_weights([human[n] for n in self.some_human], size, HALVES, generator)

    def distributions(
        self, distance: Callable[[Floats, Floats], Floats], one: Array, other: Array, human: Array
    ) -> Distance | None:
        """A distance of the pieces' mean histograms; None where a set has nothing of it.

        Histograms are counts [P, K] of each set. `distance` takes shares [R, K] twice and gives [R].
        """
        sides = [_means(self.one, one), _means(self.other, other), _means(self.left, human), _means(self.right, human)]
        if any(not np.isfinite(side[0]).all() for side in sides):
            return None
        drawn, floor = distance(sides[0], sides[1]), distance(sides[2], sides[3])
        return Distance(interval(drawn[0], drawn[1:]), interval(float(np.nanmean(floor)), floor))

    def means(self, one: Floats, other: Floats, human: Floats) -> tuple[Interval, Interval, Distance] | None:
        """The mean figure of both sets, and their difference (the second less the first); None where a set has none.

        Figures are float64 [P], not a number where a piece has none. The floor of a difference is about 0; its range says how
        far halves of real music differ.
        """
        sides = [_mean(self.one, one), _mean(self.other, other), _mean(self.left, human), _mean(self.right, human)]
        if any(not np.isfinite(side[0]) for side in sides):
            return None
        change, floor = sides[1] - sides[0], sides[3] - sides[2]
        floor = np.concatenate([floor, -floor])  # either half may come first
        whole = [interval(side[0], side[1:]) for side in sides[:2]]
        return whole[0], whole[1], Distance(interval(change[0], change[1:]), interval(0.0, floor))

    def mgeval(self, one: Floats, other: Floats, human: Floats) -> tuple[Distance, Distance] | None:
        """Overlapping area and Kullback-Leibler divergence (nats) of the distances between pieces within `human` and those
        across both sets, after Yang and Lerch, "On the evaluation of generative models in music" (2020), section 3.3.

        Features are [P, K] or [P]. Of larger sets `MOST_PIECES` are drawn. None where a set has too little.
        """
        one_rows, first = _known(one, self.some_one)
        other_rows, second = _known(other, self.some_other)
        human_rows, third = _known(human, self.some_human)
        if min(map(len, (first, second, third))) < LEAST_PIECES:
            return None
        weights, other_weights = self.one[:, self.some_one[one_rows]], self.other[:, self.some_other[other_rows]]
        left, right = self.some_left[:, human_rows], self.some_right[:, human_rows]
        within, across = _densities([(first, first, weights, weights), (first, second, weights, other_weights)])
        floor_within, floor_across = _densities([(third, third, left, left), (third, third, left, right)])
        areas, floors = overlap(within, across), overlap(floor_within, floor_across)
        nats, nats_floor = _kl_nats(within, across), _kl_nats(floor_within, floor_across)
        return (
            Distance(interval(areas[0], areas[1:]), interval(float(floors.mean()), floors)),
            Distance(interval(nats[0], nats[1:]), interval(float(nats_floor.mean()), nats_floor)),
        )


def _some(pieces: int, most: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.sort(generator.permutation(pieces)[:most])


def _known(features: Floats, some: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Which of some pieces have the feature, as rows of `some`; and it, [rows, K]."""
    table = np.asarray(features, np.float64).reshape(len(features), -1)[some]
    rows = np.flatnonzero(np.isfinite(table).all(axis=1))
    return rows, table[rows]


def _means(weights: Floats, counts: Array) -> Floats:
    """The weighted mean [R, K] of the pieces' histograms over their sums; pieces without any do not count."""
    total = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(total, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = (weights @ shares) / (weights @ (total > 0))
    return mean


def _mean(weights: Floats, figures: Floats) -> Floats:
    known = np.isfinite(figures)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = (weights @ np.where(known, figures, 0)) / (weights @ known)
    return mean


def _densities(pairs: Sequence[tuple[Floats, Floats, Floats, Floats]]) -> list[Floats]:
    """The density of the Euclidean distances of each pair of groups of pieces, on one grid for all: [R, points], sum 1.

    A pair is (features, features, weights [R, pieces], weights). Kernels are Gaussian with Scott's bandwidth, as in
    `scipy.stats.gaussian_kde`; distances of a piece to itself are left out.
    """
    tables = []
    for one, other, _, _ in pairs:
        squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
        apart = np.sqrt(np.maximum(squares, 0))
        if one is other:
            np.fill_diagonal(apart, np.nan)
        tables.append(apart)
    widest = max(float(np.nanmax(apart)) for apart in tables) or 1.0
    step = 1.5 * widest / DENSITY_POINTS  # a quarter of the range on either side for the tails of the kernels
    densities = []
    for apart, (_, _, left, right) in zip(tables, pairs, strict=True):
        cell = np.where(np.isnan(apart), DENSITY_POINTS, (apart + 0.25 * widest) / step).astype(np.int64)
        rows = []
        for weight_one, weight_other in zip(left, right, strict=True):
            pair = weight_one[:, None] * weight_other
            histogram = np.bincount(cell.ravel(), pair.ravel(), DENSITY_POINTS + 1)[:DENSITY_POINTS].astype(np.float64)
            rows.append(_smoothed(histogram, float(pair[~np.isnan(apart)].sum())))
        densities.append(np.array(rows))
    return densities


def _smoothed(histogram: Floats, count: float) -> Floats:
    share = histogram / max(histogram.sum(), 1e-300)
    cells = np.arange(len(share))
    spread = np.sqrt(max(float(share @ cells**2 - (share @ cells) ** 2), 0))
    smooth: Floats = gaussian_filter1d(share, max(spread * max(count, 1) ** -0.2, 0.5), mode="constant", truncate=6)
    return smooth


def _kl_nats(p: Floats, q: Floats) -> Floats:
    nats: Floats = kl_bits(p, q) * np.log(2)
    return nats
