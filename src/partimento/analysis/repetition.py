"""How much a piece repeats itself: runs of notes that came before, and patterns that go round.

The pitched notes of the whole texture are one row, by onset and pitch. A step leads from a note to the next: the interval and
the time between them, so figures are the same in any transposition, however long their notes are held.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.piece import Piece, nearest_line

GRID = 12  # lines a quarter on which times are equal: sixteenths and triplets
RUN = 8  # notes of a run: about a bar of a tune
LENGTHS = (32, 64, 128, 256, 512, 1024, 2048)  # notes after which a piece is asked how much of it was repeated
QUANTILES = (5, 25, 50, 75, 95)  # of human pieces
PERIODS = (4, 8, 16)  # quarters that a figure lasts at most: a bar, two bars and four bars of 4/4

FIGURES = len(LENGTHS) + len(PERIODS)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_ODD = np.uint64(0x9E3779B97F4A7C15)


def row_of(piece: Piece) -> tuple[Ints, Ints]:
    """Pitch and onset, in twelfths of a quarter, of each pitched note of the texture in its row: int64 [N] twice."""
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes[~drums[piece.notes["track"]]] if drums.any() else piece.notes
    onset = nearest_line(notes["onset"], piece.ticks_per_quarter, GRID)
    pitch = notes["pitch"].astype(np.int64)
    order = np.lexsort([pitch, onset])
    return pitch[order], onset[order]


def repeats(pitch: Ints, onset: Ints) -> npt.NDArray[np.bool_]:
    """Whether the run of `RUN` notes that ends with each note came before in the piece: bool [N] of pitches [N] and onsets [N]."""
    step = _steps(pitch, onset)
    repeated = np.zeros(len(pitch), bool)
    runs = len(step) - (RUN - 1) + 1
    if runs < 2:
        return repeated
    mixed = step.astype(np.uint64) * _ODD
    mixed ^= mixed >> np.uint64(32)
    value = np.zeros(runs, np.uint64)
    for place in range(RUN - 1):
        value = (value ^ mixed[place : place + runs]) * _ODD
        value ^= value >> np.uint64(29)
    _, first = np.unique(value, return_index=True)
    repeated[RUN - 1 :] = True
    repeated[RUN - 1 + first] = False
    return repeated


def loops(pitch: Ints, onset: Ints) -> Floats:
    """The longest time, in quarters, that figures of at most each of the `PERIODS` go round: that each note is the one a figure
    before, again and at once. Float64 [len(PERIODS)] of pitches [N] and onsets [N] in twelfths of a quarter."""
    longest = np.zeros(len(PERIODS))
    step = _steps(pitch, onset)
    for lag in range(1, len(step)):
        period = onset[1 + lag :] - onset[1:-lag]
        if period.min() > GRID * PERIODS[-1]:
            break
        place = np.arange(len(period))
        begun = np.maximum.accumulate(np.where(step[lag:] == step[:-lag], 0, place + 1))  # where the run of equal steps begins
        lasts = onset[1 + lag :] - onset[lag + begun]
        for at, most in enumerate(PERIODS):
            longest[at] = max(longest[at], lasts[(begun <= place) & (period <= GRID * most)].max(initial=0) / GRID)
    return longest


def figures(piece: Piece) -> Floats:
    """What a piece adds to `Habits.of`: the share of its notes that end a run that came before, after each of the `LENGTHS` (not a
    number where it is shorter), and its loops of each of the `PERIODS`; [FIGURES]."""
    pitch, onset = row_of(piece)
    repeated = np.cumsum(repeats(pitch, onset))
    shares = [repeated[length - 1] / (length - RUN + 1) if length <= len(repeated) else np.nan for length in LENGTHS]
    return np.concatenate([shares, loops(pitch, onset)])


@dataclass(frozen=True)
class Habits:
    """How much people repeat: `shares` [len(QUANTILES)][len(LENGTHS)], what share of the notes of a piece of some length ended a
    run that came before, and `loops`, the time in quarters that 99 of 100 pieces stay below, for each of the `PERIODS`."""

    shares: tuple[tuple[float, ...], ...]
    loops: tuple[float, ...]

    @classmethod
    def of(cls, table: Floats) -> Habits:
        """The habits of human pieces, from the `figures` of each [P, K]."""
        shares = np.full((len(QUANTILES), len(LENGTHS)), np.nan)
        known = ~np.isnan(table[:, : len(LENGTHS)]).all(axis=0)
        shares[:, known] = np.nanpercentile(table[:, : len(LENGTHS)][:, known], QUANTILES, axis=0)
        shares[:, ~known] = shares[:, [known.sum() - 1]] if known.any() else 1.0  # no piece is so long: as of the longest
        loops = np.maximum(np.percentile(table[:, len(LENGTHS) :], 99, axis=0), PERIODS)
        return cls(tuple(map(tuple, np.round(shares, 3).tolist())), tuple(np.round(loops, 3).tolist()))

    def share(self, place: float) -> Floats:
        """The shares of the piece that lies at `place` (0..1) among human ones: float64 [L], one for each of the `LENGTHS`."""
        return np.array([np.interp(100 * place, QUANTILES, column) for column in zip(*self.shares, strict=True)])

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Habits:
        """What `to_json` wrote. Raises `ValueError` or `TypeError` for anything else."""
        shares, loops = np.array(record["shares"], np.float64), np.array(record["loops"], np.float64)
        if shares.shape != (len(QUANTILES), len(LENGTHS)) or loops.shape != (len(PERIODS),) or not (loops > 0).all():
            raise ValueError("habits")
        return cls(tuple(map(tuple, shares.tolist())), tuple(loops.tolist()))


def _steps(pitch: Ints, onset: Ints) -> Ints:
    step: Ints = np.diff(onset) << 8 | (np.diff(pitch) + 128)
    return step


# Where nothing is known of the pieces a model learned from: `python bench/repetition.py --habits` over held-out pieces of three
# corpora, 60 of each: folk tunes (nottingham), piano music (piano-midi-de) and songs (pop909).
HABITS = Habits(
    shares=(
        (0.0, 0.0, 0.0, 0.0, 0.004, 0.061, 0.221),
        (0.0, 0.0, 0.0, 0.024, 0.04, 0.151, 0.286),
        (0.0, 0.0, 0.091, 0.145, 0.121, 0.271, 0.422),
        (0.0, 0.127, 0.355, 0.427, 0.35, 0.393, 0.524),
        (0.12, 0.316, 0.489, 0.585, 0.65, 0.634, 0.685),
    ),
    loops=(10.737, 12.315, 49.915),
)
