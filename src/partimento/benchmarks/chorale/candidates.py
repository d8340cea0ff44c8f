"""Features of each symbol that a voice may draw: a row of numbers for every candidate, which the trees read.

All answers are relative to the voice's last pitch, to those drawn or to the key: a piece in another key is answered alike.
Shapes: N slots, K candidates, Q questions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.chorale import features
from partimento.benchmarks.chorale.features import OF_VOICE, VOICES, Row
from partimento.benchmarks.chorale.memory import TUNES
from partimento.benchmarks.chorale.past import AGO, CONTEXTS, FURTHER, INTERVALS, LAGS, NONE, REST, SPANS, USES, intervals
from partimento.benchmarks.chorale.places import VOTES

CANDIDATES = 24  # symbols asked about, the likeliest by the contexts
SYMBOLS = NONE
UNRELATED = 99  # where an answer would be an interval, and one of its ends is no pitch
_UNMET = 1e-4  # what the contexts give to an interval that followed none of them
_ALL = 1e-3  # the share of the first law that is the voice's, whatever the contexts predict

Table = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Asked = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """The `symbols` [N, K] that a voice may draw, ln p of them by the contexts, `first` [N, K], the likeliest first, and p of all
    others together, `rest` [N]. `law` is ln p of every symbol [N, SYMBOLS]."""

    symbols: Table
    first: Floats
    rest: Floats
    law: Floats


def candidates(voice: int, rows: Row, unigram: Floats) -> Candidates:
    """Those of a voice in slots of the features `rows` [N, WIDTH]. `unigram` [SYMBOLS] is p of its symbols in train.

    What followed each context counts by the square of the largest share: contexts that are sure count more.
    """
    last = rows[:, features.LAST][:, voice].astype(np.int64)
    of_voice = rows[:, VOICES].reshape(-1, 4, OF_VOICE)[:, voice]
    shares = of_voice[:, features.SHARE].reshape(-1, CONTEXTS + VOTES, INTERVALS)[:, :CONTEXTS].astype(np.float64)
    of_interval = (shares * shares.max(2, keepdims=True) ** 2).sum(1) / CONTEXTS + _UNMET
    of_interval /= of_interval.sum(1, keepdims=True)
    interval = intervals(np.arange(SYMBOLS)[None], last[:, None])
    at = np.arange(len(rows))[:, None]
    total = np.zeros((len(rows), INTERVALS))
    np.add.at(total, (at, interval), np.broadcast_to(unigram, interval.shape))
    p = of_interval[at, interval] * unigram / total[at, interval]  # an interval's share is split among its symbols
    p = (1 - _ALL) * p / p.sum(1, keepdims=True) + _ALL * unigram
    symbols = np.argsort(-p, 1, kind="stable")[:, :CANDIDATES]
    likely = np.take_along_axis(p, symbols, 1)
    return Candidates(symbols, np.log(likely), np.maximum(1 - likely.sum(1), 1e-9), np.log(p))


def answers(voice: int, rows: Row, now: Table, found: Candidates) -> Asked:
    """The answers [N, K, Q] about the candidates of a voice in slots of the features `rows`. Of the slots' own symbols `now`
    [N, 4] they know those drawn before."""
    columns = [*_of_candidates(voice, rows, now, found), *(one[:, None] for one in _of_slots(voice, rows, now))]
    asked = np.empty((*found.symbols.shape, len(columns)), np.float32)
    for number, column in enumerate(columns):
        asked[:, :, number] = column
    return asked


def _of_candidates(voice: int, rows: Row, now: Table, found: Candidates) -> Iterator[npt.NDArray[np.generic]]:
    """[N, K] each."""
    N, v, symbol, of = len(rows), voice, found.symbols, partial(_of, rows)
    last, tonic = of(features.LAST, 4), of(features.KEY, 2)[:, :1]
    own, tune, small = of(features.OWN, 3, 4), of(features.TUNE, 4, TUNES), of(features.SMALL)
    ago = of(features.AGO_SYMBOLS, len(AGO + FURTHER), 4)
    own_length, tune_length = small[:, 5:8], small[:, 8:]
    of_voice = rows[:, VOICES].reshape(N, 4, OF_VOICE)[:, v].astype(np.float32)

    step = _step(symbol, last[:, v, None])
    yield step
    yield np.where(step == UNRELATED, UNRELATED, abs(step))
    for line in (of(features.BEFORE, 4)[:, v], of(features.EARLIER, 4)[:, v], *ago[:, :, v].T):
        yield _step(symbol, line[:, None])
    yield _degree(symbol, tonic)
    nearest, doubled = np.full(symbol.shape, UNRELATED), np.zeros(symbol.shape, np.int64)
    for u in range(v):
        apart = _step(symbol, now[:, u, None])
        folded = _folded(apart)
        is_parallel = (folded == ((last[:, v] - last[:, u]) % 12)[:, None]) & (step != 0) & (apart != UNRELATED)
        nearest, doubled = np.minimum(nearest, abs(apart)), doubled + (folded == 0)
        yield from (apart, folded, np.where(is_parallel, folded, -1))
    yield from (nearest, doubled)
    for u in range(4):
        if u != v:
            apart = _step(symbol, last[:, u, None])
            yield from (apart, _folded(apart))

    at, is_pitch, pitch = np.arange(N)[:, None], symbol < REST, np.minimum(symbol, REST - 1)
    interval = intervals(symbol, last[:, v, None])
    shares = of_voice[:, features.SHARE].reshape(N, CONTEXTS + VOTES, INTERVALS)
    yield from (shares[at, kind, interval] for kind in range(CONTEXTS + VOTES))
    uses = of_voice[:, features.USE].reshape(N, REST, USES)
    yield from (uses[at, pitch, kind] * is_pitch for kind in range(USES))
    class_shares = rows[:, features.CLASS_SHARES].astype(np.float32).reshape(N, 12, SPANS)
    yield from (class_shares[at, pitch % 12, kind] * is_pitch for kind in range(SPANS))
    weight = uses[:, :, 0] + 1e-6
    yield np.where(is_pitch, symbol - ((weight * np.arange(REST)).sum(1) / weight.sum(1))[:, None], UNRELATED)  # from its mean
    for m in range(3):
        yield _sign(symbol, own[:, m, v]) * own_length[:, m, None]
    for m in range(TUNES):
        agree = (tune[:, :v, m] == now[:, :v]).sum(1)
        same = _sign(symbol, tune[:, v, m])
        yield from (same * tune_length[:, m, None], same * (1 + agree[:, None]))
    yield from (found.first, found.first - found.first[:, :1], np.broadcast_to(np.arange(symbol.shape[1]), symbol.shape))


def _of_slots(voice: int, rows: Row, now: Table) -> Iterator[npt.NDArray[np.generic]]:
    """[N] each, the same for all candidates."""
    N, v, of = len(rows), voice, partial(_of, rows)
    last, before, key = of(features.LAST, 4), of(features.BEFORE, 4), of(features.KEY, 2)
    lately, bars = of(features.LATELY, len(AGO), 4), of(features.BARS)
    yield from of(features.PLACE).T
    yield key[:, 1]
    yield from of(features.AGE, 4).T
    for u in range(4):
        yield from (_degree(last[:, u], key[:, 0]), _step(last[:, u], before[:, u]))
    for u in range(v):
        yield from (_step(now[:, u], last[:, u]), _degree(now[:, u], key[:, 0]))
    yield from of(features.SINCE).T
    yield from (lately[:, 1].sum(1), lately[:, 2, v], lately[:, 3, v])
    yield from rows[:, VOICES].reshape(N, 4, OF_VOICE)[:, v, features.SEEN].T
    yield from bars.T
    start, since, phrase = bars[:, 2 * len(LAGS) :].T[:3]
    yield from (start % beats for beats in (12, 24, 32, 48, 64))
    yield phrase - since


def _of(rows: Row, columns: slice, *shape: int) -> Table:
    """Some columns, as numbers [N, *shape]."""
    found = rows[:, columns].astype(np.int64)
    return found.reshape(len(rows), *shape) if shape else found


def _step(pitch: Table, other: Table) -> Table:
    return np.where((pitch >= REST) | (other >= REST), UNRELATED, (pitch - other).clip(-24, 24))


def _folded(step: Table) -> Table:
    return np.where(step == UNRELATED, UNRELATED, step % 12)


def _degree(pitch: Table, tonic: Table) -> Table:
    return np.where((pitch >= REST) | (tonic < 0), 12, (pitch - tonic) % 12)


def _sign(symbol: Table, found: Table) -> Table:
    """1 for the symbol that was found at a place, -1 for others; 0 where none was."""
    return np.where(found[:, None] == NONE, 0, np.where(symbol == found[:, None], 1, -1))
