"""Which split each work falls into: by a hash of the work alone, whatever the order, the machine or the other works."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from partimento.corpus.encoded import SHARES, SPLITS, uniform_hash
from partimento.errors import CorpusError

FEWEST_WORKS = 5


def assign_splits(works: Sequence[str], shares: Sequence[float] = SHARES) -> npt.NDArray[np.uint8]:
    """The split (an index into `SPLITS`) of each of P pieces, uint8 [P], given the work of each.

    A work's hash is a number from 0 to 1, and the splits are stretches of it, so that a work stays where it is when others join.
    Where that would leave a split with less than half or more than twice its share of the works (small corpora), the works are
    ranked by the same number instead, and valid and test get at least one each. Raises `CorpusError` below five works.
    """
    names = sorted(set(works))
    if len(names) < FEWEST_WORKS:
        raise CorpusError(
            f"too few works to train and test on ({len(names)}); add files until there are {FEWEST_WORKS} different pieces"
        )
    place = uniform_hash(np.array([int(name[:16], 16) for name in names], np.uint64))
    wanted = np.asarray(shares) / sum(shares)
    bounds = np.cumsum(wanted)[:-1]
    split = np.searchsorted(bounds, place, side="right")
    had = np.bincount(split, minlength=len(SPLITS)) / len(names)
    if (had < wanted / 2).any() or (had > wanted * 2).any():
        held_out = np.maximum(1, np.round(wanted[1:] * len(names))).astype(int)
        limits = np.cumsum([len(names) - held_out.sum(), *held_out])
        split = np.empty(len(names), np.int64)
        split[np.argsort(place, kind="stable")] = np.searchsorted(limits, np.arange(len(names)), side="right")
    of_work = dict(zip(names, split.tolist(), strict=True))
    return np.array([of_work[work] for work in works], np.uint8)
