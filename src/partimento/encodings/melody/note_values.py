"""Note values: which of them write a length, alone or tied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

LONGEST_QUARTERS = 33  # nothing longer than a dotted longa has a note value of its own
DURATIONS = ("16th", "eighth", "quarter", "half", "whole")
TICKS_PER_QUARTER = 480  # of decoded pieces
DURATION_TICKS = np.array([120, 240, 480, 960, 1920])  # of the five durations
WRITTEN_LINES = 24  # lines a quarter: 32nds are 3 of them, triplet sixteenths 4
PLAIN = {"32nd": 3, "16th": 6, "eighth": 12, "quarter": 24, "half": 48, "whole": 96, "breve": 192}
WRITTEN = dict(
    sorted(
        (
            PLAIN
            | {f"dotted {name}": lines * 3 // 2 for name, lines in PLAIN.items() if 6 <= lines <= 96}
            | {f"double dotted {name}": lines * 7 // 4 for name, lines in PLAIN.items() if 12 <= lines <= 96}
            | {f"triplet {name}": lines * 2 // 3 for name, lines in PLAIN.items() if lines >= 6}
        ).items(),
        key=lambda item: item[1],
    )
)
FIVE = dict(zip(DURATIONS, (3, 6, 12, 24, 48), strict=True))  # in twelfths of a quarter


@dataclass(frozen=True)
class Values:
    """The note values of an encoding: `names` with their `lengths` [V] in lines, `lines` of them to a quarter.

    `chains` [S, K] writes each length of 0..S-1 lines as ids of values, longest first, the later ones tied to the first;
    0 where there are fewer. `written` [S] is the length so written. `last` [S] is the last id of a length that its chain
    writes exactly, 0 for the others.
    """

    lines: int
    names: tuple[str, ...]
    lengths: Ints
    chains: npt.NDArray[np.uint8]
    written: Ints
    last: npt.NDArray[np.uint8]


@cache
def values(durations: str) -> Values:
    """Those of the option `durations`: `five`, `written` or `tied`."""
    lines = 12 if durations == "five" else WRITTEN_LINES
    named = FIVE if durations == "five" else WRITTEN
    lengths = np.array(list(named.values()))
    shortest, longest = int(lengths[0]), LONGEST_QUARTERS * lines
    # lengths are told apart by their ratio, silences below half of the shortest value are none
    nearest = np.abs(np.log2(np.maximum(1, np.arange(longest + 1)))[:, None] - np.log2(lengths)).argmin(axis=1) + 1
    nearest[np.arange(longest + 1) * 2 < shortest] = 0
    chains: list[tuple[int, ...]] = [(number,) if number else () for number in nearest.tolist()]
    if durations == "tied":
        chains = _fewest(lengths.tolist(), chains)
    table = np.zeros((len(chains), max(map(len, chains))), np.uint8)
    for row, chain in enumerate(chains):
        table[row, : len(chain)] = chain
    of_id = np.concatenate([[0], lengths])
    written = of_id[table].sum(axis=1)
    last = np.array(
        [chain[-1] if chain and total == row else 0 for row, (chain, total) in enumerate(zip(chains, written, strict=True))]
    )
    return Values(lines, tuple(named), lengths, table, written, last.astype(np.uint8))


def _fewest(lengths: list[int], nearest: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """For each length the fewest values that add up to it, of equally few those whose longest is longest, and so on.

    The beginning of such a chain is the chain of its own length. Lengths that none adds up to keep their nearest one.
    """
    exact: dict[int, tuple[int, ...]] = {0: ()}
    for total in range(1, len(nearest)):
        ways = [
            tuple(sorted((*exact[total - one], number), reverse=True))
            for number, one in enumerate(lengths, 1)
            if total - one in exact
        ]
        if ways:
            exact[total] = min(ways, key=lambda way: (len(way), [-number for number in way]))
    return [exact.get(total, chain) for total, chain in enumerate(nearest)]


def five_of_twelfths(twelfths: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """The ids 1..5 [N] of the note values that write lengths [N] of twelfths of a quarter: music21's `duration.type`, of five."""
    length = np.arange(int(twelfths.max()) + 1)
    table = np.full(len(length), 3, np.uint8)  # what one note cannot write counts as a quarter
    for exponent, value in enumerate((1, 2, 3, 4, 5, 5, 5, 5, 5)):  # sixteenth .. duplex maxima
        plain = 3 * 2**exponent
        # thirds of a quarter between two plain values are written as a tuplet of the longer one
        table[(length > plain // 2) & (length < plain) & (length % 3 != 0)] = value
        for dots in range(5):
            dotted, rest = divmod(plain * (2 ** (dots + 1) - 1), 2**dots)
            if rest == 0 and dotted < len(table):
                table[dotted] = value
    return table[twelfths]
