"""Note values: which of them write a length, alone or tied."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from partimento.piece import nearest_line

Ints = npt.NDArray[np.int64]

LONGEST_QUARTERS = 33  # nothing longer than a dotted longa has a note value of its own
TICKS_PER_QUARTER = 480  # of decoded pieces
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
FIVE = {"16th": 3, "eighth": 6, "quarter": 12, "half": 24, "whole": 48}  # in twelfths of a quarter


@dataclass(frozen=True)
class Values:
    """The note values of an encoding: `names` with their `lengths` [V + 1] in lines by id (0 is no value), `lines` to a quarter.

    `written` [S] is the length that is written for a note of 0..S-1 lines. `chains` [S, K] writes a length as ids of values,
    longest first, the later ones tied to the first; 0 where there are fewer. `last` [S] is the last id of a length that its
    chain writes exactly, 0 for the others.
    """

    lines: int
    names: tuple[str, ...]
    lengths: Ints
    written: Ints
    chains: npt.NDArray[np.uint8]
    last: npt.NDArray[np.uint8]


@cache
def values(durations: str) -> Values:
    """Those of the option `durations`: `five`, `written` or `tied`."""
    lines, named = (12, FIVE) if durations == "five" else (WRITTEN_LINES, WRITTEN)
    lengths = np.array([0, *named.values()])
    all_lengths = np.arange(LONGEST_QUARTERS * lines + 1)
    # lengths are told apart by their ratio, silences below half of the shortest value are none
    nearest = np.abs(np.log2(np.maximum(1, all_lengths))[:, None] - np.log2(lengths[1:])).argmin(axis=1) + 1
    nearest[all_lengths * 2 < lengths[1]] = 0
    found: list[tuple[int, ...]] = [(number,) if number else () for number in nearest.tolist()]
    if durations == "tied":
        found = _fewest(lengths[1:].tolist(), found)
    chains = np.zeros((len(found), max(map(len, found))), np.uint8)
    for row, chain in enumerate(found):
        chains[row, : len(chain)] = chain
    exact = lengths[chains].sum(axis=1)
    last = np.array([chain[-1] if chain else 0 for chain in found], np.uint8) * (exact == all_lengths)
    written = lengths[_five_of_twelfths()] if durations == "five" else exact[np.maximum(2, all_lengths)]  # a note is never nothing
    return Values(lines, tuple(named), lengths, written, chains, last.astype(np.uint8))


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


def _five_of_twelfths() -> Ints:
    """By length in twelfths of a quarter the id 1..5 of the note value that writes it: music21's `duration.type`, of five."""
    length = np.arange(LONGEST_QUARTERS * 12 + 1)
    table = np.full(len(length), 3)  # what one note cannot write counts as a quarter
    for exponent, value in enumerate((1, 2, 3, 4, 5, 5, 5, 5, 5)):  # sixteenth .. duplex maxima
        plain = 3 * 2**exponent
        # thirds of a quarter between two plain values are written as a tuplet of the longer one
        table[(length > plain // 2) & (length < plain) & (length % 3 != 0)] = value
        for dots in range(5):
            dotted, rest = divmod(plain * (2 ** (dots + 1) - 1), 2**dots)
            if rest == 0 and dotted < len(table):
                table[dotted] = value
    return table


@lru_cache(16)  # of other ticks there are few in a corpus
def grids(ticks_per_quarter: int, durations: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16] | None]:
    """The line [Q] of each tick of a quarter, and for `five` the lengths [D, 3] in twelfths of durations of 0..D-1 ticks: on the
    grid of sixteenths, on that of triplet eighths, on the nearer one; None for other durations."""
    if durations != "five":
        lines = nearest_line(np.arange(ticks_per_quarter), ticks_per_quarter, WRITTEN_LINES)
        return lines.astype(np.uint8), None
    places = _on_grids(np.arange(ticks_per_quarter), ticks_per_quarter, 0)[:, 2]
    lengths = _on_grids(np.arange(LONGEST_QUARTERS * ticks_per_quarter + 1), ticks_per_quarter, 1)
    return places.astype(np.uint8), lengths.astype(np.uint16)


def _on_grids(ticks: Ints, ticks_per_quarter: int, fewest: int) -> Ints:
    """Ticks [N] in twelfths of a quarter on three grids [N, 3], at least as many steps of them as `fewest`."""
    sixteenths, triplets = (np.maximum(fewest, nearest_line(ticks, ticks_per_quarter, 12 // unit)) * unit for unit in (3, 4))
    off_sixteenths, off_triplets = (np.abs(12 * ticks - ticks_per_quarter * on) for on in (sixteenths, triplets))
    return np.stack([sixteenths, triplets, np.where(off_sixteenths <= off_triplets, sixteenths, triplets)], axis=1)
